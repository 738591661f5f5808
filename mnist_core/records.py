"""Plain records that pass between training, store, figures and pages.

A run's curve is two growing arrays. `STEP_DTYPE` has one row per window of steps (a window is a single step up to
about 1,000 steps, longer beyond, so that a run keeps about 1,000 rows and no spike is lost: mean, minimum and maximum
loss are kept). `EVALUATION_DTYPE` has one row per evaluation. NaN and infinity stand as they came.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mnist_core.config import RunConfig
from mnist_core.escape import NOTHING, UserText
from mnist_core.image_sets import OwnName
from mnist_core.messages import Message, number_text

State = Literal["queued", "running", "paused", "finished"]
Outcome = Literal["completed", "stopped", "diverged", "collapsed", "failed"]
Split = Literal["train", "validation", "test"]
AnalysisKind = Literal[
    "landscape",
    "answers",
    "attribution",
    "snapshot-answers",
    "robustness",
    "activation-maximization",
    "scratch-comparison",
    "batch-times",
    "augmentation",
]
AnalysisState = Literal["queued", "running", "finished", "failed"]
Prediction = Literal["learns", "slow", "breaks"]  # diagnostics.predictions says when each has come true
SPLITS: tuple[Split, ...] = ("train", "validation", "test")
MOST_RATES = 3  # of a run that are named in a line

# One row per window: `step` is its last step (1-based), `steps` how many it has; `loss`, `accuracy` and
# `gradient_norm` are means over the window's mini-batches (the loss and accuracy before each update);
# `gradient_norm` is the Euclidean norm of the whole gradient, measured at the window's last step, or at more of them;
# `seconds` is training time so far, pauses left out.
STEP_DTYPE = np.dtype(
    [
        ("step", "<i4"),
        ("steps", "<i4"),
        ("epoch", "<f4"),
        ("seconds", "<f4"),
        ("loss", "<f4"),
        ("loss_min", "<f4"),
        ("loss_max", "<f4"),
        ("accuracy", "<f4"),
        ("gradient_norm", "<f4"),
        ("gradient_norm_max", "<f4"),
        ("learning_rate", "<f4"),
    ]
)

# One row per evaluation, after `step` updates (0: the untrained network). A split that does not exist is NaN in
# both columns (a validation size of 0). `dead_units`: the highest fraction, over hidden layers, of units through which
# no gradient flows for any evaluated training image (0 for a network without hidden layers).
EVALUATION_DTYPE = np.dtype(
    [
        ("step", "<i4"),
        ("epoch", "<f4"),
        ("seconds", "<f4"),
        ("train_loss", "<f4"),
        ("train_accuracy", "<f4"),
        ("validation_loss", "<f4"),
        ("validation_accuracy", "<f4"),
        ("test_loss", "<f4"),
        ("test_accuracy", "<f4"),
        ("dead_units", "<f4"),
    ]
)

# How numbers of a layer are spread: fractions of |x| in half decades from 10^SPREAD_LOW on, 255 for all of them; what
# is smaller (zeros too) counts to the first, what is larger to the last.
SPREAD_BINS, SPREAD_LOW, SPREAD_STEP = 24, -8.0, 0.5

# One row per layer with weights and evaluation, on a fixed few training images: `layer` counts from 0 at the pixels;
# `dead_units` as above (NaN for the output layer), `activation` the root mean square of what the layer puts out,
# `gradient` and `weight` Euclidean norms over its weights and biases, `update` the norm of the last update by `weight` (NaN
# before the first).
LAYER_DTYPE = np.dtype(
    [
        ("step", "<i4"),
        ("layer", "<i2"),
        ("epoch", "<f4"),
        ("seconds", "<f4"),
        ("dead_units", "<f4"),
        ("activation", "<f4"),
        ("gradient", "<f4"),
        ("weight", "<f4"),
        ("update", "<f4"),
        ("activations", "u1", (SPREAD_BINS,)),
        ("gradients", "u1", (SPREAD_BINS,)),
    ]
)

# One row per measurement of the sharpness: the largest eigenvalue of the Hessian of the loss on a fixed sample of the
# training images; `learning_rate` is that of the next step.
SHARPNESS_DTYPE = np.dtype(
    [("step", "<i4"), ("epoch", "<f4"), ("seconds", "<f4"), ("sharpness", "<f4"), ("learning_rate", "<f4")]
)

# What can happen to a run besides steps and evaluations; `value` as noted.
EventKind = Literal[
    "learning_rate",  # changed by hand; value: the new rate, used from the next step on
    "not_finite",  # the loss or the weights became NaN or infinite; value: the last finite loss
    "early_stop",  # validation loss stopped falling; value: the step at the end of the epoch where it was lowest
    "paused",
    "resumed",
    "alone",  # it trained as one network with others and goes on without them; value: how many runs they were, itself too
    "recovered",  # a worker was lost; training went on from the checkpoint at this step
]


@dataclass(frozen=True)
class Event:
    """Something that happened after `step` updates."""

    step: int
    kind: EventKind
    value: float | None = None


class RateChange(NamedTuple):
    """The base learning rate was changed by hand: after `step` updates, for all that followed."""

    step: int
    rate: float


def rate_changes(config: RunConfig, events: Iterable[Event], end: int | None = None) -> tuple[RateChange, ...]:
    """The changes of a run's rate by hand that updates were made with, in order.

    `end`: how many updates the run made in all (default: more may follow). Of several changes at one step the last counts.
    """
    by_step = {
        event.step: event.value
        for event in events
        if event.kind == "learning_rate" and event.value is not None and math.isfinite(event.value)
    }
    changes: list[RateChange] = []
    for step, rate in sorted(by_step.items()):
        before = changes[-1].rate if changes else config.learning_rate
        if rate != before and (end is None or step < end):
            changes.append(RateChange(step, rate))
    return tuple(changes)


def rates_in_a_line(config: RunConfig, changes: Sequence[RateChange]) -> str:
    """`0.5`, or `0.5 → 0.01` where the rate was changed by hand."""
    texts = [number_text(rate) for rate in (config.learning_rate, *(change.rate for change in changes))]
    return " → ".join(texts if len(texts) <= MOST_RATES else [texts[0], "…", texts[-1]])


@dataclass(frozen=True)
class Curves:
    """All that was recorded of a run (or what is new of it)."""

    steps: NDArray[np.void] = field(default_factory=lambda: np.empty(0, STEP_DTYPE))
    evaluations: NDArray[np.void] = field(default_factory=lambda: np.empty(0, EVALUATION_DTYPE))
    events: tuple[Event, ...] = ()
    layers: NDArray[np.void] = field(default_factory=lambda: np.empty(0, LAYER_DTYPE))
    sharpness: NDArray[np.void] = field(default_factory=lambda: np.empty(0, SHARPNESS_DTYPE))

    def followed_by(self, new: Curves) -> Curves:
        """These records and what came after them; `new` has all events."""
        return Curves(
            np.concatenate([self.steps, new.steps]),
            np.concatenate([self.evaluations, new.evaluations]),
            new.events,
            np.concatenate([self.layers, new.layers]),
            np.concatenate([self.sharpness, new.sharpness]),
        )


# The growing arrays of `Curves` by name; layers and sharpness are measured together with evaluations.
DTYPES = {
    "steps": STEP_DTYPE,
    "evaluations": EVALUATION_DTYPE,
    "layers": LAYER_DTYPE,
    "sharpness": SHARPNESS_DTYPE,
}


@dataclass(frozen=True)
class Progress:
    """Where a run stands."""

    step: int = 0
    total_steps: int = 0
    epoch: float = 0.0
    seconds: float = 0.0
    images_per_second: float = 0.0


@dataclass(frozen=True)
class Report:
    """What a worker tells of a run: where it stands, and what is new of its records."""

    run_id: str
    progress: Progress
    curves: Curves
    checkpoint: bool = False  # one at `progress.step` lies on disk
    applied_rate: float | None = None  # the requested learning rate, now in use
    token: int | None = None  # of the worker's claim: the report counts only while the run is its own; None: always
    made_step: bool = False  # the one update that was asked for; what is left of that is the pause


@dataclass(frozen=True)
class Requests:
    """What pages, and the cluster, have asked of a run since the worker last looked."""

    command: Literal["pause", "stop", "reset", "step"] | None = None
    learning_rate: float | None = None
    slice_over: bool = False  # it is to make room for others that wait


class Student(NamedTuple):
    """Whose a run or an analysis is."""

    name: str  # in his cookie
    guest: bool  # it belongs to no class


@dataclass(frozen=True)
class Run:
    """One run as the store knows it. Times are seconds since the epoch (UTC)."""

    id: str
    owner: str
    config: RunConfig
    state: State
    version: int  # grows with every change of the row or its records
    created_at: float
    preset: str | None = None
    variant: str | None = None
    group: str | None = None  # runs started together by one click share it
    outcome: Outcome | None = None
    error: Message | None = None
    progress: Progress = Progress()
    rate_changes: tuple[RateChange, ...] = ()  # by hand; `config` has the rate that it began with
    learning_rate: float | None = None  # the last that was set by hand, also where its event went with a lost worker
    rate_request: float | None = None  # asked for by hand, to be used from the next step on
    result: Mapping[str, Any] = field(default_factory=dict)  # see training.single_run.RESULT_KEYS
    attempts: int = 0
    threads: int | None = None
    token: int = 0  # fencing token of the last claim: raised each time that a worker takes the run
    checkpoint_step: int | None = None  # that training would go on from; None: none, it would start afresh
    checkpoint_token: int | None = None  # of the worker that wrote it
    command: str | None = None  # asked for, not yet carried out
    worker: str | None = None  # process that trains it, or did last; runs of one stack share it
    started_at: float | None = None
    finished_at: float | None = None
    # Queued runs only: how many will be started before this one.
    queue_place: int | None = None
    prediction: str | None = (
        None  # what its student expected of it: a `Prediction`, or the validation accuracy in percent
    )
    name: UserText = NOTHING  # what its student calls it
    note: UserText = NOTHING
    star: bool = False
    color: int | None = None  # number of a color of the charts; None: by its place among others
    soft_deleted: bool = False  # its student wants to see it no more
    round: str | None = None  # id of the round of a class that it is a part of
    place: LessonPlace | None = None  # in which lesson it was started
    stopped_by_teacher: bool = False
    guest: bool = True  # its student was in no class when it was made
    demonstration: bool = False  # its class's teacher shows it: it begins at once

    @property
    def active(self) -> bool:
        """Whether something may still happen to it without the student."""
        return self.state in ("queued", "running")

    @property
    def is_range_test(self) -> bool:
        """Whether its rate rises, as that of a range test does, which ends broken on purpose."""
        return self.config.schedule == "rising"

    @property
    def own_prediction(self) -> str | None:
        """What was predicted of it: what was said of a whole sweep was said of none of its runs."""
        return self.prediction if self.group is None else None

    @property
    def may_go_on(self) -> bool:
        """Whether it may train on, if only since its student asks for it in another tab."""
        return self.state != "finished" or self.outcome == "failed"

    @property
    def student(self) -> Student:
        """Whose it is."""
        return Student(self.owner, self.guest)

    @property
    def base_rate(self) -> float:
        """The base learning rate in use, or at the end; the schedule scales it."""
        return self.rate_changes[-1].rate if self.rate_changes else self.config.learning_rate

    @property
    def rates(self) -> str:
        """The base rates in their order, as they are read."""
        return rates_in_a_line(self.config, self.rate_changes)


@dataclass(frozen=True)
class SweepRecord:
    """Runs started by one click that differ in nothing but the learning rate, and the seed of their weights."""

    id: str  # the group of its runs
    owner: str
    created_at: float  # seconds since the epoch (UTC)
    config: RunConfig  # what all runs share
    rates: tuple[float, ...]  # ascending
    seeds: int  # how many runs each rate has
    preset: str | None = None
    variant: str | None = None
    predicted_edge: float | None = None  # the rate at which its student expected training to break
    off: float | None = None  # by what factor, at least 1, the prediction missed; None: none, or not yet known


@dataclass(frozen=True)
class Tally:
    """How good a student's predictions were, of what has ended."""

    runs: int = 0
    right: int = 0  # of the runs
    off: tuple[float, ...] = ()  # factors by which predicted edges missed

    def __bool__(self) -> bool:
        return bool(self.runs or self.off)


