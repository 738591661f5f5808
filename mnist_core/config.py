"""RunConfig: everything that decides what a training run does, and nothing else.

Frozen; validated all at once when made (`ConfigError.problems` lists every fault, with the likely name for a
misspelled field); to and from JSON; to and from the parameters of a web address.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
import math
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from mnist_core import old_names, typed_numbers
from mnist_core.config_validation import Range, Setting, not_a_switch, problem, setting, validate, words_of
from mnist_core.errors import ConfigError, Problem
from mnist_core.image_sets import LARGEST, ImageSet, image_set
from mnist_core.image_sets import DatasetName as DatasetName
from mnist_core.messages import N_, message

RATE_CHANGES = "learning_rate_changes"  # in the settings of a run as JSON: no setting, but what was done to the run

Preprocessing = Literal["raw", "scaled", "centered", "standardized"]
Augmentation = Literal["off", "shift", "affine"]
ModelName = Literal["mlp", "cnn"]
Activation = Literal["identity", "sigmoid", "tanh", "relu", "leaky-relu", "gelu"]
Initialization = Literal["normal", "glorot", "he", "zeros"]
Loss = Literal["cross-entropy", "squared-error"]
Optimizer = Literal["sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw"]
Schedule = Literal["constant", "step", "cosine", "warm-up", "one-cycle", "rising"]
Sampling = Literal["shuffle", "replacement"]
Pooling = Literal["max", "average", "none"]


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """One training run.

    Raises `ConfigError` with every problem found. Defaults are a small MLP that learns well in a few seconds.
    """

    # Data. The training part is the first `train_size` images of the training files, the validation part their
    # last `validation_size` (0: none); together at most 60,000 (240,000 of EMNIST). The test images are kept apart.
    dataset: DatasetName = setting("mnist", N_("data"))
    train_size: int = setting(50_000, N_("training images"), Range(1, LARGEST))
    validation_size: int = setting(10_000, N_("validation images"), Range(0, LARGEST - 1))
    # raw 0–255, /255, /255 − mean, (/255 − mean) / standard deviation
    preprocessing: Preprocessing = setting("scaled", N_("pixel scaling"))
    # Fraction of training labels replaced by a random other class.
    label_noise: float = setting(0.0, N_("label noise"), Range(0, 1))
    # Of training images, anew in each update. shift: by up to 2 pixels; affine: rotated by up to 15° and scaled by up to 15 %, too
    augmentation: Augmentation = setting("off", N_("augmentation"))

    # Of the images, 10 of the known data sets: outputs of the network.
    classes: int = setting(10, N_("classes"), Range(2, 10))

    # Network. `hidden_layers` are the units of the dense layers before the output, for MLP and CNN alike.
    model: ModelName = setting("mlp", N_("network"))
    hidden_layers: tuple[int, ...] = setting((128,), N_("hidden layers"), Range(1, 2048), layers=Range(0, 6))
    activation: Activation = setting("relu", N_("activation function"))
    initialization: Initialization = setting("he", N_("weight initialization"))  # biases start at 0
    init_std: float = setting(0.01, N_("standard deviation of the initial weights"), Range(0, 100))  # of `normal`
    dropout: float = setting(0.0, N_("dropout"), Range(0, 0.95))  # fraction of hidden dense units that is dropped
    # After each convolution and hidden layer, before the activation.
    batch_norm: bool = setting(False, N_("batch normalization"))
    # CNN: one convolution each, "same" padding, odd kernels; 2×2 pooling with stride 2 after each.
    filters: tuple[int, ...] = setting((16, 32), N_("filters"), Range(1, 256), layers=Range(1, 4))
    kernel_size: int = setting(5, N_("kernel size"), Range(1, 11))
    pooling: Pooling = setting("max", N_("pooling"))

    # Loss and optimizer
    # squared-error: sum over the outputs against one-hot, mean over images
    loss: Loss = setting("cross-entropy", N_("loss function"))
    optimizer: Optimizer = setting("sgd", N_("optimizer"))
    learning_rate: float = setting(0.1, N_("learning rate"), Range(1e-6, 100))
    momentum: float = setting(0.9, N_("momentum"), Range(0, 0.9999))  # momentum, nesterov
    rho: float = setting(0.9, "ρ", Range(0, 0.99999))  # rmsprop: decay of the squared-gradient average
    beta1: float = setting(0.9, "β₁", Range(0, 0.99999))  # adam, adamw
    beta2: float = setting(0.999, "β₂", Range(0, 0.999999))  # adam, adamw
    epsilon: float = setting(1e-7, "ε", Range(1e-16, 1))  # adagrad, rmsprop, adam, adamw
    # Added to the gradient; decoupled with adamw. Weights and biases alike.
    weight_decay: float = setting(0.0, N_("weight decay"), Range(0, 10))
    schedule: Schedule = setting("constant", N_("learning rate schedule"))
    # step: epochs between drops; warm-up: epochs of linear rise
    schedule_epochs: int = setting(1, N_("schedule epochs"), Range(1, 1000))
    schedule_factor: float = setting(0.1, N_("drop factor"), Range(1e-4, 1))  # step: of each drop

    # Batches and stopping
    batch_size: int = setting(100, N_("batch size"), Range(1, LARGEST))
    sampling: Sampling = setting("shuffle", N_("sampling"))  # by epoch, or each batch drawn with replacement
    epochs: int = setting(5, N_("epochs"), Range(1, 1000))
    # End after so many epochs without a lower validation loss than at another's end; 0: never.
    early_stopping: int = setting(0, N_("early stopping"), Range(0, 1000))
    stop_when_not_finite: bool = setting(True, N_("stop at the first NaN"))  # at the first NaN or infinity, or go on
    sharpness: bool = setting(False, N_("sharpness measured"))  # at every evaluation
    seed: int = setting(0, N_("seed"), Range(0, 2**31 - 1))  # of weights and dropout
    # Of the order of batches, of label noise and of augmentation; None: the same as `seed`.
    batch_seed: int | None = setting(None, N_("batch seed"), Range(0, 2**31 - 1))

    def __post_init__(self) -> None:
        for name in ("hidden_layers", "filters"):
            value = getattr(self, name)
            if isinstance(value, list):
                object.__setattr__(self, name, tuple(value))
        for name in _FLOATS:
            value = getattr(self, name)
            if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63:
                object.__setattr__(self, name, float(value))
        problems = validate(self, FIELDS, SETTINGS)
        if problems:
            raise ConfigError(problems)

    @property
    def image_set(self) -> ImageSet:
        """What is known of the data set: its title, classes and sizes."""
        return image_set(self.dataset, self.classes, self.train_size + self.validation_size)

    @property
    def steps_per_epoch(self) -> int:
        """Updates per epoch: ceil(train_size / batch_size)."""
        return math.ceil(self.train_size / self.batch_size)

    @property
    def total_steps(self) -> int:
        """Updates of the whole run."""
        return self.steps_per_epoch * self.epochs

    @property
    def smallest_batch(self) -> int:
        """Images in the smallest batch of an epoch: the last one, where images are left over."""
        remainder = self.train_size % self.batch_size
        return remainder if remainder and self.sampling == "shuffle" else self.batch_size

    def replace(self, /, **changes: Any) -> RunConfig:
        """A copy with `changes`. Raises ConfigError for unknown names and bad values."""
        return RunConfig.from_dict({**self.to_dict(), **old_names.current_settings(changes)})

    def to_dict(self) -> dict[str, Any]:
        """Field names and JSON-ready values, in the order of the fields."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in ((f.name, getattr(self, f.name)) for f in dataclasses.fields(self))
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> RunConfig:
        """The configuration that `to_dict` wrote, this version's or an earlier one's; fields left out take their defaults.

        Raises ConfigError for unknown names (with the likely one) and bad values, all at once.
        """
        data = old_names.current_settings(data)
        fields = {key: value for key, value in data.items() if key in FIELDS}
        unknown = [unknown_field(key) for key in data if key not in FIELDS]
        try:
            config = cls(**fields)
        except ConfigError as error:
            raise ConfigError([*unknown, *error.problems]) from None
        if unknown:
            raise ConfigError(unknown)
        return config

    def to_json(self) -> str:
        """One JSON object."""
        return json.dumps(self.to_dict())

    @classmethod
    def from_json(cls, text: str) -> RunConfig:
        """The configuration in a JSON object. Raises ConfigError for anything else.

        `learning_rate_changes` of a run are no settings and are passed over (`exchange.read_settings` has them).
        """
        try:
            data = json.loads(text)
        except (ValueError, RecursionError):
            data = None
        if not isinstance(data, dict):
            raise ConfigError(
                [Problem("", message(N_("Expected a JSON object with the settings of a run, but got something else.")))]
            )
        return cls.from_dict({name: value for name, value in data.items() if name != RATE_CHANGES})

    def differences(self, other: RunConfig) -> dict[str, tuple[Any, Any]]:
        """Fields in which this and `other` differ, with (this, other)."""
        return {
            name: (getattr(self, name), getattr(other, name))
            for name in FIELDS
            if getattr(self, name) != getattr(other, name)
        }

    def to_query(self, base: RunConfig | None = None) -> dict[str, str]:
        """Parameters of a web address: what differs from `base` (default: the defaults)."""
        base = base or RunConfig()
        return {name: _to_text(value) for name, (value, _) in self.differences(base).items()}

    @classmethod
    def from_query(cls, query: Mapping[str, str], base: RunConfig | None = None) -> RunConfig:
        """The configuration that `to_query` wrote; names that are no field are passed over (other parameters).

        Raises ConfigError for values that cannot be.
        """
        base = base or cls()
        changes: dict[str, Any] = {}
        problems: list[Problem] = []
        for name, text in old_names.current_settings(query).items():
            if name in FIELDS:
                try:
                    changes[name] = parse_field(name, text)
                except ConfigError as error:
                    problems.extend(error.problems)
        try:
            config = base.replace(**changes)
        except ConfigError as error:
            told = {problem.field for problem in problems}  # of which `base` has the value
            raise ConfigError([*problems, *(fault for fault in error.problems if fault.field not in told)]) from None
        if problems:
            raise ConfigError(problems)
        return config


