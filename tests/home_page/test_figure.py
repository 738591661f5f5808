"""What the Home page draws."""

from __future__ import annotations

import re

import pytest

from mnist_core.figures.sweep import color_of
from mnist_core.home_page.figure import curves, small_picture
from mnist_core.home_page.recorded import EXPERIMENTS, RATES, recording


@pytest.mark.parametrize("dark", [False, True])
def test_a_rate_has_the_color_of_the_learning_rate_page(dark: bool) -> None:
    lines = curves(recording(), dark, str)["curves"]
    assert [curve["color"] for curve in lines] == [color_of(rate, RATES, dark) for rate in RATES]
    assert [curve["name"] for curve in lines][:2] == ["0.001", "0.003"]


def test_the_picture_in_words_names_every_rate_with_its_end() -> None:
    description = curves(recording(), False, str)["description"]
    assert re.search(
        r"Too small: 0\.001 → 6\d%, 0\.003 → .*Good: 0\.1 → .*On the edge: 1\.5 → .*Broken: 3 → 1\d%", description
    )


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_small_pictures_stay_in_their_box_and_say_what_they_show(experiment: str) -> None:
    svg = small_picture(experiment, recording(), False, str)
    points = [
        tuple(map(float, pair.split(","))) for line in re.findall(r'points="([^"]+)"', svg) for pair in line.split()
    ]
    assert len(points) > 40
    assert all(0 <= x <= 100 and 0 <= y <= 100 for x, y in points)
    assert re.search(r'role="img" aria-label="[^"]{20,}"', svg)


def test_a_sealed_test_set_is_in_no_small_picture() -> None:
    first, *others = EXPERIMENTS
    sealed, opened = (small_picture(first, recording(), False, str, sealed=value) for value in (True, False))
    assert (sealed.count("<polyline"), opened.count("<polyline")) == (1, 2)
    assert "The test set is sealed." in sealed
    assert "Test" not in sealed.replace("The test set", "")
    for experiment in others:  # nothing of theirs was measured on test images
        assert small_picture(experiment, recording(), False, str, sealed=True) == small_picture(
            experiment, recording(), False, str
        )
