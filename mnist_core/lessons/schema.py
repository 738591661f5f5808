"""What a lesson is: front matter, and parts in their order: prose, and blocks that a page makes live.

docs/lessons.md says how each is written. A person wrote it, maybe one whom nobody knows. `title` and `unit` are plain text, for
`escape`; all other texts are Markdown without HTML, links and pictures, as Streamlit may show it as it is. Names of blocks are small
letters, digits and hyphens, each once in a lesson.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from mnist_core.config import RunConfig
from mnist_core.diagnostics.verdict import Kind
from mnist_core.records import Outcome

SCHEMA = 1
Dataset = Literal["mnist", "built-in"]  # for which a claim holds
Asked = Literal["outcome", "accuracy"]  # learns, is slow, breaks; the validation accuracy in percent
Measure = Literal[
    "train_loss",
    "validation_loss",
    "test_loss",
    "train_accuracy",
    "validation_accuracy",
    "test_accuracy",
    "seconds",
    "parameters",
]
Across = Literal["step", "epoch", "seconds"]  # the horizontal axis of curves
View = Literal["draw", "mistakes", "inside", "course", "disturb"]  # of the Inspect page


@dataclass(frozen=True)
class Claim:
    """What is to come of a run. Empty: nothing is said of it. `ranges`: least and greatest, fractions for accuracies."""

    outcomes: tuple[Outcome, ...] = ()
    verdicts: tuple[Kind, ...] = ()
    ranges: Mapping[Measure, tuple[float, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class SweepClaim:
    """What is to come of a sweep: between which rates the lowest that breaks lies, and the one of the highest validation accuracy."""

    breaks_from: tuple[float, float] | None = None
    best: tuple[float, float] | None = None


@dataclass(frozen=True)
class RangeClaim:
    """What is to come of a range test: between which rates its suggestion lies, and the one at which it breaks."""

    suggested: tuple[float, float] | None = None
    breaks: tuple[float, float] | None = None


@dataclass(frozen=True)
class Prose:
    """Markdown with formulas between `$`."""

    text: str
    line: int


@dataclass(frozen=True)
class Code:
    """Code that is shown, letter by letter (`st.code`). `language`: what it is written in; empty where that is not said."""

    text: str
    language: str
    line: int


@dataclass(frozen=True)
class Picture:
    """One of the lesson's images (`Lesson.images[file]`), in a paragraph of its own. `says`: plain text for who does not see it."""

    file: str
    says: str
    line: int


@dataclass(frozen=True)
class Trained:
    """What blocks that train have in common. `light`: the settings for a host that has a tenth of a core; the same where none are given.

    `free`: what the student may move, and within what (`mnist_core.rounds.Free`).
    """

    name: str
    line: int
    config: RunConfig
    light: RunConfig
    free: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    preset: str | None = None
    variant: str | None = None
    watch: str = ""


@dataclass(frozen=True)
class RunBlock(Trained):
    """One run. `own`: on images of the student's own, where there are any; `across`, `log_loss_axis`: the axes that its charts begin
    with, as in a `CompareBlock`."""

    own: bool = False
    across: Across = "step"
    log_loss_axis: bool = False
    claims: Mapping[Dataset, Claim] = field(default_factory=dict)
    light_claims: Mapping[Dataset, Claim] = field(default_factory=dict)


@dataclass(frozen=True)
class SweepBlock(Trained):
    """The same run at several rates."""

    rates: tuple[float, ...] = ()
    claims: Mapping[Dataset, SweepClaim] = field(default_factory=dict)
    light_claims: Mapping[Dataset, SweepClaim] = field(default_factory=dict)


@dataclass(frozen=True)
class RangeTestBlock(Trained):
    """A range test."""

    claims: Mapping[Dataset, RangeClaim] = field(default_factory=dict)
    light_claims: Mapping[Dataset, RangeClaim] = field(default_factory=dict)


@dataclass(frozen=True)
class IdeaBlock:
    """An idea (`ideas.registry.IDEAS`) with its controls set."""

    name: str
    line: int
    idea: str
    initial: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class InspectBlock:
    """A view of the Inspect page for the last run of the block `run`."""

    name: str
    line: int
    run: str
    view: View


@dataclass(frozen=True)
class CompareBlock:
    """The last runs of these blocks in one chart, whose horizontal axis begins with `across`; `log_loss_axis`: the loss stands on
    a log axis at first."""

    name: str
    line: int
    runs: tuple[str, ...]
    across: Across = "step"
    log_loss_axis: bool = False


@dataclass(frozen=True)
class PredictBlock:
    """What the student expects of the run, sweep or range test of the block `of`, which stands further below.

    Asked is the outcome or the accuracy (of a run), or one of `answers`.
    """

    name: str
    line: int
    of: str
    ask: str = ""
    question: Asked | None = None
    answers: tuple[Answer, ...] = ()


@dataclass(frozen=True)
class Answer:
    """One that can be chosen, whether it is right, and why."""

    text: str
    right: bool
    why: str = ""


@dataclass(frozen=True)
class OwnNumber:
    """A number of the student's own: what the last run of the block `run` reached.

    An accuracy is asked in percent where the question's unit is %, else as a fraction.
    """

    run: str
    measure: Measure


@dataclass(frozen=True)
class QuestionBlock:
    """One choice (`several` false), several, or a number: one that is given, or the student's own, within `tolerance` of it."""

    name: str
    line: int
    ask: str
    answers: tuple[Answer, ...] = ()
    several: bool = False
    number: float | OwnNumber | None = None
    tolerance: float = 0.0
    unit: str = ""
    right: str = ""  # said of a right number, or of all the right choices
    wrong: str = ""


@dataclass(frozen=True)
class NoteBlock:
    """A place for a text of the student's own."""

    name: str
    line: int
    ask: str


@dataclass(frozen=True)
class CheckBlock:
    """What is to be done before the lesson goes on: a run (of the block `run`, or of any in this lesson) that the claim holds for."""

    name: str
    line: int
    says: str
    claim: Claim
    run: str | None = None


@dataclass(frozen=True)
class SealBlock:
    """The button that seals the test set and opens it again."""

    name: str
    line: int


Block = (
    RunBlock
    | SweepBlock
    | RangeTestBlock
    | IdeaBlock
    | InspectBlock
    | CompareBlock
    | PredictBlock
    | QuestionBlock
    | NoteBlock
    | CheckBlock
    | SealBlock
)
Part = Prose | Code | Picture | Block


@dataclass(frozen=True, eq=False)
class Lesson:
    """One lesson in one language. `needs`: what one has to know before; `teaches`: what one will know. `images`: by file name."""

    name: str
    language: str
    title: str
    minutes: int
    needs: tuple[str, ...]
    teaches: tuple[str, ...]
    parts: tuple[Part, ...]
    images: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The live parts."""
        return tuple(part for part in self.parts if not isinstance(part, Prose | Code | Picture))

    def block(self, name: str) -> Block | None:
        """The block of this name."""
        return next((one for one in self.blocks if one.name == name), None)


@dataclass(frozen=True, eq=False)
class Source:
    """The files of one lesson as they are kept: Markdown by language, and images by file name."""

    name: str
    texts: Mapping[str, str]
    images: Mapping[str, bytes] = field(default_factory=dict)
