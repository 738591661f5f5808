"""Rows of rounds within a transaction: what is open for a student, and whether he may start what he asks for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from mnist_core import rounds as rules
from mnist_core.config import RunConfig
from mnist_core.errors import ConfigError, NotTeacherError, RoundError
from mnist_core.escape import UserText
from mnist_core.messages import N_
from mnist_core.rounds import Assignment, Plan, Round, RoundKind
from mnist_core.store.class_rows import class_of, for_teacher
from mnist_core.store.rows import as_id, insert_into
from mnist_core.store.tables import assignments, classes, rounds, teachers

# Built once: each drawing of a member's page asks.
_CLASS: sa.BindParameter[str] = sa.bindparam("class")
_OPEN = sa.select(rounds).where(rounds.c.class_id == _CLASS, rounds.c.state == "open").limit(1)
_SEALED = (
    sa.select(sa.literal(1))
    .select_from(rounds)
    .where(rounds.c.class_id == _CLASS, rounds.c.state != "draft", rounds.c.test_sealed)
    .limit(1)
)


def to_round(row: sa.Row[Any]) -> Round | None:
    """The round of a row; None where its settings are another version's."""
    try:
        config = RunConfig.from_json(row.config)
        free = rules.free_from_json(row.free, config)
    except (ConfigError, RoundError):
        return None
    plan = Plan(
        UserText(row.title),
        UserText(row.instruction),
        row.kind,
        config,
        free,
        row.preset,
        row.variant,
        row.idea,
        row.runs_each,
        # Earlier versions asked other things of sweeps and range tests.
        row.question if row.question in rules.QUESTIONS_OF[row.kind] else "none",
        row.same_seed,
        row.test_sealed,
        row.lesson,
    )
    return Round(row.id, row.class_id, row.number, row.state, row.version, plan, row.board_shown, row.uncovered)


def find_round(connection: sa.Connection, round_id: str, class_id: str | None = None) -> sa.Row[Any]:
    """The row of a round, of this class where one is named. Raises RoundError."""
    query = sa.select(rounds).where(rounds.c.id == as_id(round_id))
    if class_id is not None:
        query = query.where(rounds.c.class_id == class_id)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise RoundError(N_("This round is no longer here."))
    return row


def open_row(connection: sa.Connection, class_id: str | None) -> sa.Row[Any] | None:
    """The round that is open in the class, if one is."""
    return None if class_id is None else connection.execute(_OPEN, {"class": class_id}).one_or_none()


def hides_test(connection: sa.Connection, class_id: str) -> bool:
    """Whether a round of the class that was given keeps the test set sealed."""
    return connection.execute(_SEALED, {"class": class_id}).first() is not None


def assignment(connection: sa.Connection, student: str, row: sa.Row[Any]) -> Assignment | None:
    """What of this round is the student's."""
    given = to_round(row)
    if given is None:
        return None
    is_only = sa.select(classes.c.round_only).where(classes.c.id == given.class_id)
    own = _own(connection, student, given.id)
    base = given.plan.for_student(student, given.id)
    return Assignment(given, base, bool(connection.execute(is_only).scalar()), **own)


def _own(connection: sa.Connection, student: str, round_id: str) -> dict[str, Any]:
    own = assignments.c
    columns = (own.started, own.extra, own.prediction, own.predicted_of)
    is_own = sa.and_(assignments.c.round_id == round_id, assignments.c.student == student)
    row = connection.execute(sa.select(*columns).where(is_own)).mappings().one_or_none()
    return {} if row is None else dict(row)


def change_own(connection: sa.Connection, student: str, round_id: str, **change: Any) -> None:
    """Change what is kept of a student in a round; locks it until the transaction ends."""
    row = insert_into(connection, assignments).values(round_id=round_id, student=student)
    connection.execute(row.on_conflict_do_nothing())
    is_own = sa.and_(assignments.c.round_id == round_id, assignments.c.student == student)
    connection.execute(sa.update(assignments).where(is_own).values(change))


