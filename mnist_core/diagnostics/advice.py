"""One thing to try, by what was found of a run: nothing that it has already, and no rate that cannot be set."""

from __future__ import annotations

from mnist_core.config import SETTINGS, RunConfig
from mnist_core.diagnostics.run_metrics import RunMetrics
from mnist_core.messages import N_, Message, message
from mnist_core.records import Run

FAST = 0.7  # of the loss a third of the steps ago: such a fall needs no higher rate
STRONG_DECAY, STRONG_DROPOUT = 0.1, 0.8  # from there on they keep a network from learning at any rate


def other_rate(run: Run, factor: float) -> str | None:
    """The run's rate times this, as far as rates go; None where it stands at that end already."""
    ends = SETTINGS["learning_rate"].allowed
    assert ends is not None
    rate = min(ends.maximum, max(ends.minimum, run.base_rate * factor))
    text = f"{float(f'{rate:.2g}'):g}"
    return None if text == f"{run.base_rate:g}" else text


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
    rate = other_rate(run, 0.1)
    if rate is None:
        return at_start()
    return message(N_("Try a learning rate ten times smaller: {rate}."), rate=rate)


def collapsed(run: Run) -> Message:
    """Where units are dead."""
    if (before := _before_all(run.config)) is not None:
        return before
    rate = other_rate(run, 1 / 3)
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
    lower, higher = other_rate(run, 0.1), other_rate(run, 10)
    if metrics.train_loss > metrics.first_loss * 1.02 and lower is not None:
        template = N_("The loss is higher than at the start: try a lower learning rate, such as {rate}.")
        return message(template, rate=lower)
    config = run.config
    fits = (config.activation, config.initialization) == ("relu", "he") or not has_hidden_units(config)
    if higher is None:
        return message(N_("Try scaled pixels.") if fits else N_("Try ReLU with He initialization."))
    template = N_("Try a learning rate ten times higher, {rate}, or ReLU with He initialization.")
    return message(N_("Try a learning rate ten times higher: {rate}.") if fits else template, rate=higher)


def go_on(run: Run, metrics: RunMetrics) -> Message:
    """Where the loss is still falling."""
    if metrics.loss_ratio < FAST:
        return message(
            N_("The loss is falling well: train for more epochs.")
            if run.outcome
            else N_("The loss is falling well: let the run continue.")
        )
    rate = other_rate(run, 3)
    if rate is None:
        return message(N_("Try more epochs."))
    return message(N_("Try a higher learning rate, such as {rate}, or more epochs."), rate=rate)


def unstable(run: Run) -> Message:
    """Where the loss goes up again and again."""
    rate = other_rate(run, 1 / 3)
    if rate is None:
        return message(N_("Try larger batches."))
    return message(N_("Try a learning rate three times smaller, {rate}, or larger batches."), rate=rate)


def too_early() -> Message:
    """Where there were too few updates."""
    return message(N_("Train for more epochs, or use smaller batches, which give more updates."))


def patience() -> Message:
    """Where early stopping ended a run before anything could be seen."""
    return message(N_("Choose a longer patience of early stopping, or train without it."))


def overfits(config: RunConfig) -> Message:
    """Where more epochs would make it worse."""
    if config.early_stopping or not config.validation_size:
        return more_images()
    return message(N_("Try early stopping, more training images, augmentation, or dropout."))


def more_images() -> Message:
    """Where training images alone are what more epochs would serve."""
    return message(N_("Try more training images, augmentation, or dropout."))


def more_to_measure() -> Message:
    """Where too few images were measured to tell how good the network is."""
    return message(N_("Try more images, so that accuracy can be relied on."))


def learned_well(config: RunConfig) -> Message:
    """Where nothing is wrong."""
    return message(
        N_("Try more epochs or a wider network, and watch the gap between training and validation accuracy.")
        if config.validation_size
        else N_("Try more epochs or a wider network, and watch the gap between training and test accuracy.")
    )


def underfits(config: RunConfig) -> Message:
    """Where the network gets no further."""
    if config.dropout or config.weight_decay:
        return message(N_("Try less dropout or weight decay, or a wider network."))
    return message(N_("Try more units or layers, or another learning rate."))


def less_noise(config: RunConfig) -> Message:
    """Where the labels teach nothing, no rate and no network helps."""
    template = N_("With {fraction} label noise there is next to nothing to learn: try less label noise.")
    return message(template, fraction=f"{config.label_noise:.0%}")
