"""The records of a run from NumPy files that anybody may have made: no more of them, and no others, than a run with its
configuration can have. No pickle."""

from __future__ import annotations

import ast
import math
import struct

import numpy as np
from numpy.typing import NDArray

from mnist_core import schedule
from mnist_core.config import RANGES, RunConfig
from mnist_core.networks import models
from mnist_core.records import DTYPES

HEAD = 4_096  # bytes for the head of a file: type and shape
MORE_RECORDS = 3_000  # of mini-batches, for windows that pauses and single steps cut short
LONGEST = 1e9  # seconds
_MAGIC = b"\x93NUMPY"
ROUNDING = 1e-3
_FRACTIONS = {"accuracy", "train_accuracy", "validation_accuracy", "test_accuracy", "dead_units"}  # from 0 to 1, or NaN
_SIZES = {"loss", "loss_min", "loss_max", "train_loss", "validation_loss", "test_loss"}  # 0 and above, or NaN
_SIZES |= {"gradient_norm", "gradient_norm_max", "activation", "gradient", "weight", "update"}


def most_rows(config: RunConfig) -> dict[str, int]:
    """How many records of each kind a run can have."""
    evaluations = len(schedule.evaluation_steps(config)) + config.epochs  # early stopping may look after every epoch
    windows = math.ceil(config.total_steps / schedule.window(config))
    return {
        "steps": min(config.total_steps, windows + MORE_RECORDS),
        "evaluations": min(config.total_steps + 1, evaluations),
        "layers": min(config.total_steps + 1, evaluations) * layers(config),
        "sharpness": min(config.total_steps + 1, evaluations) if config.sharpness else 0,
    }


def layers(config: RunConfig) -> int:
    """How many layers with weights its network has."""
    return sum(layer.kind in ("convolution", "dense", "output") for layer in models.describe(config).layers)


def most_bytes(config: RunConfig) -> dict[str, int]:
    """How large the file of each kind of records can be."""
    return {name: HEAD + rows * DTYPES[name].itemsize for name, rows in most_rows(config).items()}


def read(content: bytes, name: str, config: RunConfig) -> NDArray[np.void]:
    """The records of the kind `name` in a NumPy file. Raises ValueError where they are none that a run can have."""
    array = _array(content, DTYPES[name])
    if len(array) > most_rows(config)[name]:
        raise ValueError("more records than the run can have")
    _check_steps(array, name, config)
    _check_values(array)
    if name == "layers":
        _check_layers(array, config)
    array["epoch"] = array["step"] / config.steps_per_epoch
    return array


def _array(content: bytes, dtype: np.dtype[np.void]) -> NDArray[np.void]:
    """The one-dimensional array in a file; its head is not believed until it fits what is there."""
    if content[:6] != _MAGIC or len(content) < 12:
        raise ValueError("no NumPy file")
    start, form = (10, "<H") if content[6] == 1 else (12, "<I")
    (length,) = struct.unpack_from(form, content, 8)
    if length > HEAD:
        raise ValueError("the head of a NumPy file is that of a short one")
    data = content[start + length :]
    rows, remainder = divmod(len(data), dtype.itemsize)
    try:
        head = ast.literal_eval(content[start : start + length].decode("ascii").strip())
        fits = (head["fortran_order"], head["shape"], remainder) == (False, (rows,), 0)
        fits = fits and np.dtype([(str(field[0]), *field[1:]) for field in head["descr"]]) == dtype
    except (ValueError, TypeError, KeyError, SyntaxError, RecursionError, MemoryError, AttributeError) as error:
        raise ValueError("no head of a NumPy file") from error
    if not fits:
        raise ValueError("other records than expected")
    return np.frombuffer(data, dtype).copy()


def _check_steps(array: NDArray[np.void], name: str, config: RunConfig) -> None:
    """They rise, from the first step that can be to the last; windows do not reach into each other."""
    steps = array["step"].astype(np.int64)
    if name == "layers":
        steps = steps * 2**16 + array["layer"]
        first, last = 0, config.total_steps * 2**16 + 2**15
    else:
        first, last = int(name == "steps"), config.total_steps
    if (np.diff(steps) <= 0).any() or (steps < first).any() or (steps > last).any():
        raise ValueError("steps that cannot be")
    if name == "steps":
        before = np.concatenate([[0], steps[:-1]])
        if (array["steps"] < 1).any() or (array["steps"] > steps - before).any():
            raise ValueError("windows that reach into each other")


def _check_values(array: NDArray[np.void]) -> None:
    names = array.dtype.names or ()
    seconds = array["seconds"]
    if (
        not np.isfinite(seconds).all()
        or (seconds < 0).any()
        or (seconds > LONGEST).any()
        or (np.diff(seconds) < 0).any()
    ):
        raise ValueError("times that cannot be")
    for name in names:
        if name in _FRACTIONS | _SIZES and (array[name] < -ROUNDING).any():
            raise ValueError("sizes below zero")
        if name in _FRACTIONS and (array[name] > 1 + ROUNDING).any():
            raise ValueError("fractions above one")
    if "learning_rate" in names:
        rates = array["learning_rate"]
        if not ((rates >= 0) & (rates <= (1 + ROUNDING) * RANGES["learning_rate"].maximum)).all():
            raise ValueError("rates that cannot be")


def _check_layers(array: NDArray[np.void], config: RunConfig) -> None:
    if ((array["layer"] < 0) | (array["layer"] >= layers(config))).any():
        raise ValueError("layers that the network does not have")
    if not (array["activations"].any(axis=1) & array["gradients"].any(axis=1)).all():
        raise ValueError("spreads of nothing")
