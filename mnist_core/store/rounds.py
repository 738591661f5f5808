"""Rounds of classes: given, opened and closed by the teacher, found by the students, and what these predict."""

from __future__ import annotations

import secrets
import time
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from mnist_core import escape
from mnist_core import rounds as rules
from mnist_core.config import RunConfig
from mnist_core.errors import RoundError
from mnist_core.escape import UserText
from mnist_core.messages import N_
from mnist_core.rounds import Assignment, Plan, Round, RoundState
from mnist_core.store.class_rows import class_of, for_teacher, member_row, raise_news
from mnist_core.store.database import Part, next_order
from mnist_core.store.lesson_rows import is_name
from mnist_core.store.round_rows import (
    assignment,
    change_own,
    find_round,
    hides_test,
    open_row,
    to_round,
)
from mnist_core.store.tables import assignments, rounds, runs

ROUNDS = 100  # of a class
MORE_RUNS = 50  # that a student is given at a time, at most


class Rounds(Part):
    """What classes do, one round after another; a part of `Store`."""

    # ---- students --------------------------------------------------------------------------------------------------

    def assignment(self, student: str) -> Assignment | None:
        """The round that is open in the class that the student joined last; None where there is none."""
        with self.database.begin(write=False) as connection:
            row = open_row(connection, class_of(connection, student))
            return None if row is None else assignment(connection, student, row)

    def predict(
        self,
        round_id: str,
        student: str,
        prediction: Any,
        *,
        started: int | None = None,
        config: RunConfig | None = None,
    ) -> None:
        """Keep what the student expects of the run (or sweep) of the round that he starts next; it goes with that one.

        `config`: the settings that it is about; a run with others is refused.
        `started`: how many he had started when he was asked, so that a press that arrives late says nothing of another run.
        Raises RoundError.
        """
        with self.database.begin() as connection:
            row = find_round(connection, round_id)
            if row.state != "open" or row.class_id != class_of(connection, student):
                raise RoundError(N_("This round is not open. Your teacher opens and closes it."))
            change_own(connection, student, round_id, started=assignments.c.started)  # locks it
            own = assignment(connection, student, row)
            if own is None or (started is not None and own.started != started):
                raise RoundError(N_("Your prediction stays as it is: you have started a run."))
            if own.left == 0:
                raise RoundError(N_("You have used all runs of this round."))
            kept = rules.clean_prediction(own.round.plan.question, prediction)
            predicted_of = None if config is None else rules.settings_key(config)
            change_own(connection, student, round_id, prediction=kept, predicted_of=predicted_of)
            raise_round(connection, row)

    # ---- whoever may look at the board -----------------------------------------------------------------------------

    def get(self, round_id: str) -> Round | None:
        """The round; None where there is none, or its settings are another version's."""
        with self.database.begin(write=False) as connection:
            try:
                return to_round(find_round(connection, round_id))
            except RoundError:
                return None

    def open_of(self, class_id: str) -> Round | None:
        """The round that is open in the class."""
        with self.database.begin(write=False) as connection:
            row = open_row(connection, class_id)
            return None if row is None else to_round(row)

    def given(self, class_id: str) -> list[Round]:
        """The rounds of the class that are no drafts, in their order."""
        return [one for one in self._of_class(class_id) if one.state != "draft"]

    def keep_test_sealed(self, class_id: str) -> bool:
        """Whether one of these keeps the test set sealed, for the whole class."""
        with self.database.begin(write=False) as connection:
            return hides_test(connection, class_id)

    def predictions(self, round_id: str) -> dict[str, str]:
        """What was predicted of runs that are not started yet: cookie's name of each student who did → prediction."""
        query = sa.select(assignments.c.student, assignments.c.prediction)
        query = query.where(assignments.c.round_id == round_id, assignments.c.prediction.is_not(None))
        with self.database.begin(write=False) as connection:
            return {row.student: row.prediction for row in connection.execute(query)}

    # ---- the teacher -----------------------------------------------------------------------------------------------

    def of_class(self, class_id: str, secret: str) -> list[Round]:
        """All rounds of the class, drafts too, in their order. Raises NotTeacherError."""
        with self.database.begin(write=False) as connection:
            for_teacher(connection, class_id, secret)
        return self._of_class(class_id)

    def _of_class(self, class_id: str) -> list[Round]:
        query = sa.select(rounds).where(rounds.c.class_id == class_id).order_by(rounds.c.number)
        with self.database.begin(write=False) as connection:
            found = [to_round(row) for row in connection.execute(query)]
        return [one for one in found if one is not None]

    def give(self, class_id: str, secret: str, plan: Plan, *, state: RoundState = "open", round_id: str = "") -> Round:
        """Make a round of the class; where it is to be open, the one that was is closed. Returns it.

        `round_id`: 10 random hexadecimal digits (default: new ones); the same twice makes one round.
        Raises NotTeacherError, RoundError where something of the plan cannot be.
        """
        plan, round_id = _cleaned(plan), round_id or secrets.token_hex(5)
        with self.database.begin() as connection:
            for_teacher(connection, class_id, secret, write=True)
            if not connection.execute(sa.select(rounds.c.id).where(rounds.c.id == round_id)).first():
                _insert(connection, class_id, round_id, plan)
                _set_state(connection, find_round(connection, round_id, class_id), state)
                raise_news(connection, class_id)
            given = to_round(find_round(connection, round_id, class_id))
        assert given is not None
        return given

    def set_state(self, class_id: str, secret: str, round_id: str, state: RoundState) -> None:
        """Open a round (the one that was open is closed), or close it. Raises NotTeacherError, RoundError."""
        with self.database.begin() as connection:
            for_teacher(connection, class_id, secret, write=True)
            _set_state(connection, find_round(connection, round_id, class_id), state)
            raise_news(connection, class_id)

    def change(
        self,
        class_id: str,
        secret: str,
        round_id: str,
        *,
        test_sealed: bool | None = None,
        board_shown: bool | None = None,
        uncovered: bool | None = None,
    ) -> None:
        """Change what is given: what students see of test figures and of the board, and whether results stand beside predictions.

        Raises NotTeacherError, RoundError.
        """
        given = {"test_sealed": test_sealed, "board_shown": board_shown, "uncovered": uncovered}
        change = {name: value for name, value in given.items() if value is not None}
        with self.database.begin() as connection:
            for_teacher(connection, class_id, secret, write=True)
            raise_round(connection, find_round(connection, round_id, class_id), **change)
            raise_news(connection, class_id)

    def give_more_runs(self, class_id: str, secret: str, round_id: str, member_id: str, more: int) -> None:
        """Raise how many runs a member may start in the round. Raises NotTeacherError, RoundError, ClassError."""
        if not 1 <= more <= MORE_RUNS:
            raise RoundError(N_("Give from 1 to {most} runs at a time."), most=MORE_RUNS)
        with self.database.begin() as connection:
            for_teacher(connection, class_id, secret, write=True)
            row = find_round(connection, round_id, class_id)
            student = member_row(connection, class_id, member_id).student
            change_own(connection, student, round_id, extra=assignments.c.extra + more)
            raise_round(connection, row)
            raise_news(connection, class_id)

    def delete(self, class_id: str, secret: str, round_id: str) -> None:
        """Delete a round that nobody has trained for. Raises NotTeacherError, RoundError."""
        with self.database.begin() as connection:
            for_teacher(connection, class_id, secret, write=True)
            find_round(connection, round_id, class_id)
            if connection.execute(sa.select(runs.c.id).where(runs.c.round_id == round_id).limit(1)).first():
                raise RoundError(N_("This round has runs. Close it; it goes with the class."))
            connection.execute(sa.delete(assignments).where(assignments.c.round_id == round_id))
            connection.execute(sa.delete(rounds).where(rounds.c.id == round_id))
            raise_news(connection, class_id)


