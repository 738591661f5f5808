"""Training one run: the loop, its records, its state on disk. Imports torch."""

from mnist_core.training.checkpoint import load, save
from mnist_core.training.result import RESULT_KEYS, Result, train
from mnist_core.training.speed import measure_speed, warm_up
from mnist_core.training.trainer import Trainer

__all__ = ["RESULT_KEYS", "Result", "Trainer", "load", "measure_speed", "save", "train", "warm_up"]
