"""A round of training as graph and formulas: numbers appear stage by stage, and are those of the round."""

from __future__ import annotations

import re

import numpy as np
import pytest

from mnist_core.ideas.loss.backpropagation import concept as backprop
from mnist_core.ideas.loss.backpropagation.concept import FIRST, Hidden, Loss
from mnist_core.ideas.loss.backpropagation.figure import STAGES, Figure, Round, Stage, graph, plain, stages
from mnist_core.ideas.loss.backpropagation.formulas_figure import formulas


def made(activation: Hidden = "sigmoid", loss: Loss = "cross-entropy") -> Round:
    net = backprop.Net(FIRST.w, FIRST.b, FIRST.v, FIRST.c, activation, loss)
    x, target = np.array([1.0, 0.5]), np.array([1.0, 0.0])
    found = backprop.forward(net, x, target)
    gradient = backprop.backward(net, x, target, found)
    new = backprop.update(net, gradient, 0.5)
    return Round(x, target, 0.5, net, found, gradient, new, backprop.forward(new, x, target))


def words(one: Round, stage: str) -> str:
    figure = graph(one, stage, False, str)  # type: ignore[arg-type]
    return " ".join(note["text"] for note in figure["layout"]["annotations"])


def test_numbers_appear_when_they_are_found() -> None:
    one = made()
    sums = words(one, "sums")
    assert "z₁ 0.400" in sums
    assert "z₂ 0.500" in sums
    assert plain(one.forward.h[0]) not in sums
    assert "∂" not in words(one, "loss")
    assert f"L<br>{plain(one.forward.loss)}" in words(one, "loss")
    assert words(one, "back-scores").count("∂") == 2
    assert words(one, "back-v").count("∂") == 2 + 6
    assert words(one, "back-hidden").count("∂") == 2 + 6 + 2
    assert words(one, "back-sums").count("∂") == 2 + 6 + 4
    assert words(one, "back-w").count("∂") == 2 + 6 + 4 + 6
    updated = words(one, "update")
    for value in (*one.new.w.ravel(), *one.new.b, *one.new.v.ravel(), *one.new.c):
        assert f"→ {plain(value)}" in updated
    again = words(one, "again")
    assert "∂" not in again
    assert plain(one.again.loss) in again
    assert plain(one.forward.loss) not in again


@pytest.mark.parametrize("activation", ["sigmoid", "relu"])
@pytest.mark.parametrize("loss", ["cross-entropy", "squared-error"])
@pytest.mark.parametrize("dark", [False, True])
def test_every_stage_has_a_graph_and_its_formula(activation: Hidden, loss: Loss, dark: bool) -> None:
    one = made(activation, loss)
    assert ("shares" in stages(one.net)) == (loss == "cross-entropy")
    assert len(stages(one.net)) == len(STAGES) - (loss == "squared-error")
    for stage in stages(one.net):
        figure = graph(one, stage, dark, str)
        assert len(figure["data"]) == 4 + 4 + 2 + 7  # edges, and units
        for text in formulas(one, stage):
            assert text.count("{") == text.count("}")
            assert "nan" not in text


def test_formulas_have_their_numbers() -> None:
    one = made()
    (sums,) = formulas(one, "sums")
    assert r"0.500 \cdot 1.000 + (-0.400) \cdot 0.500 + 0.100 = \mathbf{0.400}" in sums
    (loss,) = formulas(one, "loss")
    assert rf"-\ln p_1 = -\ln {one.forward.p[0]:.3f} = \mathbf{{{one.forward.loss:.3f}}}" in loss
    first, second = formulas(one, "update")
    assert (
        rf"w_{{11}} &\leftarrow 0.500 - 0.5 \cdot ({one.backward.w[0, 0]:.3f}) = \mathbf{{{one.new.w[0, 0]:.3f}}}"
        in first
    )
    assert rf"c_{{2}} &\leftarrow 0.100 - 0.5 \cdot {one.backward.c[1]:.3f}" in second


def test_a_number_that_rounds_to_nothing_has_no_sign() -> None:
    assert plain(-1e-9) == "0.000"
    assert plain(-0.25) == "−0.250"


@pytest.mark.parametrize("stage", STAGES)
def test_upright_the_same_numbers_find_room_where_it_is_narrow(stage: Stage) -> None:
    one = made()
    wide, upright = (graph(one, stage, False, str, upright=stands) for stands in (False, True))

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
