"""Whether what a student expected of a run came true.

breaks  the run diverged or collapsed.
learns  it ended by itself and gets at least 80 % of the training or of the validation images right (with wrong labels in
        the training images the others tell); a run that kept no validation images is judged by the test images.
slow    it ended by itself and got fewer right: nothing broke.
A run that was stopped or failed, or whose rate was changed by hand, shows nothing: that was not what was predicted.
"""

from __future__ import annotations

from collections.abc import Sequence

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


def tally(runs: Sequence[Run], off: Sequence[float]) -> Tally:
    """How good the predictions of these runs were; `off`: by what factors predicted edges missed."""
    pairs = [(run.prediction, observed(run)) for run in runs]
    judged = [(predicted, outcome) for predicted, outcome in pairs if predicted is not None and outcome is not None]
    return Tally(len(judged), sum(predicted == outcome for predicted, outcome in judged), tuple(off))
