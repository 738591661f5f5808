"""Sentences with values: filled in after translation, nested, and through JSON."""

from __future__ import annotations

import json
import pickle

import pytest

from mnist_core.errors import ConfigError, DataFileError, MnistLabError, Problem
from mnist_core.messages import Message, message

KOREAN = {"{what} stopped at step {step}.": "{step}단계에서 {what} 중단됨.", "The run": "실행이"}


def korean(text: str) -> str:
    return KOREAN.get(text, text)


def test_english_is_the_template_filled_in() -> None:
    assert str(message("{n} of {all}", n=1, all=3)) == "1 of 3"


def test_values_are_filled_in_after_translation_in_the_order_of_the_other_language() -> None:
    sentence = message("{what} stopped at step {step}.", what=message("The run"), step=5)
    assert str(sentence) == "The run stopped at step 5."
    assert sentence.text(korean) == "5단계에서 실행이 중단됨."


def test_a_value_that_looks_like_a_field_is_left_alone() -> None:
    assert str(message("In {folder}", folder="/tmp/{n}")) == "In /tmp/{n}"


def test_through_json_and_back_with_messages_inside() -> None:
    sentence = message("{what} stopped at step {step}.", what=message("The {kind}", kind="run"), step=5)
    assert Message.from_dict(json.loads(json.dumps(sentence.to_dict()))) == sentence


def test_without_values_the_json_may_leave_them_out() -> None:
    assert Message.from_dict({"template": "Done."}) == message("Done.")


def test_an_error_carries_its_sentence() -> None:
    error = DataFileError("{file} has {n} bytes.", file="a", n=3)
    assert str(error) == "a has 3 bytes."
    assert error.message.text(lambda text: text.upper().replace("{FILE}", "{file}").replace("{N}", "{n}")) == (
        "a HAS 3 BYTES."
    )
    assert isinstance(error, MnistLabError)


@pytest.mark.parametrize(
    "error",
    [
        DataFileError("In {folder}", folder="/tmp/{n}"),
        ConfigError([Problem("a", message("A is {x}.", x="{'b': 1}"))]),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_comes_whole_from_another_process(error: MnistLabError) -> None:
    arrived = pickle.loads(pickle.dumps(error))
    assert type(arrived) is type(error)
    assert (str(arrived), arrived.message, vars(arrived)) == (str(error), error.message, vars(error))


def test_a_config_error_tells_all_problems() -> None:
    error = ConfigError([Problem("a", message("A is {x}.", x=1)), Problem("b", message("B is {x}.", x=2))])
    assert "A is 1." in str(error)
    assert "B is 2." in str(error)
    assert [problem.field for problem in error.problems] == ["a", "b"]
