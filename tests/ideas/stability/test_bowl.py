"""The bowl: its path step by step by hand, its edge exactly; its charts."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mnist_core.figures import theme
from mnist_core.ideas.stability.bowl import figure as charts
from mnist_core.ideas.stability.bowl.concept import Bowl, behavior, factor, factors, loss, path
from mnist_core.messages import Translate
from mnist_core.ui import texts
from tests.charts import numbers, trace


def test_steps_by_hand() -> None:
    # f = ½ · 2 x², gradient 2x: 3 → 3 − 0.25 · 6 = 1.5 → 0.75
    bowl = Bowl((2.0,), rate=0.25, start=(3.0,))
    assert path(bowl, 2).tolist() == [[3.0], [1.5], [0.75]]
    assert loss(bowl, path(bowl, 2)).tolist() == [9.0, 2.25, 0.5625]


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
def test_the_steps_are_torchs(momentum: float) -> None:
    bowl = Bowl((3.0, 0.5), rate=0.1, momentum=momentum, start=(1.0, -2.0))
    x = torch.tensor(bowl.start, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([x], lr=bowl.rate, momentum=momentum)
    for _step in range(20):
        optimizer.zero_grad()
        (0.5 * torch.tensor(bowl.curvatures, dtype=torch.float64) * x**2).sum().backward()
        optimizer.step()
    assert path(bowl, 20)[-1] == pytest.approx(x.detach().numpy(), rel=1e-9)


@pytest.mark.parametrize("curvature", [0.1, 1.0, 7.0])
@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
def test_the_edge(curvature: float, momentum: float) -> None:
    edge = 2 * (1 + momentum) / curvature
    assert Bowl((curvature,), momentum=momentum).edge == pytest.approx(edge)
    below, above = (Bowl((curvature,), edge * fraction, momentum, (1.0,)) for fraction in (0.99, 1.01))
    assert np.abs(path(below, 3_000)[-1]) < 1e-3
    assert not np.abs(path(above, 3_000)[-1]) < 1e3
    assert factor(curvature, below.rate, momentum) < 1 < factor(curvature, above.rate, momentum)
    assert factor(curvature, edge, momentum) == pytest.approx(1)


def test_without_momentum_the_factor_is_one_minus_rate_times_curvature() -> None:
    assert factor(2.0, 0.25) == pytest.approx(0.5)
    assert factor(2.0, 0.8) == pytest.approx(0.6)


def test_the_factor_is_what_is_left_of_the_distance() -> None:
    bowl = Bowl((1.0,), 0.1, 0.9, (1.0,))
    walked = np.abs(path(bowl, 400)[:, 0])
    assert (walked[300:].max() / walked[100:200].max()) ** (1 / 200) == pytest.approx(factor(1.0, 0.1, 0.9), abs=0.005)


@pytest.mark.parametrize(
    ("rate", "momentum", "expected"),
    [
        (0.5, 0.0, "creeps"),
        (1.5, 0.0, "overshoots"),
        (2.0, 0.0, "edge"),
        (2.5, 0.0, "diverges"),
        (3.0, 0.9, "overshoots"),
    ],
)
def test_what_it_does(rate: float, momentum: float, expected: str) -> None:
    assert behavior(Bowl((1.0,), rate, momentum)) == expected


def test_the_steepest_direction_decides_and_the_flattest_is_slowest() -> None:
    bowl = Bowl((10.0, 1.0), 0.1, start=(1.0, 1.0))
    assert bowl.edge == pytest.approx(0.2)
    assert factors(bowl, np.array([0.1, 0.3])).tolist() == pytest.approx([0.9, 2.0])


def test_a_walk_out_of_sight_is_cut_off() -> None:
    places = path(Bowl((1.0,), 100.0), 60)
    assert np.nanmax(np.abs(places)) < 1e32
    assert np.isnan(places[-1, 0])


def test_the_walk_has_every_step() -> None:
    figure = charts.trajectory_chart(Bowl((1.0,), 0.5, start=(2.0,)), 3, False, str)
    assert numbers(trace(figure, "trajectory")["x"]).tolist() == [2.0, 1.0, 0.5, 0.25]
    assert numbers(trace(figure, "trajectory")["y"]).tolist() == [2.0, 0.5, 0.125, 0.03125]


def test_a_walk_that_runs_away_leaves_the_picture_not_the_axes() -> None:
    figure = charts.trajectory_chart(Bowl((1.0, 0.1), 3.0, start=(2.0, 2.0)), 60, False, str)
    assert np.abs(numbers(trace(figure, "trajectory")["x"])).max() <= 3 * charts.VIEW
    losses = charts.loss_chart(Bowl((1.0,), 3.0), 60, False, str)
    assert np.isfinite(numbers(trace(losses, "loss")["y"])).all()


@pytest.mark.parametrize(("momentum", "edge"), [(0.0, "edge: 2"), (0.5, "edge: 3")])
def test_the_edge_is_marked(momentum: float, edge: str) -> None:
    figure = charts.rates_chart(Bowl((1.0,), 0.5, momentum), False, str)
    assert edge in [note["text"] for note in figure["layout"]["annotations"]]
    assert numbers(trace(figure, "rate")["x"]).tolist() == [0.5]


@pytest.mark.parametrize("rate", [0.5, 2.0, 3.5, 5.5])
@pytest.mark.parametrize("translate", [str, texts.catalog("ko").gettext])
def test_on_a_telephone_the_curve_crosses_no_name(rate: float, translate: Translate) -> None:
    """Where the factor is 1 the curve crosses the line; the line's name lay across both."""
    layout = charts.rates_chart(Bowl((1.0,), rate), False, translate)["layout"]
    (name,) = [note for note in layout["annotations"] if note["y"] == 1.0]
    crossing = 2.0 / layout["xaxis"]["autorangeoptions"]["include"][1]
    room = crossing if name["xanchor"] == "left" else 1 - crossing
    wide = 0.6 * theme.NOTE_SIZE * sum(1 if letter.isascii() else 1.7 for letter in name["text"])
    assert name["x"] == (0 if name["xanchor"] == "left" else 1)
    assert wide < 290 * room  # pixels of the axis in a window of 400
