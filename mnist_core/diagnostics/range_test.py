"""The learning-rate range test (Smith 2015, arXiv:1506.01186), read: which rates a rising rate passed through, and which to use.

The test is a run whose rate rises exponentially at every step (schedule "rising"); here are its losses against their
rates. Distances between rates count on a log scale, however they are spaced. Knows records, not torch.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mnist_core.config import RunConfig
from mnist_core.messages import N_, Message, message

STEPS = 300  # updates of a test, about
HIGHEST = 10.0  # where its rate ends; it begins a millionth below
SPIKE_STEPS = 5  # a spike shorter than half of it does not count
WIDTH = 0.12  # of the smoothing, in decades of the rate
HIGH = 3.0  # times the first loss: what is above is drawn in to there before smoothing
LEARNED = 0.95  # of the first loss: above it the loss never fell
NOISE = 5.0  # standard errors of the smoothed loss: a smaller fall is noise
MEDIANS = 1.25  # a median errs more than a mean by this factor
BEGUN = 0.1  # of the whole fall: there it has begun; a descent from an early spike lies before
BREAKS = 1.5  # times the least loss: from there on training breaks

SuggestionKind = Literal["steepest", "tenth", "valley"]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Suggestion:
    """A rate to use, and why."""

    kind: SuggestionKind
    rate: float
    reason: Message


@dataclass(frozen=True)
class Reading:
    """What a range test says. Rates ascend; losses are those of the mini-batches before each update."""

    rates: Floats
    losses: Floats  # as they came; infinite or NaN where the test ended
    smoothed: Floats  # NaN where the losses are no numbers
    suggestions: tuple[Suggestion, ...] = ()
    breaks: float | None = None  # the rate from which the loss rose again; None: it did not
    least: float | None = None  # the rate of the least smoothed loss

    @property
    def sentence(self) -> Message:
        """How to read it."""
        if not self.suggestions:
            return message(N_("At none of these rates did the loss fall: the test suggests nothing."))
        low, high = min(one.rate for one in self.suggestions), max(one.rate for one in self.suggestions)
        if self.breaks is None:
            template = N_("The loss falls up to the highest rate tried; a good rate lies between {low} and {high}.")
            return message(template, low=f"{low:.2g}", high=f"{high:.2g}")
        template = N_(
            "The loss falls fastest around {low} to {high} and rises again from {breaks} on: a good rate lies where it "
            "falls, well before it turns."
        )
        return message(template, low=f"{low:.2g}", high=f"{high:.2g}", breaks=f"{self.breaks:.2g}")


def plan(config: RunConfig, highest: float = HIGHEST) -> RunConfig:
    """The run that tests `config`: about `STEPS` updates, its rate rising by six decades up to `highest`.

    Fewer images where an epoch has more steps, more epochs where it has fewer. Raises ConfigError.
    """
    size = min(config.train_size, max(STEPS * config.batch_size, 100))
    changed = config.replace(
        learning_rate=highest,
        schedule="rising",
        train_size=size,
        batch_size=min(config.batch_size, size),
        early_stopping=0,
        stop_when_not_finite=True,
    )
    return changed.replace(epochs=max(1, math.ceil(STEPS / changed.steps_per_epoch)))


def read(rates: Sequence[float] | Floats, losses: Sequence[float] | Floats) -> Reading:
    """Smooth the losses and suggest rates. The first loss that is no number ends the test."""
    x, y = np.asarray(rates, float), np.asarray(losses, float)
    whole = int(np.argmin(np.isfinite(y))) if not np.isfinite(y).all() else len(y)
    smoothed = np.full(len(y), np.nan)
    if whole < 10:
        return Reading(x, y, smoothed)
    logs = np.log10(x[:whole])
    calm = _calm(y[:whole], HIGH * float(np.median(y[: max(5, whole // 10)])))
    smoothed[:whole], slopes = fit(logs, calm)
    least = int(np.argmin(smoothed[:whole]))
    first = float(np.median(calm[: max(5, whole // 10)]))
    fall = first - smoothed[least]
    noise = NOISE * _error(logs, y[:whole] - smoothed[:whole], least)
    if least < 3 or smoothed[least] > LEARNED * first or fall < noise:
        return Reading(x, y, smoothed)
    rising = np.flatnonzero(smoothed[least:whole] > BREAKS * smoothed[least])
    breaks = float(x[least + rising[0]]) if len(rising) else float(x[whole]) if whole < len(x) else None
    before = np.flatnonzero(smoothed[: least + 1] > first - BEGUN * fall)
    begun = int(before[-1]) if len(before) else 0
    found = _suggestions(x[: least + 1], smoothed[: least + 1], slopes[: least + 1], begun)
    return Reading(x, y, smoothed, found, breaks, float(x[least]))


def smooth(log_rates: Floats, losses: Floats) -> Floats:
    """The losses without spikes (median of five), then fitted as `fit` does it."""
    return fit(log_rates, _calm(losses, np.inf))[0]


def _calm(losses: Floats, most: float) -> Floats:
    """The losses, at most `most`, as medians of five: what is left of a spike is no higher than its neighbours."""
    half = SPIKE_STEPS // 2
    padded = np.pad(np.minimum(losses, most), half, mode="edge")
    medians: Floats = np.median(np.lib.stride_tricks.sliding_window_view(padded, SPIKE_STEPS), axis=1)
    return medians


def _weights(log_rates: Floats) -> Floats:
    """How much each neighbour (column) counts at each place (row): a Gaussian, of some records at least."""
    width = max(WIDTH, 3 * (log_rates[-1] - log_rates[0]) / (len(log_rates) - 1))
    weights: Floats = np.exp(-0.5 * ((log_rates[:, None] - log_rates[None, :]) / width) ** 2)
    return weights


def fit(log_rates: Floats, losses: Floats) -> tuple[Floats, Floats]:
    """At each place value and slope of the straight line that fits its neighbours best, `WIDTH` decades around.

    It takes them from both sides, so that nothing is moved to higher rates as by a running mean; the slope is the
    derivative by the logarithm of the rate, however the rates are spaced.
    """
    weights = _weights(log_rates)
    total = weights.sum(1)
    mean_x, mean_y = weights @ log_rates / total, weights @ losses / total
    away = log_rates[None] - mean_x[:, None]
    slopes: Floats = (weights * away * (losses[None] - mean_y[:, None])).sum(1) / (weights * away**2).sum(1)
    values: Floats = mean_y + slopes * (log_rates - mean_x)
    return values, slopes


def _error(log_rates: Floats, residuals: Floats, least: int) -> float:
    """Standard error of the fit at its least value, from the scatter of single records up to there."""
    weights = _weights(log_rates)[least]
    away = log_rates - log_rates[least]
    moments = [float((weights * away**power).sum()) for power in range(3)]
    # The fitted value is a weighted sum of the records; at the ends of the range few of them count.
    shares = weights * (moments[2] - moments[1] * away) / (moments[0] * moments[2] - moments[1] ** 2)
    scatter = 1.4826 * float(np.median(np.abs(residuals[: max(10, least)])))
    return MEDIANS * scatter * math.sqrt(float((shares**2).sum()))


def _suggestions(rates: Floats, smoothed: Floats, slopes: Floats, begun: int) -> tuple[Suggestion, ...]:
    """From the falling part, which begins at `begun` and ends with the least loss."""
    logs = np.log10(rates)
    steepest = begun + int(np.argmin(slopes[begun:]))
    tenth = int(np.argmin(np.abs(logs - (logs[-1] - 1))))
    start, stop = (begun + place for place in longest_fall(smoothed[begun:]))
    down = smoothed[start] - 2 / 3 * (smoothed[start] - smoothed[stop])
    valley = start + int(np.argmax(smoothed[start : stop + 1] <= down))
    return (
        Suggestion(
            "valley", float(rates[valley]), message(N_("two thirds of the way down the longest fall of the loss"))
        ),
        Suggestion(
            "steepest",
            float(rates[steepest]),
            message(
                N_("where the loss falls fastest: by {slope} each time the rate grows tenfold"),
                slope=f"{-float(slopes[steepest]):.2g}",
            ),
        ),
        Suggestion(
            "tenth",
            float(rates[tenth]),
            message(
                N_("a tenth of {rate}, the rate with the least loss ({loss})"),
                rate=f"{float(rates[-1]):.2g}",
                loss=f"{float(smoothed[-1]):.3g}",
            ),
        ),
    )


def longest_fall(values: Floats) -> tuple[int, int]:
    """First and last index of the longest stretch in which every value is below the one before it."""
    best = start = 0
    ends = (0, 0)
    for index in range(1, len(values)):
        if values[index] >= values[index - 1]:
            start = index
        if index - start > best:
            best, ends = index - start, (start, index)
    return ends
