"""The benchmark of a card, with steps that are told one by one: there need be none."""

from __future__ import annotations

import pytest

from mnist_core.bench import card
from mnist_core.data import Dataset
from tests.training.test_trainer import small


@pytest.mark.parametrize("changes", [{"optimizer": "rmsprop"}, {"model": "cnn", "filters": (2,), "optimizer": "adam"}])
def test_steps_by_hand_are_timed_beside_those_of_the_engine(
    tiny: Dataset, monkeypatch: pytest.MonkeyPatch, changes: dict[str, object]
) -> None:
    monkeypatch.setattr(card, "SECONDS", 0.02)
    monkeypatch.setattr(card, "WARM_SECONDS", 0.01)
    monkeypatch.setattr(card, "LAUNCHES", 2)
    config = small().replace(hidden_layers=(4,), epochs=1, **changes)
    by_hand, engine, ratio, with_evaluations = card._beside_the_floor("small", config, tiny, "cpu", 2)
    assert min(by_hand.value, engine.value, with_evaluations.value) > 0
    low, high = ratio.spread
    assert low <= ratio.value <= high
    assert (ratio.target, with_evaluations.target) == ("≤ 1.30 ×", "≤ 1.15 ×")


def test_it_is_timed_until_an_evaluation_has_the_accuracy(tiny: Dataset) -> None:
    config = small().replace(hidden_layers=(4,), epochs=1)
    assert card._to_accuracy(config, tiny, "cpu", accuracy=0.0) is not None
    assert card._to_accuracy(config, tiny, "cpu", accuracy=1.1) is None
