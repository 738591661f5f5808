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
one. A run that has left such a stack goes on so (`stacked`). A run that never was in one takes short cuts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F

from mnist_core.config import RunConfig
from mnist_core.training.batches import BatchLoader
from mnist_core.training.evaluation import alive, at_labels, hits_of, sums_of
from mnist_core.training.flat_optimizers import FlatOptimizer
from mnist_core.training.step import Block, BlockResult, Outputs, Stop, dropout_mask, is_over, with_positions

aten = torch.ops.aten


class _Weights:
    """A layer's weights (runs × units × inputs) and biases (runs × units), or the gradients of both, of all runs.

    The other names are views of the same memory, made once: `…_rows` has the units of all runs below one another.
    """

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor) -> None:
        self.weight, self.weight_rows, self.transposed = weight, weight.flatten(0, 1), weight.mT
        self.bias, self.bias_rows, self.bias_vector = bias.unsqueeze(2), bias.view(-1, 1), bias.view(-1)
        self.bias_numbers = self.bias_vector.numpy()


@dataclass(frozen=True)
class _Layer:
    """One layer of all runs."""

    weights: _Weights
    gradients: _Weights


class _Signal:
    """What a layer holds of one batch, each runs × units × n. Tensors that need not be kept apart are the same one.

    `flat`: z, a and ∂L/∂z once more, as vectors that are a little longer (`_rounded_up`), for what goes element by element.
    """

    def __init__(self, shape: torch.Size, dtype: torch.dtype, *, in_place: bool, dropout: bool) -> None:
        z, delta = (_rounded_up(shape, dtype) for _kind in range(2))
        self.flat = _Flat(z, z if in_place else _rounded_up(shape, dtype), delta)
        # a = f(z); delta = ∂L/∂z
        self.z, self.a, self.delta = (vector[: shape.numel()].view(shape) for vector in self.flat)
        self.given = torch.empty_like(self.z) if dropout else self.a  # a, after dropout
        self.mask = torch.empty_like(self.z) if dropout else self.a  # 0, or 1 / (1 − share)
        self.z_rows, self.delta_rows = self.z.flatten(0, 1), self.delta.flatten(0, 1)
        self.delta_numbers = self.delta_rows.numpy()
        self.transposed = self.given.mT


class _Flat(NamedTuple):
    """Numbers of a signal, one after the other."""

    z: torch.Tensor
    a: torch.Tensor
    delta: torch.Tensor


