"""The network from scratch compared with MNIST Lab's own training: the same initial weights and batches, both losses.

What is left between the two curves is rounding: they add up the same numbers in another order.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mnist_core.analysis.context import Context
from mnist_core.analysis.scratch_comparison.schema import BATCHES, Parameters, Result
from mnist_core.config import RunConfig
from mnist_core.data import Dataset, load_dataset, preprocess, split
from mnist_core.estimate import useful_threads
from mnist_core.ideas.loss.from_scratch.concept import Array, TwoLayerNet, train
from mnist_core.networks.models import build_model
from mnist_core.presets import preset
from mnist_core.training.batches import order
from mnist_core.training.trainer import Trainer

TURN = 20  # updates of one before the other's turn, so that both meet the same load of the machine


def compute(context: Context, parameters: Parameters, progress: Callable[[float], None]) -> Result:
    """Both networks, trained in turns."""
    config = preset("two-layer-net").config.replace(
        dataset=parameters.dataset,
        learning_rate=parameters.learning_rate,
        epochs=parameters.iterations // BATCHES,
    )
    trained = train_both(config, load_dataset(config.dataset), threads=context.cores, progress=progress)
    return Result((trained.scratch_seconds, trained.engine_seconds), trained.scratch, trained.engine)


@dataclass(frozen=True, eq=False)
class Trained:
    """Each batch's loss before its update, and the time of all updates."""

    scratch: NDArray[np.float64]
    engine: NDArray[np.float64]
    scratch_seconds: float
    engine_seconds: float


def train_both(
    config: RunConfig, dataset: Dataset, *, threads: int = 1, progress: Callable[[float], None] = lambda fraction: None
) -> Trained:
    """Train an MLP with one hidden ReLU layer by plain SGD in both ways, in turns; `progress` gets the fraction done.

    The run may be so long that each update has a record of its own (schedule.window): 1,000 updates.
    """
    trainer = Trainer(config, dataset, threads=useful_threads(config, threads), device="cpu")
    net, part = initial_net(config), split(dataset, config).train
    x = preprocess(part.images, config.preprocessing).reshape(len(part.images), 784)
    labels = part.labels.astype(np.int64)
    batches = [
        rows
        for epoch in range(config.epochs)
        for rows in np.split(
            order(config, epoch),
            range(config.batch_size, config.steps_per_epoch * config.batch_size, config.batch_size),
        )
        if len(rows)
    ]
    losses: list[float] = []
    seconds = np.zeros(2)
    for start in range(0, len(batches), TURN):
        progress(start / len(batches))
        piece = batches[start : start + TURN]
        start_time = time.perf_counter()
        losses += train(net, x, labels, piece, config.learning_rate)
        between = time.perf_counter()
        trainer.loop.update(count=len(piece))
        seconds += between - start_time, time.perf_counter() - between
    records = trainer.take_records().steps
    return Trained(np.array(losses), records["loss"].astype(np.float64), *seconds.tolist())


def initial_net(config: RunConfig) -> TwoLayerNet:
    """The network from scratch with the initial weights of `build_model(config)`, in float32."""
    w1, b1, w2, b2 = (parameter.detach().numpy() for parameter in build_model(config).parameters())

    def transposed(weights: Array) -> Array:
        return np.ascontiguousarray(weights.T)  # torch keeps a row for each unit

    return TwoLayerNet(transposed(w1), b1.copy(), transposed(w2), b2.copy())
