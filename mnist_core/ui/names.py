"""Words for settings, states and runs as the interface shows them."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeVar, cast

from mnist_core import comparison, data, escape
from mnist_core.config import RunConfig
from mnist_core.diagnostics import TITLES, Kind, range_test, seen
from mnist_core.errors import ConfigError
from mnist_core.escape import UserText
from mnist_core.image_sets import SETS, DatasetName, KnownName, class_names, own_id
from mnist_core.messages import N_, LayerSizes, SettingName, TypedText, WordToWrite, capital, number_text
from mnist_core.networks import models
from mnist_core.presets import PRESETS
from mnist_core.records import RateChange, Run
from mnist_core.schedule import RISE
from mnist_core.ui import own_images, texts
from mnist_core.ui.texts import _, ngettext

Word = TypeVar("Word", bound=str)
MOST_SPECIAL = 4  # settings that a title tells
IMPORTED = "imported"  # in the result of a run that came in as a file
_IMPORTED = N_("{name} (imported)")

# Names of choices; proper names stay as they are in every language.
CHOICES: Mapping[str, str] = {
    **{str(name): title for name, title in data.TITLES.items()},
    "raw": N_("raw 0–255"),
    "scaled": N_("scaled 0–1"),
    "centered": N_("zero-centered"),
    "standardized": N_("standardized"),
    "off": N_("no augmentation"),
    "shift": N_("random shift"),
    "affine": N_("random shift, rotation and scale"),
    "mlp": "MLP",
    "cnn": "CNN",
    "identity": N_("identity (none)"),
    "sigmoid": "sigmoid",
    "tanh": "tanh",
    "relu": "ReLU",
    "leaky-relu": "leaky ReLU",
    "gelu": "GELU",
    "normal": N_("normal, custom standard deviation"),
    "glorot": "Xavier/Glorot",
    "he": "He",
    "zeros": N_("zeros"),
    "cross-entropy": N_("cross-entropy"),
    "squared-error": N_("squared error"),
    "sgd": "SGD",
    "momentum": N_("SGD with momentum"),
    "nesterov": N_("Nesterov momentum"),
    "adagrad": "Adagrad",
    "rmsprop": "RMSprop",
    "adam": "Adam",
    "adamw": "AdamW",
    "constant": N_("constant"),
    "step": N_("step decay"),
    "cosine": N_("cosine"),
    "warm-up": N_("warm-up"),
    "one-cycle": N_("one-cycle"),
    "rising": N_("rising (range test)"),
    "shuffle": N_("shuffled each epoch"),
    "replacement": N_("drawn with replacement"),
    "max": N_("max pooling"),
    "average": N_("average pooling"),
    "none": N_("no pooling"),
}


def classes(of: RunConfig | DatasetName) -> tuple[UserText, ...]:
    """What the classes of a data set, or of that of a run, are called, in the order of their labels."""
    name = of.dataset if isinstance(of, RunConfig) else of
    if name in SETS:
        return tuple(UserText(title) for title in class_names(cast(KnownName, name), _))
    return own_images.class_names(name, of.classes if isinstance(of, RunConfig) else 0)


def class_title(classes: Sequence[UserText]) -> Callable[[int], str]:
    """What a button or a pill for a class says, given its label."""
    return lambda label: classes[label].markdown


MOST_CHANGES = 5  # of a run's rate that are told one by one

STATES: Mapping[str, str] = {
    "queued": N_("waiting"),
    "running": N_("training"),
    "paused": N_("paused"),
    "completed": N_("completed"),
    "stopped": N_("stopped"),
    "diverged": N_("diverged"),
    "collapsed": N_("collapsed"),
    "failed": N_("failed"),
}
# Color names of Streamlit's badges, and symbols, so that a state is never told by color alone.
STATE_STYLES: Mapping[str, tuple[str, str]] = {
    "queued": ("gray", "hourglass_empty"),
    "running": ("blue", "play_arrow"),
    "paused": ("gray", "pause"),
    "completed": ("green", "check"),
    "stopped": ("gray", "stop"),
    "diverged": ("red", "trending_up"),
    "collapsed": ("orange", "trending_flat"),
    "failed": ("red", "error"),
}


def choice(word: str) -> str:
    """A choice of a setting as text, in the language of the session."""
    if own_id(word) is not None:
        return own_titles().get(word, _("my images"))
    return _(CHOICES.get(word, word))


def labels(words: Collection[Word]) -> dict[Word, str]:
    """What buttons for these choices say, as Markdown; no two say the same, since the browser tells which one by what it says."""
    titles = own_titles() if any(map(own_id, words)) else {}
    return {word: escape.markdown(titles.get(word) or choice(word)) for word in words}


def own_titles() -> dict[str, str]:
    """What the student's own images and those that are shared with him are called, by the names of their data sets, as text.

    Of those that have one title, that of a known data set among them, the older comes first, and the others are numbered.
    """
    titles: dict[str, str] = {}
    taken = {escape.markdown(_(title)) for title in data.TITLES.values()}
    for images in reversed(own_images.mine()):
        title = images.title.plain or _("my images")
        numbered = itertools.chain([title], (f"{title} ({number})" for number in itertools.count(2)))
        titles[images.name] = next(one for one in numbered if escape.markdown(one) not in taken)
        taken.add(escape.markdown(titles[images.name]))
    return titles


def state(run: Run) -> str:
    """Key into STATES and STATE_STYLES: the outcome once there is one."""
    return run.outcome or run.state


def badge(run: Run) -> str:
    """The run's state as Streamlit markdown: symbol, word, color."""
    key = state(run)
    color, icon = STATE_STYLES[key]
    return f":{color}-badge[:material/{icon}: {_(STATES[key])}]"


