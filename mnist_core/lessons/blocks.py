"""The blocks of a lesson: from the YAML in a fence to what schema.py has of its kind, all that is faulty told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, get_args

from mnist_core import rounds
from mnist_core.config import FIELDS, RANGES, SETTINGS, RunConfig, choices
from mnist_core.errors import ConfigError, RoundError
from mnist_core.ideas.names import NAMES as IDEAS
from mnist_core.lessons import claims
from mnist_core.lessons.faults import Faults, shown
from mnist_core.lessons.fields import Fields, is_number
from mnist_core.lessons.markdown import Fence
from mnist_core.lessons.schema import (
    Across,
    Answer,
    Asked,
    Block,
    CheckBlock,
    Claim,
    CompareBlock,
    IdeaBlock,
    InspectBlock,
    Measure,
    NoteBlock,
    OwnNumber,
    PredictBlock,
    QuestionBlock,
    RangeTestBlock,
    RunBlock,
    SealBlock,
    SweepBlock,
    View,
)
from mnist_core.lessons.values import read as read_values
from mnist_core.messages import N_
from mnist_core.presets import PRESETS, preset

TRAINED = ("preset", "variant", "change", "free", "watch", "light", "expect", "expect_light")
AXES = ("across", "log_loss_axis")
MOST_RATES = 16
MOST_ANSWERS = 8
MOST_COMPARED = 8
LARGEST = 1e12  # number that is asked for
OF_OWN_IMAGES = ("dataset", "classes", "train_size", "validation_size", "batch_size")  # follow from how many there are
# A range test decides these by itself.
OF_A_RANGE_TEST = ("learning_rate", "schedule", "epochs", "early_stopping", "stop_when_not_finite")


@dataclass(frozen=True)
class Named:
    """A block of a name: its kind, and the how manieth it is."""

    kind: str
    place: int


@dataclass
class Reading:
    """A block while it is read: its keys, where it stands, and all blocks that have names."""

    fence: Fence
    fields: Fields
    place: int
    names: Mapping[str, Named]

    @property
    def faults(self) -> Faults:
        """Where faults are told."""
        return self.fields.faults


def read(fence: Fence, place: int, names: Mapping[str, Named], faults: Faults) -> Block:
    """The block in a fence; what it lacks is told, so that it is of no use then."""
    value = read_values(fence.text, fence.line + 1, faults)
    keys, make = KINDS[fence.kind]
    fields = Fields(value, keys, faults, fence.line)
    return make(Reading(fence, fields, place, names))


# ---- what trains -----------------------------------------------------------------------------------------------


def _run(reading: Reading) -> Block:
    of = partial(claims.by_dataset, reading.fields, read=claims.of_run, keys=claims.KEYS)
    own = reading.fields.flag("own_images")
    if own:
        _refuse_decided(reading.fields, "free", OF_OWN_IMAGES)
    axes, trained = _axes(reading), _trained(reading, ())
    return RunBlock(**trained, **axes, own=own, claims=of("expect"), light_claims=of("expect_light"))


def _axes(reading: Reading) -> dict[str, Any]:
    """The axes that charts of runs begin with."""
    across = reading.fields.word("across", get_args(Across)) or "step"
    return {"across": across, "log_loss_axis": reading.fields.flag("log_loss_axis")}


def _sweep(reading: Reading) -> Block:
    fields = reading.fields
    limits = RANGES["learning_rate"]
    values = fields.listed("rates", 2, MOST_RATES, needed=True)
    rates: list[float] = []
    for value in values:
        inner = Fields(None, (), fields.faults, value.line)
        inner.entries["learning_rate"] = value
        rate = inner.number("learning_rate", limits.minimum, limits.maximum)
        if rate in rates:
            fields.faults.add(value.line, N_("{key} stands here for the second time."), key=shown(rate))
        elif rate is not None:
            rates.append(float(rate))
    read_claim = partial(claims.of_sweep, tuple(rates))
    of = partial(claims.by_dataset, fields, read=read_claim, keys=("breaks_from", "best"))
    common = _trained(reading, ("learning_rate",))
    return SweepBlock(**common, rates=tuple(rates), claims=of("expect"), light_claims=of("expect_light"))


def _range_test(reading: Reading) -> Block:
    of = partial(claims.by_dataset, reading.fields, read=claims.of_range_test, keys=("suggested", "breaks"))
    common = _trained(reading, OF_A_RANGE_TEST)
    return RangeTestBlock(**common, claims=of("expect"), light_claims=of("expect_light"))


def _trained(reading: Reading, decided: Sequence[str]) -> dict[str, Any]:
    """What `Trained` has; settings that the block has `decided` by itself may neither be changed nor left free."""
    fields = reading.fields
    for key in ("change", "free", "light"):
        _refuse_decided(fields, key, decided)
    config = _changed(fields, "change", _base(fields))
    return {
        "name": reading.fence.name,
        "line": reading.fence.line,
        "config": config,
        "light": _changed(fields, "light", config),
        "free": _free(fields, config),
        "preset": _said(fields, "preset"),
        "variant": _said(fields, "variant"),
        "watch": fields.text("watch"),
    }


def _said(fields: Fields, key: str) -> str | None:
    return str(fields.content(key)) if fields.has(key) else None


def _base(fields: Fields) -> RunConfig:
    name, variant = _said(fields, "preset"), _said(fields, "variant")
    if name is None:
        if variant is not None:
            template = N_("A variant belongs to an experiment. Name the experiment under “preset”.")
            fields.faults.add(fields.at("variant"), template)
        return RunConfig()
    try:
        experiment = preset(name)
        return experiment.config if variant is None else experiment.variant(variant)
    except ConfigError as error:
        at = fields.at("variant" if name in PRESETS else "preset")
        for problem in error.problems:
            fields.faults.tell(at, problem.message)
        return RunConfig()


def _changed(fields: Fields, key: str, base: RunConfig) -> RunConfig:
    entries = _entries(fields, key)
    try:
        return base.replace(**{name: value.plain for name, value in entries.items()})
    except ConfigError as error:
        for problem in error.problems:
            line = entries[problem.field].line if problem.field in entries else fields.at(key)
            fields.faults.tell(line, problem.message)
        return base


def _entries(fields: Fields, key: str) -> dict[str, Any]:
    content = fields.content(key)
    if content is not None and not isinstance(content, dict):
        fields.faults.add(fields.at(key), N_("Expected lines of “key: value” here."))
    return content if isinstance(content, dict) else {}


def _refuse_decided(fields: Fields, key: str, decided: Sequence[str]) -> None:
    content = fields.content(key)
    lines = {}
    if isinstance(content, dict):
        lines = {name: value.line for name, value in content.items()}
    elif isinstance(content, list):
        lines = {value.content: value.line for value in content if isinstance(value.content, str)}
    for name in decided:
        if name in lines:
            fields.faults.add(lines[name], N_("This block sets {setting} by itself: leave it out."), setting=name)


def _free(fields: Fields, config: RunConfig) -> dict[str, tuple[Any, ...]]:
    """What is left free, by the rules of a class's round; a list of settings leaves each free within all that it may be."""
    content = fields.content("free")
    if isinstance(content, list):
        wanted = {str(value.plain): (value.line, _everything(str(value.plain))) for value in content}
    else:
        wanted = {name: (value.line, value.plain) for name, value in _entries(fields, "free").items()}
    found: dict[str, tuple[Any, ...]] = {}
    for name, (line, allowed) in wanted.items():
        if name not in SETTINGS:
            fields.faults.unknown_key(line, name, SETTINGS)
            continue
        if (right := _turned(name, allowed)) != allowed:
            template = N_("Of a range, the smaller number comes first. Write {setting}: {range}.")
            fields.faults.add(line, template, setting=name, range=shown(right))
        if choices(name) and isinstance(allowed, list | tuple):
            for word in [word for word in allowed if word not in choices(name)]:
                fields.faults.none_of(line, name, word, choices(name))
        try:
            found |= rounds.cleaned({name: allowed}, config)
        except RoundError as error:
            fields.faults.tell(line, error.message)
    return found


