"""What became of a run, and why: rules and sentences, from records alone."""

from mnist_core.diagnostics.course import chance_loss
from mnist_core.diagnostics.outcome import classify
from mnist_core.diagnostics.verdict import judge, kind_of
from mnist_core.diagnostics.words import Explanation, explain

__all__ = ["Explanation", "chance_loss", "classify", "explain", "judge", "kind_of"]
