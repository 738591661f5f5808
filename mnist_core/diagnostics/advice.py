"""One thing to try, by what was found of a run: nothing that it has already, and no rate that cannot be set."""

from __future__ import annotations

from mnist_core.config import SETTINGS, RunConfig
from mnist_core.diagnostics.run_metrics import RunMetrics
from mnist_core.messages import N_, Message, message, number_text
from mnist_core.records import Run

FAST = 0.7  # of the loss a third of the steps ago: such a fall needs no higher rate
OVERSHOT, FAR_OVERSHOT = (
    2,
    10,
)  # times the initial loss, or that of a guess: where a rate is too high; where far too high
LEARNED = 0.9  # of the reachable accuracy: below, a rate that overshot kept it from learning
LARGE = 0.02  # of a layer's weights: an update that is too large
STRONG_DECAY, STRONG_DROPOUT = 0.1, 0.8  # from there on they keep a network from learning at any rate


def usual_rate(config: RunConfig) -> float:
    """A rate at which networks like this one train, as measured; `sweep_range.usual_range` has where they begin to break.

    Raw pixels are 255 times scaled ones, which matters to updates that are a multiple of the gradient.
    """
    raw = config.preprocessing == "raw"
    if config.optimizer in ("momentum", "nesterov"):
        return (1e-4 if raw else 0.1) * (1 - config.momentum)
    if config.optimizer == "sgd":
        return 1e-4 if raw else 0.1
    return 0.01 if config.optimizer == "adagrad" else 0.001


def highest_rate(config: RunConfig) -> float:
    """A rate above which hardly any network like this one trains well."""
    return usual_rate(config) * (30 if config.optimizer in ("rmsprop", "adam", "adamw") else 10)


def lower_rate(run: Run, factor: float) -> str | None:
    """The run's rate times this, and at most three times the usual one; None where it is the lowest already."""
    return _allowed(run, min(run.base_rate * factor, 3 * usual_rate(run.config)))


def higher_rate(run: Run, factor: float) -> str | None:
    """The run's rate times this, at least a tenth of the usual one and not above the highest; None where it is that high."""
    highest = highest_rate(run.config)
    if run.base_rate >= highest:
        return None
    return _allowed(run, min(highest, max(usual_rate(run.config) / 10, run.base_rate * factor)))


def _allowed(run: Run, rate: float) -> str | None:
    ends = SETTINGS["learning_rate"].allowed
    assert ends is not None
    rate = min(ends.maximum, max(ends.minimum, rate))
    text = number_text(float(f"{rate:.2g}"))
    return None if text == number_text(run.base_rate) else text


def units_stay_equal(config: RunConfig) -> bool:
    """Whether all initial weights are zero, so that no rate tells the units of a layer apart."""
    zero = config.initialization == "zeros" or (config.initialization == "normal" and config.init_std == 0)
    return zero and (bool(config.hidden_layers) or config.model == "cnn")


def has_hidden_units(config: RunConfig) -> bool:
    """Whether an activation function follows any layer."""
    return bool(config.hidden_layers) or config.model == "cnn"


def strongly_regularized(config: RunConfig) -> bool:
    """Whether weight decay or dropout alone may keep the network from learning."""
    return config.weight_decay >= STRONG_DECAY or (config.dropout >= STRONG_DROPOUT and bool(config.hidden_layers))


def _before_all(config: RunConfig) -> Message | None:
    """What keeps a network from learning at any rate."""
    if units_stay_equal(config):
        return message(
            N_("Choose He or Glorot initialization: from zeros, all units of a layer stay equal at any learning rate.")
        )
    if strongly_regularized(config):
        return message(N_("Try less dropout or weight decay."))
    return None


def at_start() -> Message:
    """Where the untrained network's numbers are too large."""
    return message(N_("Try He initialization, or a smaller standard deviation of the initial weights."))


def diverged(run: Run) -> Message:
    """Where updates overshoot."""
    rate = lower_rate(run, 0.1)
    if rate is None:
        return at_start()
    template = N_("Try a learning rate ten times smaller: {rate}.")
    return message(template if _is_plain(rate, run, 0.1) else _MUCH_LOWER, rate=rate)


_MUCH_LOWER = N_("Try a much lower learning rate, such as {rate}.")


def _is_plain(rate: str, run: Run, factor: float) -> bool:
    """Whether the rate is the run's times `factor`, and not the bound of what such networks can have."""
    return float(rate) > 0.9 * run.base_rate * factor


def collapsed(run: Run) -> Message:
    """Where units are dead."""
    if (before := _before_all(run.config)) is not None:
        return before
    rate = lower_rate(run, 1 / 3)
    if rate is None or run.config.activation != "relu":
        return diverged(run)
    template = N_(
        "Try a lower learning rate, such as {rate}, or an activation function whose units cannot die (leaky ReLU)."
    )
    return message(template, rate=rate)


