"""Whether what a student expected of a run came true.

breaks  the run diverged or collapsed.
learns  it ended by itself and gets at least 80 % of the training or of the validation images right (with wrong labels in
        the training images the others tell); a run that kept no validation images is judged by the test images.
slow    it ended by itself and got fewer right: nothing broke.
A run that was stopped or failed, or whose rate was changed by hand, shows nothing: that was not what was predicted.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import get_args

from mnist_core.records import Prediction, Run, Tally

LEARNS = 0.8


def observed(run: Run) -> Prediction | None:
    """What became of the run; None while it goes on, or where it shows nothing.

    Nor does a run show anything whose figures are not all there: while the test set is sealed, one without validation
    images that may have learned all the same.
    """
    if run.rate_changes:
        return None
    if run.outcome in ("diverged", "collapsed"):
        return "breaks"
    if run.outcome != "completed":
        return None
    judge = "validation" if run.config.validation_size else "test"
    accuracies = [run.result.get(f"{split}_accuracy") for split in ("train", judge)]
    if any(value is not None and value >= LEARNS for value in accuracies):
        return "learns"
    return None if None in accuracies else "slow"


def accuracy(run: Run) -> float | None:
    """The validation accuracy that the run reached, beside the one that was predicted; None as for `observed`."""
    value = run.result.get("validation_accuracy")
    over = run.outcome in ("completed", "diverged", "collapsed") and not run.rate_changes
    return float(value) if over and isinstance(value, int | float) and math.isfinite(value) else None


def tally(runs: Sequence[Run], off: Sequence[float]) -> Tally:
    """How good the predictions of these runs were; `off`: by what factors predicted edges missed.

    An accuracy that was predicted is neither right nor wrong.
    """
    words = [run for run in runs if run.own_prediction in get_args(Prediction)]
    pairs = [(run.prediction, observed(run)) for run in words]
    judged = [(predicted, outcome) for predicted, outcome in pairs if outcome is not None]
    return Tally(len(judged), sum(predicted == outcome for predicted, outcome in judged), tuple(off))
