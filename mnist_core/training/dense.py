"""An update of a multi-layer perceptron by hand: the equations of backpropagation, one line of code each.

A layer computes z = a Wᵀ + b and gives f(z) to the next; a has a row per image. With δ = ∂L/∂z, the gradient is

    output layer            δ = (softmax(z) − y) / n        or 2 (z − y) / n for the squared error; y is one-hot
    weights, biases         ∂L/∂W = δᵀ a,  ∂L/∂b = δᵀ 1
    the layer below         δ ← (δ W) ⊙ f′(z)

(Rumelhart, Hinton & Williams 1986). Every product goes into a buffer that is kept from step to step, all weights are
views into one vector, as are all gradients, and nothing is recorded for an automatic differentiation: what a step
costs beyond its matrix products is small. `GeneralStep` computes the same, for every network.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F

from mnist_core.config import RunConfig
from mnist_core.training.batches import Feeder
from mnist_core.training.flat import FlatOptimizer
from mnist_core.training.step import Chunks, Made, Stop, seed_dropout

aten = torch.ops.aten


def covers(config: RunConfig) -> bool:
    """Whether `DenseStep` can train this network: any MLP without batch normalisation."""
    return config.model == "mlp" and not config.batch_norm


@dataclass(frozen=True)
class _Layer:
    """A layer's weights (units × inputs), biases, and their gradients."""

    weight: torch.Tensor
    bias: torch.Tensor
    weight_gradient: torch.Tensor
    bias_gradient: torch.Tensor


@dataclass(frozen=True)
class _Signal:
    """What a layer holds of one batch, each n × units. Tensors that need not be kept apart are the same one."""

    z: torch.Tensor
    a: torch.Tensor  # f(z)
    given: torch.Tensor  # a, after dropout
    mask: torch.Tensor  # dropout: 0, or 1 / (1 − share)
    delta: torch.Tensor  # ∂L/∂z

    def first(self, n: int) -> _Signal:
        """The same buffers, for `n` images."""
        return _Signal(self.z[:n], self.a[:n], self.given[:n], self.mask[:n], self.delta[:n])


class _Batch:
    """The buffers of a batch of n images: the input, what each hidden layer holds, the output layer.

    The output layer is small and its steps are many: NumPy takes less time for one than torch, and for columns of ten
    less than for rows. `z` and `delta` are torch's names for the memory of `z_columns` and `delta_columns`.
    """

    def __init__(self, inputs: torch.Tensor, hidden: list[_Signal]) -> None:
        n = len(inputs)
        self.inputs = inputs  # n × 784
        self.pixels = inputs.numpy()  # the same memory
        self.hidden = hidden
        self.z, self.delta = (inputs.new_empty(10, n).T for _buffer in range(2))  # n × 10
        self.z_columns, self.delta_columns = self.z.T.numpy(), self.delta.T.numpy()  # 10 × n
        self.ones = inputs.new_ones(n)
        self.numbers = np.arange(n)