FIELDS: Mapping[str, Any] = typing.get_type_hints(RunConfig)
SETTINGS: Mapping[str, Setting] = {field.name: field.metadata["setting"] for field in dataclasses.fields(RunConfig)}
NAMES: Mapping[str, str] = {name: field.title for name, field in SETTINGS.items()}  # as they are called in a sentence
RANGES: Mapping[str, Range] = {
    name: field.allowed for name, field in SETTINGS.items() if field.allowed is not None and field.layers is None
}
_FLOATS = tuple(name for name, kind in FIELDS.items() if kind is float)
_INT_TUPLES = ("hidden_layers", "filters")


def choices(name: str) -> tuple[str, ...]:
    """The words that the field `name` may be; empty for a field that is no choice."""
    return words_of(FIELDS[name])


def unknown_field(name: str) -> Problem:
    """That there is no setting of this name, with the likely one."""
    close = difflib.get_close_matches(str(name), FIELDS, n=1)
    if close:
        template = N_("There is no setting {value}. Did you mean {likely}?")
        return problem(template, str(name), str(name), likely=close[0])
    return problem(N_("There is no setting {value}."), str(name), str(name))


def _to_text(value: Any) -> str:
    if isinstance(value, tuple):
        return "-".join(str(v) for v in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def parse_field(name: str, text: str) -> Any:
    """The value of field `name` written as `text` (command line, web address); layers as `128-64`, none as ``.

    Raises ConfigError where `text` is not of the field's kind; the range is checked by RunConfig.
    """
    kind = FIELDS[name]
    parse: Callable[[str], Any]
    template = N_("{field} cannot be {value}. Expected a whole number such as 100.")
    if name in _INT_TUPLES:
        parse, template = _parse_layers, N_("{field} cannot be {value}. Expected whole numbers such as 128-64.")
    elif kind is bool:
        parse = _parse_bool
    elif kind is float:
        parse, template = typed_numbers.number, N_("{field} cannot be {value}. Expected a number such as 0.1 or 3e-4.")
    elif choices(name):
        parse = partial(_parse_word, choices(name))
    else:
        parse = typed_numbers.whole
    if name == "batch_seed" and text == "":
        return None
    try:
        return parse(text.strip())
    except ValueError:
        raise ConfigError([not_a_switch(name, text) if kind is bool else problem(template, name, text)]) from None


def _parse_word(options: Sequence[str], text: str) -> str:
    return text.lower() if text.lower() in options else text


def _parse_bool(text: str) -> bool:
    words = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    if text.lower() not in words:
        raise ValueError(text)
    return words[text.lower()]


def _parse_layers(text: str) -> tuple[int, ...]:
    if text in ("", "none", "0"):
        return ()
    return tuple(typed_numbers.whole(part) for part in text.replace(",", "-").replace("x", "-").split("-"))