def _rounded_up(shape: torch.Size, dtype: torch.dtype) -> torch.Tensor:
    """Zeros for that shape and some more: torch goes through vectors in groups and computes the rest of one by one, with
    other last digits. Without a rest a network's numbers are the same beside others and alone."""
    return torch.zeros(-(-shape.numel() // _GROUP) * _GROUP, dtype=dtype)


class _Batch:
    """The buffers of a batch of n images: the input, and what each layer holds.

    The output layer is small and its steps are many: NumPy takes less time for one than torch. `z` and `delta` are
    NumPy's names for the memory of the last signal.
    """

    def __init__(self, inputs: torch.Tensor, signals: list[_Signal]) -> None:
        self.inputs, self.transposed = inputs, inputs.T  # n × 784
        self.signals = signals  # layer after layer
        self.z, self.delta = signals[-1].z.numpy(), signals[-1].delta.numpy()  # runs × 10 × n
        self.delta_row = self.delta.reshape(len(self.delta), -1)  # runs × 10 n
        self.ones = inputs.new_ones(len(inputs))


class DenseStep:
    """Updates of the MLPs `models` on the images of `loader`, in their own dtype; the contract is `step.Step`'s.

    The configurations may differ in what does not change the network's shape and what it sees (`stacks.SHARED`). The
    models' parameters become views into the step's own; they may be read and written (`load_state_dict`), not replaced.
    `stacked`: the one model's numbers are those that it would come to beside others, with whom it has trained.
    """

    def __init__(
        self,
        configs: Sequence[RunConfig],
        models: Sequence[nn.Sequential],
        loader: BatchLoader,
        *,
        stacked: bool = False,
    ) -> None:
        self._configs = configs
        self._config = configs[0]  # for what all have in common
        self._loader = loader
        self._factor = loader.factor  # of all inputs
        self._activate, self._differentiate = _ACTIVATIONS[self._config.activation]
        self._loss = _cross_entropy if self._config.loss == "cross-entropy" else _squared_error
        parameters = [torch.stack(same).detach() for same in zip(*(m.parameters() for m in models), strict=True)]
        gradients = [torch.zeros_like(parameter) for parameter in parameters]
        self._stacked = stacked or len(configs) > 1
        if not self._stacked:  # all in one vector, so that the optimizer and the norm go through one
            weights, parameters = _joined(parameters)
            self._gradient, gradients = _joined(gradients)
        for place, model in enumerate(models):
            for parameter, of_all in zip(model.parameters(), parameters, strict=True):
                parameter.data = of_all[place]
        self._dtype = parameters[0].dtype
        self._layers = [
            _Layer(_Weights(*parameters[i : i + 2]), _Weights(*gradients[i : i + 2]))
            for i in range(0, len(parameters), 2)
        ]
        self._ending = [place for place, config in enumerate(configs) if config.stop_when_not_finite]
        self._plain = all(config.optimizer == "sgd" and not config.weight_decay for config in configs)
        self._gradients = [gradient.flatten(1) for gradient in gradients]
        self.optimizers = (
            [FlatOptimizer(*of_run) for of_run in zip(configs, _of_runs(parameters), _of_runs(gradients), strict=True)]
            if self._stacked
            else [FlatOptimizer(self._config, [weights], [self._gradient])]
        )
        self._batches: dict[int, _Batch] = {}  # by number of images

    # ---- the step ----------------------------------------------------------------------------------------------

    def make(self, block: Block, stop: Stop) -> BlockResult:
        """See `step.Step.make`."""
        result = BlockResult.empty(block)
        with np.errstate(all="ignore"):  # NaN and infinity are results
            for place in range(len(block.batches)):
                if not self._update(block, place, result, stop):
                    return result.up_to(place)
                if is_over(result, place, self._ending):
                    return result.up_to(place + 1)
        return result

    def _update(self, block: Block, place: int, result: BlockResult, stop: Stop) -> bool:
        """The update at `place` of the block; False if it was interrupted."""
        chunks, rates, measured = block.batches[place], block.rates[place], block.measured[place]
        images = sum(map(len, chunks))
        at_once = self._plain and not measured and len(chunks) == 1
        factor = np.divide(-rates if at_once else 1.0, images).reshape(-1, 1, 1)
        losses: Any = 0.0  # of each run
        hits: Any = 0
        for rows, chunk in with_positions(chunks):
            if rows.start and stop():
                return False
            batch = self._batch(len(chunk))
            labels = self._loader.fill(batch.inputs, chunk)
            if self._config.dropout:
                self._apply_dropout(batch, block.first + place, rows)
            self._forward(batch, training=True)
            loss, hits_here = self._loss(batch, labels)
            losses, hits = losses + loss, hits + hits_here
            batch.delta *= factor
            self._backward(batch, at_once=at_once, kept=1 if rows.start else 0)
        result.losses[place] = losses
        result.losses[place] /= images  # in float64
        result.hits[place] = hits
        if measured:
            result.norms[place] = self._norms()
        if not at_once:
            for optimizer, rate in zip(self.optimizers, rates.tolist(), strict=True):
                optimizer.update(rate)
        return True

    def _apply_dropout(self, batch: _Batch, number: int, rows: range) -> None:
        """Choose the units that are left out, for each run as if it were alone."""
        for place, config in enumerate(self._configs):
            for layer, signal in enumerate(batch.signals[:-1]):
                mask = signal.mask[place]
                mask.copy_(dropout_mask(config, number, rows, layer, len(mask)).T).div_(1 - config.dropout)

    def _forward(self, batch: _Batch, *, training: bool) -> None:
        """z = W a + b and f(z), layer after layer."""
        for place, (layer, signal) in enumerate(zip(self._layers, batch.signals, strict=True)):
            if place == 0:
                # All runs see the same images: one product.
                bias, rows = layer.weights.bias_rows, layer.weights.weight_rows
                torch.addmm(bias, rows, batch.transposed, alpha=self._factor, out=signal.z_rows)
            else:
                torch.baddbmm(layer.weights.bias, layer.weights.weight, batch.signals[place - 1].given, out=signal.z)
            if signal is not batch.signals[-1]:
                self._activate(signal.flat.z, signal.flat.a)
                if self._config.dropout:
                    torch.mul(signal.a, signal.mask if training else 1, out=signal.given)

    def _backward(self, batch: _Batch, *, at_once: bool, kept: float) -> None:
        """From the output down. The products are added to the weights (`at_once`), or, as the gradient, to `kept` times
        what was there before."""
        beta = 1 if at_once else kept
        for place in range(len(self._layers) - 1, -1, -1):
            layer, signal = self._layers[place], batch.signals[place]
            into = layer.weights if at_once else layer.gradients
            if place:
                below = batch.signals[place - 1]
                torch.bmm(layer.weights.transposed, signal.delta, out=below.delta)  # ∂L/∂a = Wᵀ δ
                if self._config.dropout:
                    below.delta.mul_(below.mask)
                self._differentiate(below.flat)  # δ ← ∂L/∂a ⊙ f′(z)
                into.weight.baddbmm_(signal.delta, below.transposed, beta=beta)  # ∂L/∂W = δ aᵀ
            else:
                into.weight_rows.addmm_(signal.delta_rows, batch.inputs, beta=beta, alpha=self._factor)
            if self._stacked:
                _add_up(signal.delta_numbers, into.bias_numbers, beta)  # ∂L/∂b = δ 1
            else:
                into.bias_vector.addmv_(signal.delta_rows, batch.ones, beta=beta)

    def _norms(self) -> list[float]:
        """Euclidean norm of each run's whole gradient."""
        if not self._stacked:
            return [math.sqrt(torch.dot(self._gradient, self._gradient))]
        of_parameters = [torch.linalg.vector_norm(vectors, dim=1).tolist() for vectors in self._gradients]
        return [math.sqrt(sum(norm * norm for norm in of_run)) for of_run in zip(*of_parameters, strict=True)]

    # ---- evaluation --------------------------------------------------------------------------------------------

    def outputs(self, loader: BatchLoader, rows: slice, *, probed: int = 0) -> Outputs:
        """See `step.Step.outputs`."""
        batch = self._batch(min(rows.stop, len(loader)) - rows.start)
        labels = loader.fill(batch.inputs, rows)
        self._forward(batch, training=False)
        seen = [(signal.z[..., :probed], signal.a[..., :probed]) for signal in batch.signals[:-1]] if probed else []
        return Outputs(batch.z, labels, [alive(self._config, z, a).any(dim=2) for z, a in seen])

    # ---- buffers -----------------------------------------------------------------------------------------------

    def release_buffers(self) -> None:
        """See `step.Step.release_buffers`."""
        self._batches = {}

    def _batch(self, n: int) -> _Batch:
        if n not in self._batches:
            if len(self._batches) == _SIZES:
                self._batches = {}
            signals = [self._signal(n, layer) for layer in self._layers]
            self._batches[n] = _Batch(torch.empty(n, 784, dtype=self._dtype), signals)
        return self._batches[n]

    def _signal(self, n: int, layer: _Layer) -> _Signal:
        shape = torch.Size((*layer.weights.bias.shape[:2], n))
        last = layer is self._layers[-1]
        # f′ can be told from f(z) alone, so that f works in place, but for GELU.
        in_place = self._config.activation != "gelu" or last
        return _Signal(shape, self._dtype, in_place=in_place, dropout=bool(self._config.dropout) and not last)


_Sums = tuple[NDArray[np.floating], NDArray[np.int64]]  # each run's loss, and hits, summed over the images
_GROUP = 64  # numbers: a multiple of what torch takes at once on any CPU
_SIZES = 8  # numbers of images that buffers are kept for: a full chunk, the rest of a batch, the epoch's last batch


def _joined(parts: Sequence[torch.Tensor]) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """All numbers in one vector, and its parts in the shapes of `parts`."""
    vector = torch.cat([part.flatten() for part in parts])
    cut = torch.split_with_sizes(vector, [part.numel() for part in parts])
    return vector, [piece.view(part.shape) for piece, part in zip(cut, parts, strict=True)]


def _of_runs(parts: Sequence[torch.Tensor]) -> list[list[torch.Tensor]]:
    """Each run's numbers as vectors, one for each parameter."""
    return [[part[place].view(-1) for part in parts] for place in range(len(parts[0]))]


def _add_up(rows: NDArray[np.floating], into: NDArray[np.floating], beta: float) -> None:
    """into ← beta · into + the sum of each row. A product with ones would go through several rows at a time and add the last
    ones up otherwise."""
    if beta:
        np.add(into, np.einsum("ij->i", rows), out=into)
    else:
        np.einsum("ij->i", rows, out=into)


def _cross_entropy(batch: _Batch, labels: NDArray[np.intp]) -> _Sums:
    """Leaves n δ = softmax(z) − y."""
    delta, places = batch.delta, at_labels(labels)
    # softmax is the same for z less any number; the greatest keeps exp from overflow
    np.subtract(batch.z, batch.z.max(1, keepdims=True), out=delta)
    hits = hits_of(batch.z, labels, delta == 0, places)
    at_label = batch.delta_row.take(places, 1)
    np.exp(delta, out=delta)
    total = delta.sum(1, keepdims=True)
    delta /= total
    batch.delta_row[:, places] -= 1
    return sums_of(np.log(total[:, 0]) - at_label), hits


def _squared_error(batch: _Batch, labels: NDArray[np.intp]) -> _Sums:
    """Leaves n δ = 2 (z − y)."""
    delta, places = batch.delta, at_labels(labels)
    hits = hits_of(batch.z, labels, batch.z == batch.z.max(1, keepdims=True), places)
    np.copyto(delta, batch.z)
    batch.delta_row[:, places] -= 1
    loss = sums_of(np.square(delta))
    delta *= 2
    return loss, hits


# f(z) into a, and δ ← δ ⊙ f′(z) in place. torch's own kernels: one pass each, and NaN goes its way as in `AutogradStep`.
_SLOPE = 0.01  # of leaky ReLU below 0
_ACTIVATIONS: dict[str, tuple[Callable[[torch.Tensor, torch.Tensor], object], Callable[[_Flat], object]]] = {
    "identity": (
        lambda z, a: None,
        lambda at: None,
    ),
    "sigmoid": (
        lambda z, a: torch.sigmoid(z, out=a),
        lambda at: aten.sigmoid_backward.grad_input(at.delta, at.a, grad_input=at.delta),  # f′ = a (1 − a)
    ),
    "tanh": (
        lambda z, a: torch.tanh(z, out=a),
        lambda at: aten.tanh_backward.grad_input(at.delta, at.a, grad_input=at.delta),  # f′ = 1 − a²
    ),
    "relu": (
        lambda z, a: z.relu_(),
        lambda at: aten.threshold_backward.grad_input(at.delta, at.a, 0, grad_input=at.delta),  # f′ = 0 where a ≤ 0
    ),
    "leaky-relu": (
        lambda z, a: F.leaky_relu_(z, _SLOPE),
        lambda at: aten.leaky_relu_backward.grad_input(at.delta, at.a, _SLOPE, True, grad_input=at.delta),
    ),
    "gelu": (
        lambda z, a: aten.gelu.out(z, out=a),
        lambda at: aten.gelu_backward.grad_input(at.delta, at.z, grad_input=at.delta),  # f′ = Φ(z) + z φ(z)
    ),
}
