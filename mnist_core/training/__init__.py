"""Training one run: the loop, its records, its state on disk. Imports torch."""

import os

# GNU OpenMP's threads wait for each other by spinning. With anything else on the machine (a browser, a second run) they
# spin while the one they wait for has no core: steps of 2 ms took 80. After a thousand turns they sleep now.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")

from mnist_core.training.checkpoint import load, save
from mnist_core.training.result import RESULT_KEYS, Result, train
from mnist_core.training.speed import measure_speed, warm_up
from mnist_core.training.stack import Stack, key
from mnist_core.training.sweeps import Sweep, sweep
from mnist_core.training.trainer import Trainer

__all__ = [
    "RESULT_KEYS",
    "Result",
    "Stack",
    "Sweep",
    "Trainer",
    "key",
    "load",
    "measure_speed",
    "save",
    "sweep",
    "train",
    "warm_up",
]
