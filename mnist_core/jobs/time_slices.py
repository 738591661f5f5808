"""Who makes room for whom: runs that have trained for a while, for those whose turn it is. A part of the dispatcher."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from mnist_core.errors import RunNotFoundError
from mnist_core.jobs.analyses import Assignment
from mnist_core.records import Run, Student
from mnist_core.store import Store
from mnist_core.store.turns import turns_of
from mnist_core.store.usage import SLICE_SECONDS

LOOK_SECONDS = 0.2  # between two looks at whether somebody waits for those who train


class TimeSlices:
    """Ends the slices of runs of `store`."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._leaving: set[Assignment] = set()  # that were asked to make room
        self._left_at: dict[str, int] = {}  # step at which each run was asked last
        self._looked = float("-inf")

    def known(self) -> set[str]:
        """Runs of which something is kept."""
        return set(self._left_at)

    def forget(self, run_ids: set[str]) -> None:
        """Keep nothing more of these runs."""
        self._left_at = {run_id: step for run_id, step in self._left_at.items() if run_id not in run_ids}

    def end(self, running: Mapping[str, Assignment], waiting: Callable[[], Sequence[Sequence[Run]]]) -> None:
        """Ask as many of those `running` to make room as stacks are `waiting` (asked for now and then only): those that have
        had their slice, for those whose turn it is; for what a teacher shows, at once."""
        now = time.monotonic()
        training = set(running.values())
        self._leaving &= training
        others = [one for one in training - self._leaving if not one.demonstration]
        if not others or now < self._looked + LOOK_SECONDS:
            return
        self._looked = now
        stacks = waiting()
        shown = sum(stack[0].demonstration for stack in stacks) - len(self._leaving)
        for longest in sorted(others, key=lambda assignment: assignment.since)[: max(0, shown)]:
            self._end(longest, running)
        long = [one for one in others if one not in self._leaving and self._has_had_its_slice(one, running, now)]
        if long:
            self._end_by_turns([stack[0].student for stack in stacks], training, long, running)

    def _end_by_turns(
        self,
        firsts: list[Student],
        training: set[Assignment],
        long: list[Assignment],
        running: Mapping[str, Assignment],
    ) -> None:
        """Ask of those that have trained for `long` whose who have had most, as long as one of the students waiting has had less."""
        turns = turns_of(firsts, [assignment.students for assignment in training], self.store.usage.levels)
        for turn in turns.waiting[len(self._leaving) :]:
            if not long:
                return
            last = max(long, key=lambda assignment: turns.training[assignment.students])
            if turns.training[last.students] <= turn:
                return
            self._end(last, running)
            long.remove(last)

    def _has_had_its_slice(self, assignment: Assignment, running: Mapping[str, Assignment], now: float) -> bool:
        """Whether runs have trained for a slice. One whose single update takes longer made room in its midst, and begins it
        again: the next time it is let come to its end, or it would never get any further."""
        if now - assignment.since < SLICE_SECONDS:
            return False
        run_id = _run_ids(assignment, running)[0]
        left_at = self._left_at.get(run_id)
        return left_at is None or left_at != self._step_of(run_id)

    def _step_of(self, run_id: str) -> int | None:
        try:
            return self.store.runs.get(run_id).progress.step
        except RunNotFoundError:
            return None

    def _end(self, assignment: Assignment, running: Mapping[str, Assignment]) -> None:
        ids = _run_ids(assignment, running)
        self.store.queue.end_slices(ids)
        self._leaving.add(assignment)
        if (step := self._step_of(ids[0])) is not None:
            self._left_at |= dict.fromkeys(ids, step)


def _run_ids(assignment: Assignment, running: Mapping[str, Assignment]) -> list[str]:
    """The runs that have this task."""
    return [run_id for run_id, one in running.items() if one is assignment]
