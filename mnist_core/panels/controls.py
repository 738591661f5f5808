"""The controls of a run, in the sidebar: the common ones in front, the rest folded.

Each shows one field of the draft (`ui.draft`). Sliders over orders of magnitude are select sliders with round stops;
a value between the stops (from a preset or a shared address) becomes a stop of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import streamlit as st

from mnist_core import data
from mnist_core.comparison import in_use
from mnist_core.config import RANGES, RunConfig, choices
from mnist_core.image_sets import image_set
from mnist_core.panels import draft, typed_setting
from mnist_core.presets import PRESETS
from mnist_core.rounds import OF_A_RANGE_TEST
from mnist_core.ui import data_note, frame, names, own_images, seal
from mnist_core.ui.texts import _

# Ten stops a decade from 1e-6 to 100: wide enough to break things.
RATES = (
    *(float(f"{mantissa}e{decade}") for decade in range(-6, 2) for mantissa in (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8)),
    100.0,
)
SIZES = (1, 2, 5, 10, 20, 32, 50, 64, 100, 128, 200, 256, 500, 512, 1_000, 1_024, 2_000, 5_000, 10_000, 20_000, 50_000)
TRAIN_SIZES = (100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 30_000, 40_000, 50_000, 55_000, 60_000)
MORE_SIZES = (100_000, 150_000, 200_000, 240_000)  # of EMNIST
VALIDATION_SIZES = (0, 1_000, 2_000, 5_000, 10_000, 20_000, 30_000)
EPOCHS = (1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 50, 75, 100, 150, 200, 300, 500, 1_000)
UNITS = (1, 2, 4, 8, 16, 32, 50, 64, 100, 128, 256, 512, 1_024, 2_048)
FILTERS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
# What a round has set is named: these settings always, of the others those that a plain run has otherwise, but for what stands above
# the page or in the picture of the network, and for seeds.
MAIN = ("optimizer", "learning_rate", "batch_size", "epochs", "train_size")
SEEN_ANYWAY = ("dataset", "model", "hidden_layers", "filters", "seed", "batch_seed")
DECAYS = (0.0, 1e-6, 1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 1.0)


def draw() -> None:
    """All controls that are free, into the container that is open."""
    draft.keep_possible()
    if draft.given() is None:
        experiment()
    _choice(
        "model",
        _("Network"),
        _("MLP: each unit of the first hidden layer sees all pixels. CNN: small filters slide over the image."),
    )
    if draft.fields()["model"] == "cnn":
        _layers("filters", _("Convolutional layers"), _("Filters in convolutional layer {n}"), FILTERS, "filter", 1, 4)
    _layers("hidden_layers", _("Hidden layers"), _("Units in hidden layer {n}"), UNITS, "units", 0, 6)
    _learning_rate()
    too_small = draft.given() is None and draft.make_batches_of_two()
    _stops("batch_size", _("Batch size"), SIZES, _("Number of images per update. The gradient is averaged over them."))
    if too_small:
        st.caption(_("Batch normalization needs at least two images in every batch, so the settings were adjusted."))
    _stops("epochs", _("Epochs"), EPOCHS, _("How many times the network sees each training image."))
    _select("optimizer", _("Optimizer"), _("How a gradient becomes an update of the weights."))
    _folded(_("Optimizer and schedule"), "tune", _OPTIMIZER, _optimizer_details)
    _folded(_("Network details"), "hub", _NETWORK, _network_details)
    _folded(_("Data"), "database", _DATA, _data)
    _folded(_("Batches and stopping"), "loop", _LOOP, _loop)
    _locked()


def _locked() -> None:
    """What a round has set, and no control shows."""
    if draft.given() is None:
        return
    config = draft.config()
    others = [name for name in config.differences(RunConfig()) if name not in (*MAIN, *SEEN_ANYWAY)]
    locked = [
        name
        for name in (*MAIN, *others)
        if draft.is_locked(name) and name not in _varied() and in_use(config, name) is not None
    ]
    if locked:
        words = " · ".join(f"{names.setting(name)}: {names.value(getattr(config, name))}" for name in locked)
        st.caption(_("Set for this round: {settings}").format(settings=words))


def _varied() -> Iterable[str]:
    """What runs of the round differ in, though nobody sets it by hand."""
    own = draft.given()
    if own is None:
        return ()
    return OF_A_RANGE_TEST if own.round.plan.kind == "range-test" else own.round.plan.varied


# Settings behind each fold.
_OPTIMIZER = (
    *("learning_rate", "momentum", "rho", "beta1", "beta2", "epsilon", "weight_decay"),
    *("schedule", "schedule_epochs", "schedule_factor"),
)
_NETWORK = ("activation", "initialization", "init_std", "kernel_size", "pooling", "dropout", "batch_norm", "loss")
_DATA = ("dataset", "train_size", "validation_size", "preprocessing", "label_noise", "augmentation")
_LOOP = ("sampling", "early_stopping", "stop_when_not_finite", "seed")


def _folded(label: str, icon: str, names_of_settings: Iterable[str], draw: Callable[[], None]) -> None:
    """A fold, where any of its settings is free."""
    if not all(map(draft.is_locked, names_of_settings)):
        with st.expander(label, icon=f":material/{icon}:"):
            draw()


def experiment() -> None:
    """The choice of the experiment that the draft starts from, and of its variant."""
    labels = {"": _("My own settings")} | {name: _(preset.title) for name, preset in PRESETS.items()}

    def changed() -> None:
        name = st.session_state["preset_choice"]
        if name:
            draft.start_from(name)
        else:
            st.session_state["preset"] = ""

    st.session_state["preset_choice"] = st.session_state.get("preset", "")
    st.selectbox(
        _("Experiment"),
        list(labels),
        format_func=labels.__getitem__,
        key="preset_choice",
        on_change=changed,
        help=_("Fills in all settings with values whose outcome is known. Change anything from there."),
    )
    preset = draft.preset()
    if preset is None:
        return
    said = _(preset.says(sealed=seal.sealed()))
    st.caption(_("Before your changes: {outcome}").format(outcome=said) if draft.is_changed() else said)
    data_note.known_for_mnist(draft.fields()["dataset"])
    if preset.variants:
        st.session_state["variant_choice"] = draft.variant()
        st.selectbox(
            _("Variant"),
            list(preset.variants),
            format_func=names.variant_title,
            key="variant_choice",
            on_change=lambda: draft.start_from(preset.name, st.session_state["variant_choice"]),
            help=_("The runs of this experiment differ only in this."),
        )


def _learning_rate() -> None:
    _stops(
        "learning_rate",
        _("Learning rate"),
        RATES,
        _("How far each update moves the weights against the gradient. The scale is logarithmic."),
        on_change=lambda: typed_setting.forget(draft.EXACT_RATE),
    )


def _exact_rate() -> None:
    if draft.is_locked("learning_rate"):
        return

    def take(value: float) -> None:
        draft.put("learning_rate", draft.config().replace(learning_rate=value).learning_rate)

    problem = typed_setting.field(
        draft.EXACT_RATE,
        _("Exact learning rate"),
        "learning_rate",
        draft.fields()["learning_rate"],
        take,
        _("Any number from 1e-6 to 100, such as 0.37 or 3e-4."),
    )
    if problem:
        st.error(frame.sentence(problem))


def _optimizer_details() -> None:
    _exact_rate()
    optimizer = draft.fields()["optimizer"]
    if optimizer in ("momentum", "nesterov"):
        _slider("momentum", _("Momentum"), 0.0, 0.99, 0.01, _("Fraction of the previous update that is kept."))
    if optimizer == "rmsprop":
        _slider(
            "rho",
            _("Decay rate (rho)"),
            0.0,
            0.999,
            0.001,
            _("Decay rate of the running average of the squared gradients."),
        )
    if optimizer in ("adam", "adamw"):
        _slider("beta1", _("Beta 1"), 0.0, 0.999, 0.001, _("Decay rate of the running average of the gradients."))
        _slider(
            "beta2", _("Beta 2"), 0.0, 0.9999, 0.0001, _("Decay rate of the running average of the squared gradients.")
        )
    if optimizer in ("adagrad", "rmsprop", "adam", "adamw"):
        stops = (1e-16, 1e-12, 1e-10, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0)
        _stops("epsilon", _("Epsilon"), stops, _("Added to the denominator so that it is never zero."))
    _stops("weight_decay", _("Weight decay"), DECAYS, _("Pulls every weight toward 0 at each update."))
    _select("schedule", _("Learning rate schedule"), _("How the learning rate changes during training."))
    if draft.fields()["schedule"] in ("step", "warm-up"):
        label = _("Epochs between drops") if draft.fields()["schedule"] == "step" else _("Warm-up epochs")
        _stops("schedule_epochs", label, EPOCHS, _("Counted from the start of the run."))
    if draft.fields()["schedule"] == "step":
        _stops(
            "schedule_factor",
            _("Drop factor"),
            (0.01, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9),
            _("Each drop multiplies the learning rate by this factor."),
        )


def _network_details() -> None:
    _select(
        "activation",
        _("Activation function"),
        _("Applied to each hidden unit's weighted sum. Without it, all layers together are one linear map."),
    )
    _select("initialization", _("Weight initialization"), _("How large the weights are before the first update."))
    if draft.fields()["initialization"] == "normal":
        stops = (0.0, 0.001, 0.003, 0.01, 0.03, 0.05, 0.1, 0.3, 1.0, 3.0, 10.0)
        _stops(
            "init_std",
            _("Initialization standard deviation"),
            stops,
            _("Standard deviation of the normal distribution that the initial weights are drawn from."),
        )
    if draft.fields()["model"] == "cnn":
        _stops("kernel_size", _("Kernel size"), (1, 3, 5, 7, 9, 11), _("Width and height of each filter, in pixels."))
        help_text = _("Max and average pooling halve the width and height after each convolutional layer.")
        _select("pooling", _("Pooling"), help_text)
    _slider("dropout", _("Dropout"), 0.0, 0.95, 0.05, _("Fraction of hidden units dropped at random in each update."))
    _toggle("batch_norm", _("Batch normalization"), _("Normalizes each unit's values over the batch."))
    _select("loss", _("Loss function"), _("What training minimizes."))


def _data() -> None:
    _dataset()
    dataset = draft.fields()["dataset"]
    all_images, found = draft.images_of(dataset), own_images.find(dataset)
    tested = image_set(dataset).test if found is None else found.test
    images = f"{all_images:,}"
    help_text = _("Taken from the start of the {all}. With fewer images, the network overfits sooner.").format(
        all=images
    )
    _stops(
        "train_size",
        _("Training images"),
        (*TRAIN_SIZES, *MORE_SIZES, *([all_images] if found else [])),
        help_text,
        most=all_images,
    )
    most = all_images - draft.fields()["train_size"]
    help_text = _(
        "Taken from the end of the {all} and never trained on. Use them to choose settings and to decide when to stop."
    ).format(all=images)
    _stops("validation_size", _("Validation images"), (*VALIDATION_SIZES, most), help_text, most=most)
    text = _("The {test} test images are never trained on. Choose settings by the validation images.")
    st.caption(text.format(test=f"{tested:,}"))
    _select("preprocessing", _("Pixel scaling"), _("Raw pixels make the loss very sensitive to the weights."))
    _slider(
        "label_noise",
        _("Label noise"),
        0.0,
        1.0,
        0.05,
        _("Fraction of training labels that are made wrong on purpose."),
    )
    _select(
        "augmentation",
        _("Augmentation"),
        _(
            "Changes each training image a little, differently in every update: a shift by up to 2 pixels; or, in addition, a rotation by up to 15° and a scale of 85–115%. Validation and test images stay as they are."
        ),
    )


def _dataset() -> None:
    available: list[str] = [name for name in data.TITLES if name in ("mnist", "built-in") or data.available(name)]
    available += [images.name for images in own_images.mine()]
    help_text = _(
        "MNIST, the digits drawn by this program, or another data set that is here. The Data page downloads more."
    )
    _choice("dataset", _("Images"), help_text, [*available, *({draft.fields()["dataset"]} - set(available))])


def _loop() -> None:
    _choice("sampling", _("Sampling"), _("Each image once per epoch, or each batch drawn at random from all images."))
    if draft.fields()["validation_size"]:
        stops = (0, 1, 2, 3, 5, 8, 10, 20, 50)
        help_text = _("Stop after this many epochs without a better validation loss. 0 turns it off.")
        _stops("early_stopping", _("Early stopping (patience)"), stops, help_text)
    _toggle("stop_when_not_finite", _("Stop at the first NaN"), _("If off, training continues with NaN values."))
    _number("seed", _("Seed"), _("With the same seed, the initial weights, the batches and the curve are the same."))


def _remember(name: str, value: Any) -> None:
    draft.fields()[name] = value


def _stops(
    name: str,
    label: str,
    stops: Sequence[float],
    help_text: str,
    *,
    most: float | None = None,
    on_change: Any = None,
) -> None:
    """A slider over `stops` within the field's range (at most `most`) and the draft's own value; nothing where it is locked."""
    if draft.is_locked(name):
        return
    current = draft.fields()[name]
    if most is None and name == "batch_size":
        most = draft.fields()["train_size"]
        stops = (*stops, most)
    highest = RANGES[name].maximum if most is None else most
    options = _options(stops, current, highest)
    if (allowed := draft.allowed(name)) is not None:
        ends = {end for end in allowed if end <= highest}
        options = sorted({stop for stop in options if allowed[0] <= stop <= allowed[1]} | ends | {current})
    if len(options) == 1:
        options.append(current + 1)  # a slider needs two stops; disabled, it shows the one there is
        st.select_slider(label, options, current, format_func=names.number, disabled=True, help=help_text)
        return
    value = st.select_slider(
        label, options, key=draft.key(name), format_func=names.number, help=help_text, on_change=on_change
    )
    _remember(name, value)


def _options(stops: Iterable[float], current: float, most: float) -> list[float]:
    return sorted({stop for stop in stops if stop <= most} | {current})


def _choice(name: str, label: str, help_text: str, options: Sequence[str] | None = None) -> None:
    if draft.is_locked(name):
        return
    options = draft.allowed(name) or options or choices(name)
    titles = names.labels(options)
    value = st.segmented_control(
        label,
        options,
        key=draft.key(name),
        format_func=lambda option: titles.get(option, option),
        help=help_text,
        required=True,
        width="stretch",
    )
    _remember(name, value or draft.fields()[name])


def _select(name: str, label: str, help_text: str) -> None:
    if draft.is_locked(name):
        return
    options = draft.allowed(name) or choices(name)
    value = st.selectbox(label, options, key=draft.key(name), format_func=names.choice, help=help_text)
    _remember(name, value)


def _slider(name: str, label: str, minimum: float, most: float, step: float, help_text: str) -> None:
    if draft.is_locked(name):
        return
    minimum, most = draft.allowed(name) or (minimum, max(most, draft.fields()[name]))
    value = st.slider(label, minimum, most, step=step, key=draft.key(name), help=help_text)
    _remember(name, value)


def _toggle(name: str, label: str, help_text: str) -> None:
    if not draft.is_locked(name):
        _remember(name, st.toggle(label, key=draft.key(name), help=help_text))


def _number(name: str, label: str, help_text: str) -> None:
    if draft.is_locked(name):
        return
    least, most = draft.allowed(name) or (RANGES[name].minimum, RANGES[name].maximum)
    value = st.number_input(label, int(least), int(most), step=1, key=draft.key(name), help=help_text)
    _remember(name, value)


def _layers(name: str, label: str, unit_label: str, stops: Sequence[int], prefix: str, fewest: int, most: int) -> None:
    """How many layers, then a slider for the size of each; nothing where they are locked."""
    if draft.is_locked(name):
        return
    smallest, largest = 1, 4096
    if (allowed := draft.allowed(name)) is not None:
        fewest, most, smallest, largest = allowed
        stops = sorted({smallest, largest, *(stop for stop in stops if smallest <= stop <= largest)})
    sizes: list[int] = list(draft.fields()[name])
    depth_key = f"c_{name}_depth"
    # Streamlit forgets a slider that another page did not draw.
    if depth_key not in st.session_state or st.session_state.get(f"{depth_key}_of") != len(sizes):
        st.session_state[depth_key] = st.session_state[f"{depth_key}_of"] = len(sizes)
    depth = st.slider(label, fewest, most, key=depth_key) if fewest < most else fewest
    fill = sizes[-1] if sizes else min(max(64, smallest), largest)
    sizes = (sizes + [fill] * depth)[:depth]
    for index in range(depth):
        key = f"c_{prefix}_{index}"
        if key not in st.session_state:
            st.session_state[key] = sizes[index]
        chosen = st.select_slider(
            unit_label.format(n=index + 1), _options(stops, sizes[index], largest), key=key, format_func=names.number
        )
        sizes[index] = int(chosen)
    st.session_state[f"{depth_key}_of"] = depth
    _remember(name, tuple(sizes))
