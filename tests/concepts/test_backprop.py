"""A round of training with every number: beside torch's autograd, and one worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from mnist_core.ideas.loss.backpropagation.concept import FIRST, Hidden, Loss, Net, backward, forward, update


def drawn(seed: int, activation: Hidden, loss: Loss) -> tuple[Net, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    w, b, v, c = (generator.normal(0, 1, shape) for shape in ((2, 2), 2, (2, 2), 2))
    return Net(w, b, v, c, activation, loss), generator.normal(0, 1, 2), np.eye(2)[seed % 2]


@pytest.mark.parametrize("activation", ["sigmoid", "relu"])
@pytest.mark.parametrize("loss", ["cross-entropy", "squared-error"])
@pytest.mark.parametrize("seed", range(8))
def test_every_derivative_is_torchs(activation: Hidden, loss: Loss, seed: int) -> None:
    net, x, target = drawn(seed, activation, loss)
    w, b, v, c = (torch.from_numpy(one.copy()).requires_grad_() for one in (net.w, net.b, net.v, net.c))
    z = w @ torch.from_numpy(x) + b
    h = torch.sigmoid(z) if activation == "sigmoid" else torch.relu(z)
    s = v @ h + c
    t = torch.from_numpy(target)
    wanted = F.cross_entropy(s[None], t.argmax()[None]) if loss == "cross-entropy" else ((s - t) ** 2).sum()
    for one in (z, h, s):
        one.retain_grad()
    wanted.backward()
    found = forward(net, x, target)
    assert found.loss == pytest.approx(wanted.item(), rel=1e-12)
    if loss == "cross-entropy":
        assert found.p == pytest.approx(torch.softmax(s, 0).detach().numpy(), rel=1e-12)
    gradient = backward(net, x, target, found)
    for name, tensor in {"w": w, "b": b, "v": v, "c": c, "z": z, "h": h, "s": s}.items():
        assert tensor.grad is not None
        assert getattr(gradient, name) == pytest.approx(tensor.grad.numpy(), rel=1e-10, abs=1e-14), name
    optimizer = torch.optim.SGD([w, b, v, c], lr=0.3)
    optimizer.step()
    new = update(net, gradient, 0.3)
    for name, tensor in {"w": w, "b": b, "v": v, "c": c}.items():
        assert getattr(new, name) == pytest.approx(tensor.detach().numpy(), rel=1e-12), name


def test_a_round_by_hand() -> None:
    net = Net(
        w=np.array([[1.0, 2.0], [-1.0, 0.0]]),
        b=np.array([0.0, 0.5]),
        v=np.array([[1.0, 3.0], [-1.0, 2.0]]),
        c=np.array([0.5, 0.0]),
        activation="relu",
        loss="squared-error",
    )
    x, target = np.array([1.0, 0.5]), np.array([0.0, 1.0])
    found = forward(net, x, target)
    assert found.z.tolist() == [2.0, -0.5]
    assert found.h.tolist() == [2.0, 0.0]
    assert found.s.tolist() == [2.5, -2.0]
    assert found.loss == 2.5**2 + 3.0**2
    gradient = backward(net, x, target, found)
    assert gradient.s.tolist() == [5.0, -6.0]
    assert gradient.v.tolist() == [[10.0, 0.0], [-12.0, 0.0]]
    assert gradient.h.tolist() == [11.0, 3.0]
    assert gradient.z.tolist() == [11.0, 0.0]  # nothing passes the unit that is off
    assert gradient.w.tolist() == [[11.0, 5.5], [0.0, 0.0]]
    assert gradient.squared == 25 + 36 + 100 + 144 + 121 + 121 + 30.25
    new = update(net, gradient, 0.1)
    assert new.w[0] == pytest.approx([-0.1, 1.45])
    assert new.c == pytest.approx([0.0, 0.6])
    assert (new.activation, new.loss) == ("relu", "squared-error")


def test_a_small_step_keeps_what_the_slope_promises() -> None:
    x, target = np.array([1.0, 0.5]), np.array([1.0, 0.0])
    before = forward(FIRST, x, target)
    gradient = backward(FIRST, x, target, before)
    for rate in (1e-3, 1e-4):
        after = forward(update(FIRST, gradient, rate), x, target)
        assert after.loss - before.loss == pytest.approx(-rate * gradient.squared, rel=2 * rate)


def test_the_loss_is_a_number_where_a_share_is_none() -> None:
    net = Net(np.zeros((2, 2)), np.zeros(2), np.zeros((2, 2)), np.array([0.0, 2_000.0]))
    found = forward(net, np.zeros(2), np.array([1.0, 0.0]))
    assert found.loss == 2_000.0
    assert found.p.tolist() == [0.0, 1.0]
    steep = Net(np.full((2, 2), -1e4), np.zeros(2), np.zeros((2, 2)), np.zeros(2))
    assert forward(steep, np.ones(2), np.array([1.0, 0.0])).loss == pytest.approx(math.log(2))
