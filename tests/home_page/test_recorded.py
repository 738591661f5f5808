"""The recorded curves of the Home page are there, and went as its sentences say."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from mnist_core.config import RunConfig
from mnist_core.home_page.recorded import CONFIG, EXPERIMENTS, FILE, RATES, Line, recording
from mnist_core.presets import PRESETS


def line(experiment: str, name: str) -> Line:
    (match,) = [line for line in recording().experiments[experiment] if line.name == name]
    return match


def test_eight_rates_of_one_network_each_with_a_whole_curve() -> None:
    recorded = recording()
    assert tuple(curve.rate for curve in recorded.curves) == RATES
    assert len(RATES) == 8
    assert RunConfig.from_query(recorded.config) == CONFIG
    assert (recorded.steps[0], recorded.steps[-1]) == (0, CONFIG.total_steps)
    assert {len(curve.accuracy) for curve in recorded.curves} == {len(recorded.steps)}
    assert "real MNIST" in recorded.about


def test_from_too_small_to_broken() -> None:
    recorded = recording()
    zones = [curve.zone for curve in recorded.curves]
    assert zones == ["small"] * 3 + ["good"] * 3 + ["edge", "broken"]
    assert recorded.curves[-1].final == pytest.approx(0.1, abs=0.02)  # it only guesses
    best = max(recorded.curves, key=lambda curve: curve.final)
    assert best.zone == "good"
    assert best.final > 0.95
    small, edge = recorded.of_zone("small")[0].accuracy, recorded.of_zone("edge")[-1].accuracy
    assert small[-1] < 0.7  # too slow: it rises, and has far to go
    assert small[-1] > small[50] > small[10]
    # On the edge what was learned is lost again and again.
    assert sum(later < earlier - 0.15 for earlier, later in itertools.pairwise(edge)) >= 2


def test_the_small_pictures_show_what_their_texts_say() -> None:
    assert set(EXPERIMENTS) == set(recording().experiments)
    assert set(EXPERIMENTS) <= set(PRESETS)
    train, test = (line("keras-first-look", name).values[-1] for name in ("train", "test"))
    assert test > 0.96
    assert 0 < train - test < 0.03
    assert line("two-layer-net-rate-1.5", "1.5").values[-1] == pytest.approx(0.1, abs=0.02)
    assert line("two-layer-net-rate-1.5", "0.5").values[-1] > 0.97
    assert line("overfit-and-stop", "train").values[-1] < 0.01
    validation = line("overfit-and-stop", "validation").values
    assert validation[-1] > min(validation) + 0.05


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    recording().write(tmp_path / "again.json")
    assert recording(tmp_path / "again.json") == recording()
    assert FILE.stat().st_size < 16_000  # travels with every visit of the page
