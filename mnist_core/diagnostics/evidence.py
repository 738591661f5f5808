"""The numbers that show a verdict, each as a sentence."""

from __future__ import annotations

import math

from mnist_core.config import RunConfig
from mnist_core.diagnostics.gap import Gap
from mnist_core.diagnostics.run_metrics import RunMetrics
from mnist_core.messages import N_, Message, accuracy_text, joined, measured_text, message, number_text


def number(value: float) -> str:
    """A loss, in so many digits as a sentence needs."""
    return number_text(value, 3) if value < 0.01 else measured_text(value)


def loss_and_chance(metrics: RunMetrics) -> Message:
    """Where training stands, beside what a guess has."""
    return message(
        N_("Training loss {loss} (uniform guessing: {chance}). Training accuracy {accuracy}."),
        loss=number(metrics.train_loss),
        chance=f"{metrics.scale.chance:.3f}",
        accuracy=accuracy_text(metrics.train_accuracy),
    )


def gradient(metrics: RunMetrics | None) -> tuple[Message, ...]:
    """How long the gradient is, where that is known."""
    if metrics is None or not math.isfinite(metrics.gradient_norm):
        return ()
    return (message(N_("The gradient norm is {norm}."), norm=number_text(metrics.gradient_norm, 3)),)


def updates(metrics: RunMetrics) -> tuple[Message, ...]:
    """How far one update moves each layer; the thousandth is the rule of thumb of the CS231n notes (Karpathy 2016)."""
    if not metrics.updates:
        return ()
    template = N_(
        "Last update of each layer's weights relative to their norm, first layer to last: {updates}; about 0.1% is typical."
    )
    return (message(template, updates=", ".join(_percent(fraction) for fraction in metrics.updates)),)


def _percent(fraction: float) -> str:
    return f"{number_text(100 * fraction, 2)}%" if 0 < fraction < 0.1 else f"{measured_text(100 * fraction, 0)}%"


def dead_layers(metrics: RunMetrics) -> tuple[Message, ...]:
    """Dead units of each layer, where there are several."""
    if len(metrics.dead_layers) < 2:
        return ()
    template = N_("Dead units by hidden layer, first to last: {shares}.")
    return (message(template, shares=", ".join(f"{fraction:.0%}" for fraction in metrics.dead_layers)),)


_GAP = {
    "validation": N_("The gap between training and validation accuracy is {gap} percentage points."),
    "test": N_("The gap between training and test accuracy is {gap} percentage points."),
}
_GAP_BEGINS = {
    "validation": N_(
        "The gap between training and validation accuracy is {gap} percentage points, and training loss falls faster than validation loss: overfitting begins here."
    ),
    "test": N_(
        "The gap between training and test accuracy is {gap} percentage points, and training loss falls faster than test loss: overfitting begins here."
    ),
}


# Training accuracy is measured against training labels: of these wrong ones count as errors.
_EXPECTED = {
    "validation": N_(
        "{fraction} of the training labels are wrong: a network with this validation accuracy would have a training accuracy of about {expected}."
    ),
    "test": N_(
        "{fraction} of the training labels are wrong: a network with this test accuracy would have a training accuracy of about {expected}."
    ),
}
_MEMORIZED_WRONG = N_("It has {train}, more than right answers alone: it is memorizing wrong labels.")
# Which labels it knows by heart, right or wrong ones, nobody can tell.
_MEMORIZED = N_("It has {train}: it is memorizing training images instead of learning what all images have in common.")


def raw_pixels(config: RunConfig) -> tuple[Message, ...]:
    """What makes of a usual rate one that is far too high."""
    if config.preprocessing != "raw":
        return ()
    template = N_(
        "Raw pixels, up to 255, make the first layer's gradients about 255 times larger than pixels scaled to 0–1 do."
    )
    return (message(template),)


def wrong_labels(config: RunConfig) -> tuple[Message, ...]:
    """Why training accuracy stays below the other two, where it does."""
    if not config.label_noise:
        return ()
    template = N_(
        "{fraction} of the training labels are wrong: right answers alone have a training accuracy of {most}."
    )
    return (message(template, fraction=f"{config.label_noise:.0%}", most=f"{1 - config.label_noise:.0%}"),)


def gap_width(config: RunConfig, apart: Gap, *, begins: bool = False) -> Message:
    """How wide a gap is. `begins`: overfitting begins there."""
    if config.label_noise:
        expected = message(
            _EXPECTED[apart.split], fraction=f"{config.label_noise:.0%}", expected=accuracy_text(apart.expected)
        )
        found = _MEMORIZED_WRONG if apart.train > 1 - config.label_noise else _MEMORIZED
        return joined([expected, message(found, train=accuracy_text(apart.train))])
    return message((_GAP_BEGINS if begins else _GAP)[apart.split], gap=f"{100 * apart.width:.2f}")