# Color and symbol of a verdict, as for states.
VERDICT_STYLES: Mapping[Kind, tuple[str, str]] = {
    "learning-well": ("green", "check"),
    "learning-slowly": ("blue", "trending_down"),
    "plateau": ("orange", "trending_flat"),
    "unstable": ("orange", "ssid_chart"),
    "diverged": ("red", "trending_up"),
    "collapsed": ("orange", "block"),
    "overfitting": ("orange", "call_split"),
    "underfitting": ("orange", "vertical_align_center"),
    "too-early": ("gray", "hourglass_empty"),
}


def verdict_badge(run: Run) -> str:
    """What the health check said at the end, as Streamlit markdown; nothing where the state says as much."""
    title, kind = verdict(run), seen(run, run.result.get("verdict"))
    if not title or kind is None:
        return ""
    color, icon = VERDICT_STYLES[kind]
    return f":{color}-badge[:material/{icon}: {title}]"


def verdict(run: Run) -> str:
    """What the health check said at the end; nothing where the state says as much."""
    kind: Kind | None = seen(run, run.result.get("verdict"))
    if run.state != "finished" or kind is None or kind == run.outcome:
        return ""
    return _(TITLES[kind]).rstrip(".")


def run_title(run: Run) -> UserText:
    """What tells this run from others in one line: its name, else the experiment, or network, optimizer, rate, batch; and whether it
    was imported."""
    title = run.name or UserText(_own_title(run))
    return UserText(_(_IMPORTED).format(name=title.raw)) if run.result.get(IMPORTED) else title


def not_imported(name: str) -> str:
    """The name of a run in a file without the words that it has here; earlier versions wrote them into the name."""
    for code in texts.LANGUAGES:
        name = name.removesuffix(texts.catalog(code).gettext(_IMPORTED).format(name=""))
    return name


def shared_title(runs: Sequence[Run]) -> UserText:
    """A title for runs of equal settings: that of each where they have the same, else what their settings say."""
    titles = {run_title(run) for run in runs}
    return titles.pop() if len(titles) == 1 else UserText(_own_title(runs[0]))


def shared_titles(groups: Sequence[Sequence[Run]]) -> list[UserText]:
    """The titles of groups of runs, each of equal settings but for seeds, that are shown together: all different ones."""
    firsts = [runs[0] for runs in groups]
    return _told_apart(firsts, [shared_title(runs) for runs in groups], besides=comparison.SEEDS)


def _own_title(run: Run) -> str:
    if run.is_range_test:
        return _("Range test: {network}").format(network=describe(run.config))
    preset = PRESETS.get(run.preset or "")
    if preset is not None:
        base = preset.variants.get(run.variant or "", {})
        if run.config.differences(preset.config.replace(**base)).keys() <= {"dataset"}:
            title = _(preset.title)
            return _with_rates(f"{title} – {variant_title(run.variant)}" if run.variant else title, run)
    return describe(run.config, run.rates)


def _with_rates(title: str, run: Run) -> str:
    """The title of what a run began as; where its rate was changed by hand it is another one, and this says so."""
    return _("{title} · learning rate {rate}").format(title=title, rate=run.rates) if run.rate_changes else title


def run_titles(runs: Sequence[Run]) -> list[UserText]:
    """The titles of runs that are shown together; those that would be alike have with them in which settings they differ, or else
    their ids."""
    titles = told_apart(runs)
    count = Counter(titles)
    return [
        UserText(f"{title.raw} · {run.id}") if count[title] > 1 else title
        for run, title in zip(runs, titles, strict=True)
    ]


def told_apart(runs: Sequence[Run]) -> list[UserText]:
    """The same, without the ids: runs of the same settings have the same title."""
    return _told_apart(runs, [run_title(run) for run in runs])


