"""Sharpness: the greatest eigenvalue of the Hessian of the training loss, by Lanczos (1950).

The Hessian itself, a million by a million numbers, is never made: autograd gives its product with a vector for about
the cost of two gradients (Pearlmutter 1994). In the space of the start vector and a dozen products the greatest
eigenvalue is found to a few parts in a thousand. Gradient descent at a rate above 2 / sharpness leaves the bowl that the loss
is locally (Cohen et al. 2021, arXiv:2103.00065).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from mnist_core.config import RunConfig
from mnist_core.schedule import SHARPNESS_IMAGES
from mnist_core.training.batches import BatchLoader
from mnist_core.training.chunks import chunk_size, pieces
from mnist_core.training.evaluation import loss_of
from mnist_core.training.signals import detached, forward
from mnist_core.training.step import Stop, StoppedError, never

PRODUCTS = 24  # with the Hessian, at most
TOLERANCE = 2e-3  # relative, of the eigenvalue between two products
NUMBERS = 4e7  # kept of all vectors: 160 MB
GRAPH = 3  # times the memory of a gradient: what the gradient of a gradient keeps
Product = Callable[[torch.Tensor], torch.Tensor]


def sharpness(
    config: RunConfig, model: nn.Sequential, loader: BatchLoader, images: int = SHARPNESS_IMAGES, stop: Stop = never
) -> float | None:
    """The sharpness of the mean loss over the first `images` training images, in evaluation mode; NaN where it is no number.

    Weight decay adds its strength to it, since it adds to the gradient. None where `stop()`, asked before each piece of the
    images, said so.
    """
    was_training = model.training
    model.eval()
    try:
        product, size = _hessian(config, model, loader, min(images, len(loader)), stop)
        curvature = lanczos(product, size, next(model.parameters()))
    except StoppedError:
        return None
    finally:
        model.train(was_training)
    decay = config.weight_decay if config.optimizer != "adamw" else 0.0
    return curvature + decay


def _hessian(
    config: RunConfig, model: nn.Sequential, loader: BatchLoader, images: int, stop: Stop
) -> tuple[Product, int]:
    """v ↦ H v, the gradient of gradient · v, in pieces of the images; and the length of v."""
    parameters = detached(model)
    values = list(parameters.values())
    slices = list(pieces(images, chunk_size(config, 1 / GRAPH)))

    def gradients(rows: slice) -> tuple[torch.Tensor, ...]:
        inputs, labels = loader.rows(rows)
        outputs, _signals = forward(model, parameters, inputs)
        loss = loss_of(config, outputs, labels) * (len(labels) / images)
        return torch.autograd.grad(loss, values, create_graph=True)

    kept = gradients(slices[0]) if len(slices) == 1 else None  # of one piece, what leads to the gradient stays

    def product(vector: torch.Tensor) -> torch.Tensor:
        cut = torch.split_with_sizes(vector, [value.numel() for value in values])
        parts = [part.view_as(value) for part, value in zip(cut, values, strict=True)]
        total = torch.zeros_like(vector)
        for rows in slices:
            if stop():
                raise StoppedError
            along = [(gradient * part).sum() for gradient, part in zip(kept or gradients(rows), parts, strict=True)]
            of_piece = torch.autograd.grad(
                torch.stack(along).sum(), values, retain_graph=kept is not None, materialize_grads=True
            )
            total += torch.cat([part.flatten() for part in of_piece])
        return total

    return product, sum(value.numel() for value in values)


def lanczos(product: Product, size: int, like: torch.Tensor) -> float:
    """The greatest eigenvalue of the symmetric operator `product` on vectors of `size` numbers (device and type of `like`).

    The start is the same every time; every new vector is made orthogonal to all before it, twice.
    """
    generator = torch.Generator().manual_seed(0)
    start = torch.randn(size, generator=generator, dtype=torch.float64).to(like)
    vectors = [start / start.norm()]
    diagonal: list[float] = []
    off_diagonal: list[float] = []
    value = float("nan")
    most = max(3, min(PRODUCTS, int(NUMBERS / size), size))
    while len(diagonal) < most:
        image = product(vectors[-1])
        diagonal.append(float(image @ vectors[-1]))
        if not np.isfinite(diagonal[-1]):
            return float("nan")
        last, value = value, _largest_eigenvalue(diagonal, off_diagonal)
        if abs(value - last) <= TOLERANCE * abs(value):
            break
        basis = torch.stack(vectors)
        for _twice in range(2):
            image = image - basis.T @ (basis @ image)
        length = float(image.norm())
        if length <= 1e-6 * max(abs(value), 1e-12):
            break  # nothing is outside the space that was searched
        off_diagonal.append(length)
        vectors.append(image / length)
    return value


def _largest_eigenvalue(diagonal: list[float], off_diagonal: list[float]) -> float:
    matrix = np.diag(diagonal) + np.diag(off_diagonal, 1) + np.diag(off_diagonal, -1)
    return float(np.linalg.eigvalsh(matrix)[-1])
