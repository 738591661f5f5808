"""Whose turn it is: a line in fair order.

Students are served by what they have had of the workers (`store/usage.py`). All browsers without a class, the guests, are one pool
beside the members of classes: while members wait or train, the pool is taken to have as many students as they are, however many
cookies it has. So guests together have half of the workers at most; where they are fewer than members, as much as anybody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from mnist_core.records import Student
from mnist_core.store.usage import GUESTS, SLICE_SECONDS


class _Line:
    """How far the turns of students are. What each has in front, in this line or at work, counts as a slice."""

    def __init__(self, had: Mapping[str, float], computed: Sequence[Student], members: int) -> None:
        self._had, self._members = had, members
        self._before = Counter(student.name for student in computed)
        self._guests = sum(student.guest for student in computed)

    def own(self, student: Student, left_out: int = 0) -> float:
        """The student's own turn, the lower the sooner; so many of his that are computed are left out."""
        return self._had.get(student.name, 0.0) + SLICE_SECONDS * (self._before[student.name] - left_out)

    def turn(self, student: Student, own: float, left_out: int = 0) -> float:
        """The same where the pool of guests counts; so many of the pool's that are computed are left out."""
        if not student.guest or not self._members:
            return own
        return max(own, self._had.get(GUESTS, 0.0) + SLICE_SECONDS * (self._guests - left_out) / self._members)

    def next(self, student: Student) -> None:
        """What follows stands behind one of this student's."""
        self._before[student.name] += 1
        self._guests += student.guest


def _members(*students: Iterable[Student]) -> int:
    return len({student.name for some in students for student in some if not student.guest})


def in_turn(
    waiting: Iterable[tuple[str, Student, int]], computed: Iterable[Student], had: Mapping[str, float]
) -> list[str]:
    """Ids in fair order: by priority, by what their students have had, by age.

    `waiting`: (id, student, priority), highest priority and then oldest in front; `computed`: whose runs train now; `had`:
    worker-seconds by student, and of the guests' pool.
    """
    waiting, computed = list(waiting), list(computed)
    line = _Line(had, computed, _members(computed, (student for _id, student, _priority in waiting)))
    by_student = []
    for place, (item_id, student, priority) in enumerate(waiting):
        by_student.append((-priority, line.own(student), place, item_id, student))
        line.next(student)
    line = _Line(had, computed, _members(computed, (student for _id, student, _priority in waiting)))
    ranked = []
    for priority, own, place, item_id, student in sorted(by_student):
        ranked.append((priority, line.turn(student, own), own, place, item_id))
        line.next(student)
    return [item_id for *_rank, item_id in sorted(ranked)]


@dataclass(frozen=True)
class Turns:
    """Whose turn it is; the lower the sooner."""

    waiting: list[float]  # of each that waits
    training: dict[tuple[Student, ...], float]  # of stacks that train, by the students of their runs, as if they waited


def turns_of(
    waiting: Sequence[Student],
    training: Sequence[tuple[Student, ...]],
    levels: Callable[[Collection[str]], Mapping[str, float]],
) -> Turns:
    """The turns of the students of runs that wait, in fair order, and of those of each stack that trains, as in `in_turn`.

    `levels`: worker-seconds of students, and of the guests' pool.
    """
    computed = [student for stack in training for student in stack]
    had = levels({GUESTS, *(student.name for student in (*waiting, *computed))})
    line = _Line(had, computed, _members(computed, waiting))

    def as_waiting(stack: tuple[Student, ...]) -> float:
        names, guests = Counter(student.name for student in stack), sum(student.guest for student in stack)
        return min(line.turn(student, line.own(student, names[student.name]), guests) for student in stack)

    of_stacks = {stack: as_waiting(stack) for stack in training}
    turns = []
    for student in waiting:
        turns.append(line.turn(student, line.own(student)))
        line.next(student)
    return Turns(turns, of_stacks)
