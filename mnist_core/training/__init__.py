"""Training one run: the loop, its records, its state on disk."""

import os

# GNU OpenMP's threads wait for each other by spinning, by default for milliseconds. On an idle machine that is fastest;
# with anything else on it (a browser, a second run) they spin while the one they wait for has no core. Measured with two
# threads on two cores, a step of 1.3 ms: one other busy process makes it 27 ms by default, 4 ms with ten thousand turns,
# 3 ms with a thousand, which without that process cost half as much again as ten thousand.
os.environ.setdefault("GOMP_SPINCOUNT", "10000")

from mnist_core.training.devices import there
from mnist_core.training.loop import TrainingLoop
from mnist_core.training.rate_range_test import range_test
from mnist_core.training.rate_sweep import Sweep, sweep
from mnist_core.training.single_run import RESULT_KEYS, Result, train
from mnist_core.training.speed import measure_speed, warm_up
from mnist_core.training.trainer import Trainer, train_together

__all__ = [
    "RESULT_KEYS",
    "Result",
    "Sweep",
    "Trainer",
    "TrainingLoop",
    "measure_speed",
    "range_test",
    "sweep",
    "there",
    "train",
    "train_together",
    "warm_up",
]
