"""The charts of the Data page."""

from __future__ import annotations

import numpy as np
import pytest

from mnist_core.ideas.data.classes import figure as balance
from mnist_core.ideas.data.data_split import figure as heaps
from mnist_core.ideas.data.pixel_scaling import concept as line
from mnist_core.ideas.data.pixel_scaling import figure as scales
from mnist_core.ideas.data.pixel_values import figure as pixels
from mnist_core.ideas.data.projection import figure as projection
from tests.figures.test_bowl import numbers, trace


def test_balance_in_counts_and_in_shares() -> None:
    counts = {"train": np.array([30, 10] + [0] * 8), "test": np.array([1] * 10)}
    drawn = balance.balance_chart(counts, False, False, str)
    assert numbers(trace(drawn, "train")["y"]).tolist() == [30, 10] + [0] * 8
    shares = balance.balance_chart(counts, True, False, str)
    assert numbers(trace(shares, "train")["y"])[:2] == pytest.approx([0.75, 0.25])
    assert numbers(trace(shares, "test")["y"]) == pytest.approx([0.1] * 10)
    # Parts differ by more than color.
    assert trace(drawn, "train")["marker"]["pattern"]["shape"] != trace(drawn, "test")["marker"]["pattern"]["shape"]


def test_numbers_of_a_part_are_those_pixels() -> None:
    image = np.arange(784.0).reshape(28, 28)
    figure = pixels.numbers_chart(image, (0, 783), range(3, 5), range(10, 13), False, str)
    cells = trace(figure, "numbers")
    assert numbers(cells["z"]).tolist() == [94, 95, 96, 122, 123, 124]
    assert (cells["y"], cells["x"]) == ([3, 4], [10, 11, 12])
    assert cells["texttemplate"] == "%{z:.0f}"
    halves = pixels.numbers_chart(image / 2, (0, 400), range(28), range(28), False, str)
    assert trace(halves, "numbers")["texttemplate"] == "%{z:.2f}"


def test_the_surface_of_a_line_and_the_walk_on_it() -> None:
    x, y = np.array([-2.0, 2.0]), np.array([0.0, 1.0])
    bowl = line.surface(x, y)
    walked = line.descend(bowl, bowl.lowest + np.array([1.0, 0.0]), 0.25, 3)
    figure = scales.surface_chart(bowl, walked, "raw", False, str)
    z = numbers(trace(figure, "surface")["z"]).reshape(scales.GRID, scales.GRID)
    assert z[20, 20] == pytest.approx(0, abs=1e-6)
    # One away along the slope a: ½ · 4 · 1, drawn by its root; the other way only ½.
    assert z[20, -1] == pytest.approx(scales.WINDOW * np.sqrt(2), rel=1e-5)
    assert z[-1, 20] == pytest.approx(scales.WINDOW * np.sqrt(0.5), rel=1e-5)
    assert len(numbers(trace(figure, "walk")["x"])) == 4
    away = line.descend(bowl, bowl.lowest + np.array([1.0, 0.0]), 3.0, 50)
    seen = numbers(trace(scales.surface_chart(bowl, away, "raw", False, str), "walk")["x"])
    assert np.abs(seen - bowl.lowest[0]).max() < 5  # what runs away leaves the axes as they are


def test_the_histogram_counts_every_value() -> None:
    figure = scales.histogram_chart(np.repeat([0.0, 1.0], [30, 10]), "scaled", False, str)
    counts = numbers(trace(figure, "histogram")["y"])
    assert (counts[0], counts[-1], np.nansum(counts)) == (30, 10, 40)
    assert [shape["x0"] for shape in figure["layout"]["shapes"]][1] == 0.25


def test_heaps_in_the_order_of_the_files() -> None:
    figure = heaps.heaps_chart({"train": 1_000, "validation": 9_000, "test": 10_000}, 50_000, False, str)
    assert [one["uid"] for one in figure["data"]] == ["train", "unused", "validation", "test"]
    assert [one["x"][0] for one in figure["data"]] == [1_000, 50_000, 9_000, 10_000]
    assert len(heaps.heaps_chart({"train": 1, "validation": 2, "test": 3}, 0, False, str)["data"]) == 3


def test_on_the_map_every_digit_has_a_sign_of_its_own() -> None:
    places, labels = np.arange(24, dtype=np.float32).reshape(8, 3), np.array([0, 0, 7, 7, 9, 9, 9, 3], np.uint8)
    shares = np.array([0.5, 0.3, 0.1], np.float32)
    figure = projection.map_chart(places, labels, [0, 7, 9], (0, 2), shares, 4, False, str)
    assert [one["uid"] for one in figure["data"]] == ["digit-0", "digit-7", "digit-9", "chosen"]
    assert numbers(trace(figure, "digit-9")["x"]).tolist() == [12, 15, 18]
    assert numbers(trace(figure, "digit-9")["y"]).tolist() == [14, 17, 20]
    assert numbers(trace(figure, "chosen")["x"]).tolist() == [12]
    assert "10.0%" in figure["layout"]["yaxis"]["title"]["text"]
    assert len(set(projection.SYMBOLS)) == 10
