"""Losses beside torch's own, the questions about them, and their charts."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from mnist_core.ideas.loss.cross_entropy import figure as charts
from mnist_core.ideas.loss.cross_entropy.concept import cross_entropy, question, softmax
from tests.charts import numbers, trace


def torchs(logits: tuple[float, ...], target: int) -> float:
    z = torch.tensor([logits], dtype=torch.float64)
    return float(torch.nn.CrossEntropyLoss()(z, torch.tensor([target])))


@pytest.mark.parametrize("logits", [(2.0, 1.0, 0.1), (0.5, 2.0, 0.3), (0.0, 0.0, 0.0), (900.0, -900.0, 3.0)])
@pytest.mark.parametrize("target", [0, 1, 2])
def test_cross_entropy_is_torchs(logits: tuple[float, ...], target: int) -> None:
    assert cross_entropy(logits, target) == pytest.approx(torchs(logits, target), rel=1e-12)
    assert softmax(logits).sum() == pytest.approx(1)


def test_the_two_questions_of_the_course() -> None:
    low, high = question(0).losses
    assert (low, high) == pytest.approx((0.4170, 1.8406), abs=1e-4)
    assert question(1).losses == pytest.approx((0.06, 0.96))


def test_questions_drawn_at_random_are_answered_as_torchs_losses_say() -> None:
    questions = [question(number) for number in range(500)]
    for item in questions:
        first, second = item.losses
        assert abs(first - second) > 0.05
        target = torch.tensor([item.target])
        outputs = torch.tensor([item.first, item.second], dtype=torch.float64)
        if item.kind == "cross-entropy":
            expected = torch.nn.CrossEntropyLoss(reduction="none")(outputs, target.repeat(2))
        else:
            assert outputs.sum(1).tolist() == pytest.approx([1, 1])
            one_hot = torch.nn.functional.one_hot(target, 3).double().expand(2, 3)
            expected = torch.nn.MSELoss(reduction="none")(outputs, one_hot).sum(1)
        assert (first, second) == pytest.approx(expected.tolist(), rel=1e-12, abs=1e-12)
        assert (second > first) == bool(expected[1] > expected[0])
    assert len(set(questions)) > 480
    higher = [item.losses[1] > item.losses[0] for item in questions]
    assert 150 < sum(higher) < 350
    assert {item.kind for item in questions} == {"cross-entropy", "squared-error"}


def test_a_guess_over_ten_classes_costs_ln_10() -> None:
    assert cross_entropy(np.zeros(10), 3) == pytest.approx(math.log(10))


def test_bars_are_the_softmax_and_the_true_class_is_named() -> None:
    (bars,) = charts.probabilities_chart((2.0, 1.0, 0.1), 0, False, str)["data"]
    assert numbers(bars["y"]) == pytest.approx([0.6590, 0.2424, 0.0986], abs=1e-4)
    assert [("true class" in word) for word in bars["text"]] == [True, False, False]
    assert bars["marker"]["color"][0] != bars["marker"]["color"][1]


def test_both_losses_meet_their_marks() -> None:
    figure = charts.both_losses_chart((2.0, 1.0, 0.1), 0, False, str)
    assert trace(figure, "here0")["y"] == pytest.approx([0.4170], abs=1e-4)
    assert trace(figure, "here1")["y"] == pytest.approx([0.185], abs=1e-3)
    for number in (0, 1):
        curve = trace(figure, f"loss{number}")
        x, y = numbers(curve["x"]), numbers(curve["y"])
        assert y[np.abs(np.array(x) - 2.0).argmin()] == pytest.approx(trace(figure, f"here{number}")["y"][0], abs=1e-5)
    assert (
        max(numbers(trace(charts.both_losses_chart((0, 5.0, 5.0), 0, False, str), "loss0")["y"])) < charts.MOST_ENTROPY
    )
