"""What became of a run, and why: rules and sentences, from records alone."""

from mnist_core.diagnostics.chance import Scale, chance_accuracy, chance_loss, maximum_chance
from mnist_core.diagnostics.outcome import classify
from mnist_core.diagnostics.verdict import Kind, at_end, judge, seen, with_test_images
from mnist_core.diagnostics.words import TITLES, Explanation, explain

__all__ = [
    "TITLES",
    "Explanation",
    "Kind",
    "Scale",
    "at_end",
    "chance_accuracy",
    "chance_loss",
    "classify",
    "explain",
    "judge",
    "maximum_chance",
    "seen",
    "with_test_images",
]
