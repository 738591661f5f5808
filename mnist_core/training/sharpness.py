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
from mnist_core.training.batches import Feeder
from mnist_core.training.evaluate import loss_of
from mnist_core.training.layers import detached, forward

SAMPLE = 1_000  # the first so many training images
PRODUCTS = 24  # with the Hessian, at most
TOLERANCE = 2e-3  # relative, of the eigenvalue between two products
NUMBERS = 4e7  # kept of all vectors: 160 MB
Product = Callable[[torch.Tensor], torch.Tensor]


def sharpness(config: RunConfig, model: nn.Sequential, feeder: Feeder, images: int = SAMPLE) -> float:
    """The sharpness of the mean loss over the first `images` training images, in evaluation mode; NaN where it is no number.

    Weight decay adds its strength to it, since it adds to the gradient.
    """
    was_training = model.training
    model.eval()
    try:
        parameters = detached(model)
        inputs, labels = feeder.rows(slice(0, min(images, len(feeder))))
        outputs, _signals = forward(model, parameters, inputs)
        values = list(parameters.values())
        gradients = torch.autograd.grad(loss_of(config, outputs, labels), values, create_graph=True)
        product = _hessian(gradients, values)
        found = lanczos(product, sum(value.numel() for value in values), outputs)
    finally:
        model.train(was_training)
    decay = config.weight_decay if config.optimizer != "adamw" else 0.0
    return found + decay


def _hessian(gradients: tuple[torch.Tensor, ...], values: list[torch.Tensor]) -> Product:
    """v ↦ H v: the gradient of gradient · v."""

    def product(vector: torch.Tensor) -> torch.Tensor:
        parts, start = [], 0
        for value in values:
            parts.append(vector[start : start + value.numel()].view_as(value))
            start += value.numel()
        found = torch.autograd.grad(gradients, values, parts, retain_graph=True, allow_unused=True)
        whole = [part if part is not None else torch.zeros_like(v) for part, v in zip(found, values, strict=True)]
        return torch.cat([part.flatten() for part in whole])

    return product


def lanczos(product: Product, size: int, like: torch.Tensor) -> float:
    """The greatest eigenvalue of the symmetric operator `product` on vectors of `size` numbers (device and type of `like`).

    The start is the same every time; every new vector is made orthogonal to all before it, twice.
    """
    generator = torch.Generator().manual_seed(0)
    start = torch.randn(size, generator=generator, dtype=torch.float64).to(like)
    vectors = [start / start.norm()]
    diagonal: list[float] = []
    beside: list[float] = []
    value = float("nan")
    most = max(3, min(PRODUCTS, int(NUMBERS / size), size))
    while len(diagonal) < most:
        image = product(vectors[-1])
        diagonal.append(float(image @ vectors[-1]))
        if not np.isfinite(diagonal[-1]):
            return float("nan")
        last, value = value, _greatest(diagonal, beside)
        if abs(value - last) <= TOLERANCE * abs(value):
            break
        basis = torch.stack(vectors)
        for _twice in range(2):
            image = image - basis.T @ (basis @ image)
        length = float(image.norm())
        if length <= 1e-6 * max(abs(value), 1e-12):
            break  # nothing is outside the space that was searched
        beside.append(length)
        vectors.append(image / length)
    return value


def _greatest(diagonal: list[float], beside: list[float]) -> float:
    matrix = np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1)
    return float(np.linalg.eigvalsh(matrix)[-1])
