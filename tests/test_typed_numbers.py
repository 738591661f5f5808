"""Numbers as people type them."""

from __future__ import annotations

import pytest

from mnist_core import typed_numbers

WHOLE = {"10": 10, " 10 ": 10, "+10": 10, "-10": -10, "−10": -10, "１０": 10, "50,000": 50_000, "50_000": 50_000}
WHOLE |= {"1,000,000": 1_000_000, "007": 7}
DECIMAL = {"0.5": 0.5, "0,5": 0.5, "0,500": 0.5, "1,25": 1.25, ".5": 0.5, "5.": 5.0, "3e-4": 3e-4, "3E-4": 3e-4}
DECIMAL |= {"３ｅ－４": 3e-4, "０．５": 0.5, "1,234.5": 1234.5, "1_234,5": 1234.5, "2,5e-1": 0.25, "1e-999": 0.0}
NONE = [
    "",
    " ",
    "one",
    "1_0",
    "1__000",
    "_1",
    "1_",
    "1000_000",
    "1,2,3",
    "0,5,5",
    "1.2.3",
    "1 000",
    "0x10",
    "nan",
    "inf",
    "-inf",
]
NONE += ["Infinity", "1e", "e5", "+", "--1", "٣", "²", "½", "Ⅳ", "1\0", "1\n2", "9" * 5_000]


@pytest.mark.parametrize(("text", "value"), WHOLE.items())
def test_a_whole_number(text: str, value: int) -> None:
    assert typed_numbers.whole(text) == value
    assert typed_numbers.number(text) == value


@pytest.mark.parametrize(("text", "value"), DECIMAL.items())
def test_a_number(text: str, value: float) -> None:
    assert typed_numbers.number(text) == value
    with pytest.raises(ValueError, match=r"^"):
        typed_numbers.whole(text)


@pytest.mark.parametrize("text", [*NONE, "1e400", "-1e400"])
def test_what_is_no_number(text: str) -> None:
    for read in (typed_numbers.number, typed_numbers.whole):
        with pytest.raises(ValueError, match=r"^"):
            read(text)
