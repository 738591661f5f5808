"""A round of training with every number, beside torch's autograd and one worked out by hand; as graph and formulas, where
numbers appear stage by stage."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from mnist_core.ideas.loss.backpropagation import concept
from mnist_core.ideas.loss.backpropagation.concept import FIRST, Hidden, Loss, Net, backward, forward, update
from mnist_core.ideas.loss.backpropagation.figure import STAGES, Figure, Iteration, Stage, graph, plain, stages
from mnist_core.ideas.loss.backpropagation.formulas_figure import formulas


def random_net(seed: int, activation: Hidden, loss: Loss) -> tuple[Net, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    w, b, v, c = (generator.normal(0, 1, shape) for shape in ((2, 2), 2, (2, 2), 2))
    return Net(w, b, v, c, activation, loss), generator.normal(0, 1, 2), np.eye(2)[seed % 2]


@pytest.mark.parametrize("activation", ["sigmoid", "relu"])
@pytest.mark.parametrize("loss", ["cross-entropy", "squared-error"])
@pytest.mark.parametrize("seed", range(8))
def test_every_derivative_is_torchs(activation: Hidden, loss: Loss, seed: int) -> None:
    net, x, target = random_net(seed, activation, loss)
    w, b, v, c = (torch.from_numpy(array.copy()).requires_grad_() for array in (net.w, net.b, net.v, net.c))
    z = w @ torch.from_numpy(x) + b
    h = torch.sigmoid(z) if activation == "sigmoid" else torch.relu(z)
    s = v @ h + c
    t = torch.from_numpy(target)
    expected = F.cross_entropy(s[None], t.argmax()[None]) if loss == "cross-entropy" else ((s - t) ** 2).sum()
    for output in (z, h, s):
        output.retain_grad()
    expected.backward()
    result = forward(net, x, target)
    assert result.loss == pytest.approx(expected.item(), rel=1e-12)
    if loss == "cross-entropy":
        assert result.p == pytest.approx(torch.softmax(s, 0).detach().numpy(), rel=1e-12)
    gradient = backward(net, x, target, result)
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
    result = forward(net, x, target)
    assert result.z.tolist() == [2.0, -0.5]
    assert result.h.tolist() == [2.0, 0.0]
    assert result.s.tolist() == [2.5, -2.0]
    assert result.loss == 2.5**2 + 3.0**2
    gradient = backward(net, x, target, result)
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
    result = forward(net, np.zeros(2), np.array([1.0, 0.0]))
    assert result.loss == 2_000.0
    assert result.p.tolist() == [0.0, 1.0]
    steep = Net(np.full((2, 2), -1e4), np.zeros(2), np.zeros((2, 2)), np.zeros(2))
    assert forward(steep, np.ones(2), np.array([1.0, 0.0])).loss == pytest.approx(math.log(2))


def training_round(activation: Hidden = "sigmoid", loss: Loss = "cross-entropy") -> Iteration:
    net = concept.Net(FIRST.w, FIRST.b, FIRST.v, FIRST.c, activation, loss)
    x, target = np.array([1.0, 0.5]), np.array([1.0, 0.0])
    result = concept.forward(net, x, target)
    gradient = concept.backward(net, x, target, result)
    new = concept.update(net, gradient, 0.5)
    return Iteration(x, target, 0.5, net, result, gradient, new, concept.forward(new, x, target))


def words(training: Iteration, stage: str) -> str:
    figure = graph(training, stage, False, str)  # type: ignore[arg-type]
    return " ".join(note["text"] for note in figure["layout"]["annotations"])


def test_numbers_appear_when_they_are_found() -> None:
    training = training_round()
    sums = words(training, "sums")
    assert "z₁ 0.400" in sums
    assert "z₂ 0.500" in sums
    assert plain(training.forward.h[0]) not in sums
    assert "∂" not in words(training, "loss")
    assert f"L<br>{plain(training.forward.loss)}" in words(training, "loss")
    assert words(training, "back-scores").count("∂") == 2
    assert words(training, "back-v").count("∂") == 2 + 6
    assert words(training, "back-hidden").count("∂") == 2 + 6 + 2
    assert words(training, "back-sums").count("∂") == 2 + 6 + 4
    assert words(training, "back-w").count("∂") == 2 + 6 + 4 + 6
    updated = words(training, "update")
    for value in (*training.new.w.ravel(), *training.new.b, *training.new.v.ravel(), *training.new.c):
        assert f"→ {plain(value)}" in updated
    again = words(training, "again")
    assert "∂" not in again
    assert plain(training.again.loss) in again
    assert plain(training.forward.loss) not in again


@pytest.mark.parametrize("activation", ["sigmoid", "relu"])
@pytest.mark.parametrize("loss", ["cross-entropy", "squared-error"])
@pytest.mark.parametrize("dark", [False, True])
def test_every_stage_has_a_graph_and_its_formula(activation: Hidden, loss: Loss, dark: bool) -> None:
    training = training_round(activation, loss)
    assert ("shares" in stages(training.net)) == (loss == "cross-entropy")
    assert len(stages(training.net)) == len(STAGES) - (loss == "squared-error")
    for stage in stages(training.net):
        figure = graph(training, stage, dark, str)
        assert len(figure["data"]) == 4 + 4 + 2 + 7  # edges, and units
        for text in formulas(training, stage):
            assert text.count("{") == text.count("}")
            assert "nan" not in text


def test_formulas_have_their_numbers() -> None:
    training = training_round()
    (sums,) = formulas(training, "sums")
    assert r"0.500 \cdot 1.000 + (-0.400) \cdot 0.500 + 0.100 = \mathbf{0.400}" in sums
    (loss,) = formulas(training, "loss")
    assert rf"-\ln p_1 = -\ln {training.forward.p[0]:.3f} = \mathbf{{{training.forward.loss:.3f}}}" in loss
    first, second = formulas(training, "update")
    assert (
        rf"w_{{11}} &\leftarrow 0.500 - 0.5 \cdot ({training.backward.w[0, 0]:.3f}) = \mathbf{{{training.new.w[0, 0]:.3f}}}"
        in first
    )
    assert rf"c_{{2}} &\leftarrow 0.100 - 0.5 \cdot {training.backward.c[1]:.3f}" in second


def test_a_number_that_rounds_to_nothing_has_no_sign() -> None:
    assert plain(-1e-9) == "0.000"
    assert plain(-0.25) == "−0.250"


@pytest.mark.parametrize("stage", STAGES)
def test_upright_the_same_numbers_find_room_where_it_is_narrow(stage: Stage) -> None:
    training = training_round()
    wide, upright = (graph(training, stage, False, str, upright=stands) for stands in (False, True))

    def numbers(figure: Figure) -> list[str]:
        return sorted(word for note in figure["layout"]["annotations"] for word in re.split("<br>| ", note["text"]))

    assert numbers(upright) == numbers(wide)
    low, high = upright["layout"]["xaxis"]["range"]
    scale = 376 / (high - low)  # pixels; a telephone's 420 less the margins of the page
    for note in upright["layout"]["annotations"]:
        letters = max(len(re.sub("<[^>]*>", "", line)) for line in note["text"].split("<br>"))
        width = letters * note["font"]["size"] * 0.5
        middle = (note["x"] - low) * scale + note["xshift"]
        left = middle - {"left": 0, "right": 1}.get(note.get("xanchor", ""), 0.5) * width
        assert left >= 0
        assert left + width <= 376
    nodes = {tuple(trace["x"] + trace["y"]) for trace in upright["data"] if trace["mode"] == "markers"}
    ends = {
        (trace["x"][end], trace["y"][end]) for trace in upright["data"] if trace["mode"] == "lines" for end in (0, 1)
    }
    assert ends == nodes  # an edge from every unit, and no edge besides
