"""The gradient of a batch that is cut into chunks, through batch normalization over the whole batch.

Batch normalization (Ioffe & Szegedy 2015, arXiv:1502.03167) gives x̂ = (z − μ) / σ and y = γ x̂ + β, with the mean and the
variance of each unit over the n values that it has in the batch. So every image's outputs hang on all the others, and

    ∂L/∂z = γ/σ (∂L/∂y − (∂L/∂β + x̂ ∂L/∂γ) / n)    with    ∂L/∂β = Σ ∂L/∂y,  ∂L/∂γ = Σ x̂ ∂L/∂y

The network is cut into segments, each of which begins with a normalization (the first with the images). Forward, all
chunks go through a segment before the first enters the next one, which needs their mean and variance; backward, all go
through the segment above before the first goes on below, which needs the two sums. What lies between two segments is
kept for the whole batch where it is small (`KEPT_BYTES`), and made again from what lies below where it is not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F

from mnist_core.config import RunConfig
from mnist_core.networks.models import describe
from mnist_core.training.evaluation import loss_of
from mnist_core.training.step import Chunks, Stop, StoppedError, with_positions

KEPT_BYTES = 64 * 2**20  # signals between segments and their gradients, of a whole batch
Norm = nn.BatchNorm1d | nn.BatchNorm2d
# A chunk's inputs and labels, by its images and their places in the batch
Fetch = Callable[[NDArray[np.int64], range], tuple[torch.Tensor, torch.Tensor]]
Apply = Callable[[nn.Module, torch.Tensor, range], torch.Tensor]  # a module to the signal of the images at these places


class _Statistics(NamedTuple):
    """Of what enters a normalization, over the whole batch."""

    mean: torch.Tensor  # of each unit or filter
    variance: torch.Tensor  # biased
    values: int  # of each: images, of filters times the places in an image


class _Arriving(torch.autograd.Function):
    """A number whose gradient for `signal` is `gradient`. (For `signal.backward(gradient)` torch would import SymPy, 34 MB.)"""

    @staticmethod
    def forward(ctx: Any, signal: torch.Tensor, gradient: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(gradient)
        return signal.new_zeros(())

    @staticmethod
    def backward(ctx: Any, *_of_number: torch.Tensor) -> tuple[torch.Tensor, None]:
        (gradient,) = ctx.saved_tensors
        return gradient, None


class CutBatch:
    """One batch of `chunks`, on its way through `model`; good for one call of `gradient`."""

    def __init__(
        self, config: RunConfig, model: nn.Sequential, chunks: Chunks, fetch: Fetch, apply: Apply, stop: Stop
    ) -> None:
        self._config = config
        self._segments = _segments(model)
        self._last = len(self._segments) - 1
        self._chunks = list(with_positions(chunks))
        self._images = sum(len(chunk) for chunk in chunks)
        self._fetch, self._apply, self._stop = fetch, apply, stop
        self._begun = False
        self._keeps = _kept(config, self._images)
        self._statistics: dict[int, _Statistics] = {}  # by the number of the segment that begins with them
        self._signals: dict[int, list[torch.Tensor]] = {}  # what enters a segment, chunk by chunk
        # ∂L/∂(what enters a segment) as if mean and variance were constants, chunk by chunk.
        self._gradients: dict[int, list[torch.Tensor]] = {len(self._segments): []}
        self._summed: set[int] = set()  # segments whose normalization has its ∂L/∂γ and ∂L/∂β
        self._loss, self._hits = 0.0, 0

    def gradient(self) -> tuple[float, int] | None:
        """Adds the gradient of the batch's mean loss to that of the parameters and updates the running statistics: (loss,
        hits). None where `stop()`, asked before each chunk but the first, said so: only gradients have changed then."""
        try:
            for number in range(1, len(self._segments)):
                self._measure(number)
            for number in range(self._last, -1, -1):
                self._descend(number)
        except StoppedError:
            return None
        for number, statistics in self._statistics.items():
            _update_running(self._norm(number), statistics)
        return self._loss, self._hits

    def _raise_if_stopped(self) -> None:
        if self._begun and self._stop():
            raise StoppedError
        self._begun = True

    def _norm(self, number: int) -> Norm:
        norm = self._segments[number][0]
        assert isinstance(norm, Norm)
        return norm

    # ---- forward -----------------------------------------------------------------------------------------------

    def _measure(self, number: int) -> None:
        """Mean and variance of what enters segment `number`, from all chunks."""
        moments, counts = [], []
        signals = []
        for place in range(len(self._chunks)):
            self._raise_if_stopped()
            signal = self._entering(number, place)
            variance, mean = torch.var_mean(signal, _all_but_units(signal), correction=0)
            moments.append(torch.stack([mean, variance]))
            counts.append(signal.numel() // signal.shape[1])
            if number in self._keeps:
                signals.append(signal)
        self._statistics[number] = _combined(moments, counts)
        if number in self._keeps:
            self._signals[number] = signals

    def _entering(self, number: int, place: int) -> torch.Tensor:
        """What enters segment `number`, of chunk number `place`: kept, or made from what was kept below it."""
        below = max((kept for kept in self._signals if kept <= number), default=0)
        rows, chunk = self._chunks[place]
        signal = self._signals[below][place] if below else self._fetch(chunk, rows)[0]
        with torch.no_grad():
            for segment in range(below, number):
                signal = self._through(segment, signal, rows)
        return signal

    def _through(self, number: int, signal: torch.Tensor, rows: range) -> torch.Tensor:
        modules: Sequence[nn.Module] = self._segments[number]
        if number:
            signal = self._normalized(number, signal)
            modules = modules[1:]
        for module in modules:
            signal = self._apply(module, signal, rows)
        return signal

    def _normalized(self, number: int, signal: torch.Tensor) -> torch.Tensor:
        norm, statistics = self._norm(number), self._statistics[number]
        if signal.requires_grad and number in self._summed:
            correct = partial(self._corrected, number, signal.detach())
            signal.register_hook(correct)  # type: ignore[no-untyped-call]
        return F.batch_norm(signal, statistics.mean, statistics.variance, norm.weight, norm.bias, eps=norm.eps)

    # ---- backward ----------------------------------------------------------------------------------------------

    def _descend(self, number: int) -> None:
        """The gradient of the parameters of segment `number`, and of what enters it where that is kept."""
        above = min(kept for kept in self._gradients if kept > number)
        own = [parameter for module in self._segments[number] for parameter in module.parameters()]
        keeps = number in self._keeps
        gradients: list[torch.Tensor] = []
        for place, (rows, _chunk) in enumerate(self._chunks):
            self._raise_if_stopped()
            entering = self._entering(number, place).detach()
            signal = entering.requires_grad_() if keeps else entering
            for segment in range(number, above):
                signal = self._through(segment, signal, rows)
            end = _Arriving.apply(signal, self._arriving(above, place, signal))
            end.backward(inputs=[*own, entering] if keeps else own)
            if keeps:
                assert entering.grad is not None
                gradients.append(entering.grad)
                self._gradients[above][place] = torch.empty(0)  # whoever is below begins here
        self._summed.add(number)
        if keeps:
            self._gradients[number] = gradients
            del self._gradients[above]
            self._signals.pop(above, None)

    def _arriving(self, above: int, place: int, signal: torch.Tensor) -> torch.Tensor:
        """∂L/∂`signal`, which enters segment `above` (behind the last one: the outputs)."""
        if above > self._last:
            if place == len(self._gradients[above]):
                self._gradients[above].append(self._at_outputs(place, signal))
            return self._gradients[above][place]
        return self._corrected(above, self._signals[above][place].detach(), self._gradients[above][place])

    def _at_outputs(self, place: int, signal: torch.Tensor) -> torch.Tensor:
        rows, chunk = self._chunks[place]
        labels = self._fetch(chunk, rows)[1]
        outputs = signal.detach().requires_grad_()
        loss = loss_of(self._config, outputs, labels) * (len(chunk) / self._images)
        self._loss += loss.item()
        self._hits += int((outputs.argmax(dim=1) == labels).sum())
        return torch.autograd.grad(loss, outputs)[0]

    def _corrected(self, number: int, signal: torch.Tensor, gradient: torch.Tensor) -> torch.Tensor:
        """∂L/∂z from what it would be with constant mean and variance, γ/σ ∂L/∂y."""
        norm, statistics = self._norm(number), self._statistics[number]
        assert norm.weight.grad is not None
        assert norm.bias.grad is not None
        inverse = (statistics.variance + norm.eps).rsqrt()
        scale = norm.weight.detach() * inverse / statistics.values
        shape = (1, -1, *(1 for _place in signal.shape[2:]))
        shared = (signal - statistics.mean.view(shape)).mul_((scale * inverse * norm.weight.grad).view(shape))
        return gradient - shared.add_((scale * norm.bias.grad).view(shape))


def _segments(model: nn.Sequential) -> list[list[nn.Module]]:
    """The modules, cut before each normalization."""
    segments: list[list[nn.Module]] = [[]]
    for module in model:
        if isinstance(module, Norm):
            segments.append([])
        segments[-1].append(module)
    return segments


def _kept(config: RunConfig, images: int) -> set[int]:
    """The segments before which signals and gradients of so many images are kept: the smallest, as many as there is room for."""
    sizes = [
        math.prod(layer.output_shape) for layer in describe(config).layers if layer.kind in ("convolution", "dense")
    ]
    kept: set[int] = set()
    room = KEPT_BYTES / 4 / images
    for number in sorted(range(1, len(sizes) + 1), key=lambda number: sizes[number - 1]):
        # Beside all signals, the gradients of one place: those of the one above go while these come.
        if sizes[number - 1] * 2 + sum(sizes[other - 1] for other in kept) > room:
            break
        kept.add(number)
    return kept


def _all_but_units(signal: torch.Tensor) -> list[int]:
    return [axis for axis in range(signal.dim()) if axis != 1]


def _combined(moments: Sequence[torch.Tensor], counts: Sequence[int]) -> _Statistics:
    """Mean and variance of all values from those of the chunks (Chan, Golub & LeVeque 1983): no small difference of two
    large sums is ever taken."""
    of_chunks = torch.stack(list(moments)).cpu().double()  # chunks × (mean, variance) × units
    shares = torch.tensor(counts, dtype=torch.float64)[:, None] / sum(counts)
    means, variances = of_chunks[:, 0], of_chunks[:, 1]
    mean = (shares * means).sum(0)
    variance = (shares * (variances + (means - mean).square())).sum(0)
    return _Statistics(mean.to(moments[0]), variance.to(moments[0]), sum(counts))


def _update_running(norm: Norm, statistics: _Statistics) -> None:
    """As torch does it once in a batch: an exponential mean, of the unbiased variance."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    assert norm.num_batches_tracked is not None
    assert norm.momentum is not None
    norm.num_batches_tracked.add_(1)
    norm.running_mean.mul_(1 - norm.momentum).add_(statistics.mean, alpha=norm.momentum)
    unbiased = statistics.variance * (statistics.values / (statistics.values - 1))
    norm.running_var.mul_(1 - norm.momentum).add_(unbiased, alpha=norm.momentum)
