"""What to try, by what was found of a run: nothing that it has already, no rate that cannot be set, and none that leads back.

A rate is raised where it is too low for any network like this one, up to `plateau_rate`; from there on the loss of a network that does
not learn needs something else. So whoever follows the advice, and finds the same curve at the new rate, is not sent back.
"""

from __future__ import annotations

from mnist_core.config import NAMES, SETTINGS, RunConfig
from mnist_core.diagnostics.run_metrics import RunMetrics
from mnist_core.diagnostics.ways import OneOf, Way, Ways
from mnist_core.image_sets import own_id
from mnist_core.messages import N_, measured_text, message, number_text
from mnist_core.records import Run

FAST = 0.7  # of the loss a third of the steps ago: such a fall needs no higher rate
OVERSHOT, FAR_OVERSHOT = (
    2,
    10,
)  # times the initial loss, or that of a guess: where a rate is too high; where far too high
ROSE = 1.05  # the same: where a higher rate would overshoot
LEARNED = 0.9  # of the reachable accuracy: below, a rate that overshot kept it from learning
LARGE = 0.02  # of the weights of half of the layers: updates that are too large
ANOTHER = 1.1  # times: a rate that differs by less is the same
RAISE = 2  # times the rate, where it is too low; what is too high is lowered to a third or a tenth, so that no rate comes back
STRONG_DECAY, STRONG_DROPOUT = 0.1, 0.8  # from there on they keep a network from learning at any rate
DEEP = 5  # hidden layers through which a plain gradient vanishes with sigmoid, at any rate; one less without He initialization
SMALL_DEVIATION = 0.03  # of the initial weights: through so many layers nothing is left of the signal


def usual_rate(config: RunConfig) -> float:
    """A rate at which networks like this one train, as measured; `sweep_range.usual_range` has where they begin to break.

    Raw pixels are 255 times scaled ones, and squared error is steep at first, which matters to updates that are a multiple of the
    gradient.
    """
    plain = (1e-4 if config.preprocessing == "raw" else 0.1) * (1.0 if config.loss == "cross-entropy" else 0.3)
    if config.optimizer in ("momentum", "nesterov"):
        return round(plain * (1 - config.momentum), 12)
    if config.optimizer == "sgd":
        return round(plain, 12)
    return 0.01 if config.optimizer == "adagrad" else 0.001


def highest_rate(config: RunConfig) -> float:
    """A rate above which hardly any network like this one trains well."""
    return usual_rate(config) * (30 if config.optimizer in ("rmsprop", "adam", "adamw") else 10)


def plateau_rate(config: RunConfig) -> float:
    """The rate up to which a network may not leave chance because the rate is too low."""
    slow = config.activation == "sigmoid" and has_hidden_units(config) and config.loss == "cross-entropy"
    return usual_rate(config) * (10 if slow else 1)


def lower_rate(run: Run, factor: float) -> float | None:
    """The run's rate times this, and at most three times the usual one; None where it is the lowest already."""
    return _allowed(run, min(run.base_rate * factor, 3 * usual_rate(run.config)))


def higher_rate(run: Run, factor: float) -> float | None:
    """The run's rate times this, at least a tenth of the usual one and not above the highest; None where it is that high."""
    highest = highest_rate(run.config)
    if run.base_rate >= highest:
        return None
    return _allowed(run, min(highest, max(usual_rate(run.config) / 10, run.base_rate * factor)))


def _allowed(run: Run, rate: float) -> float | None:
    ends = SETTINGS["learning_rate"].allowed
    assert ends is not None
    rounded = float(f"{min(ends.maximum, max(ends.minimum, rate)):.2g}")
    return None if 1 / ANOTHER < rounded / run.base_rate < ANOTHER else rounded


def _at(template: str, rate: float, **changes: object) -> Way:
    """A sentence with a rate to try."""
    return Way(message(template, rate=number_text(rate)), {"learning_rate": rate, **changes})


_LOWER = N_("Try a lower learning rate, such as {rate}.")
_MUCH_LOWER = N_("Try a much lower learning rate, such as {rate}.")
_HIGHER = N_("Try a higher learning rate, such as {rate}.")
_MORE_EPOCHS = N_("Try more epochs.")
_LARGER_BATCHES = N_("Try larger batches.")