@dataclass(frozen=True)
class UnreadableRun:
    """A run whose settings are none for this version of the program; `problem` is the sentence that says so."""

    id: str
    created_at: float  # seconds since the epoch (UTC)
    problem: Message


@dataclass(frozen=True)
class Analysis:
    """A computation in the background that is no run, as the store knows it."""

    id: str
    owner: str
    kind: AnalysisKind
    parameters: Mapping[str, Any]  # JSON-ready; typed in analysis.<kind>.schema
    state: AnalysisState
    version: int  # grows with every change
    created_at: float  # seconds since the epoch (UTC)
    progress: float = 0.0  # 0 to 1
    token: int = 0  # fencing token of the last claim, as that of a run
    message: Message | None = None  # why it failed
    values: Mapping[str, Any] = field(default_factory=dict)  # of the result, JSON-ready
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)  # of the result

    @property
    def active(self) -> bool:
        """Whether something may still happen to it without the student."""
        return self.state in ("queued", "running")


class LessonPlace(NamedTuple):
    """Where in a lesson something stands or was started. `lesson`: its name, or that under which the store has a written one."""

    lesson: str
    block: str


@dataclass(frozen=True)
class LessonAnswer:
    """What a student said in a block. `content`: of what was asked (another one: the block asks something else by now)."""

    content: str
    value: Any  # plain, as JSON has it
    given: bool  # else it is half-written
    is_right: bool | None = None  # None: nothing is right or wrong here
    tries: int = 0  # how often it was given


