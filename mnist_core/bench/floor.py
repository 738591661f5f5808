"""The floor: the large matrix products of a run alone, nothing else, with buffers that are made once.

Of a dense network these are the first layer's: its output, and the gradient of its weights. A sweep of R rates has them
R times as wide. Whoever trains this network in float32 with matrix products has to make these two at every update.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from importlib import import_module
from itertools import product

from mnist_core import settings
from mnist_core.bench.work import Begin, Done, Run, Work
from mnist_core.data import Dataset

Products = Callable[[], None]


def prepare(work: Work, dataset: Dataset) -> Begin:
    """As many products as the work has updates, with one thread or all, whichever is faster."""
    return _prepare(work, (1, settings.cpu_count()))


def on_one_thread(work: Work, dataset: Dataset) -> Begin:
    """The same with one thread, as small networks train."""
    return _prepare(work, (1,))


def _prepare(work: Work, numbers_of_threads: Sequence[int]) -> Begin:
    import_module("mnist_core.training")  # before torch is loaded: sets up its threads as ours has them
    import torch

    config = work.config
    width = config.hidden_layers[0] * len(work.runs)
    forms = _forms(config.batch_size, width)
    # The fastest there is: either order of the weights' axes.
    threads, once = min(product(numbers_of_threads, forms), key=lambda choice: _seconds(*choice))

    def begin(number: int) -> Run:
        torch.set_num_threads(threads)

        def run() -> Done:
            for _update in range(config.total_steps):
                once()
            return Done(work.updates)

        return run

    return begin


def _forms(batch: int, width: int) -> tuple[Products, Products]:
    """Both products, with the weights as units × pixels and as pixels × units."""
    import torch

    x, h, d = torch.rand(batch, 784), torch.empty(batch, width), torch.rand(batch, width)
    across, along = torch.rand(width, 784), torch.rand(784, width)
    across_gradient, along_gradient = torch.empty(width, 784), torch.empty(784, width)

    def units_first() -> None:
        torch.mm(x, across.t(), out=h)
        torch.mm(d.t(), x, out=across_gradient)

    def pixels_first() -> None:
        torch.mm(x, along, out=h)
        torch.mm(x.t(), d, out=along_gradient)

    return units_first, pixels_first


def _seconds(threads: int, once: Products) -> float:
    """The minimum of some tries."""
    import torch

    torch.set_num_threads(threads)
    tries = []
    for _try in range(5):
        start = time.perf_counter()
        for _update in range(20):
            once()
        tries.append(time.perf_counter() - start)
    return min(tries)
