"""The range test read, from hand-made curves."""

from __future__ import annotations

import numpy as np
import pytest

from mnist_core.config import RunConfig
from mnist_core.diagnostics.range_test import STEPS, longest_fall, plan, read, smooth

RATES = np.logspace(-5, 1, 301)
LOGS = np.log10(RATES)


def valley(turn: float = 0.0) -> np.ndarray:
    """Flat at 2.3 up to 1e-3, then falling steepest at 10^-1.5, least at 10^turn, then rising steeply."""
    fall = 2.3 - 2.0 / (1 + np.exp(-4 * (LOGS + 1.5)))
    return fall + np.maximum(0, LOGS - turn) ** 2 * 30


def rate_of(losses: np.ndarray, kind: str, rates: np.ndarray = RATES) -> float:
    return {one.kind: one.rate for one in read(rates, losses).suggestions}[kind]


def test_the_suggestions_of_a_plain_valley() -> None:
    reading = read(RATES, valley())
    assert np.log10(reading.least or 0) == pytest.approx(-0.1, abs=0.2)
    assert np.log10(rate_of(valley(), "steepest")) == pytest.approx(-1.5, abs=0.1)
    assert np.log10(rate_of(valley(), "tenth")) == pytest.approx(np.log10(reading.least or 0) - 1, abs=0.02)
    assert np.log10(rate_of(valley(), "valley")) == pytest.approx(-1.3, abs=0.15)  # 2.3 − 2/3 · 2
    assert -0.1 < np.log10(reading.breaks or 0) < 0.5
    assert "rises again from" in str(reading.sentence)


def test_nan_ends_the_test_and_is_where_it_breaks() -> None:
    losses = valley(turn=9)  # falls to its end
    losses[260:] = np.nan
    losses[258:260] = np.inf
    reading = read(RATES, losses)
    assert reading.breaks == pytest.approx(RATES[258])
    assert np.isnan(reading.smoothed[258:]).all()
    assert np.isfinite(reading.smoothed[:258]).all()
    assert np.log10(rate_of(losses, "steepest")) == pytest.approx(-1.5, abs=0.1)


@pytest.mark.parametrize("width", [2, 3, 12])
@pytest.mark.parametrize("place", [0, 20, 60])
def test_an_early_spike_does_not_fool_it(place: int, width: int) -> None:
    losses = valley()
    losses[place : place + width] = 40.0
    for kind in ("steepest", "tenth", "valley"):
        assert np.log10(rate_of(losses, kind)) == pytest.approx(np.log10(rate_of(valley(), kind)), abs=0.05)


def test_the_noise_of_batches_does_not_fool_it() -> None:
    losses = valley() + np.random.default_rng(0).normal(0, 0.1, len(RATES))
    assert np.log10(rate_of(losses, "steepest")) == pytest.approx(-1.5, abs=0.4)
    assert np.log10(rate_of(losses, "tenth")) == pytest.approx(-1.0, abs=0.3)


def test_an_explosion_at_the_end_does_not_reach_back() -> None:
    losses = valley(turn=9)
    losses[260:] = 10.0 ** np.arange(41)
    for kind in ("steepest", "tenth", "valley"):
        assert np.log10(rate_of(losses, kind)) == pytest.approx(np.log10(rate_of(valley(), kind)), abs=0.35)


@pytest.mark.parametrize("seed", range(30))
def test_noise_alone_suggests_nothing(seed: int) -> None:
    flat = 2.3 + np.random.default_rng(seed).normal(0, 0.6, len(RATES))  # batches of one image are like this
    assert read(RATES, flat).suggestions == ()


def test_a_plateau_in_the_midst_of_the_fall() -> None:
    losses = valley()
    losses[150:190] = losses[150]
    losses[190:] = valley()[190:]
    reading = read(RATES, losses + np.random.default_rng(1).normal(0, 0.02, len(RATES)))
    for one in reading.suggestions:
        assert losses[np.searchsorted(RATES, one.rate)] < 2.2  # where it has fallen, none before


def test_the_slope_is_by_the_log_of_the_rate_however_rates_are_spaced() -> None:
    # Twice as dense below 1e-2 as above: a slope per step would be steepest elsewhere.
    rates = np.concatenate([np.logspace(-5, -2, 401)[:-1], np.logspace(-2, 1, 101)])
    losses = np.interp(np.log10(rates), LOGS, valley())
    assert np.log10(rate_of(losses, "steepest", rates)) == pytest.approx(-1.5, abs=0.1)


def test_a_loss_that_never_falls_suggests_nothing() -> None:
    flat = np.full(301, 2.303)
    assert read(RATES, flat).suggestions == ()
    assert "suggests nothing" in str(read(RATES, flat).sentence)
    rising = 2.3 + np.maximum(0, LOGS) * 5
    assert read(RATES, rising).suggestions == ()
    assert read(RATES[:4], flat[:4]).suggestions == ()
    assert read([], []).suggestions == ()


def test_a_loss_that_falls_to_the_end_says_so() -> None:
    reading = read(RATES, valley(turn=9))
    assert reading.breaks is None
    assert "up to the highest rate tried" in str(reading.sentence)


def test_smoothing_moves_nothing() -> None:
    losses = np.abs(LOGS + 2)
    assert LOGS[int(np.argmin(smooth(LOGS, losses)))] == pytest.approx(-2, abs=0.03)


def test_longest_fall() -> None:
    assert longest_fall(np.array([3.0, 4, 3, 2, 1, 5, 4])) == (1, 4)
    assert longest_fall(np.array([1.0])) == (0, 0)


@pytest.mark.parametrize("size", [1, 10, 128, 10_000, 50_000])
def test_the_plan_has_about_300_steps(size: int) -> None:
    planned = plan(RunConfig(batch_size=size))
    assert STEPS <= planned.total_steps < 1.5 * STEPS
    assert planned.schedule == "rising"
