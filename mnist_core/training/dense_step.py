"""Updates of multi-layer perceptrons by hand: the equations of backpropagation, one line of code each.

Signals have a column per image. A layer computes z = W a + b and gives f(z) to the next. With δ = ∂L/∂z, for n images,

    output layer            δ = (softmax(z) − y) / n        or 2 (z − y) / n for the squared error; y is one-hot
    the layer below         δ ← (Wᵀ δ) ⊙ f′(z)
    weights, biases         ∂L/∂W = δ aᵀ,  ∂L/∂b = δ 1

(Rumelhart, Hinton & Williams 1986). All of this is linear in δ: begun with −η δ at the output, it gives what plain
gradient descent adds to the weights, so that the product can add it at once. Every product goes into a buffer that is kept from step to step, and nothing is
recorded for an automatic differentiation: what a step costs beyond its matrix products is small. `AutogradStep`
computes the same, for every network.

Several networks of one shape that see the same batches train at once, as one that is wider: their first layers are
rows of one matrix, later ones are products side by side. No row's arithmetic sees another network's numbers, so that
the NaN of one never reaches the next. Nor do its last digits hang on the others' number, as far as that is not up to the
library of the matrix products: sums are those of each row alone, and every optimizer sees each run's parameters one by
one. So a run draws the same curve alone and beside others.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F

from mnist_core.config import RunConfig
from mnist_core.training.augmentation import transforms
from mnist_core.training.batches import BatchLoader
from mnist_core.training.dense_buffers import Batch, Flat, Layer, Signal, Weights, of_runs
from mnist_core.training.dense_losses import LOSSES, Seen, part_of
from mnist_core.training.evaluation import alive
from mnist_core.training.flat_optimizers import FlatOptimizer
from mnist_core.training.step import (
    UNMEASURED,
    Block,
    BlockResult,
    Inside,
    Outputs,
    Stop,
    dropout_mask,
    first_of_seed,
    with_positions,
)

aten = torch.ops.aten


class DenseStep:
    """Updates of the MLPs `models` on the images of `loader`, in their own dtype; the contract is `step.Step`'s.

    The configurations may differ in what does not change the network's shape and what it sees (`stacks.SHARED`). The
    models' parameters become views into the step's own; they may be read and written (`load_state_dict`), not replaced.
    """

    def __init__(
        self,
        configs: Sequence[RunConfig],
        models: Sequence[nn.Sequential],
        loader: BatchLoader,
    ) -> None:
        self._configs = configs
        self._config = configs[0]  # for what all have in common
        self._loader = loader
        self._factor = loader.factor  # of all inputs
        self._activate, self._differentiate = _ACTIVATIONS[self._config.activation]
        self._loss = LOSSES[self._config.loss]
        parameters = [torch.stack(same).detach() for same in zip(*(m.parameters() for m in models), strict=True)]
        gradients = [torch.zeros_like(parameter) for parameter in parameters]
        stacked = len(configs) > 1
        self._leading = (len(configs),) if stacked else ()  # axes in front of a run's own
        for place, model in enumerate(models):
            for parameter, of_all in zip(model.parameters(), parameters, strict=True):
                parameter.data = of_all[place]
        self._dtype, self._numbers = parameters[0].dtype, parameters[0].numpy().dtype
        self._layers = [
            Layer(*(Weights(*of_all[i : i + 2], stacked=stacked) for of_all in (parameters, gradients)))
            for i in range(0, len(parameters), 2)
        ]
        # A product, and one that is added to something: of all runs' matrices side by side, or of the one that there is.
        self._mm: Callable[..., torch.Tensor] = torch.bmm if stacked else torch.mm
        self._addmm: Callable[..., torch.Tensor] = torch.baddbmm if stacked else torch.addmm
        self._first_of_seed = first_of_seed(configs)
        self._ending = [place for place, config in enumerate(configs) if config.stop_when_not_finite]
        self._plain = all(config.optimizer == "sgd" and not config.weight_decay for config in configs)
        self._gradients = [gradient.flatten(1) for gradient in gradients]
        self.optimizers = [
            FlatOptimizer(*of_run) for of_run in zip(configs, of_runs(parameters), of_runs(gradients), strict=True)
        ]
        self._batches: dict[int, Batch] = {}  # by number of images

    # ---- the step ----------------------------------------------------------------------------------------------

    def make(self, block: Block, stop: Stop) -> BlockResult:
        """See `step.Step.make`."""
        seen = Seen(self._config, block, self._loader, self._leading, self._numbers)
        norms = np.full(block.rates.shape, UNMEASURED)
        with np.errstate(all="ignore"):  # NaN and infinity are results
            made = self._make(block, seen, norms, stop)
            losses, hits = seen.sums(made)
        return BlockResult(losses / block.images[:made, None], hits, norms[:made])

    def _make(self, block: Block, seen: Seen, norms: NDArray[np.float64], stop: Stop) -> int:
        """How many updates of the block were made; what they measured is in `seen` and `norms`."""
        at_once = self._plain & ~block.measured & np.array([len(chunks) == 1 for chunks in block.batches])
        # Of the outputs' δ: updates (× runs) × 1 × 1.
        factors = np.where(at_once[:, None], -block.rates, 1.0) / block.images[:, None]
        factors = factors.astype(self._numbers).reshape(-1, *self._leading, 1, 1)
        measured = block.measured.tolist()
        for place, added in enumerate(at_once.tolist()):
            if not self._gradient(block, place, factors[place], seen, stop, at_once=added):
                return place
            if measured[place]:
                norms[place] = self._norms()
            if not added:
                for optimizer, rate in zip(self.optimizers, block.rates[place].tolist(), strict=True):
                    optimizer.update(rate)
            if self._ending and not seen.is_finite(place, self._ending):
                return place + 1
            if measured[place] and not np.isfinite(norms[place, self._ending]).all():
                return place + 1
        return len(block.batches)

    def _gradient(
        self, block: Block, place: int, factor: NDArray[np.floating], seen: Seen, stop: Stop, *, at_once: bool
    ) -> bool:
        """Leaves the gradient of the mean loss in the block's update at `place`, or adds it to the weights (`at_once`), `factor`
        times; False if interrupted."""
        for (rows, chunk), part in zip(with_positions(block.batches[place]), seen.updates[place], strict=True):
            if rows.start and stop():
                return False
            batch = self._batch(len(chunk))
            self._loader.fill(batch.inputs, chunk, transforms(self._config, block.first + place, rows))
            if self._config.dropout:
                self._apply_dropout(batch, block.first + place, rows)
            self._forward(batch, training=True)
            self._loss(batch, part)
            np.multiply(batch.delta, factor, out=batch.delta)
            self._backward(batch, training=True, at_once=at_once, kept=1 if rows.start else 0)
        return True

    def _apply_dropout(self, batch: Batch, number: int, rows: range) -> None:
        """Choose the units that are left out, for each run as if it were alone: for those of one seed they are the same."""
        for layer, signal in enumerate(batch.signals[:-1]):
            masks = signal.mask.view(len(self._configs), -1, batch.n)
            for place, first in enumerate(self._first_of_seed):
                if place == first:
                    kept = dropout_mask(self._configs[place], number, rows, layer, masks.shape[1])
                    masks[place].copy_(kept.T).div_(1 - self._config.dropout)
                else:
                    masks[place].copy_(masks[first])

    def _forward(self, batch: Batch, *, training: bool) -> None:
        """z = W a + b and f(z), layer after layer."""
        for place, (layer, signal) in enumerate(zip(self._layers, batch.signals, strict=True)):
            weights = layer.weights
            if place == 0:
                # All runs see the same images: one product.
                bias, rows = weights.bias_rows, weights.weight_rows
                torch.addmm(bias, rows, batch.transposed, alpha=self._factor, out=signal.z_rows)
            else:
                self._addmm(weights.column, weights.matrix, batch.signals[place - 1].given, out=signal.z)
            if signal is not batch.signals[-1]:
                self._activate(signal.flat.z, signal.flat.a)
                if self._config.dropout:
                    torch.mul(signal.a, signal.mask if training else 1, out=signal.given)

    def _backward(self, batch: Batch, *, training: bool, at_once: bool, kept: float) -> None:
        """From the output down. The products are added to the weights (`at_once`), or, as the gradient, to `kept` times
        what was there before."""
        beta = 1 if at_once else kept
        for place in range(len(self._layers) - 1, -1, -1):
            layer, signal = self._layers[place], batch.signals[place]
            into = layer.weights if at_once else layer.gradients
            if place:
                below = batch.signals[place - 1]
                self._mm(layer.weights.transposed, signal.delta, out=below.delta)  # ∂L/∂a = Wᵀ δ
                if self._config.dropout and training:
                    below.delta.mul_(below.mask)
                self._differentiate(below.flat)  # δ ← ∂L/∂a ⊙ f′(z)
                self._addmm(into.matrix, signal.delta, below.transposed, beta=beta, out=into.matrix)  # ∂L/∂W = δ aᵀ
            else:
                into.weight_rows.addmm_(signal.delta_rows, batch.inputs, beta=beta, alpha=self._factor)
            _add_up(signal.delta_numbers, into.bias_numbers, beta)  # ∂L/∂b = δ 1

    def _norms(self) -> list[float]:
        """Euclidean norm of each run's whole gradient."""
        of_parameters = [torch.linalg.vector_norm(vectors, dim=1).tolist() for vectors in self._gradients]
        return [math.sqrt(sum(norm * norm for norm in of_run)) for of_run in zip(*of_parameters, strict=True)]

    # ---- evaluation --------------------------------------------------------------------------------------------

    def outputs(self, loader: BatchLoader, rows: slice, *, probed: int = 0) -> Outputs:
        """See `step.Step.outputs`."""
        batch = self._batch(min(rows.stop, len(loader)) - rows.start)
        loader.fill(batch.inputs, rows)
        self._forward(batch, training=False)
        live_units = self._live_units(batch, probed) if probed else []
        return Outputs(
            batch.z.reshape(len(self._configs), self._configs[0].classes, -1), loader.labels(rows), live_units
        )

    def _live_units(self, batch: Batch, images: int) -> list[torch.Tensor]:
        """Of each hidden layer, runs × units."""
        signals = ((signal.z[..., :images].numpy(), signal.a[..., :images].numpy()) for signal in batch.signals[:-1])
        live_units = (alive(self._config, z, a).any(-1) for z, a in signals)
        return [torch.from_numpy(units.reshape(len(self._configs), -1)) for units in live_units]

    def inside(self, loader: BatchLoader, rows: slice) -> Inside:
        """See `step.Step.inside`."""
        batch, labels = self._batch(rows.stop - rows.start), loader.labels(rows)
        loader.fill(batch.inputs, rows)
        self._forward(batch, training=False)
        live_units = self._live_units(batch, batch.n)
        with np.errstate(all="ignore"):
            self._loss(batch, part_of(labels, self._configs[0].classes, self._leading, self._numbers))
            np.multiply(batch.delta, 1 / batch.n, out=batch.delta)
        self._backward(batch, training=False, at_once=False, kept=0)
        signals = [signal.a.view(len(self._configs), -1) for signal in batch.signals]
        gradients = [gradient for layer in self._layers for gradient in layer.gradients.of_runs]
        return Inside(signals, live_units, gradients)

    # ---- buffers -----------------------------------------------------------------------------------------------

    def release_buffers(self) -> None:
        """See `step.Step.release_buffers`."""
        self._batches = {}

    def _batch(self, n: int) -> Batch:
        if n not in self._batches:
            if len(self._batches) == _SIZES:
                self._batches = {}
            signals = [self._signal(n, layer) for layer in self._layers]
            self._batches[n] = Batch(torch.empty(n, 784, dtype=self._dtype), signals)
        return self._batches[n]

    def _signal(self, n: int, layer: Layer) -> Signal:
        shape = torch.Size((*layer.weights.column.shape[:-1], n))
        last = layer is self._layers[-1]
        # f′ can be told from f(z) alone, so that f works in place, but for GELU.
        in_place = self._config.activation != "gelu" or last
        return Signal(shape, self._dtype, in_place=in_place, dropout=bool(self._config.dropout) and not last)