def start(
    connection: sa.Connection,
    student: str,
    round_id: str | None,
    configs: Sequence[RunConfig],
    kinds: Sequence[RoundKind],
    lesson: str | None = None,
) -> str | None:
    """See that the student may start these runs, and count them as one of what he may start in the round; returns what he
    has predicted of them there, which is said of no others.

    `round_id`: the round that they are to be a part of; None: of none. `kinds`: what rounds they may be of, besides
    one about the `lesson` in which they are started. Raises RoundError.
    """
    class_id = class_of(connection, student)
    if round_id is None:
        _check_free(connection, student, class_id)
        return None
    row = find_round(connection, round_id)
    if row.class_id != class_id:
        raise RoundError(N_("This round is another class's. Enter the code of that class on the Home page."))
    if row.state != "open":
        raise RoundError(N_("This round is not open. Your teacher opens and closes it."))
    change_own(connection, student, round_id, started=assignments.c.started + 1)
    own = assignment(connection, student, row)
    if own is None or not _is_about(own.round.plan, kinds, lesson):
        raise RoundError(N_("This round is about something else. Open it on the Train page."))
    _check_own(own)
    for config in configs:
        rules.check(own.round.plan, own.base, config)
    if any(own.predicted_others(config) for config in configs):
        raise RoundError(N_("Your prediction was about other settings. Predict again for these."))
    if own.prediction is not None:
        change_own(connection, student, round_id, prediction=None, predicted_of=None)
    return own.prediction


def _is_about(plan: Plan, kinds: Sequence[RoundKind], lesson: str | None) -> bool:
    return plan.lesson == lesson if plan.kind == "lesson" else plan.kind in kinds


def _check_own(own: Assignment) -> None:
    """See that he may start one, which is counted already."""
    each = own.round.plan.runs_each
    if each is not None and own.started > each + own.extra:
        most = each + own.extra
        template = (
            N_("You have used the {most} run of this round. Your teacher can give you more.")
            if most == 1
            else N_("You have used all {most} runs of this round. Your teacher can give you more.")
        )
        raise RoundError(template, most=most)
    if own.must_predict:
        raise RoundError(N_("Say first what you expect: this round wants a prediction each time."))


def check_going_on(connection: sa.Connection, student: str, round_id: str | None) -> None:
    """See that a run of the student's may wait for a worker again. Raises RoundError."""
    if round_id is None:
        _check_free(connection, student, class_of(connection, student))


def _check_free(connection: sa.Connection, student: str, class_id: str | None) -> None:
    """See that the student may train what he likes: while a round is open, the class may want that alone."""
    row = open_row(connection, class_id)
    if row is None or not connection.execute(sa.select(classes.c.round_only).where(classes.c.id == class_id)).scalar():
        return
    if not is_teachers_browser(connection, row.class_id, student):
        raise RoundError(
            N_("While this round is open, your class trains for it alone. Start your run in its lesson.")
            if row.kind == "lesson"
            else N_("While this round is open, your class trains for it alone. Start your run on the Train page.")
        )


def is_teachers_browser(connection: sa.Connection, class_id: str, student: str) -> bool:
    """Whether the class's console was opened with this cookie."""
    known = sa.and_(teachers.c.class_id == class_id, teachers.c.student == student)
    return connection.execute(sa.select(teachers.c.student).where(known)).first() is not None


def check_rate(connection: sa.Connection, round_id: str | None, rate: float) -> None:
    """See that the rate of a run of this round may be changed by hand to that one. Raises RoundError."""
    row = (
        None if round_id is None else connection.execute(sa.select(rounds).where(rounds.c.id == round_id)).one_or_none()
    )
    given = None if row is None else to_round(row)
    if given is not None:
        changed = given.plan.config.replace(learning_rate=rate)
        rules.check(given.plan, given.plan.config, changed)


def check_demonstration(connection: sa.Connection, student: str, secret: str) -> None:
    """See that it is the teacher who starts a run in front of all others. Raises NotTeacherError."""
    class_id = class_of(connection, student) or ""
    for_teacher(connection, class_id, secret)
    if not is_teachers_browser(connection, class_id, student):
        raise NotTeacherError(N_("Open the console of your class first, so that this run is the class's."))


def merge_students(connection: sa.Connection, class_id: str, kept: str, other: str) -> None:
    """What one student has done in the rounds of a class is another's from now on, unless that one has done something, too."""
    of_class = sa.select(rounds.c.id).where(rounds.c.class_id == class_id)
    has = sa.select(assignments.c.round_id).where(assignments.c.student == kept)
    others = sa.and_(assignments.c.student == other, assignments.c.round_id.in_(of_class))
    move = sa.update(assignments).where(others, assignments.c.round_id.not_in(has))
    connection.execute(move.values(student=kept))
    connection.execute(sa.delete(assignments).where(others))
