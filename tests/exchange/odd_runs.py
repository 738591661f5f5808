"""Runs that nobody would train and a zip may hold all the same: the fewest records that can be, and the oddest values."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_core import exchange
from mnist_core.config import RunConfig
from mnist_core.exchange import arrays
from mnist_core.records import DTYPES, Curves, Event, Outcome, Progress, Run

NAN, INF = float("nan"), float("inf")
SIZES = (0.0, 1e-45, 1e-30, 0.5, 2.3, 1e9, 3e38, INF, NAN)
CONFIGS = (
    RunConfig(hidden_layers=(5,), epochs=2, train_size=1_000, validation_size=0),
    RunConfig(hidden_layers=(), epochs=60, train_size=1_000, early_stopping=3, loss="squared-error", sharpness=True),
    RunConfig(model="cnn", filters=(2, 3), hidden_layers=(4,), epochs=1, batch_size=1, label_noise=1.0),
    RunConfig(schedule="rising", epochs=1, optimizer="adam"),
)


def rows(name: str, config: RunConfig, random: np.random.Generator, most: int = 40) -> NDArray[np.void]:
    """Records of a kind that the bounds let through."""
    count = int(random.integers(0, min(most, arrays.most_rows(config)[name]) + 1))
    records = np.zeros(count, DTYPES[name])
    layers = arrays.layers(config)
    first = 1 if name == "steps" else 0
    places = np.sort(
        random.choice(config.total_steps + 1 - first, -(-count // layers) if name == "layers" else count, False)
    )
    records["step"] = (np.repeat(places, layers) if name == "layers" else places)[:count] + first
    for field in records.dtype.names or ():
        if (
            field in ("loss", "loss_min", "loss_max")
            or field.endswith(("_loss", "gradient_norm", "gradient_norm_max"))
            or field in ("activation", "gradient", "weight", "update", "sharpness")
        ):
            records[field] = random.choice(SIZES, count)
        elif field.endswith("accuracy") or field == "dead_units":
            records[field] = random.choice((0.0, 0.1, 0.5, 1.0, NAN), count)
    records["seconds"] = np.sort(random.choice((0.0, 0.5, 1e6), count))
    if name == "steps":
        records["steps"] = np.diff(records["step"], prepend=0) if random.integers(2) else 1
    if name == "layers":
        records["layer"] = np.arange(count) % layers
        for spread in ("activations", "gradients"):
            records[spread][:, random.integers(24)] = 255
    if "learning_rate" in (records.dtype.names or ()):
        records["learning_rate"] = random.choice((0.0, 1e-12, 0.1, 100.0), count)
    return records


def odd(seed: int) -> tuple[RunConfig, Curves, Outcome]:
    """An odd run, another one for each seed."""
    random = np.random.default_rng(seed)
    config = CONFIGS[seed % len(CONFIGS)]
    kinds: Any = ("learning_rate", "not_finite", "early_stop", "paused", "resumed", "recovered")
    values = {"learning_rate": (0.5, 1e-6), "not_finite": (NAN, INF, 2.3), "early_stop": (0, 3)}
    events = [
        Event(int(step), kind, random.choice(values[kind]).item() if kind in values else None)
        for step, kind in zip(
            np.sort(random.integers(0, config.total_steps + 1, 4)), random.choice(kinds, 4), strict=True
        )
    ][: random.integers(5)]
    outcome: Any = random.choice(("completed", "stopped", "diverged", "collapsed", "failed"))
    return config, Curves(**{name: rows(name, config, random) for name in DTYPES}, events=tuple(events)), str(outcome)  # type: ignore[return-value]


def zipped(config: RunConfig, curves: Curves, outcome: Outcome, weights: Any = None) -> bytes:
    """Such a run as a zip."""
    last = max((int(getattr(curves, name)["step"][-1]) for name in DTYPES if len(getattr(curves, name))), default=0)
    progress = Progress(last, config.total_steps, last / config.steps_per_epoch, 1.0)
    run = Run("r", "ann", config, "finished", 1, 0.0, outcome=outcome, progress=progress)
    return exchange.packed(run, curves, weights)
