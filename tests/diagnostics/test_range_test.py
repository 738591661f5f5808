"""The range test read, from hand-made records."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mnist_core import schedule
from mnist_core.config import RunConfig
from mnist_core.diagnostics.range_test import FEWEST_STEPS, STEPS, Reading, highest, length, plan, read, smooth
from mnist_core.messages import number_text
from mnist_core.records import STEP_DTYPE

RATES = np.logspace(-5, 1, 301)
LOGS = np.log10(RATES)
CONFIG = RunConfig()  # batches of 100
KINDS = ("valley", "steepest", "tenth")


def valley(minimum: float = 0.0) -> np.ndarray:
    """Flat at 2.3 up to 1e-3, then falling steepest at 10^-1.5, least at 10^minimum, then rising steeply."""
    fall = 2.3 - 2.0 / (1 + np.exp(-4 * (LOGS + 1.5)))
    return fall + np.maximum(0, LOGS - minimum) ** 2 * 30


def right(losses: np.ndarray) -> np.ndarray:
    """Accuracies as they go with such losses: 10 % at 2.3 and above, 100 % at 0."""
    return 1 - 0.9 * np.clip(np.nan_to_num(losses, nan=np.inf) / 2.3, 0, 1)


def read_test(
    losses: np.ndarray,
    accuracies: np.ndarray | None = None,
    rates: np.ndarray = RATES,
    config: RunConfig = CONFIG,
) -> Reading:
    steps = np.zeros(len(losses), STEP_DTYPE)
    steps["steps"] = schedule.window(plan(config))
    steps["learning_rate"], steps["loss"] = rates[: len(losses)], losses
    steps["accuracy"] = right(losses) if accuracies is None else accuracies
    return read(steps, config)


def logs_of(reading: Reading) -> dict[str, float]:
    return {suggestion.kind: math.log10(suggestion.rate) for suggestion in reading.suggestions}


def test_the_suggestions_of_a_plain_valley() -> None:
    reading = read_test(valley())
    assert reading.best is not None
    assert np.log10(reading.best) == pytest.approx(-0.1, abs=0.2)
    logs = logs_of(reading)
    assert logs["steepest"] == pytest.approx(-1.5, abs=0.1)
    assert logs["tenth"] == pytest.approx(np.log10(reading.best) - 1, abs=0.03)
    assert logs["valley"] == pytest.approx(-0.4 - np.log10(3), abs=0.2)  # nine tenths are there from 10^-0.95 to 10^0.1
    assert -0.1 < np.log10(reading.breaks or 0) < 0.5
    best, breaks = number_text(reading.best, 2), number_text(reading.breaks or 0, 2)
    low, high = (number_text(end(one.rate for one in reading.suggestions), 2) for end in (min, max))
    assert str(reading.said()) == (
        f"Accuracy is highest at a rate of {best}, and training breaks from {breaks} on. Start lower, between {low} and {high}: "
        "a new network breaks at lower rates than one that the test has trained already."
    )
    assert float(low) < float(high) < float(best) < float(breaks)


def raw(after: float = 2.303) -> tuple[np.ndarray, np.ndarray]:
    """Raw pixels, as measured: from a loss of 200 down to 16 with 70 % right, an explosion, and back to that of a guess."""
    places = [-5.0, -4.0, -3.3, -2.8, -1.8, -1.6, -1.3, -1.1, 1.0]
    losses = 10 ** np.interp(LOGS, places, np.log10([200, 35, 16, 8, 2.2, 1e4, 1e4, after, after]))
    accuracies = np.interp(LOGS, places, [0.1, 0.45, 0.68, 0.73, 0.5, 0.15, 0.1, 0.1, 0.1])
    return losses, accuracies


def test_a_fall_from_an_explosion_to_that_of_a_guess_is_death() -> None:
    """It was suggested to use rates from 0.05 to 1: there nothing is left to learn with."""
    reading = read_test(*raw(), config=CONFIG.replace(preprocessing="raw"))
    logs = logs_of(reading)
    assert -5 <= logs["steepest"] <= logs["valley"] < -3
    assert logs["tenth"] < -3.5
    assert 10**-2 < (reading.breaks or 0) < 10**-1.4


@pytest.mark.parametrize("after", [2.303, 1.9, 0.5])
def test_the_first_explosion_ends_the_test(after: float) -> None:
    losses, accuracies = raw(after)
    again = np.where(LOGS > -1, 0.9, accuracies)  # even if it learned again
    reading = read_test(losses, again)
    assert reading.suggestions
    assert all(suggestion.rate < 10**-2.5 for suggestion in reading.suggestions)


def test_death_alone_suggests_nothing_and_says_why() -> None:
    losses, accuracies = raw()
    reading = read_test(losses, np.full_like(accuracies, 0.11))
    assert reading.suggestions == ()
    assert "where the loss explodes" in str(reading.said())
    assert "has learned nothing" in str(reading.said())


def test_a_loss_above_that_of_a_guess_can_have_learned() -> None:
    """Raw pixels: a loss of 16, and 70 % of the images are right."""
    losses, accuracies = raw()
    assert losses[LOGS < -2.9].min() > 8
    assert 0.5 < float(np.interp(logs_of(read_test(losses, accuracies))["valley"], LOGS, accuracies)) < 0.73


def test_nan_ends_the_test_and_is_where_it_breaks() -> None:
    losses = valley(minimum=9)  # falls to its end
    losses[260:] = np.nan
    losses[258:260] = np.inf
    reading = read_test(losses)
    assert reading.breaks == pytest.approx(RATES[258])
    assert np.isnan(reading.smoothed[258:]).all()
    assert np.isfinite(reading.smoothed[:258]).all()
    assert logs_of(reading)["steepest"] == pytest.approx(-1.5, abs=0.1)


def test_numbers_that_break_at_once_suggest_nothing_and_say_why() -> None:
    losses = np.full(301, np.nan)
    losses[:4] = 2.3, 9e3, 1e30, np.inf
    reading = read_test(losses)
    assert reading.suggestions == ()
    assert "after 3 updates" in str(reading.said())
    assert str(reading.said()).endswith("Try one of these: smaller initial weights, scaled pixels.")
    assert str(reading.said({"preprocessing": ("raw", "scaled")})).endswith("Try scaled pixels.")
    assert str(reading.said({})) == str(reading.finding)


@pytest.mark.parametrize("width", [1, 2])
@pytest.mark.parametrize("place", [0, 20, 60, 190])
def test_a_spike_does_not_fool_it(place: int, width: int) -> None:
    losses = valley()
    losses[place : place + width] = 40.0
    logs, plain = logs_of(read_test(losses)), logs_of(read_test(valley()))
    for kind in KINDS:
        assert logs[kind] == pytest.approx(plain[kind], abs=0.15)


@pytest.mark.parametrize("seed", range(5))
def test_the_noise_of_batches_does_not_fool_it(seed: int) -> None:
    random = np.random.default_rng(seed)
    losses = valley() + random.normal(0, 0.1, len(RATES))
    logs = logs_of(read_test(losses, random.binomial(100, right(valley())) / 100))
    assert logs["steepest"] == pytest.approx(-1.5, abs=0.4)
    assert logs["valley"] == pytest.approx(-0.9, abs=0.4)
    assert logs["tenth"] == pytest.approx(-1.1, abs=0.5)


def test_an_explosion_at_the_end_does_not_reach_back() -> None:
    losses = valley(minimum=9)
    losses[260:] = 10.0 ** np.minimum(np.arange(41), 30)
    logs, plain = logs_of(read_test(losses)), logs_of(read_test(valley(minimum=9)))
    assert -1.2 < logs["valley"] < 0.2 - np.log10(3)  # 10^0.2 is where it explodes
    assert logs["steepest"] == pytest.approx(plain["steepest"], abs=0.1)


def records_of(batch: int) -> tuple[np.ndarray, int]:
    """The rates of a test's records with such batches, and the images of each."""
    window = schedule.window(plan(CONFIG.replace(batch_size=batch)))
    return np.logspace(-5, 1, length(CONFIG.replace(batch_size=batch)) // window), batch * window


@pytest.mark.parametrize("batch", [1, 10, 100])
def test_luck_alone_suggests_nothing(batch: int) -> None:
    """The most frequent digit is 11 % of all, and batches of one image are right or wrong."""
    for seed in range(10):
        random = np.random.default_rng(seed)
        rates, images = records_of(batch)
        flat = 2.3 + random.normal(0, 0.6, len(rates))
        accuracies = random.binomial(images, 0.1124, len(rates)) / images
        reading = read_test(flat, accuracies, rates, CONFIG.replace(batch_size=batch))
        assert reading.suggestions == ()
        assert "clearly above chance" in str(reading.said())


def test_batches_of_one_image_are_enough_to_learn_from() -> None:
    random = np.random.default_rng(0)
    rates, images = records_of(1)
    losses = np.interp(np.log10(rates), LOGS, valley())
    accuracies = random.binomial(images, right(losses)) / images
    logs = logs_of(read_test(losses + random.normal(0, 1, len(rates)), accuracies, rates, CONFIG.replace(batch_size=1)))
    assert logs["valley"] == pytest.approx(-0.9, abs=0.4)


def test_a_plateau_in_the_midst_of_the_fall() -> None:
    losses = valley()
    losses[150:190] = losses[150]
    losses[190:] = valley()[190:]
    reading = read_test(losses + np.random.default_rng(1).normal(0, 0.02, len(RATES)), right(losses))
    assert reading.suggestions
    for suggestion in reading.suggestions:
        assert losses[np.searchsorted(RATES, suggestion.rate)] < 2.2  # where it has fallen, none before


def test_the_slope_is_by_the_log_of_the_rate_however_rates_are_spaced() -> None:
    # Twice as dense below 1e-2 as above: a slope per step would be steepest elsewhere.
    rates = np.concatenate([np.logspace(-5, -2, 401)[:-1], np.logspace(-2, 1, 101)])
    losses = np.interp(np.log10(rates), LOGS, valley())
    assert logs_of(read_test(losses, rates=rates))["steepest"] == pytest.approx(-1.5, abs=0.1)


def test_a_loss_that_never_falls_suggests_nothing() -> None:
    flat = np.full(301, 2.303)
    for losses in (flat, 2.3 + np.maximum(0, LOGS) * 5, flat[:4], flat[:0]):
        reading = read_test(losses)
        assert reading.suggestions == ()
        assert str(reading.said())


def test_a_loss_that_falls_to_the_end_says_so() -> None:
    reading = read_test(valley(minimum=9))
    assert reading.breaks is None
    assert "training breaks at none of them" in str(reading.said())


def test_what_is_lost_again_is_where_it_breaks() -> None:
    """Dead units: the loss comes to rest at that of a guess, without any explosion."""
    losses = np.where(LOGS < 0, valley(minimum=9), 2.303)
    assert np.log10(read_test(losses).breaks or 0) == pytest.approx(0, abs=0.15)


def test_smoothing_moves_nothing() -> None:
    losses = np.abs(LOGS + 2)
    assert LOGS[int(np.argmin(smooth(LOGS, losses)))] == pytest.approx(-2, abs=0.03)


@pytest.mark.parametrize("size", [1, 10, 100, 10_000, 50_000])
def test_the_plan_has_as_many_steps_as_it_needs(size: int) -> None:
    config = RunConfig(batch_size=size)
    planned = plan(config)
    assert length(config) <= planned.total_steps < 1.5 * length(config)
    assert planned.schedule == "rising"


def test_small_batches_get_more_steps_and_large_networks_fewer() -> None:
    assert length(CONFIG) == STEPS
    assert length(CONFIG.replace(batch_size=1)) == 3 * STEPS
    assert length(CONFIG.replace(model="cnn", batch_size=128)) == FEWEST_STEPS
    assert length(CONFIG.replace(batch_size=50_000)) == FEWEST_STEPS


def test_raw_pixels_are_tried_at_lower_rates() -> None:
    config = RunConfig(preprocessing="raw")
    assert highest(config) < highest(RunConfig())
    assert plan(config).learning_rate == highest(config)
    assert plan(config, 5.0).learning_rate == 5.0


def test_few_images_are_seen_no_more_often_than_a_run_may() -> None:
    assert plan(RunConfig(train_size=1, batch_size=1)).epochs == 1_000


def test_what_a_warmed_up_network_bears_is_divided_by_more_where_that_helps_more() -> None:
    losses = np.where(LOGS < 0, 2.3 - 2.0 / (1 + np.exp(-9 * (LOGS + 0.5))), 30.0)  # good for half a decade
    plain = read_test(losses)
    for config, factor in ((CONFIG.replace(optimizer="adagrad"), 2.0), (CONFIG.replace(preprocessing="raw"), 5 / 3)):
        cautious = read_test(losses, config=config)
        assert logs_of(plain)["valley"] - logs_of(cautious)["valley"] == pytest.approx(np.log10(factor))
