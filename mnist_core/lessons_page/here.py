"""Where a student is: the lesson that is open, with what the store has of his runs and answers in it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import streamlit as st

from mnist_core import estimate
from mnist_core.config import RunConfig
from mnist_core.lessons.schema import Lesson, PredictBlock, RunBlock, Trained
from mnist_core.lessons_page import reached, steps
from mnist_core.records import LessonAnswer, LessonPlace, LessonProgress, OwnImages, Run
from mnist_core.rounds import Round
from mnist_core.ui import address, classwork, data_note, frame, own_images, session, watch
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _

STEP = "lesson_step"  # in the session: number of the step that is shown, from 1, as the address has it


def go(place: int) -> None:
    """Show a step, from 0; for callbacks."""
    st.session_state[STEP] = str(place + 1)
    frame.draw_anew()


def way_to_run(here: Here, panel: Panel, block: str, run: str | None) -> None:
    """The way from a block to the run that it is about, where that stands in another step."""
    place = None if run is None else here.step_of(run)
    if place is not None and place != here.step_of(block):
        label = _("To the training in step {n}").format(n=place + 1)
        st.button(label, key=panel.key("to_run"), icon=":material/arrow_back:", on_click=go, args=(place,))


def way_to_all(place: str, icon: str) -> None:
    """The way to all lessons; `place`: where it stands. A link without parameters would leave the address, which names this lesson, as it is."""
    st.button(
        _("All lessons"), key=f"all_lessons_{place}", icon=f":material/{icon}:", type="tertiary", on_click=_show_all
    )


def _show_all() -> None:
    st.session_state.update(lesson_shown=None, lesson_written=None)
    address.leave()
    frame.draw_anew()


def measured_speed() -> estimate.Speed:
    """The speed of this machine, as the store has it."""
    return estimate.Speed.from_dict(session.store().facts.get("speed"))


@dataclass(eq=False)
class Here:
    """`name`: of the lesson, as it is kept. `light`: with the settings for a very small host. Each drawing makes a new one; what the store
    has is read once."""

    lesson: Lesson
    name: str
    light: bool = False

    def anew(self) -> Here:
        """The same as the store has it now."""
        return Here(self.lesson, self.name, self.light)

    @cached_property
    def steps(self) -> list[steps.Step]:
        """The lesson in steps."""
        return steps.split(self.lesson)

    @cached_property
    def _state(self) -> tuple[LessonProgress | None, dict[str, LessonAnswer]]:
        return session.store().lessons.state(session.student(), self.name)

    @property
    def progress(self) -> LessonProgress:
        """How far the student is."""
        return self._state[0] or LessonProgress()

    @property
    def has_begun(self) -> bool:
        """Whether anything is kept of him here."""
        return self._state[0] is not None

    def answer(self, block: str, content: str | None = None) -> LessonAnswer | None:
        """What he said in a block; None where that was another question (`content`)."""
        found = self._state[1].get(block)
        return found if found is None or content is None or found.content == content else None

    @cached_property
    def runs(self) -> dict[str, list[Run]]:
        """His runs in this lesson, by block, newest first."""
        found: dict[str, list[Run]] = defaultdict(list)
        for run in watch.my_runs_in(self.name):
            if run.place is not None:
                found[run.place.block].append(run)
        return found

    def newest(self, block: str) -> Run | None:
        """The newest run of a block."""
        runs = self.runs.get(block)
        return runs[0] if runs else None

    def last(self, block: str) -> list[Run]:
        """The newest run of a block, or all of its newest sweep, in their order."""
        newest = self.newest(block)
        if newest is None or newest.group is None:
            return [] if newest is None else [newest]
        return [run for run in reversed(self.runs[block]) if run.group == newest.group]

    def place(self, block: str) -> LessonPlace:
        """A block of it, for the store."""
        return LessonPlace(self.name, block)

    def config(self, block: Trained) -> RunConfig:
        """The settings that a block begins with, on the data that is here, or on the student's newest own images."""
        config = (block.light if self.light else block.config).replace(dataset=data_note.dataset())
        images = self.images_of(block)
        return config if images is None else own_images.fitted(config, images)

    def images_of(self, block: Trained) -> OwnImages | None:
        """The student's own images that a block trains on; None where it wants none, or there are none."""
        return self._newest_images if isinstance(block, RunBlock) and block.own else None

    @cached_property
    def _newest_images(self) -> OwnImages | None:
        return next(iter(own_images.mine()), None)

    @cached_property
    def speed(self) -> estimate.Speed:
        """The speed that was measured on this machine."""
        return measured_speed()

    def step_of(self, block: str) -> int | None:
        """Number of the step in which a block stands, from 0."""
        steps = enumerate(self.steps)
        return next((number for number, step in steps if block in step.blocks), None)

    def prediction_of(self, block: str) -> PredictBlock | None:
        """Where the student is asked what he expects of a block."""
        asked = (one for one in self.lesson.blocks if isinstance(one, PredictBlock) and one.of == block)
        return next(asked, None)

    def predicted(self, block: str) -> Any:
        """What he said there; None: nothing yet, or he is not asked."""
        asked = self.prediction_of(block)
        answer = None if asked is None else self.answer(asked.name, reached.content(asked))
        return answer.value if answer is not None and answer.given else None

    @property
    def round(self) -> Round | None:
        """The round of his class that is about this lesson, if one is open."""
        own = classwork.assignment()
        is_it = own is not None and own.round.plan.kind == "lesson" and own.round.plan.lesson == self.name
        return own.round if own is not None and is_it else None

    @property
    def round_id(self) -> str | None:
        """Its id."""
        return None if self.round is None else self.round.id

    def all_done(self) -> bool:
        """Whether all that is to be done in the lesson is done."""
        return all(reached.is_done(one, self.runs) for step in self.steps for one in step.checks)

    def last_open(self) -> int:
        """Number of the last step that may be opened: behind it something is to be done first."""
        for number, step in enumerate(self.steps):
            if number >= self.progress.reached and not all(reached.is_done(one, self.runs) for one in step.checks):
                return number
        return len(self.steps) - 1