@dataclass(frozen=True)
class LessonProgress:
    """How far a student is in a lesson. Steps count from 0."""

    place: int = 0  # the step that was shown last
    reached: int = 0  # the furthest
    steps: int = 1
    finished: bool = False


@dataclass(frozen=True, eq=False)
class StudentInLesson:
    """A member of a class in a lesson, for the teacher; what is half-written is left out. `progress` None: has not begun."""

    nickname: UserText
    progress: LessonProgress | None = None
    answers: Mapping[str, LessonAnswer] = field(default_factory=dict)  # by block


@dataclass(frozen=True)
class PackedImages:
    """Images of one's own: how many of each kind, and all pixels and labels (data/own_images.py)."""

    classes: int
    train: int
    test: int
    data: bytes


@dataclass(frozen=True)
class OwnImages:
    """Images of a student's own, in classes, without the pixels."""

    id: str
    owner: str
    title: UserText
    classes: tuple[UserText, ...]  # in the order of the labels
    train: int  # images to train on and to choose with
    test: int
    bytes: int
    class_id: str | None  # the class with which its teacher shares them

    @property
    def name(self) -> OwnName:
        """What the data set is called in settings."""
        return OwnName(f"own-{self.id}")


@dataclass(frozen=True)
class WrittenLesson:
    """A lesson that was written or uploaded in a browser."""

    id: str
    owner: str
    title: UserText
    bytes: int
    version: int  # grows with every change

    @property
    def lesson(self) -> str:
        """What it is called where lessons have a name: in addresses, in rounds, in what is kept of students."""
        return WRITTEN + self.id


WRITTEN = "own-"  # begins the name of a written lesson
