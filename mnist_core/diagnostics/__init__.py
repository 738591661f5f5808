"""What became of a run, and why: rules and sentences, from records alone."""

from mnist_core.diagnostics.course import chance_loss
from mnist_core.diagnostics.outcome import classify
from mnist_core.diagnostics.verdict import Kind, at_end, judge
from mnist_core.diagnostics.words import TITLES, Explanation, explain

__all__ = ["TITLES", "Explanation", "Kind", "at_end", "chance_loss", "classify", "explain", "judge"]