def plateau(run: Run, metrics: RunMetrics) -> Message:
    """Where the loss does not leave chance level."""
    if (before := _before_all(run.config)) is not None:
        return before
    lower, higher = lower_rate(run, 0.1), higher_rate(run, 10)
    if lower is not None and metrics.train_loss > metrics.first_loss * 1.02:
        template = N_("The loss is higher than at the start: try a lower learning rate, such as {rate}.")
        return message(template, rate=lower)
    if lower is not None and (higher is None or _overshot(run, metrics)):
        return message(_MUCH_LOWER, rate=lower)
    config = run.config
    fits = (config.activation, config.initialization) == ("relu", "he") or not has_hidden_units(config)
    template = N_("Try a higher learning rate, such as {rate}, or ReLU with He initialization.")
    return message(N_("Try a higher learning rate, such as {rate}.") if fits else template, rate=higher)


def _overshot(run: Run, metrics: RunMetrics) -> bool:
    """Whether the first updates made the loss much worse; of a rate that was changed since, that says nothing."""
    return metrics.overshot >= OVERSHOT and not run.rate_changes


def _too_high(run: Run, metrics: RunMetrics) -> Message | None:
    """What to do where the rate is too high, though the loss falls."""
    if _overshot(run, metrics) and (rate := lower_rate(run, 0.1)) is not None:
        template = N_(
            "At first the loss rose to {times} times its initial value, so the learning rate is too high: try a lower one, such as {rate}."
        )
        return message(template, times=f"{metrics.overshot:,.0f}", rate=rate)
    if max(metrics.updates, default=0) >= LARGE and (rate := lower_rate(run, 1 / 3)) is not None:
        return message(N_("Such large updates overshoot: try a lower learning rate, such as {rate}."), rate=rate)
    return None


def go_on(run: Run, metrics: RunMetrics) -> Message:
    """Where the loss is still falling."""
    if metrics.loss_ratio < FAST and metrics.overshot < FAR_OVERSHOT:
        return message(
            N_("The loss is falling well: train for more epochs.")
            if run.outcome
            else N_("The loss is falling well: let the run continue.")
        )
    if (lower := _too_high(run, metrics)) is not None:
        return lower
    rate = higher_rate(run, 3)
    if rate is None and run.base_rate > highest_rate(run.config):
        template = N_("Try a lower learning rate, such as {rate}, or more epochs.")
        return message(template, rate=lower_rate(run, 1 / 3))
    if rate is None:
        return message(N_("Try more epochs."))
    return message(N_("Try a higher learning rate, such as {rate}, or more epochs."), rate=rate)


def unstable(run: Run) -> Message:
    """Where the loss goes up again and again."""
    rate = lower_rate(run, 1 / 3)
    if rate is None:
        return message(N_("Try larger batches."))
    if not _is_plain(rate, run, 1 / 3):
        return message(_MUCH_LOWER, rate=rate)
    return message(N_("Try a learning rate three times smaller, {rate}, or larger batches."), rate=rate)


def too_early() -> Message:
    """Where there were too few updates."""
    return message(N_("Train for more epochs, or use smaller batches, which give more updates."))


def patience() -> Message:
    """Where early stopping ended a run before anything could be seen."""
    return message(N_("Choose a longer patience of early stopping, or train without it."))


def overfits(run: Run, metrics: RunMetrics | None = None) -> Message:
    """Where more epochs would make it worse. `metrics`: of a run that may have learned little for its rate."""
    config = run.config
    if metrics is not None and metrics.train_accuracy < LEARNED * metrics.scale.reachable and _overshot(run, metrics):
        lower = _too_high(run, metrics)
        if lower is not None:
            return lower
    if config.early_stopping or not config.validation_size:
        return more_images()
    return message(N_("Try early stopping, more training images, augmentation, or dropout."))


def more_images() -> Message:
    """Where training images alone are what more epochs would serve."""
    return message(N_("Try more training images, augmentation, or dropout."))


def more_to_measure() -> Message:
    """Where too few images were measured to tell how good the network is."""
    return message(N_("Try more images, so that accuracy can be relied on."))


def learned_well(run: Run, metrics: RunMetrics) -> Message:
    """Where nothing is wrong, but maybe a rate that overshot at first."""
    if _overshot(run, metrics) and (lower := _too_high(run, metrics)) is not None:
        return lower
    return message(
        N_("Try more epochs or a wider network, and watch the gap between training and validation accuracy.")
        if run.config.validation_size
        else N_("Try more epochs or a wider network, and watch the gap between training and test accuracy.")
    )


def underfits(run: Run, metrics: RunMetrics) -> Message:
    """Where the network gets no further."""
    config = run.config
    if (lower := _too_high(run, metrics)) is not None:
        return lower
    if config.dropout or config.weight_decay:
        return message(N_("Try less dropout or weight decay, or a wider network."))
    return message(N_("Try more units or layers, or another learning rate."))


def less_noise(config: RunConfig) -> Message:
    """Where the labels teach nothing, no rate and no network helps."""
    template = N_("With {fraction} label noise there is next to nothing to learn: try less label noise.")
    return message(template, fraction=f"{config.label_noise:.0%}")
