"""The loss on a plane through the space of all weights: where a run went, or what lies around its end.

A point of the plane is `origin + x · first + y · second`. Two kinds of plane:

- through a run's path: the two principal directions of its snapshots, as offsets from the last one (Li et al. 2018,
  section 7), each of length 1 in the units of the weights;
- random: directions drawn from a normal distribution, each unit's or filter's part scaled to the length of the weights
  of that unit or filter (Li et al. 2018, arXiv:1712.09913). As there, biases and batch normalization stay as they are.

For an MLP the whole grid is computed with few products: its first layer is linear in the weights, so that its sums
anywhere on the plane are made of three products for all points, and later layers of many points are one batched product.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F

from mnist_core.config import RunConfig
from mnist_core.data import Dataset, split
from mnist_core.networks.models import build_model, describe
from mnist_core.training.batches import BatchLoader
from mnist_core.training.chunks import Progress, chunk_size, nothing, pieces
from mnist_core.training.evaluation import loss_of

Weights = Mapping[str, NDArray[np.float32]]  # by name, as a model's state
Floats = NDArray[np.float64]
SIDE, SMALLEST_SIDE = 31, 11  # points along one side of the grid
IMAGES, FEWEST_IMAGES = 1_000, 100
AFFORDABLE = 2e11  # multiplications for a grid: some ten seconds
MARGIN = 0.3  # of the path's extent, beyond it on each side
REACH = 1.0  # of the random plane: as far as the weights are from zero
NUMBERS_AT_ONCE = 4_000_000  # of the widest layer, over the points that are computed at once
FEWEST_SNAPSHOTS = 3  # two span a line, no plane
_STREAM = 7


@dataclass(frozen=True)
class Plane:
    """Where the loss is computed. `path`: the snapshots' places on it, n × 2; `explained`: the fractions of the squared
    distances from the end that lie along the two directions (NaN for a random plane)."""

    kind: Literal["path", "random"]
    origin: Weights
    first: Weights
    second: Weights
    xs: tuple[float, float]  # ends of the grid
    ys: tuple[float, float]
    steps: NDArray[np.int64]
    path: Floats
    explained: tuple[float, float]


@dataclass(frozen=True)
class Landscape:
    """Losses on a grid: `losses[row, column]` at `ys[row]`, `xs[column]`, on `images` fixed training images."""

    plane: Plane
    xs: Floats
    ys: Floats
    losses: Floats
    images: int


def path_plane(snapshots: Sequence[tuple[int, Weights]]) -> Plane | None:
    """The plane through the path of (step, weights), ascending; None where it spans none (less than
    three places, or all on one line). All weights must be finite."""
    if len(snapshots) < FEWEST_SNAPSHOTS:
        return None
    last = snapshots[-1][1]
    names = _trained(last)
    end = _flat(last, names)
    offsets = np.stack([_flat(weights, names) - end for _step, weights in snapshots])
    # The few eigenvectors of the small matrix of products give the long directions.
    squares, mixes = np.linalg.eigh(offsets @ offsets.T)
    if squares[-2] <= 1e-10 * squares[-1]:
        return None
    axes = (mixes[:, [-1, -2]].T @ offsets) / np.sqrt(squares[[-1, -2]])[:, None]
    path = offsets @ axes.T
    # The start on the left, above: the same picture however the signs came out.
    signs = np.where(path[0] > 0, -1.0, 1.0) * np.array([1.0, -1.0])
    axes, path = axes * signs[:, None], path * signs
    fraction = squares[[-1, -2]] / squares.sum()
    xs, ys = _ends(path)
    return Plane(
        "path",
        last,
        _unflat(axes[0], last, names),
        _unflat(axes[1], last, names),
        xs,
        ys,
        np.array([step for step, _weights in snapshots], np.int64),
        path,
        (float(fraction[0]), float(fraction[1])),
    )


def random_plane(weights: Weights, step: int, seed: int = 0) -> Plane:
    """Two filter-normalized random directions around `weights`, those after `step` updates."""
    first, second = (_direction(weights, np.random.Philox(key=[seed, _STREAM + number])) for number in (0, 1))
    ends = (-REACH, REACH)
    center = np.zeros((1, 2))
    return Plane("random", weights, first, second, ends, ends, np.array([step]), center, (math.nan, math.nan))


def _trained(weights: Weights) -> list[str]:
    """Names of what training moves by gradients: neither running means nor counters."""
    return [name for name in weights if name.rpartition(".")[2] in ("weight", "bias")]


def _flat(weights: Weights, names: Sequence[str]) -> Floats:
    return np.concatenate([weights[name].ravel().astype(np.float64) for name in names])


def _unflat(vector: Floats, like: Weights, names: Sequence[str]) -> Weights:
    sizes = [like[name].size for name in names]
    parts = np.split(vector, np.cumsum(sizes)[:-1])
    return {name: part.reshape(like[name].shape).astype(np.float32) for name, part in zip(names, parts, strict=True)}


def _ends(path: Floats) -> tuple[tuple[float, float], tuple[float, float]]:
    """The grid's ends: the path and `MARGIN` of its extent, at least a third as high as wide."""
    low, high = path.min(0), path.max(0)
    middle, half = (low + high) / 2, (high - low) / 2 * (1 + 2 * MARGIN)
    half = np.maximum(half, half.max() / 3)
    low, high = middle - half, middle + half
    return (float(low[0]), float(high[0])), (float(low[1]), float(high[1]))