def _turned(name: str, allowed: Any) -> Any:
    """A range as it should be written, of each pair the smaller number first; what is no range stays as it is."""
    if choices(name) or not isinstance(allowed, list) or not all(map(is_number, allowed)):
        return allowed
    return [number for place in range(0, len(allowed), 2) for number in sorted(allowed[place : place + 2])]


def _everything(name: str) -> list[Any]:
    """All that a setting may be, as `rounds.cleaned` takes it."""
    if name not in SETTINGS:
        return []
    setting = SETTINGS[name]
    if choices(name):
        return list(choices(name))
    if FIELDS[name] is bool or setting.allowed is None:
        return [False, True]
    units = [setting.allowed.minimum, setting.allowed.maximum]
    return units if setting.layers is None else [setting.layers.minimum, setting.layers.maximum, *units]


# ---- what is looked at -----------------------------------------------------------------------------------------


def _idea(reading: Reading) -> Block:
    fields = reading.fields
    idea = fields.word("idea", list(IDEAS), needed=True) or ""
    initial = _entries(fields, "show")
    controls = IDEAS[idea].controls.split() if idea else list(initial)
    for name in [name for name in initial if name not in controls]:
        if controls:
            fields.faults.unknown_key(initial[name].line, name, controls)
        else:
            fields.faults.add(initial[name].line, N_("The idea {idea} has no controls to set."), idea=idea)
    begins = {name: value.plain for name, value in initial.items()}
    return IdeaBlock(reading.fence.name, reading.fence.line, idea, begins)


