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
LEARNED = 0.95  # of the first loss: above it the loss never fell
BREAKS = 1.5  # times the least loss: from there on training breaks
EDGE_SHARE = 0.05  # of all rates at both ends, where a slope says little

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
    smoothed[:whole] = smooth(np.log10(x[:whole]), y[:whole])
    least = int(np.argmin(smoothed[:whole]))
    first = float(np.median(smoothed[: max(3, whole // 20)]))
    if smoothed[least] > LEARNED * first:
        return Reading(x, y, smoothed)
    rising = np.flatnonzero(smoothed[least:whole] > BREAKS * smoothed[least])
    breaks = float(x[least + rising[0]]) if len(rising) else float(x[whole]) if whole < len(x) else None
    found = _suggestions(x[: least + 1], smoothed[: least + 1])
    return Reading(x, y, smoothed, found, breaks, float(x[least]))


def smooth(log_rates: Floats, losses: Floats) -> Floats:
    """The losses without spikes (median of five), then averaged with a Gaussian `WIDTH` decades wide.

    On both sides alike, so that nothing is moved to higher rates as by a running mean.
    """
    half = SPIKE_STEPS // 2
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(losses, half, mode="edge"), SPIKE_STEPS)
    calm = np.median(windows, axis=1)
    weights = np.exp(-0.5 * ((log_rates[:, None] - log_rates[None, :]) / WIDTH) ** 2)
    averaged: Floats = weights @ calm / weights.sum(1)
    return averaged


def _suggestions(rates: Floats, smoothed: Floats) -> tuple[Suggestion, ...]:
    """From the falling part, which ends with the least loss."""
    logs = np.log10(rates)
    margin = max(1, int(EDGE_SHARE * len(rates)))
    slopes = np.gradient(smoothed, logs)[margin : len(rates) - 1]
    steepest = margin + int(np.argmin(slopes)) if len(slopes) else len(rates) - 1
    tenth = int(np.argmin(np.abs(logs - (logs[-1] - 1))))
    start, stop = longest_fall(smoothed)
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
                slope=f"{-float(np.gradient(smoothed, logs)[steepest]):.2g}",
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
