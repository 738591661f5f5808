"""The valleys: gradients beside numerical ones, the lowest places."""

from __future__ import annotations

import numpy as np
import pytest

from mnist_core.ideas.architecture.optimizer_paths.surfaces_concept import VALLEYS, saddle_gradient


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
