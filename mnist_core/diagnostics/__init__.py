"""What became of a run, and why: rules and sentences, from records alone."""

from mnist_core.diagnostics.outcome import Explanation, chance_loss, classify, explain

__all__ = ["Explanation", "chance_loss", "classify", "explain"]