def _inspect(reading: Reading) -> Block:
    view: Any = reading.fields.word("view", get_args(View), needed=True) or "draw"
    return InspectBlock(reading.fence.name, reading.fence.line, _above(reading, "run", ("run",), needed=True), view)


def _compare(reading: Reading) -> Block:
    values = reading.fields.listed("runs", 1, MOST_COMPARED, needed=True)
    runs = tuple(_reference(reading, "runs", value.plain, value.line, ("run", "sweep")) for value in values)
    return CompareBlock(reading.fence.name, reading.fence.line, runs, **_axes(reading))


# ---- what is asked ---------------------------------------------------------------------------------------------


def _predict(reading: Reading) -> Block:
    fields = reading.fields
    of = str(fields.content("of", needed=True) or "")
    if of:
        _reference(reading, "of", of, fields.at("of"), ("run", "sweep", "range-test"), above=False)
    question: Any = fields.word("question", get_args(Asked))
    if question is not None and of in reading.names and reading.names[of].kind in ("sweep", "range-test"):
        template = N_("Outcome and accuracy are asked of a run alone. Write “ask” and “answers” for a {kind}.")
        fields.faults.add(fields.at("question"), template, kind=reading.names[of].kind)
    answers = _answers(reading)
    if fields.is_readable and fields.has("question") == fields.has("answers"):
        fields.faults.add(fields.line, N_("Expected either {one} or {other} here."), one="question", other="answers")
    if answers and sum(answer.right for answer in answers) != 1:
        fields.faults.add(fields.at("answers"), N_("Exactly one answer must have “right: true”."))
    ask = fields.text("ask", needed=fields.has("answers"))
    return PredictBlock(reading.fence.name, reading.fence.line, of, ask, question, answers)


def _question(reading: Reading) -> Block:
    fields = reading.fields
    answers = _answers(reading)
    rights = sum(answer.right for answer in answers)
    if fields.is_readable and fields.has("number") == fields.has("answers"):
        fields.faults.add(fields.line, N_("Expected either {one} or {other} here."), one="number", other="answers")
    if answers and not rights:
        fields.faults.add(fields.at("answers"), N_("At least one answer must have “right: true”."))
    several = fields.flag("several")
    if rights > 1 and fields.has("several") and not several:
        fields.faults.add(fields.at("several"), N_("Several answers are right, so several must be true, or left out."))
    for key in ("tolerance", "unit"):
        if fields.has(key) and not fields.has("number"):
            fields.faults.add(fields.at(key), N_("{key} belongs to a number."), key=key)
    return QuestionBlock(
        reading.fence.name,
        reading.fence.line,
        fields.text("ask", needed=True),
        answers,
        several or rights > 1,
        _number(reading),
        float(fields.number("tolerance", 0, LARGEST) or 0),
        fields.plain("unit", 20),
        fields.text("right"),
        fields.text("wrong"),
    )


