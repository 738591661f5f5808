"""How a run ended.

The rules (`classify`), in this order:
diverged   the loss or the weights became NaN or infinite; or the training loss ends more than twice above where it
           began and above chance.
collapsed  everything is finite, but a hidden layer is dead (no gradient passes through 90 % of its units, on any
           image looked at) and training accuracy is below 30 %, or what wrong labels make of it (`Scale.barely`).
completed  everything else. A network that has merely not learned yet is alive, and completed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from mnist_core.config import RunConfig
from mnist_core.diagnostics.chance import Scale
from mnist_core.diagnostics.run_metrics import is_dead
from mnist_core.records import Outcome


def classify(config: RunConfig, first: Mapping[str, float], last: Mapping[str, float], *, not_finite: bool) -> Outcome:
    """How a run ended that was not stopped, from its first and last evaluation."""
    loss = last["train_loss"]
    if not_finite or not math.isfinite(loss):
        return "diverged"
    scale = Scale.of(config)
    if loss > 2 * max(first["train_loss"], scale.chance):
        return "diverged"
    if is_dead(scale, last["dead_units"], last["train_accuracy"]):
        return "collapsed"
    return "completed"