_SIZES = 8  # numbers of images that buffers are kept for: a full chunk, the rest of a batch, the epoch's last batch


def _add_up(rows: NDArray[np.floating], into: NDArray[np.floating], beta: float) -> None:
    """into ← beta · into + the sum of each row. A product with ones would go through several rows at a time and add the last
    ones up otherwise."""
    if beta:
        np.add(into, np.einsum("ij->i", rows), out=into)
    else:
        np.einsum("ij->i", rows, out=into)


# f(z) into a, and δ ← δ ⊙ f′(z) in place. torch's own kernels: one pass each, and NaN goes its way as in `AutogradStep`.
_SLOPE = 0.01  # of leaky ReLU below 0
_sigmoid_backward, _tanh_backward = aten.sigmoid_backward.grad_input, aten.tanh_backward.grad_input
_threshold_backward, _leaky_relu_backward = aten.threshold_backward.grad_input, aten.leaky_relu_backward.grad_input
_gelu, _gelu_backward = aten.gelu.out, aten.gelu_backward.grad_input
_ACTIVATIONS: dict[str, tuple[Callable[[torch.Tensor, torch.Tensor], object], Callable[[Flat], object]]] = {
    "identity": (
        lambda z, a: None,
        lambda at: None,
    ),
    "sigmoid": (
        lambda z, a: torch.sigmoid(z, out=a),
        lambda at: _sigmoid_backward(at.delta, at.a, grad_input=at.delta),  # f′ = a (1 − a)
    ),
    "tanh": (
        lambda z, a: torch.tanh(z, out=a),
        lambda at: _tanh_backward(at.delta, at.a, grad_input=at.delta),  # f′ = 1 − a²
    ),
    "relu": (
        lambda z, a: z.relu_(),
        lambda at: _threshold_backward(at.delta, at.a, 0, grad_input=at.delta),  # f′ = 0 where a ≤ 0
    ),
    "leaky-relu": (
        lambda z, a: F.leaky_relu_(z, _SLOPE),
        lambda at: _leaky_relu_backward(at.delta, at.a, _SLOPE, True, grad_input=at.delta),
    ),
    "gelu": (
        lambda z, a: _gelu(z, out=a),
        lambda at: _gelu_backward(at.delta, at.z, grad_input=at.delta),  # f′ = Φ(z) + z φ(z)
    ),
}
