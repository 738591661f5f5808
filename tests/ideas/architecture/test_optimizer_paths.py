"""The update rules: a step by hand, and hundreds of steps beside torch's; the surfaces, and the paths drawn on them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mnist_core.config import RunConfig, choices
from mnist_core.ideas.architecture.optimizer_paths.concept import FAR, RULES, Settings, descend
from mnist_core.ideas.architecture.optimizer_paths.figure import HIGHEST, LOWEST, losses_chart, paths_chart
from mnist_core.ideas.architecture.optimizer_paths.surfaces_concept import VALLEYS, saddle_gradient
from mnist_core.training.optimizers import make_optimizer
from tests.charts import numbers, trace

STEPS = 100  # later, the last digit of a sum decides where RMSprop's zigzag goes


def slope(x: np.ndarray) -> np.ndarray:
    """Of ½ x²: the weight itself."""
    return x


def test_two_steps_by_hand() -> None:
    use = Settings(rate=0.5, momentum=0.5, epsilon=0.0, rho=0.75, decay=0.2)
    walked = {name: descend(rule, slope, (4.0,), 2, use)[:, 0].tolist() for name, rule in RULES.items()}
    assert walked["sgd"] == [4.0, 2.0, 1.0]
    assert walked["momentum"] == [4.0, 2.0, 0.0]  # v = 4, then ½ · 4 + 2 = 4
    assert walked["nesterov"] == [4.0, 1.0, -0.25]  # 4 − ½ (4 + ½ · 4); v = 3: 1 − ½ (1 + 1.5)
    assert walked["adagrad"] == pytest.approx([4.0, 3.5, 3.5 - 0.5 * 3.5 / np.sqrt(16 + 3.5**2)])
    assert walked["rmsprop"] == pytest.approx([4.0, 3.0, 3.0 - 0.5 * 3 / np.sqrt(0.75 * 4 + 0.25 * 9)])
    assert walked["adam"][1] == pytest.approx(3.5)  # the first step of Adam is the rate, whatever the slope
    assert walked["adamw"][1] == pytest.approx(3.5 - 0.5 * 0.2 * 4)


@pytest.mark.parametrize("name", choices("optimizer"))
@pytest.mark.parametrize("valley", list(VALLEYS))
def test_the_walk_is_torchs(name: str, valley: str) -> None:
    surface, use = VALLEYS[valley], Settings(rate=0.03, momentum=0.8, decay=0.1 if name == "adamw" else 0.0)
    config = RunConfig(
        optimizer=name,  # type: ignore[arg-type]
        learning_rate=use.rate,
        momentum=use.momentum,
        rho=use.rho,
        beta1=use.beta1,
        beta2=use.beta2,
        epsilon=use.epsilon,
        weight_decay=use.decay,
    )
    weight = torch.nn.Parameter(torch.tensor(surface.start, dtype=torch.float64))
    optimizer = make_optimizer(config, [weight])
    expected = [weight.detach().numpy().copy()]
    for _step in range(STEPS):
        weight.grad = torch.from_numpy(surface.gradient(weight.detach().numpy()))
        optimizer.step()
        expected.append(weight.detach().numpy().copy())
    walked = descend(RULES[name], surface.gradient, surface.start, STEPS, use)
    assert walked == pytest.approx(np.array(expected), rel=1e-6, abs=1e-9)


def test_a_walk_that_runs_away_is_cut_off() -> None:
    walked = descend(RULES["sgd"], slope, (1.0,), 1_000, Settings(rate=3.0))  # × −2 each step
    assert len(walked) == 21  # 2²⁰ is the first above a million
    assert abs(walked[-1, 0]) > FAR >= abs(walked[-2, 0])


def test_all_optimizers_are_here() -> None:
    assert tuple(RULES) == choices("optimizer")


@pytest.mark.parametrize("name", list(VALLEYS))
def test_gradients_by_central_differences(name: str) -> None:
    valley, h = VALLEYS[name], 1e-5
    for place in np.random.default_rng(1).uniform(-2, 2, (20, 2)):
        steps = h * np.eye(2)
        numeric = (valley.loss(place + steps) - valley.loss(place - steps)) / (2 * h)
        assert valley.gradient(place) == pytest.approx(numeric, abs=1e-7)


@pytest.mark.parametrize("name", list(VALLEYS))
def test_the_lowest_places(name: str) -> None:
    valley = VALLEYS[name]
    x, y = np.meshgrid(np.linspace(*valley.across, 201), np.linspace(*valley.up, 201))
    assert valley.loss(np.stack([x, y], -1)).min() >= valley.minimum - 1e-12
    for lowest in valley.lowest:
        assert valley.loss(np.array(lowest)) == pytest.approx(valley.minimum, abs=1e-12)
        assert np.abs(valley.gradient(np.array(lowest))).max() < 1e-12
    assert valley.loss(np.array(valley.start)) > valley.minimum + 0.5


def test_the_saddle_is_level_but_not_lowest() -> None:
    assert not saddle_gradient(np.zeros(2)).any()
    saddle = VALLEYS["saddle"].loss
    assert saddle(np.array([0.0, 0.1])) < saddle(np.zeros(2)) < saddle(np.array([0.1, 0.0]))


def test_walks_keep_their_color_and_end_near_the_picture() -> None:
    valley = VALLEYS["long"]
    sgd = descend(RULES["sgd"], valley.gradient, valley.start, 100, Settings(rate=1.0))  # × −9 a step across
    adam = descend(RULES["adam"], valley.gradient, valley.start, 100, Settings())
    together = paths_chart(valley, {"SGD": (0, sgd), "Adam": (5, adam)}, "long", False, str)
    alone = paths_chart(valley, {"Adam": (5, adam)}, "long", False, str)
    assert trace(together, "Adam") == trace(alone, "Adam")
    assert np.abs(numbers(trace(together, "SGD")["y"])).max() <= 9
    losses = numbers(trace(losses_chart(valley, {"SGD": (0, sgd)}, 100, False, str), "SGD")["y"])
    assert losses.max() == pytest.approx(3 * HIGHEST)
    assert losses.min() >= LOWEST / 3.001
