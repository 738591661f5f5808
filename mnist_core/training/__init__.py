"""Training one run: the loop, its records, its state on disk."""

import os

# GNU OpenMP's threads wait for each other by spinning, by default for milliseconds. On an idle machine that is fastest; with anything
# else on it (a browser, a second run) they spin while the one they wait for has no core. A step of an MLP (512-512) and of a CNN (16/32)
# with two threads on two cores: alone, at best, 2.2 and 13 ms with two thousand turns, 2.2 and 12 ms with ten thousand, 2.8 and 14 ms
# with three hundred; beside one busy process, in the median, 7 and 50 ms with two thousand, 18 and 93 ms with ten thousand.
os.environ.setdefault("GOMP_SPINCOUNT", "2000")

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