def _direction(weights: Weights, stream: np.random.BitGenerator) -> Weights:
    generator = np.random.Generator(stream)
    direction: dict[str, NDArray[np.float32]] = {}
    for name in _trained(weights):
        value = weights[name]
        noise = generator.normal(size=value.shape).reshape(len(value), -1)
        if value.ndim < 2:
            noise[:] = 0.0  # biases and batch normalization
        lengths = np.linalg.norm(value.reshape(len(value), -1).astype(np.float64), axis=1, keepdims=True)
        norms = np.linalg.norm(noise, axis=1, keepdims=True)
        scaled = noise * lengths / np.where(norms > 0, norms, 1.0)
        direction[name] = scaled.reshape(value.shape).astype(np.float32)
    return direction


# ---- the grid --------------------------------------------------------------------------------------------------


def affordable(config: RunConfig) -> tuple[int, int]:
    """(points along a side, images): the most that some seconds are enough for."""
    per_image = _multiplications(config)
    for side, images in ((SIDE, IMAGES), (SIDE, 500), (25, 500), (21, 300), (17, 200), (13, 150)):
        if side**2 * images * per_image <= AFFORDABLE:
            return side, images
    return SMALLEST_SIDE, FEWEST_IMAGES


def _multiplications(config: RunConfig) -> int:
    """Of one image at one point; the first layer of an MLP costs next to nothing at each of many points."""
    if not _is_plain(config):
        return describe(config).multiplications
    sizes = (*config.hidden_layers, config.classes)
    return 4 * sizes[0] + sum(a * b for a, b in pairwise(sizes))


def _is_plain(config: RunConfig) -> bool:
    return config.model == "mlp" and not config.batch_norm


def landscape(
    config: RunConfig,
    dataset: Dataset,
    plane: Plane,
    *,
    side: int | None = None,
    images: int | None = None,
    threads: int | None = None,
    progress: Progress = nothing,
) -> Landscape:
    """The mean loss of `config`'s network, in evaluation mode, on a grid of side × side points of `plane`.

    `images`: the first so many training images. Both by default as many as `affordable` says (31 and 1,000 for usual
    MLPs). `progress(fraction)` is called now and then; what it raises ends the work. Infinite and NaN losses stay.
    """
    if threads is not None and threads != torch.get_num_threads():
        torch.set_num_threads(threads)
    most_side, most_images = affordable(config)
    side = side or most_side
    part = split(dataset, config).train
    count = min(images or most_images, len(part))
    loader = BatchLoader(config, part.images[:count], part.labels[:count])
    inputs, labels = loader.rows(slice(0, count))
    xs, ys = np.linspace(*plane.xs, side), np.linspace(*plane.ys, side)
    places = torch.tensor([(x, y) for y in ys for x in xs], dtype=torch.float32)
    losses_at = (
        _mlp(config, plane, inputs, labels) if _is_plain(config) else _point_by_point(config, plane, inputs, labels)
    )
    chunks: list[torch.Tensor] = []
    at_once = _points_at_once(config, count)
    with torch.inference_mode():
        for points in pieces(len(places), at_once):

            def report(fraction: float, points: slice = points) -> None:
                progress((points.start + fraction * (points.stop - points.start)) / len(places))

            chunks.append(losses_at(places[points], report))
            report(1.0)
    losses = torch.cat(chunks).numpy().astype(np.float64).reshape(side, side)
    return Landscape(plane, xs, ys, losses, count)


