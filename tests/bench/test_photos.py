"""What `bench photos` counts as right, asked, nothing, and sure and wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mnist_core import bench
from mnist_core.bench.photo_kinds import photo
from mnist_core.bench.photographs import Digits
from mnist_core.bench.photos import Case, Network, Outcome, make_case, report
from mnist_core.config import RunConfig
from mnist_core.data.digits import draw_digits


class Always(Network):
    """Names one digit, whatever it sees."""

    def __init__(self, digit: int, fraction: float) -> None:
        super().__init__(RunConfig(), {}, 0.1)
        object.__setattr__(self, "said", (digit, fraction))

    def answer(self, image: Any) -> tuple[int, float]:
        assert image.shape == (28, 28)
        assert image.any()
        return self.said  # type: ignore[attr-defined, no-any-return]


@pytest.mark.parametrize(
    ("kind", "digit", "fraction", "came", "right"),
    [
        ("MNIST's own image", 3, 0.5, "right", True),
        ("MNIST's own image", 4, 0.91, "sure and wrong", False),
        ("MNIST's own image", 4, 0.9, "wrong", False),
        ("two digits", 3, 0.99, "asked", True),
        ("blank paper", 3, 0.99, "nothing", True),
    ],
)
def test_what_came_of_a_photo(kind: str, digit: int, fraction: float, came: Outcome, right: bool) -> None:
    images, labels = draw_digits(30, 5)
    threes = Digits(images[labels == 3], labels[labels == 3])
    case = make_case(kind, 0, 1, threes, Always(digit, fraction))
    assert (case.came, case.right) == (came, right)
    assert case.labels == (3,) * (2 if kind == "two digits" else kind != "blank paper")


def test_the_same_seed_makes_the_same_photo() -> None:
    digits = Digits(*draw_digits(30, 5))
    first, same, different = (photo("noisy", digits, np.random.default_rng(seed), (300, 320)) for seed in (1, 1, 2))
    assert first.content == same.content
    assert first.content != different.content


def test_the_report_has_percent_of_each_kind_and_what_all_came_to() -> None:
    cases = [Case("soft", (3,), came, True, 0.95, 0.2) for came in ("right", "right", "right", "sure and wrong")]
    cases += [Case("two", (1, 2), "asked", True, 0.0, 0.1), Case("two", (1, 2), "wrong", False, 0.6, 0.3)]
    lines = report(cases)
    assert "| soft | 75 | 25 | 0 | 0 | 0 | 100 | 200 |" in lines
    assert "| two | 0 | 0 | 50 | 50 | 0 | 50 | 200 |" in lines
    assert lines[-1] == "As it should be: 4 of 6; sure and wrong: 1."


def test_a_kind_or_network_that_there_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.main(["photos", "--only", "no such kind"]) != 0
    assert "No kind of photo has no such kind" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        bench.main(["photos", "--network", "nobody"])
    assert "there is no nobody; there are" in capsys.readouterr().err