def _told_apart(runs: Sequence[Run], plain: Sequence[UserText], besides: Collection[str] = ()) -> list[UserText]:
    """These titles of the runs; those that are alike have with them in which settings they differ, `besides` these."""
    titles, alike = list(plain), defaultdict[UserText, list[int]](list)
    for place, title in enumerate(plain):
        alike[title].append(place)
    for title, places in alike.items():
        if len(places) < 2:
            continue
        for place, special in zip(places, _special([runs[place] for place in places], besides), strict=True):
            titles[place] = UserText(" · ".join([title.raw, *special]))
    return titles


def _special(runs: Sequence[Run], besides: Collection[str]) -> list[list[str]]:
    """What each of these runs has in the settings, `besides` these, in which they differ. Where these are several, what most runs
    have is left out if it is what a run begins with; and where there are too many, whatever most runs have."""
    differing = [name for name in comparison.differing(runs) if name not in besides]
    usual: dict[str, Any] = {}  # what more than half have
    for name in differing:
        setting, count = Counter(comparison.setting(run, name) for run in runs).most_common(1)[0]
        if 2 * count > len(runs):
            usual[name] = setting
    plain = {name for name in usual if len(differing) > 1 and usual[name] == getattr(RunConfig(), name, ())}

    def of(run: Run) -> list[str]:
        own = {name: comparison.setting(run, name) for name in differing}
        special = [name for name in differing if name not in usual or own[name] != usual[name]]
        common = [name for name in differing if name not in special and name not in plain]
        told = [*special, *common][:MOST_SPECIAL]
        return [f"{_(comparison.NAMES[name])}: {value(own[name])}" for name in differing if name in told]

    return [of(run) for run in runs]


def option(run: Run) -> str:
    """A run in a list to choose from, which shows text as text."""
    return f"{run_title(run).plain} · {_(STATES[state(run)])} · {run.id}"


def variant(run: Run) -> UserText:
    """The run's variant of its experiment, or what tells it from others."""
    return UserText(_with_rates(variant_title(run.variant), run)) if run.variant else run_title(run)


def variant_title(name: str) -> str:
    """What a variant of an experiment is called where it is read: many are a number."""
    return number(int(name)) if name.isdecimal() else _(name)


def rate_story(run: Run) -> str:
    """How the rate of a run was changed by hand, in a sentence; nothing where it was not."""
    if not run.rate_changes:
        return ""
    text = _("The run started with a learning rate of {rate}, which was changed by hand: {changes}.")
    return text.format(rate=number(run.config.learning_rate), changes=value(run.rate_changes))


def _changes_in_a_line(changes: Sequence[RateChange]) -> str:
    text = _("{rate} after step {step}")
    texts = [text.format(rate=number(change.rate), step=f"{change.step:,}") for change in changes]
    return ", ".join(texts if len(texts) <= MOST_CHANGES else [*texts[: MOST_CHANGES - 2], "…", texts[-1]])


def describe(config: RunConfig, rates: str = "") -> str:
    """`784-128-10 · SGD 0.1 · batch 100`; `rates`: of the run, where they are not that of the configuration. Of a range test from
    where to where its rate rises: `SGD 1e-5–10`."""
    dense = "-".join(str(units) for units in (*config.hidden_layers, config.classes))
    network = f"CNN {'-'.join(map(str, config.filters))} | {dense}" if config.model == "cnn" else f"784-{dense}"
    highest = number(config.learning_rate)
    if config.schedule == "rising":
        rates = f"{number(config.learning_rate / RISE)}–{highest}"
    return _("{network} · {optimizer} {rate} · batch {batch}").format(
        network=network,
        optimizer=choice(config.optimizer),
        rate=rates or highest,
        batch=f"{config.batch_size:,}",
    )


# Said where they are not as they are at first.
_ONLY_CHANGED = ("label_noise", "dropout", "batch_norm", "weight_decay", "early_stopping", "schedule")


def but_the_rate(config: RunConfig, free: Collection[str] = ()) -> str:
    """`784-128-10 · ReLU · SGD · batch 100 · 5 epochs · 50,000 images · scaled 0–1 · dropout 0.3`; of a range test its steps, not its
    epochs. What is `free` is left out: it is another thing in each run."""
    steps = ngettext("{n} step", "{n} steps", config.total_steps).format(n=f"{config.total_steps:,}")
    epochs = ngettext("{n} epoch", "{n} epochs", config.epochs).format(n=f"{config.epochs:,}")
    dense = "-".join(str(units) for units in (*config.hidden_layers, config.classes))
    network = f"CNN {'-'.join(map(str, config.filters))} | {dense}" if config.model == "cnn" else f"784-{dense}"
    parts = {
        "hidden_layers": network,
        "activation": choice(config.activation),
        "optimizer": choice(config.optimizer),
        "batch_size": _("batch {n}").format(n=f"{config.batch_size:,}"),
        "epochs": steps if config.schedule == "rising" else epochs,
        "train_size": ngettext("{n} image", "{n} images", config.train_size).format(n=f"{config.train_size:,}"),
        "preprocessing": choice(config.preprocessing),
        **({} if config.augmentation == "off" else {"augmentation": choice(config.augmentation)}),
        **{name: _changed(config, name) for name in _ONLY_CHANGED if name in config.differences(RunConfig())},
    }
    if config.schedule == "rising":  # its steps say so
        parts.pop("schedule")
    left_out = {*free, *(["hidden_layers"] if {"filters", "model"} & {*free} else [])}
    return " · ".join(part for name, part in parts.items() if name not in left_out)