LossesAt = Callable[[torch.Tensor, Progress], torch.Tensor]  # points × 2 → points


def _points_at_once(config: RunConfig, images: int) -> int:
    """So many that neither what a layer says of all images, nor the weights between two layers, grows beyond bounds."""
    if not _is_plain(config):
        return 1
    sizes = (*config.hidden_layers, config.classes)
    widest = max(images * max(sizes), *(a * b for a, b in pairwise(sizes)), 1)
    return max(1, NUMBERS_AT_ONCE // widest)


def _tensors(plane: Plane, name: str) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    parts = [
        torch.from_numpy(np.ascontiguousarray(weights[name])) for weights in (plane.origin, plane.first, plane.second)
    ]
    return parts[0], parts[1], parts[2]


def _mlp(config: RunConfig, plane: Plane, inputs: torch.Tensor, labels: torch.Tensor) -> LossesAt:
    """Many points at once, for MLPs without batch normalization."""
    model = build_model(config).eval()
    layers = [name for name, module in model.named_children() if isinstance(module, nn.Linear)]
    activation = next((m for m in model if not isinstance(m, nn.Linear | nn.Dropout)), nn.Identity())
    # images × units, for each of origin, first, second
    first_sums = [
        inputs @ weight.T + bias
        for weight, bias in zip(
            _tensors(plane, f"{layers[0]}.weight"), _tensors(plane, f"{layers[0]}.bias"), strict=True
        )
    ]

    def losses_at(places: torch.Tensor, _progress: Progress) -> torch.Tensor:
        x, y = places[:, 0].view(-1, 1, 1), places[:, 1].view(-1, 1, 1)
        z = torch.addcmul(first_sums[0] + x * first_sums[1], y, first_sums[2])
        for name in layers[1:]:
            weight = _combined(_tensors(plane, f"{name}.weight"), x, y)
            bias = _combined(tuple(part[None] for part in _tensors(plane, f"{name}.bias")), x, y)
            z = torch.baddbmm(bias, activation(z), weight.mT)
        return _losses(config, z, labels)

    return losses_at


def _combined(parts: Sequence[torch.Tensor], x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """origin + x · first + y · second, for each point."""
    origin, first, second = parts
    return origin + x * first + y * second


def _losses(config: RunConfig, z: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Mean loss of each point: `z` is points × images × classes."""
    if config.loss == "cross-entropy":
        at_label = z.gather(2, labels.view(1, -1, 1).expand(len(z), -1, 1)).squeeze(2)
        return (z.logsumexp(2) - at_label).mean(1)
    target = F.one_hot(labels, config.classes).to(z.dtype)
    return (z - target).square().sum(2).mean(1)


def _point_by_point(config: RunConfig, plane: Plane, inputs: torch.Tensor, labels: torch.Tensor) -> LossesAt:
    """One point after another, for every network."""
    model = build_model(config).eval()
    fixed = {name: torch.from_numpy(np.array(value)) for name, value in plane.origin.items()}
    moving = {name: _tensors(plane, name) for name in plane.first}

    def losses_at(places: torch.Tensor, progress: Progress) -> torch.Tensor:
        losses = []
        for x, y in places:
            weights = {name: _combined(parts, x, y) for name, parts in moving.items()}
            loss = torch.zeros(())
            for rows in pieces(len(inputs), chunk_size(config)):
                outputs = torch.func.functional_call(model, fixed | weights, (inputs[rows],))
                loss += loss_of(config, outputs, labels[rows]) * (len(outputs) / len(inputs))
                progress(rows.stop / len(inputs))
            losses.append(loss)
        return torch.stack(losses)

    return losses_at