class DenseStep:
    """Updates of the MLP `model` on the images of `feeder`, in the model's own dtype; the contract is `step.Step`'s.

    The model's parameters become views into one vector; they may be read and written (`load_state_dict`), not replaced.
    """

    def __init__(self, config: RunConfig, model: nn.Sequential, feeder: Feeder) -> None:
        self._config = config
        self._feeder = feeder
        self._activate, self._differentiate = _ACTIVATIONS[config.activation]
        self._loss = _cross_entropy if config.loss == "cross-entropy" else _squared_error
        self._parameters = nn.utils.parameters_to_vector(model.parameters()).detach()
        self._gradient = torch.zeros_like(self._parameters)
        views = _views(self._parameters, model)
        for parameter, view in zip(model.parameters(), views, strict=True):
            parameter.data = view
        gradients = _views(self._gradient, model)
        self._layers = [_Layer(*views[i : i + 2], *gradients[i : i + 2]) for i in range(0, len(views), 2)]
        self._optimizer = FlatOptimizer(config, self._parameters, self._gradient)
        self._batches: dict[int, _Batch] = {}  # by number of images; the smaller are views of the largest

    # ---- the step ----------------------------------------------------------------------------------------------

    def make(self, number: int, chunks: Chunks, rate: float, stop: Stop) -> Made | None:
        """See `step.Step.make`."""
        images = sum(len(chunk) for chunk in chunks)
        loss, hits = 0.0, 0
        for place, chunk in enumerate(chunks):
            if place and stop():
                return None
            seed_dropout(self._config, number, place)
            batch = self._batch(len(chunk))
            labels = self._feeder.fill(batch.pixels, chunk)
            self._forward(batch)
            with np.errstate(all="ignore"):  # NaN and infinity are results
                hits += int(np.count_nonzero(batch.z_columns.argmax(0) == labels))
                loss += self._loss(batch, labels, images)
            self._backward(batch, kept=1 if place else 0)
        norm = math.sqrt(torch.dot(self._gradient, self._gradient))
        self._optimizer.update(rate)
        return Made(loss, hits, norm)

    def _forward(self, batch: _Batch) -> None:
        """z = a Wᵀ + b and f(z), layer after layer."""
        a = batch.inputs
        for layer, signal in zip(self._layers, batch.hidden, strict=False):
            torch.addmm(layer.bias, a, layer.weight.T, out=signal.z)
            self._activate(signal.z, signal.a)
            if self._config.dropout:
                keep = 1 - self._config.dropout
                signal.mask.bernoulli_(keep).div_(keep)
                torch.mul(signal.a, signal.mask, out=signal.given)
            a = signal.given
        output = self._layers[-1]
        torch.addmm(output.bias, a, output.weight.T, out=batch.z)

    def _backward(self, batch: _Batch, kept: float) -> None:
        """The gradient, layer after layer from the output, added to `kept` times what was there before."""
        delta = batch.delta
        for place in range(len(self._layers) - 1, -1, -1):
            layer = self._layers[place]
            a = batch.hidden[place - 1].given if place else batch.inputs
            layer.weight_gradient.addmm_(delta.T, a, beta=kept)  # ∂L/∂W = δᵀ a
            layer.bias_gradient.addmv_(delta.T, batch.ones, beta=kept)  # ∂L/∂b = δᵀ 1
            if place:
                below = batch.hidden[place - 1]
                torch.mm(delta, layer.weight, out=below.delta)  # ∂L/∂a = δ W
                if self._config.dropout:
                    below.delta.mul_(below.mask)
                self._differentiate(below)  # δ ← ∂L/∂a ⊙ f′(z)
                delta = below.delta

    # ---- the optimizer's buffers -------------------------------------------------------------------------------

    def state(self) -> dict[str, torch.Tensor]:
        """Vectors over all weights; see `step.Step.state`."""
        return self._optimizer.state()

    def restore(self, state: Mapping[str, torch.Tensor]) -> None:
        """See `step.Step.restore`."""
        self._optimizer.restore(state)

    # ---- buffers -----------------------------------------------------------------------------------------------

    def _batch(self, n: int) -> _Batch:
        if n not in self._batches:
            largest = max(self._batches, default=0)
            if n > largest:
                hidden = [self._signal(n, len(layer.bias)) for layer in self._layers[:-1]]
                self._batches = {n: _Batch(self._parameters.new_empty(n, 784), hidden)}
            else:
                whole = self._batches[largest]
                self._batches[n] = _Batch(whole.inputs[:n], [signal.first(n) for signal in whole.hidden])
        return self._batches[n]

    def _signal(self, n: int, units: int) -> _Signal:
        z, delta = (self._parameters.new_empty(n, units) for _buffer in range(2))
        # f′ can be told from f(z) alone, so that f works in place, but for GELU.
        a = torch.empty_like(z) if self._config.activation == "gelu" else z
        if not self._config.dropout:
            return _Signal(z, a, a, a, delta)
        return _Signal(z, a, torch.empty_like(z), torch.empty_like(z), delta)


def _views(vector: torch.Tensor, model: nn.Sequential) -> list[torch.Tensor]:
    """`vector` cut into the shapes of the model's parameters."""
    shapes = [parameter.shape for parameter in model.parameters()]
    parts = torch.split_with_sizes(vector, [shape.numel() for shape in shapes])
    return [part.view(shape) for part, shape in zip(parts, shapes, strict=True)]


def _cross_entropy(batch: _Batch, labels: NDArray[np.uint8], images: int) -> float:
    """These images' part of the mean loss over `images`, and of its δ = (softmax(z) − y) / images."""
    z, delta = batch.z_columns, batch.delta_columns
    np.subtract(z, z.max(0), out=delta)  # softmax is the same for z less any number; this one keeps exp from overflow
    likelihood = delta[labels, batch.numbers].sum()
    np.exp(delta, out=delta)
    total = delta.sum(0)
    likelihood -= np.log(total).sum()
    delta /= total * images
    delta[labels, batch.numbers] -= 1 / images
    return -float(likelihood) / images


def _squared_error(batch: _Batch, labels: NDArray[np.uint8], images: int) -> float:
    """These images' part of the mean loss over `images`, and of its δ = 2 (z − y) / images."""
    delta = batch.delta_columns
    np.copyto(delta, batch.z_columns)
    delta[labels, batch.numbers] -= 1
    loss = float(np.square(delta).sum()) / images
    delta *= 2 / images
    return loss


# f(z) into a, and δ ← δ ⊙ f′(z) in place. torch's own kernels: one pass each, and NaN goes its way as in `GeneralStep`.
_SLOPE = 0.01  # of leaky ReLU below 0
_ACTIVATIONS: dict[str, tuple[Callable[[torch.Tensor, torch.Tensor], object], Callable[[_Signal], object]]] = {
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