def _simply_lower(run: Run, rate: float) -> Way:
    return _at(_MUCH_LOWER if rate < run.base_rate / 5 else _LOWER, rate)


def units_stay_equal(config: RunConfig) -> bool:
    """Whether all initial weights are zero, so that no rate tells the units of a layer apart."""
    zero = config.initialization == "zeros" or (config.initialization == "normal" and config.init_std == 0)
    return zero and has_hidden_units(config)


def has_hidden_units(config: RunConfig) -> bool:
    """Whether an activation function follows any layer."""
    return bool(config.hidden_layers) or config.model == "cnn"


def strongly_regularized(config: RunConfig) -> bool:
    """Whether weight decay or dropout alone may keep the network from learning."""
    return bool(_less_of(config, STRONG_DROPOUT, STRONG_DECAY))


def signal_vanishes(config: RunConfig) -> bool:
    """Whether so little passes through the layers that no rate helps."""
    if config.batch_norm or config.optimizer not in ("sgd", "momentum", "nesterov"):
        return False
    small = config.initialization == "normal" and config.init_std < SMALL_DEVIATION
    sigmoid = config.activation == "sigmoid"
    least = DEEP if config.initialization == "he" else DEEP - 1
    return (sigmoid or small) and len(config.hidden_layers) >= least


def _less_of(config: RunConfig, dropout: float, decay: float) -> tuple[Way, ...]:
    """Less of what a run has at least so much of."""
    ways = []
    if config.dropout >= dropout and config.dropout and config.hidden_layers:
        ways.append(Way(message(N_("less dropout")), {"dropout": None}))
    if config.weight_decay >= decay and config.weight_decay:
        ways.append(Way(message(N_("less weight decay")), {"weight_decay": None}))
    return tuple(ways)


def _before_all(config: RunConfig) -> Ways:
    """What keeps a network from learning at any rate; nothing where nothing does."""
    if units_stay_equal(config):
        template = N_(
            "Choose He or Glorot initialization: from zeros, all units of a layer stay equal at any learning rate."
        )
        return (Way(message(template), {"initialization": None}),)
    if strongly_regularized(config):
        return (OneOf(_less_of(config, STRONG_DROPOUT, STRONG_DECAY)),)
    return ()


def _relu_with_he() -> Way:
    return Way(message(N_("ReLU with He initialization")), {"activation": "relu", "initialization": "he"})


def _is_relu_with_he(config: RunConfig) -> bool:
    return not has_hidden_units(config) or (
        config.activation in ("relu", "leaky-relu", "gelu") and config.initialization == "he"
    )


def _normalization(config: RunConfig) -> tuple[Way, ...]:
    if config.batch_norm or config.smallest_batch < 2 or not has_hidden_units(config):
        return ()
    return (Way(message(NAMES["batch_norm"]), {"batch_norm": True}),)


def at_start() -> Ways:
    """Where the untrained network's numbers are too large."""
    return (
        Way(
            message(N_("Try He initialization, or a smaller standard deviation of the initial weights.")),
            {"initialization": None},
        ),
    )


def diverged(run: Run) -> Ways:
    """Where updates overshoot."""
    return (*_scaled_pixels(run), *_ten_times_smaller(run))


def _scaled_pixels(run: Run) -> Ways:
    """Where raw pixels make of a usual rate one that is far too high."""
    config = run.config
    if config.preprocessing != "raw" or run.base_rate <= 3 * usual_rate(config):
        return ()
    if run.base_rate > 3 * usual_rate(config.replace(preprocessing="scaled")):
        return ()
    template = N_("Try scaled pixels.")
    return (Way(message(template), {"preprocessing": "scaled"}),)


def _ten_times_smaller(run: Run) -> Ways:
    rate = lower_rate(run, 0.1)
    if rate is None:
        return at_start()
    template = N_("Try a learning rate ten times smaller: {rate}.")
    return (_at(template if _is_plain(rate, run, 0.1) else _MUCH_LOWER, rate),)


def _is_plain(rate: float, run: Run, factor: float) -> bool:
    """Whether the rate is the run's times `factor`, and not the bound of what such networks can have."""
    return rate > 0.9 * run.base_rate * factor