def _number(reading: Reading) -> float | OwnNumber | None:
    fields = reading.fields
    if not isinstance(fields.content("number"), dict):
        number = fields.number("number", -LARGEST, LARGEST)
        return None if number is None else float(number)
    own = fields.mapping("number", ("run", "measure"))
    measure: Any = own.word("measure", get_args(Measure), needed=True) or "test_accuracy"
    run = str(own.content("run", needed=True) or "")
    if run:
        _reference(reading, "run", run, own.at("run"), ("run",))
    return OwnNumber(run, measure)


def _answers(reading: Reading) -> tuple[Answer, ...]:
    found = []
    for value in reading.fields.listed("answers", 2, MOST_ANSWERS):
        answer = Fields(value, ("text", "right", "why"), reading.faults, value.line)
        if isinstance(value.content, dict):
            found.append(Answer(answer.text("text", needed=True), answer.flag("right"), answer.text("why")))
    return tuple(found)


def _note(reading: Reading) -> Block:
    return NoteBlock(reading.fence.name, reading.fence.line, reading.fields.text("ask", needed=True))


def _check(reading: Reading) -> Block:
    fields = reading.fields
    fields.content("until", needed=True)
    claim = claims.of_run(fields.mapping("until", claims.KEYS)) if fields.has("until") else None
    run = _above(reading, "run", ("run", "sweep")) or None
    if run is None and not any(
        named.kind in ("run", "sweep") and named.place < reading.place for named in reading.names.values()
    ):
        fields.faults.add(fields.line, N_("No run stands above this block, so that nobody could go on."))
    says = fields.text("says", needed=True)
    return CheckBlock(reading.fence.name, reading.fence.line, says, claim or Claim(), run)


def _seal(reading: Reading) -> Block:
    return SealBlock(reading.fence.name, reading.fence.line)


# ---- other blocks ----------------------------------------------------------------------------------------------


def _above(reading: Reading, key: str, kinds: Sequence[str], *, needed: bool = False) -> str:
    name = reading.fields.content(key, needed=needed)
    return "" if name is None else _reference(reading, key, name, reading.fields.at(key), kinds)


def _reference(reading: Reading, key: str, value: Any, line: int, kinds: Sequence[str], *, above: bool = True) -> str:
    """The name of a block of one of these kinds, which stands above this one or (`above` false) below."""
    name, faults = str(value), reading.faults
    named = reading.names.get(name)
    fitting = [other for other, known in reading.names.items() if known.kind in kinds]
    if named is None or named.kind not in kinds:
        if fitting:
            faults.none_of(line, key, name, fitting)
        else:
            faults.add(
                line,
                N_("{key} must name a block of the kind {kinds}, but there is none."),
                key=key,
                kinds=", ".join(kinds),
            )
    elif above and named.place > reading.place:
        faults.add(line, N_("The block {name} stands further below, but must stand above this one."), name=name)
    elif not above and named.place < reading.place:
        faults.add(
            line, N_("The block {name} stands above, but a prediction must stand before what it is about."), name=name
        )
    return name


KINDS: Mapping[str, tuple[Sequence[str], Callable[[Reading], Block]]] = {
    "run": ((*TRAINED, "own_images", *AXES), _run),
    "sweep": ((*TRAINED, "rates"), _sweep),
    "range-test": (TRAINED, _range_test),
    "idea": (("idea", "show"), _idea),
    "inspect": (("run", "view"), _inspect),
    "compare": (("runs", *AXES), _compare),
    "predict": (("of", "question", "ask", "answers"), _predict),
    "question": (("ask", "answers", "several", "number", "tolerance", "unit", "right", "wrong"), _question),
    "note": (("ask",), _note),
    "check": (("says", "until", "run"), _check),
    "seal": ((), _seal),
}
