"""What a control shows, as text in the address and back."""

from __future__ import annotations

from typing import Any

import pytest

from mnist_core.ui import address_text


@pytest.mark.parametrize(
    ("value", "text"),
    [(3, "3"), (0.1 + 0.2, "0.3"), (1e-6, "1e-06"), (True, "1"), ("loss", "loss"), ((0.1, 5.0), "0.1,5"), ([], "")],
)
def test_a_value_as_text(value: Any, text: str) -> None:
    assert address_text.of(value) == text


@pytest.mark.parametrize(
    ("text", "like", "value"),
    [
        ("3", 1, 3),
        ("0.3", 1.0, 0.3),
        ("5,0.5", (1.0, 2.0), (0.5, 5.0)),
        ("3", (1, 2), None),
        ("1,2", 1, None),
        ("2.5", 1, None),
        ("11", 1, None),
        ("-1", 1, None),
        ("nan", 1.0, None),
        ("1_0", 1.0, None),
        ("inf", 1.0, None),
        ("", 1, None),
        ("x", 1, None),
        ("9" * 5_000, 1, None),
    ],
)
def test_a_number_from_text(text: str, like: Any, value: Any) -> None:
    found = address_text.number(text, like, 0, 10)
    assert found == value
    assert type(found) is type(value)


def test_options_from_text() -> None:
    assert address_text.choice("0.1", (0.1, 1.0)) == 0.1
    assert address_text.choice("1", (False, True)) is True
    assert address_text.choice("none", ("loss",)) is None
    assert address_text.choices("2,1,2", (1, 2, 3)) == [2, 1]
    assert address_text.choices("", (1, 2)) == []
    assert address_text.choices("1,9", (1, 2)) is None
    assert address_text.some("2,9,2,1", (1, 2)) == [2, 1]
    assert address_text.some("", (1, 2)) == []
