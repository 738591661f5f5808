"""The network from scratch: its gradient beside torch's autograd and the numerical one, an update by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from mnist_core.ideas.loss.from_scratch.concept import Affine, ReLU, SoftmaxWithLoss, TwoLayerNet, train


def arrays(dtype: type = np.float64, pixels: int = 20, hidden: int = 7) -> list[np.ndarray]:
    generator = np.random.default_rng(3)
    shapes = [(pixels, hidden), (hidden,), (hidden, 10), (10,)]
    return [generator.normal(0, 0.5, shape).astype(dtype) for shape in shapes]


def batch(images: int = 9, pixels: int = 20) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(4)
    return generator.random((images, pixels)), generator.integers(0, 10, images)


def gradients(net: TwoLayerNet) -> list[np.ndarray]:
    return [gradient for layer in net.affines for gradient in (layer.weights_gradient, layer.bias_gradient)]


def test_loss_and_gradient_are_those_of_torchs_autograd() -> None:
    x, labels = batch()
    net = TwoLayerNet(*arrays())
    loss = net.loss_and_gradient(x, labels)
    w1, b1, w2, b2 = (torch.from_numpy(array).requires_grad_() for array in arrays())
    expected = F.cross_entropy(torch.relu(torch.from_numpy(x) @ w1 + b1) @ w2 + b2, torch.from_numpy(labels))
    expected.backward()
    assert loss == pytest.approx(expected.item(), rel=1e-13)
    for gradient, tensor in zip(gradients(net), (w1, b1, w2, b2), strict=True):
        assert tensor.grad is not None
        assert gradient == pytest.approx(tensor.grad.numpy(), rel=1e-10, abs=1e-14)


def test_the_gradient_is_the_numerical_one() -> None:
    x, labels = batch()
    values = arrays()
    net = TwoLayerNet(*values)
    net.loss_and_gradient(x, labels)
    step = 1e-4
    for weights, gradient in zip(values, [array.copy() for array in gradients(net)], strict=True):
        flat = weights.reshape(-1)
        for place in range(0, flat.size, 3):
            value = flat[place]
            flat[place] = value + step
            above = net.loss(x, labels)
            flat[place] = value - step
            below = net.loss(x, labels)
            flat[place] = value
            assert gradient.reshape(-1)[place] == pytest.approx((above - below) / (2 * step), abs=1e-7)


def test_layers_by_hand() -> None:
    layer = Affine(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([0.5, -0.5]))
    assert layer.forward(np.array([[1.0, -1.0]])).tolist() == [[-1.5, -2.5]]
    assert layer.backward(np.array([[1.0, 10.0]])).tolist() == [[21.0, 43.0]]
    assert layer.weights_gradient.tolist() == [[1.0, 10.0], [-1.0, -10.0]]
    assert layer.bias_gradient.tolist() == [1.0, 10.0]
    relu = ReLU()
    assert relu.forward(np.array([-1.0, 0.0, 2.0])).tolist() == [0.0, 0.0, 2.0]
    assert relu.backward(np.array([5.0, 6.0, 7.0])).tolist() == [0.0, 0.0, 7.0]
    last = SoftmaxWithLoss()
    assert last.forward(np.zeros((2, 4)), np.array([0, 3])) == pytest.approx(np.log(4))
    assert last.backward().tolist() == [[-0.375, 0.125, 0.125, 0.125], [0.125, 0.125, 0.125, -0.375]]


def test_a_sure_and_wrong_score_costs_its_distance_and_overflows_nowhere() -> None:
    last = SoftmaxWithLoss()
    assert last.forward(np.array([[1000.0, 0.0]]), np.array([1])) == pytest.approx(1000.0)
    assert last.backward().tolist() == [[1.0, -1.0]]


def test_it_learns_and_keeps_its_precision() -> None:
    x, labels = batch(images=40)
    net = TwoLayerNet(*arrays(np.float32))
    losses = train(net, x.astype(np.float32), labels, [np.arange(40)] * 300, 0.5)
    assert len(losses) == 300
    assert losses[-1] < 0.2 * losses[0]
    for layer in net.affines:
        for array in (layer.weights, layer.bias, layer.weights_gradient, layer.bias_gradient):
            assert array.dtype == np.float32