def _changed(config: RunConfig, name: str) -> str:
    setting = getattr(config, name)
    return _(comparison.NAMES[name]) + ("" if setting is True else f" {value(setting)}")


def of_range_test(config: RunConfig) -> str:
    """The same of the range test of these settings, which has a length of its own."""
    try:
        return but_the_rate(range_test.plan(config))
    except ConfigError:  # there is none, which the button says
        return but_the_rate(config)


_LAYER_KINDS: Mapping[models.Kind, str] = {
    "convolution": N_("Convolution {n}"),
    "pooling": N_("Pooling {n}"),
    "dense": N_("Hidden layer {n}"),
    "output": N_("Output layer"),
}


def layers(config: RunConfig, *, trained: bool = False, shapes: bool = False) -> dict[int, str]:
    """What the layers of a run's network are called, by their numbers in its description: each kind is counted by itself. `trained`:
    those alone that have parameters; `shapes`: with the shape of what a layer gives."""
    titles, counts = {}, Counter[str]()
    for number, layer in enumerate(models.describe(config).layers):
        if layer.kind in _LAYER_KINDS and (layer.parameters or not trained):
            counts[layer.kind] += 1
            titles[number] = _(_LAYER_KINDS[layer.kind]).format(n=counts[layer.kind])
            if shapes:
                titles[number] += f" · {'×'.join(map(str, layer.output_shape))}"
    return titles


_LAYERS: Mapping[str, tuple[str, str]] = {
    "hidden_layers": (N_("Hidden layers: how many"), N_("Hidden layers: units of each")),
    "filters": (N_("Convolutional layers: how many"), N_("Convolutional layers: filters of each")),
}


def of_layers(name: str) -> tuple[str, str]:
    """What two controls for a setting of layers are called: how many there are, and how wide each is."""
    count, width = _LAYERS[name]
    return _(count), _(width)


def headline(words: str) -> str:
    """`words` with a capital, as at the head of a column; Greek letters are symbols and stay."""
    return capital(words)


def setting(name: str) -> str:
    """What a setting, or the changes of a run's rate, are called where the name begins: at the head of a column, of a control."""
    return headline(_(comparison.NAMES[name]))


def term(written: str) -> str:
    """What a setting, a word of one, or what stands in its place, is called within a sentence."""
    if isinstance(written, SettingName):
        return _(comparison.NAMES[written]) if written in comparison.NAMES else written
    if isinstance(written, TypedText):
        return f"“{escape.visible(written)}”"
    if isinstance(written, LayerSizes):
        return written.strip("[]").replace(", ", "-") or _("none")
    title = {"true": _("yes"), "false": _("no")}.get(written) or choice(written)
    if isinstance(written, WordToWrite) and title.lower() != written:
        return f"{title} ({written})"
    return title


def value(setting: Any) -> str:
    """The value of any setting as it is read in a table or a sentence."""
    if isinstance(setting, bool):
        return _("yes") if setting else _("no")
    if isinstance(setting, tuple):
        if any(isinstance(item, RateChange) for item in setting):
            return _changes_in_a_line(setting)
        return "-".join(str(item) for item in setting) or _("none")
    if setting is None:
        return "–"
    return choice(setting) if isinstance(setting, str) else number(setting)


def number(value: Any) -> str:
    """A number as short as it can be said: 0.001, 1e-6, 1,000."""
    if isinstance(value, int):
        return f"{value:,}"
    return number_text(value)


def duration(seconds: float) -> str:
    """A length of time in words: 0.4 s, 12 s, 3 min, 2 h."""
    if seconds < 0.05:
        return _("{n} s").format(n="< 0.1")
    if seconds < 10:
        return _("{n} s").format(n=f"{seconds:.1f}")
    if seconds < 100:
        return _("{n} s").format(n=f"{seconds:.0f}")
    if seconds < 5400:
        return _("{n} min").format(n=f"{seconds / 60:.0f}")
    return _("{n} h").format(n=f"{seconds / 3600:.1f}")
