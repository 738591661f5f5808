"""What runs have reached, beside what a lesson asks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mnist_core.config import RunConfig
from mnist_core.lessons.schema import Answer, CheckBlock, Claim, OwnNumber, QuestionBlock
from mnist_core.lessons_page import reached
from mnist_core.lessons_page.asking_panel import parsed
from mnist_core.records import Progress, Run

RUN = Run(
    "1",
    "ann",
    RunConfig(hidden_layers=(8,)),
    "finished",
    1,
    0.0,
    outcome="completed",
    progress=Progress(10, 10, 1.0, 2.5),
    result={"test_accuracy": 0.978, "test_loss": float("nan"), "verdict": "overfitting"},
)


def a_question(**more: Any) -> QuestionBlock:
    return QuestionBlock("q", 1, "?", **more)


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        (Claim(outcomes=("completed", "stopped")), True),
        (Claim(outcomes=("diverged",)), False),
        (Claim(verdicts=("overfitting",)), True),
        (Claim(verdicts=("plateau",)), False),
        (Claim(ranges={"test_accuracy": (0.97, 0.98), "seconds": (0, 3)}), True),
        (Claim(ranges={"test_accuracy": (0.98, 1.0)}), False),
        (Claim(ranges={"test_loss": (0, 1)}), False),
        (Claim(ranges={"validation_accuracy": (0, 1)}), False),
        (Claim(ranges={"parameters": (784 * 8 + 98, 784 * 8 + 98)}), True),
    ],
)
def test_a_claim_holds_for_a_run_that_has_reached_all_of_it(claim: Claim, expected: bool) -> None:
    assert reached.holds(claim, RUN) is expected
    assert not reached.holds(claim, replace(RUN, state="running", outcome=None))
    assert not reached.holds(claim, replace(RUN, outcome="failed"))


def test_what_is_to_be_done_is_done_by_a_run_of_the_block_or_by_any() -> None:
    check = CheckBlock("c", 1, "Break it.", Claim(outcomes=("completed",)))
    assert reached.is_done(check, {"other": [RUN]})
    assert not reached.is_done(replace(check, run="large"), {"other": [RUN]})
    assert reached.is_done(replace(check, run="large"), {"large": [replace(RUN, outcome="stopped"), RUN]})
    assert not reached.is_done(check, {})


def test_ones_own_number_is_that_of_the_last_run_that_has_one() -> None:
    percent = a_question(number=OwnNumber("large", "test_accuracy"), unit="%")
    assert reached.target(percent, {}) is None
    runs = {"large": [replace(RUN, state="running"), RUN]}
    assert reached.target(percent, runs) == pytest.approx(97.8)
    assert reached.target(replace(percent, unit=""), runs) == 0.978
    assert reached.target(a_question(number=3.0), {}) == 3.0


def test_numbers_are_right_within_their_tolerance() -> None:
    assert reached.is_right_number(97.9, 97.8, 0.1)
    assert reached.is_right_number(469, 469.0, 0)
    assert not reached.is_right_number(97.91, 97.8, 0.1)


def test_all_right_answers_and_no_other_are_to_be_chosen() -> None:
    block = a_question(answers=(Answer("a", True), Answer("b", False), Answer("c", True)), several=True)
    assert reached.is_right_choice(block, [2, 0])
    for chosen in ([0], [0, 1, 2], [], [1]):
        assert not reached.is_right_choice(block, chosen)


def test_an_answer_belongs_to_what_was_asked_whatever_the_language() -> None:
    block = a_question(answers=(Answer("a", True), Answer("b", False)))
    other_words = a_question(answers=(Answer("가", True, "이유"), Answer("나", False)))
    assert reached.content(block) == reached.content(other_words)
    assert reached.content(block) != reached.content(a_question(answers=(Answer("a", False), Answer("b", True))))
    assert reached.content(a_question(number=1.0)) != reached.content(a_question(number=2.0))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("97.8", 97.8), (" 97,8 % ", 97.8), ("1,234", 1234.0), ("1e-3", 0.001), ("-.5", -0.5), ("60,000.5", 60000.5), ("１０", 10.0), ("0,500", 0.5),
        ("", None), ("nan", None), ("inf", None), ("1e999", None), ("1e9999", None), ("1_0", None), ("1,2,3", None), ("٣", None), ("one", None), (None, None),
    ],
)  # fmt: skip
def test_numbers_are_read_as_people_write_them(text: Any, number: float | None) -> None:
    assert parsed(text) == number