def raise_round(connection: sa.Connection, row: sa.Row[Any], **change: Any) -> None:
    """Change a round's row, and its version, which tells of every change."""
    statement = sa.update(rounds).where(rounds.c.id == row.id)
    connection.execute(statement.values(version=rounds.c.version + 1, **change))


def _set_state(connection: sa.Connection, row: sa.Row[Any], state: RoundState) -> None:
    if state == "draft" and row.state != "draft":
        raise RoundError(N_("A round that was given is no draft any more. Close it instead."))
    # Reports that came before are not of this round.
    given = {"given_order": next_order(connection)} if state != "draft" and row.state == "draft" else {}
    if state == "open":
        others = sa.and_(rounds.c.class_id == row.class_id, rounds.c.state == "open", rounds.c.id != row.id)
        change = sa.update(rounds).where(others)
        connection.execute(change.values(state="closed", version=rounds.c.version + 1))
    raise_round(connection, row, state=state, **given)


def _cleaned(plan: Plan) -> Plan:
    """The plan as it is kept. Raises RoundError."""
    title = escape.line(plan.title.raw)[: rules.TITLE_LETTERS]
    if not title:
        raise RoundError(N_("Give the round a title."))
    if plan.kind not in rules.KINDS or plan.question not in rules.QUESTIONS:
        raise RoundError(N_("This cannot be given to a class."))
    if plan.runs_each is not None and not 1 <= plan.runs_each <= rules.MOST_RUNS:
        raise RoundError(N_("Each student may have from 1 to {most} runs."), most=rules.MOST_RUNS)
    trains = plan.kind not in ("idea", "lesson")
    if plan.kind == "lesson" and not is_name(plan.lesson):
        raise RoundError(N_("This cannot be given to a class."))
    return replace(
        plan,
        title=UserText(title),
        instruction=UserText(escape.lines(plan.instruction.raw)[: rules.INSTRUCTION_LETTERS]),
        free=rules.cleaned(plan.free, plan.config) if trains else {},
        question=plan.question if plan.question in rules.QUESTIONS_OF[plan.kind] else "none",
        idea=escape.line(plan.idea)[:64] if plan.kind == "idea" else "",
        lesson=plan.lesson if plan.kind == "lesson" else "",
    )


def _insert(connection: sa.Connection, class_id: str, round_id: str, plan: Plan) -> None:
    last = connection.execute(sa.select(sa.func.max(rounds.c.number)).where(rounds.c.class_id == class_id)).scalar()
    if (last or 0) >= ROUNDS:
        raise RoundError(N_("This class has {most} rounds already. Open another class."), most=ROUNDS)
    row = {
        "id": round_id,
        "class_id": class_id,
        "number": (last or 0) + 1,
        "state": "draft",
        "title": plan.title.raw,
        "instruction": plan.instruction.raw,
        "config": plan.config.to_json(),
        "free": rules.free_to_json(plan.free),
        "created_at": time.time(),
    }
    same = ("kind", "preset", "variant", "idea", "lesson", "runs_each", "question", "same_seed", "test_sealed")
    connection.execute(sa.insert(rounds).values(row | {name: getattr(plan, name) for name in same}))