def collapsed(run: Run) -> Ways:
    """Where units are dead."""
    if before := _before_all(run.config):
        return before
    rate = lower_rate(run, 1 / 3)
    if rate is None or run.config.activation != "relu" or _breaks_leaky_relu(run):
        return diverged(run)
    template = N_(
        "Try a lower learning rate, such as {rate}, or an activation function whose units cannot die (leaky ReLU)."
    )
    leaky = Way(message(N_("Try an activation function whose units cannot die (leaky ReLU).")), {"activation": None})
    return _at(template, rate, activation="leaky-relu"), _simply_lower(run, rate), leaky


def _breaks_leaky_relu(run: Run) -> bool:
    """Whether the rate is so high that with leaky ReLU the run diverges instead, as measured with SGD: at 15 times the usual rate an
    MLP still learned; at 30 times, a CNN at 10 times, and with raw pixels at 1,000 times they broke."""
    return run.base_rate > usual_rate(run.config) * (20 if run.config.model == "mlp" else 5)


def plateau(run: Run, metrics: RunMetrics) -> Ways:
    """Where the loss does not leave chance level.

    Below `plateau_rate` a higher rate may help; above it a lower one where the rate is out of range or the loss says so; else none.
    """
    config, rate, least = run.config, run.base_rate, plateau_rate(run.config)
    if before := _before_all(config):
        return before
    fits = _is_relu_with_he(config)
    if signal_vanishes(config):
        return (_through_layers(config),)
    risen = metrics.train_loss > metrics.first_loss * 1.02
    too_high = fits or risen or rate > highest_rate(config) or _overshot(run, metrics)
    if rate > least and too_high and (lower := _allowed(run, max(least, min(rate / 10, 3 * usual_rate(config))))):
        template = N_("The loss is higher than at the start: try a lower learning rate, such as {rate}.")
        return ((_at(template, lower) if risen else _simply_lower(run, lower)), *_otherwise(config))
    if rate < least and not _overshot(run, metrics):
        higher = _allowed(run, min(least, max(usual_rate(config) / 10, 10 * rate)))
        if higher is not None:
            template = N_("Try a higher learning rate, such as {rate}, or ReLU with He initialization.")
            both = () if fits else (_at(template, higher, activation="relu", initialization="he"),)
            return (*both, _at(_HIGHER, higher), *_otherwise(config))
    return _otherwise(config)


def _through_layers(config: RunConfig) -> OneOf:
    return OneOf(
        (_relu_with_he(), *_normalization(config), Way(message(N_("fewer layers")), {"hidden_layers": None})),
        N_("Through so many layers the gradient vanishes at any learning rate. Try {remedies}."),
        N_("Through so many layers the gradient vanishes at any learning rate. Try one of these: {remedies}."),
    )


def _otherwise(config: RunConfig) -> Ways:
    """What else than a rate lets a network leave chance."""
    remedies: tuple[Way, ...] = () if _is_relu_with_he(config) else (_relu_with_he(),)
    remedies += _normalization(config)
    if config.hidden_layers and min(config.hidden_layers) < config.classes:
        return narrow(config)
    if config.preprocessing == "raw":
        remedies += (Way(message(N_("scaled pixels")), {"preprocessing": "scaled"}),)
    return (OneOf((*remedies, Way(message(N_("more epochs")), {"epochs": config.epochs + 1}))),)


def narrow(config: RunConfig) -> Ways:
    """Where a layer has fewer units than there are classes to tell apart; nothing where none has."""
    units = min(config.hidden_layers, default=config.classes)
    if units >= config.classes:
        return ()
    template = N_("Try more units: the smallest hidden layer has {units} for {classes} classes.")
    return (Way(message(template, units=units, classes=config.classes), {"hidden_layers": None}),)


def _overshot(run: Run, metrics: RunMetrics) -> bool:
    """Whether the first updates made the loss much worse. Of a rate that was changed since, that says nothing; nor does it with batch
    normalization, after which the size of the weights that they left does not matter (Ioffe & Szegedy 2015)."""
    return metrics.overshot >= OVERSHOT and not run.rate_changes and not run.config.batch_norm


