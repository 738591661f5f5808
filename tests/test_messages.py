"""Sentences with values: filled in after translation, nested, and through JSON."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest

from mnist_core.errors import ConfigError, DataFileError, MnistLabError, Problem
from mnist_core.messages import Message, first_of, joined, measured_text, message, minus, number_text

KOREAN = {"{what} stopped at step {step}.": "{step}단계에서 {what} 중단됨.", "The run": "실행이"}


def korean(text: str) -> str:
    return KOREAN.get(text, text)


def test_a_whole_number_has_commas_wherever_a_sentence_stands() -> None:
    assert message("{n} of {all}: {is_so}", n=1_131, all=10_000, is_so=True).text() == "1,131 of 10,000: True"
    assert number_text(1234.5) == "1,234.5"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("weight -1.347, loss **-0.655** (-2)", "weight −1.347, loss **−0.655** (−2)"),
        ("784-128-10 · SGD 1e-6 · a - b", "784-128-10 · SGD 1e-6 · a - b"),
    ],
)
def test_numbers_below_zero_have_a_minus_sign(text: str, shown: str) -> None:
    assert minus(text) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (2.30259, "2.303"),
        (-0.5, "−0.500"),
        (999.9, "999.900"),
        (1234.5, "1,230"),
        (964136182751428608.0, "9.64e17"),
        (-1.2e30, "−1.2e30"),
        (float("nan"), "NaN"),
        (float("-inf"), "−∞"),
    ],
)
def test_a_number_of_a_network_that_diverged_is_short(value: float, shown: str) -> None:
    assert measured_text(value) == shown


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


def test_a_list_comes_back_from_json_as_a_list() -> None:
    sentence = message("Choose {options}.", options=("sgd", message("or {n} more", n=2)))
    assert Message.from_dict(json.loads(json.dumps(sentence.to_dict()))) == sentence
    assert str(sentence) == "Choose sgd, or 2 more."


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


def sentences(count: int) -> list[Message]:
    return [message("Fault {n}.", n=number) for number in range(1, count + 1)]


def test_sentences_one_after_the_other() -> None:
    assert str(joined(sentences(1))) == "Fault 1."
    assert str(joined(sentences(3))) == "Fault 1. Fault 2. Fault 3."
    assert joined(sentences(3)).text(str, term=lambda value: value) == "Fault 1. Fault 2. Fault 3."
    assert joined([message("Done."), message("See {log}.", log="/var/log/a")]).has_places


@pytest.mark.parametrize(
    ("count", "end"), [(5, "Fault 5."), (6, "There is one more problem."), (9_000, "There are 8,995 more problems.")]
)
def test_of_many_sentences_the_first_are_told_and_how_many_more_there_are(count: int, end: str) -> None:
    told = first_of(sentences(count))
    assert str(told[0]) == "Fault 1."
    assert (str(told[-1]), len(told)) == (end, min(count, 6))
    whole = joined(sentences(count))
    assert str(whole) == " ".join(map(str, told))
    assert Message.from_dict(json.loads(json.dumps(whole.to_dict()))) == whole


@pytest.mark.parametrize("count", [2, 3, 5_000])
def test_what_an_earlier_version_joined_is_read(count: int) -> None:
    stored: dict[str, Any] = {"template": "Fault {n}.", "values": {"n": count}}
    for number in range(count - 1, 0, -1):
        first = {"template": "Fault {n}.", "values": {"n": number}}
        stored = {"template": "{first} {rest}", "values": {"first": {"message": first}, "rest": {"message": stored}}}
    assert Message.from_dict(stored) == joined(sentences(count))
