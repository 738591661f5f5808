"""The learning-rate range test (Smith 2015, arXiv:1506.01186), read: which rates a rising rate passed through, and which to use.

The test is a run whose rate rises exponentially at every step (schedule "rising"); here are its records. As Smith did, it is
read by the accuracy of the mini-batches: it says the same for every loss and every scale of the pixels, and it tells learning
from dying. A loss that explodes and comes back to that of a guess has fallen far, and yet nothing answers any image by then;
with raw pixels it may be ten times that of a guess where two images of three are right. So a rate counts only up to the first
explosion, and only where clearly more images are right than one answer to all of them gets. Distances between rates count on
a log scale, however they are spaced.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mnist_core.config import RANGES, RunConfig
from mnist_core.diagnostics.chance import Scale, chance_accuracy, chance_loss, commonest, reachable_accuracy
from mnist_core.diagnostics.ways import OneOf, Way, Ways, chosen
from mnist_core.messages import N_, Message, joined, message, number_text
from mnist_core.networks.models import describe
from mnist_core.rounds import Free

STEPS, FEWEST_STEPS = 1_000, 300  # updates of a test: usually, and at least where they are dear
NOISY = 3_000  # updates with batches of one image, and by the root of the batch fewer with larger ones
DEAR = 1e11  # multiplications of forward passes that a test of more than the fewest updates may take
HIGHEST, HIGHEST_RAW = 10.0, 1.0  # where the rate ends, by the pixels; it begins a millionth below
SPIKE_STEPS = 5  # a spike shorter than half of it does not count
ENOUGH = 10  # images in an accuracy whose median is about its mean
WIDTH = 0.12  # of the smoothing, in decades of the rate
FEWEST = 10  # records
HIGH = 3.0  # times the first loss, or that of a guess: what is above is drawn in to there before smoothing
EXPLODED = 4.0  # times the greater of these: the loss has exploded
LOST = 0.5  # of the rise in accuracy: a rate that loses so much again breaks
LUCK = 4.0  # standard errors of the accuracy: a smaller rise is luck
LEARNED = 0.1  # of the way from a guess to what can be reached: less is next to nothing
HIGHEST_PART = 0.9  # of the rise in accuracy: rates with so much of it are the best; the valley begins there
LOWER, LOWER_RAW, LOWER_ADAGRAD = 3.0, 5.0, 6.0  # times lower than their middle it is, at least (`caution`)

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
    smoothed: Floats  # losses, NaN where they are no numbers
    accuracies: Floats  # smoothed, 0 to 1
    finding: Message  # how to read it; why, where it suggests nothing
    suggestions: tuple[Suggestion, ...] = ()
    breaks: float | None = None  # the rate from which the loss exploded, or what was learned was lost; None: none
    best: float | None = None  # the rate at which most images were right
    ways: Ways = ()  # what to change, where it suggests nothing

    def said(self, free: Free | None = None) -> Message:
        """The finding, with what to change of the settings that are `free` (`rounds.Plan.varied`; None: all)."""
        advice = chosen(self.ways, free)
        return self.finding if advice is None else joined([self.finding, advice])


def length(config: RunConfig) -> int:
    """Updates of a range test, about.

    A network that learns late still learns while the rate rises, and is thought to need a higher one: the more updates, the
    less. What a stretch of the test says is as noisy as its images are few, so that small batches get more updates yet.
    Large networks get fewer, so that one need not wait.
    """
    steps = max(STEPS, NOISY / math.sqrt(config.batch_size))
    affordable = DEAR / (describe(config).multiplications * config.batch_size)
    return round(max(FEWEST_STEPS, min(steps, affordable)))


def highest(config: RunConfig) -> float:
    """The rate that a range test ends with, unless it is told otherwise: raw pixels are 255 times as great."""
    return HIGHEST_RAW if config.preprocessing == "raw" else HIGHEST


def caution(config: RunConfig) -> float:
    """By what factor a rate should lie below the middle of the best ones of a test.

    The test has warmed its network up: its weights bear a higher rate than fresh ones. That counts most where the first
    losses are huge, as with raw pixels; and with Adagrad, whose steps have become smaller with every update of the test.
    """
    return max(
        LOWER,
        LOWER_RAW if config.preprocessing == "raw" else 0.0,
        LOWER_ADAGRAD if config.optimizer == "adagrad" else 0.0,
    )


def plan(config: RunConfig, end: float | None = None) -> RunConfig:
    """The run that tests `config`: `length` updates, its rate rising by six decades up to `end` (default: `highest`).

    Fewer images where an epoch has more steps, more epochs where it has fewer. Raises ConfigError.
    """
    steps = length(config)
    size = min(config.train_size, max(steps * config.batch_size, 100))
    changed = config.replace(
        learning_rate=end or highest(config),
        schedule="rising",
        train_size=size,
        batch_size=min(config.batch_size, size),
        early_stopping=0,
        stop_when_not_finite=True,
    )
    most = int(RANGES["epochs"].maximum)
    return changed.replace(epochs=min(most, math.ceil(steps / changed.steps_per_epoch)))


def read(steps: NDArray[np.void], config: RunConfig) -> Reading:
    """Smooth the records (records.STEP_DTYPE) of the run `config`, and suggest rates.

    The first loss or gradient that is no number ends it.
    """
    rates, losses = steps["learning_rate"].astype(float), steps["loss"].astype(float)
    finite = np.isfinite(losses) & np.isfinite(steps["gradient_norm_max"])
    whole = int(np.argmin(finite)) if not finite.all() else len(losses)
    smoothed, accuracies = np.full(len(losses), np.nan), np.full(len(losses), np.nan)
    if whole < FEWEST:
        ways = _WAYS_TO_NUMBERS if whole < len(rates) else ()
        return Reading(rates, losses, smoothed, accuracies, _no_numbers(rates, whole), ways=ways)
    curve = _Curve.of(steps[:whole], config)
    smoothed[:whole], accuracies[:whole] = curve.losses, curve.accuracies
    end = curve.end
    breaks = float(rates[end]) if end < len(rates) else None
    if not Scale.of(config).teaches:
        return Reading(rates, losses, smoothed, accuracies, _no_labels(config), (), breaks)
    best = int(np.argmax(accuracies[:end])) if end else 0
    if not end or accuracies[best] <= curve.clear[best]:
        return Reading(rates, losses, smoothed, accuracies, _nothing(accuracies[:end], breaks), (), breaks)
    suggestions = _suggestions(rates[:end], accuracies[:end], curve.start, caution(config))
    highest_accuracy = float(rates[best])
    finding = _learned(suggestions, highest_accuracy, breaks)
    return Reading(rates, losses, smoothed, accuracies, finding, suggestions, breaks, highest_accuracy)


@dataclass(frozen=True)
class _Curve:
    """The smoothed records of a test, all of them numbers."""

    losses: Floats
    accuracies: Floats
    exploded: NDArray[np.bool_]  # where the loss is far above all that it began with
    start: float  # accuracy of the first few records, at least that of a guess
    luck: Floats  # by how much an accuracy may differ without anything being learned
    minimum: float  # accuracy that is worth to be called learned
    commonest: float  # accuracy of one answer to all images

    @classmethod
    def of(cls, steps: NDArray[np.void], config: RunConfig) -> _Curve:
        losses, right = steps["loss"].astype(float), steps["accuracy"].astype(float)
        weights = _weights(np.log10(steps["learning_rate"].astype(float)))
        total = weights.sum(1)
        most = max(float(np.median(losses[: max(5, len(losses) // 10)])), chance_loss(config))
        images = config.batch_size * int(steps["steps"][0])  # of a record
        share, guess = commonest(config), chance_accuracy(config)
        spread = np.sqrt(share * (1 - share) * (weights**2).sum(1) / images) / total
        return cls(
            fit(np.log10(steps["learning_rate"].astype(float)), _median_filtered(losses, HIGH * most), weights)[0],
            weights @ (_median_filtered(right, 1.0) if images >= ENOUGH else right) / total,
            weights @ np.minimum(losses, 2 * EXPLODED * most) / total > EXPLODED * most,
            max(guess, float(right[: max(5, len(right) // 50)].mean())),
            LUCK * spread,
            guess + LEARNED * (reachable_accuracy(config) - guess),
            share,
        )

    @property
    def clear(self) -> Floats:
        """The accuracy that one answer to all images does not come to by luck, nor the network as it began."""
        return np.maximum(self.minimum, max(self.commonest, self.start) + self.luck)

    @property
    def end(self) -> int:
        """How many records count: up to the first explosion, or to where half of what was clearly gained is lost again."""
        gained = self.accuracies - self.start
        most = np.maximum.accumulate(gained)
        lost = (most > self.clear - self.start) & (most - gained > LOST * most + self.luck)
        over = self.exploded | lost
        return int(np.argmax(over)) if over.any() else len(over)


def smooth(log_rates: Floats, losses: Floats) -> Floats:
    """The losses without spikes (median of five), then fitted as `fit` does it."""
    return fit(log_rates, _median_filtered(losses, np.inf))[0]


def _median_filtered(losses: Floats, most: float) -> Floats:
    """The losses, at most `most`, as medians of five: what is left of a spike is no higher than its neighbors."""
    half = SPIKE_STEPS // 2
    padded = np.pad(np.minimum(losses, most), half, mode="edge")
    medians: Floats = np.median(np.lib.stride_tricks.sliding_window_view(padded, SPIKE_STEPS), axis=1)
    return medians


def _weights(log_rates: Floats) -> Floats:
    """How much each neighbor (column) counts at each place (row): a Gaussian, of some records at least."""
    width = max(WIDTH, 3 * (log_rates[-1] - log_rates[0]) / (len(log_rates) - 1))
    weights: Floats = np.exp(-0.5 * ((log_rates[:, None] - log_rates[None, :]) / width) ** 2)
    return weights


def fit(log_rates: Floats, values: Floats, weights: Floats | None = None) -> tuple[Floats, Floats]:
    """At each place value and slope of the straight line that fits its neighbors best, `WIDTH` decades around.

    It takes them from both sides, so that nothing is moved to higher rates as by a running mean; the slope is the
    derivative by the logarithm of the rate, however the rates are spaced.
    """
    weights = _weights(log_rates) if weights is None else weights
    total = weights.sum(1)
    mean_x, mean_y = weights @ log_rates / total, weights @ values / total
    away = log_rates[None] - mean_x[:, None]
    slopes: Floats = (weights * away * (values[None] - mean_y[:, None])).sum(1) / (weights * away**2).sum(1)
    fitted: Floats = mean_y + slopes * (log_rates - mean_x)
    return fitted, slopes


# ---- what it says ------------------------------------------------------------------------------------------------


def _suggestions(rates: Floats, accuracies: Floats, start: float, lower: float) -> tuple[Suggestion, ...]:
    """From the part of the test that counts."""
    logs = np.log10(rates)
    best = int(np.argmax(accuracies))
    high = logs[accuracies - start >= HIGHEST_PART * (accuracies[best] - start)]
    middle = 10 ** float((high[0] + high[-1]) / 2)
    slopes = np.gradient(accuracies, logs) if len(rates) > 1 else np.zeros(1)
    steepest = int(np.argmax(slopes[: best + 1]))
    lowest = float(rates[0])
    return (
        Suggestion(
            "valley",
            max(lowest, min(10 ** float(high[0]), middle / lower)),
            message(
                N_(
                    "where accuracy has made 90% of its rise, but at least {times} times below {rate}, the middle of the best rates"
                ),
                times=number_text(lower),
                rate=number_text(middle, 2),
            ),
        ),
        Suggestion(
            "steepest",
            float(rates[steepest]),
            message(
                N_("where accuracy rises fastest: by {slope} percentage points for each tenfold increase of the rate"),
                slope=f"{100 * float(slopes[steepest]):.0f}",
            ),
        ),
        Suggestion(
            "tenth",
            max(lowest, float(rates[best]) / 10),
            message(
                N_("a tenth of {rate}, the rate with the highest accuracy ({accuracy})"),
                rate=number_text(float(rates[best]), 2),
                accuracy=f"{float(accuracies[best]):.0%}",
            ),
        ),
    )


def _learned(suggestions: Sequence[Suggestion], best: float, breaks: float | None) -> Message:
    low, high = min(suggestion.rate for suggestion in suggestions), max(suggestion.rate for suggestion in suggestions)
    values = {"best": number_text(best, 2), "low": number_text(low, 2), "high": number_text(high, 2)}
    if breaks is None:
        template = N_(
            "Accuracy is highest at a rate of {best}, and training breaks at none of them. Start lower, between {low} and {high}: a new network breaks at lower rates than one that the test has trained already."
        )
        return message(template, **values)
    template = N_(
        "Accuracy is highest at a rate of {best}, and training breaks from {breaks} on. Start lower, between {low} and {high}: a new network breaks at lower rates than one that the test has trained already."
    )
    return message(template, breaks=number_text(breaks, 2), **values)


_WAYS_TO_NUMBERS: Ways = (
    OneOf(
        (
            Way(message(N_("smaller initial weights")), {"initialization": None}),
            Way(message(N_("scaled pixels")), {"preprocessing": "scaled"}),
        )
    ),
)


def _no_numbers(rates: Floats, whole: int) -> Message:
    if whole == len(rates):
        return message(N_("The range test was too short to interpret. Run it again."))
    template = N_(
        "The loss became NaN or infinite at a rate of only {rate}, after {n} updates, so the test suggests no rate."
    )
    return message(template, rate=number_text(float(rates[whole]), 2), n=whole)


def _no_labels(config: RunConfig) -> Message:
    template = N_(
        "With {fraction} label noise the labels hardly tell what an image shows, so the test suggests no rate."
    )
    return message(template, fraction=f"{config.label_noise:.0%}")


def _nothing(accuracies: Floats, breaks: float | None) -> Message:
    values = {"accuracy": f"{float(np.max(accuracies, initial=0.0)):.0%}"}
    if breaks is None:
        template = N_(
            "At none of these rates is accuracy clearly above chance (at most {accuracy}), so the test suggests no rate."
        )
        return message(template, **values)
    template = N_(
        "Up to {breaks}, where the loss explodes, accuracy is no better than chance (at most {accuracy}), so the test suggests no rate. A loss that explodes and then falls back to chance level has learned nothing."
    )
    return message(template, breaks=number_text(breaks, 2), **values)