def _overshooting(run: Run, metrics: RunMetrics) -> Ways:
    """What to do where the first updates overshot, though the loss falls; nothing where they did not."""
    if not _overshot(run, metrics):
        return ()
    if (rate := lower_rate(run, 0.1 if metrics.overshot >= FAR_OVERSHOT else 1 / 3)) is None:
        return at_start()
    template = N_(
        "At first the loss rose to {times} times its initial value, so the learning rate is too high: try a lower one, such as {rate}."
    )
    values = {"times": measured_text(metrics.overshot, 0), "rate": number_text(rate)}
    return (Way(message(template, **values), {"learning_rate": rate}),)


def _update(metrics: RunMetrics) -> float:
    """How large updates are: that of the layer in the middle, of two the lesser; 0 where it is not known."""
    ordered = sorted(metrics.updates)
    return ordered[(len(ordered) - 1) // 2] if ordered else 0.0


def _too_high(run: Run, metrics: RunMetrics) -> Ways:
    """What to do where the rate is too high, though the loss falls; nothing where it is not."""
    if overshooting := _overshooting(run, metrics):
        return overshooting
    if _update(metrics) < LARGE or (rate := lower_rate(run, 1 / 3)) is None:
        return ()
    return (_at(N_("Such large updates overshoot: try a lower learning rate, such as {rate}."), rate),)


def go_on(run: Run, metrics: RunMetrics) -> Ways:
    """Where the loss is still falling."""
    config = run.config
    longer = {"epochs": config.epochs + 1}
    if metrics.loss_ratio < FAST and metrics.overshot < FAR_OVERSHOT:
        return _let_it_fall(run, metrics)
    # A rate far below the usual one comes first: with it no network of any width shows what it can.
    few = narrow(config) if run.base_rate >= usual_rate(config) / 4 else ()
    if mended := (_overshooting(run, metrics) or few or _too_high(run, metrics)):
        return mended
    rate = higher_rate(run, RAISE)
    more = Way(message(_MORE_EPOCHS), longer)
    if rate is None and run.base_rate > highest_rate(config):
        lowered = lower_rate(run, 1 / 3)
        assert lowered is not None
        template = N_("Try a lower learning rate, such as {rate}, or more epochs.")
        return _at(template, lowered, **longer), _simply_lower(run, lowered), more
    if rate is None or metrics.overshot > ROSE or _update(metrics) * rate / run.base_rate >= LARGE:
        return (more,)
    return (
        _at(N_("Try a higher learning rate, such as {rate}, or more epochs."), rate, **longer),
        more,
        _at(_HIGHER, rate),
    )


def _let_it_fall(run: Run, metrics: RunMetrics) -> Ways:
    """Where the loss falls fast; whether updates are larger than they should be is said all the same."""
    large = _update(metrics) >= LARGE
    if not run.outcome:
        template = N_("The loss is falling well, though the updates are large: let the run continue.")
        return (Way(message(template if large else N_("The loss is falling well: let the run continue."))),)
    template = N_("The loss is falling well, though the updates are large: train for more epochs.")
    text = message(template if large else N_("The loss is falling well: train for more epochs."))
    return (Way(text, {"epochs": run.config.epochs + 1}),)


def unstable(run: Run) -> Ways:
    """Where the loss goes up again and again."""
    rate = lower_rate(run, 1 / 3)
    batches = Way(message(_LARGER_BATCHES), {"batch_size": run.config.batch_size + 1})
    if rate is None:
        return (batches,)
    if not _is_plain(rate, run, 1 / 3):
        return _at(_MUCH_LOWER, rate), batches
    template = N_("Try a learning rate three times smaller, {rate}, or larger batches.")
    return _at(template, rate, batch_size=run.config.batch_size + 1), _simply_lower(run, rate), batches


def too_early(run: Run) -> Ways:
    """Where there were too few updates."""
    template = N_("Train for more epochs, or use smaller batches, which give more updates.")
    longer = {"epochs": run.config.epochs + 1}
    smaller = Way(message(N_("Use smaller batches, which give more updates.")), {"batch_size": None})
    return Way(message(template), longer | {"batch_size": None}), Way(message(_MORE_EPOCHS), longer), smaller


def patience() -> Ways:
    """Where early stopping ended a run before anything could be seen."""
    template = N_("Choose a longer patience of early stopping, or train without it.")
    return (Way(message(template), {"early_stopping": None}),)


def overfits(run: Run, metrics: RunMetrics | None = None) -> Ways:
    """Where more epochs would make it worse. `metrics`: of a run that may have learned little for its rate."""
    if metrics is not None and metrics.train_accuracy < LEARNED * metrics.scale.reachable:
        return _overshooting(run, metrics) or _against_overfitting(run.config)
    return _against_overfitting(run.config)


def _against_overfitting(config: RunConfig) -> Ways:
    """What a run that overfits does not have yet."""
    remedies = []
    if config.validation_size and not config.early_stopping:
        remedies.append(Way(message(NAMES["early_stopping"]), {"early_stopping": None}))
    if own_id(config.dataset) or config.train_size + config.validation_size < config.image_set.train:
        template = N_("more training images")
        remedies.append(Way(message(template), {"train_size": config.train_size + 1}))
    if config.augmentation == "off":
        remedies.append(Way(message(NAMES["augmentation"]), {"augmentation": None}))
    if config.hidden_layers and not config.dropout:
        remedies.append(Way(message(NAMES["dropout"]), {"dropout": None}))
    if not config.weight_decay:
        remedies.append(Way(message(NAMES["weight_decay"]), {"weight_decay": None}))
    if config.hidden_layers:
        remedies.append(Way(message(N_("fewer units")), {"hidden_layers": None}))
    return (OneOf(tuple(remedies)),)


def more_to_measure() -> Ways:
    """Where too few images were measured to tell how good the network is."""
    return (Way(message(N_("Try more images, so that accuracy can be relied on.")), {"train_size": None}),)


def learned_well(run: Run, metrics: RunMetrics) -> Ways:
    """Where nothing is wrong, but maybe a rate that overshot at first."""
    if lower := _overshooting(run, metrics):
        return lower
    longer, wider = {"epochs": run.config.epochs + 1}, {"hidden_layers": None}
    if not run.config.validation_size and not metrics.tested:
        template = N_(
            "Try some validation images: training accuracy alone does not show how the network does on other images."
        )
        return (Way(message(template), {"validation_size": None}),)
    either = OneOf((Way(message(N_("more epochs")), longer), Way(message(N_("a wider network")), wider)))
    return Way(message(_to_watch(run.config)), longer | wider), either


def _to_watch(config: RunConfig) -> str:
    if config.label_noise:
        return (
            N_(
                "Try more epochs or a wider network, and watch validation accuracy: it falls when wrong labels are memorized."
            )
            if config.validation_size
            else N_(
                "Try more epochs or a wider network, and watch test accuracy: it falls when wrong labels are memorized."
            )
        )
    return (
        N_("Try more epochs or a wider network, and watch the gap between training and validation accuracy.")
        if config.validation_size
        else N_("Try more epochs or a wider network, and watch the gap between training and test accuracy.")
    )


def underfits(run: Run, metrics: RunMetrics) -> Ways:
    """Where the network gets no further."""
    config = run.config
    if lower := (_overshooting(run, metrics) or narrow(config) or _too_high(run, metrics)):
        return lower
    if less := _less_of(config, 0, 0):
        return (OneOf((*less, Way(message(N_("a wider network")), {"hidden_layers": None}))),)
    more = Way(message(N_("more units or layers")), {"hidden_layers": None})
    return (OneOf((more, Way(message(N_("another learning rate")), {"learning_rate": None}))),)


def lowered_too_soon(run: Run) -> Ways:
    """Where a schedule has made the rate so small that nothing more can be learned."""
    longer = Way(message(N_("more epochs")), {"epochs": run.config.epochs + 1})
    if run.config.schedule != "step":
        return (OneOf((longer, Way(message(N_("a constant learning rate")), {"schedule": "constant"}))),)
    later = Way(message(N_("more epochs between drops")), {"schedule_epochs": None})
    return (OneOf((later, Way(message(N_("a larger drop factor")), {"schedule_factor": None}))),)


def less_noise(config: RunConfig) -> Ways:
    """Where the labels teach nothing, no rate and no network helps."""
    template = N_("With {fraction} label noise the labels hardly tell what an image shows: try less label noise.")
    return (Way(message(template, fraction=f"{config.label_noise:.0%}"), {"label_noise": None}),)
