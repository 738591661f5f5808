"""Whether what a student expected of a run came true. Knows records, not torch.

breaks  the run diverged or collapsed.
learns  it ended by itself and gets at least 80 % of the training or of the test images right (with wrong labels in
        the training images the test images tell).
slow    it ended by itself and got fewer right: nothing broke.
A run that was stopped or failed shows nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from mnist_core.records import Prediction, Run, Tally

LEARNS = 0.8


def came(run: Run) -> Prediction | None:
    """What became of the run; None while it goes on, or where it was stopped or failed."""
    if run.outcome in ("diverged", "collapsed"):
        return "breaks"
    if run.outcome != "completed":
        return None
    accuracies = [run.result.get(f"{split}_accuracy") for split in ("train", "test")]
    return "learns" if max((value or 0.0 for value in accuracies), default=0.0) >= LEARNS else "slow"


def tally(runs: Sequence[Run], off: Sequence[float]) -> Tally:
    """How good the predictions of these runs were; `off`: by what factors predicted edges missed."""
    told = [(run.prediction, came(run)) for run in runs]
    told = [(said, found) for said, found in told if said is not None and found is not None]
    return Tally(len(told), sum(said == found for said, found in told), tuple(off))
