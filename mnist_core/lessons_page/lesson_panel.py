"""One lesson: its head, the step that is shown with its live parts, and the way to the next."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from mnist_core import escape
from mnist_core.lessons.schema import (
    CheckBlock,
    Code,
    CompareBlock,
    IdeaBlock,
    InspectBlock,
    Lesson,
    NoteBlock,
    Part,
    Picture,
    PredictBlock,
    Prose,
    QuestionBlock,
    SealBlock,
    Trained,
)
from mnist_core.lessons_page import asking_panel, give_panel, lesson_report, showing_panel, training_panel
from mnist_core.lessons_page.here import STEP, Here, go, measured_speed, way_to_all
from mnist_core.panels.course import Entry
from mnist_core.ui import address, data_note, frame, names, seal, session, texts
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _
from mnist_core.ui.views import Views

SLOW = 0.5  # of a lesson's minutes: where its training takes longer, the light variant is chosen at first
STYLE = """<style>
.st-key-lesson { max-width: 74rem; margin-inline: auto; }
.st-key-lesson [data-testid="stMarkdownContainer"] :is(p, ul, ol, blockquote) { max-width: 46rem; }
.st-key-lesson :is(p, li, th, td) { word-break: keep-all; overflow-wrap: anywhere; }
.st-key-lesson [data-testid="stAlert"] :is(p, ul, ol) { max-width: none; }
.st-key-lesson [class*="st-key-prose_"] [data-testid="stMarkdownContainer"] :is(p, li) { font-size: 1.06rem; line-height: 1.65; }
.st-key-lesson [data-testid="stCode"], .st-key-lesson .katex-display { max-width: 46rem; }
.st-key-lesson h2 { font-size: 1.5rem; padding: 0.3rem 0 0.6rem; word-break: keep-all; }
.st-key-lesson [data-testid="stPageLink"] a { background: none; padding-left: 0; }
.st-key-lesson_way { border-top: 1px solid #8884; padding-top: 0.8rem; margin-top: 0.6rem; }
</style>"""
# A new step begins at its beginning.
_SCROLL = """
export default function ({ data }) {
  const before = window.mnistLabStep;
  window.mnistLabStep = data.step;
  if (before === undefined || before === data.step) return;
  document.querySelector('[data-testid="stMain"]')?.scrollTo(0, 0);
}
"""


@dataclass(frozen=True)
class Drawers:
    """What other pages draw: views of a run, a sweep, a range test."""

    views: Views
    others: training_panel.Others


def draw(entry: Entry, lesson: Lesson, drawers: Drawers) -> None:
    """The lesson at the step where the student is, or that the address names."""
    st.html(STYLE)
    with st.container(key="lesson"):
        way_to_all("above", "arrow_back")
        st.title(escape.markdown(lesson.title))
        with st.container(horizontal=True, vertical_alignment="center", key="lesson_facts"):
            facts = st.container(width="stretch")
            if seal.is_in_use():  # else nobody would know why a test accuracy that is asked for stands nowhere
                seal.draw()
            here = Here(lesson, entry.name, _is_light(lesson))
        with facts:
            _facts(here, entry)
        number = _step(here)
        _head(here, entry, number)
        step = here.steps[number]
        if step.title:
            st.markdown(f"## {step.title}")
        for place, part in step.parts:
            _part(here, place, part, drawers)
        frame.fragment(_way)(here, number)
        _scroll(f"{here.name} {number}")


def _step(here: Here) -> int:
    """The step that is shown, from 0; what is kept of the student says it, too."""
    asked = address.follow(STEP, "step")
    wanted = int(asked) - 1 if asked and asked.isascii() and asked.isdigit() else here.progress.place
    number = max(0, min(wanted, here.last_open()))
    if not here.has_begun or (number, len(here.steps)) != (here.progress.place, here.progress.steps):
        session.store().lessons.go_to(session.student(), here.name, number, len(here.steps))
    st.session_state[STEP] = str(number + 1)
    address.say(step=str(number + 1))
    return number


def _is_light(lesson: Lesson) -> bool:
    """Whether it trains with the settings for a very small host."""
    if not training_panel.has_light(lesson):
        return False
    slow = training_panel.seconds_of(lesson, measured_speed(), light=False) > SLOW * 60 * lesson.minutes
    panel = Panel("lesson")
    return panel.toggle(
        "light",
        _("Shorter training"),
        slow,
        help=_("Fewer epochs or images: for a computer that trains slowly. What there is to see stays the same."),
    )


def _facts(here: Here, entry: Entry) -> None:
    """How long it takes, and in which language it is where that is not the session's."""
    lesson = here.lesson
    facts = [_("{n} minutes").format(n=lesson.minutes)]
    if seconds := training_panel.seconds_of(lesson, here.speed, light=here.light):
        facts.append(_("training takes about {time} on this machine").format(time=names.duration(seconds)))
    if not entry.is_translated:
        facts.append(_("in {language}: not translated yet").format(language=texts.LANGUAGES[lesson.language]))
    st.caption(" · ".join(facts))
    data_note.known_for_mnist(data_note.dataset())


def _head(here: Here, entry: Entry, number: int) -> None:
    lesson, steps = here.lesson, here.steps
    if (given := here.round) is not None:
        st.caption(
            _(":material/school: Your class does this lesson. Your teacher sees how far you are and what you answer.")
        )
        if given.plan.instruction:
            with st.container(border=True, key="lesson_round"):
                st.markdown(given.plan.instruction.formatted)
    if number == 0:
        _what_for(lesson)
    give_panel.draw(entry, lesson)
    with st.container(horizontal=True, vertical_alignment="center", key="lesson_outline"):
        text = _("Step {n} of {all}").format(n=number + 1, all=len(steps))
        st.progress((number + 1) / len(steps), text=text, width="stretch")
        with st.popover(_("Contents"), icon=":material/toc:"):
            _contents(here, number)


def _what_for(lesson: Lesson) -> None:
    columns = [(_("You need"), lesson.needs), (_("You will know"), lesson.teaches)]
    shown = [column for column in columns if column[1]]
    if not shown:
        return
    with st.container(border=True):
        for place, (title, points) in zip(st.columns(len(shown), gap="medium"), shown, strict=True):
            place.markdown(f"**{title}**\n\n" + "\n".join(f"- {point}" for point in points))


def _contents(here: Here, number: int) -> None:
    last = here.last_open()
    for place, step in enumerate(here.steps):
        st.button(
            f"{place + 1}. {step.title or escape.markdown(here.lesson.title)}",
            key=f"lesson_go_{place}",
            type="tertiary",
            disabled=place > last or place == number,
            on_click=go,
            args=(place,),
        )
    if here.progress.reached or here.progress.finished:
        st.button(
            _("Begin anew"),
            key="lesson_anew",
            icon=":material/restart_alt:",
            on_click=_begin_anew,
            args=(here,),
            help=_("Forgets your answers in this lesson. Your runs stay."),
        )


@frame.callback
def _begin_anew(here: Here) -> None:
    session.store().lessons.forget(session.student(), here.name)
    starts = tuple(f"{instance(here.name, block.name)}-" for block in here.lesson.blocks)
    for key in [str(key) for key in st.session_state if str(key).startswith(starts)]:
        del st.session_state[key]
    st.session_state[STEP] = "1"


# ---- parts ---------------------------------------------------------------------------------------------------------


def instance(lesson: str, block: str) -> str:
    """The panel instance of a block: the same however the lesson was edited around it."""
    return f"l{zlib.crc32((lesson + ' ' + block).encode()):08x}"


def _part(here: Here, place: int, part: Part, drawers: Drawers) -> None:
    if isinstance(part, Prose):
        with st.container(key=f"prose_{place}_{part.line}"):
            st.markdown(part.text)
    elif isinstance(part, Code):
        st.code(part.text, language=part.language or None)
    elif isinstance(part, Picture):
        if (image := here.lesson.images.get(part.file)) is not None:
            st.image(image, caption=escape.markdown(part.says) or None, width="content")
    else:
        frame.fragment(_live)(here, part, drawers)


def _live(here: Here, block: Part, drawers: Drawers) -> None:
    """A block, which is drawn anew without the rest of the page."""
    assert not isinstance(block, Prose | Code | Picture)
    if address.in_fragment():
        here = here.anew()
    name = instance(here.name, block.name)
    panel = Panel("", name)
    if isinstance(block, Trained):
        training_panel.draw(here, panel, block, drawers.others)
    elif isinstance(block, IdeaBlock):
        showing_panel.idea(name, block)
    elif isinstance(block, InspectBlock):
        showing_panel.inspect(here, panel, block, drawers.views)
    elif isinstance(block, CompareBlock):
        showing_panel.compare(here, panel, block)
    elif isinstance(block, CheckBlock):
        showing_panel.check(here, panel, block)
    elif isinstance(block, SealBlock):
        showing_panel.seal_of_the_test_set(panel)
    else:
        _asking(block)(here, panel, block)


def _asking(block: PredictBlock | QuestionBlock | NoteBlock) -> Callable[..., None]:
    if isinstance(block, PredictBlock):
        return asking_panel.predict
    return asking_panel.question if isinstance(block, QuestionBlock) else asking_panel.note


# ---- the way on ----------------------------------------------------------------------------------------------------


def _way(here: Here, number: int) -> None:
    if address.in_fragment():
        here = here.anew()
    is_last, is_open = number + 1 == len(here.steps), number < here.last_open()
    with st.container(horizontal=True, vertical_alignment="center", key="lesson_way"):
        if number:
            st.button(_("Back"), key="lesson_back", icon=":material/arrow_back:", on_click=go, args=(number - 1,))
        if not is_last:
            st.button(
                _("Next"),
                key="lesson_next",
                type="primary",
                icon=":material/arrow_forward:",
                icon_position="right",
                disabled=not is_open,
                on_click=go,
                args=(number + 1,),
                width=140,
            )
            if not is_open:
                st.caption(_("The lesson goes on when the task above is done."))
            return
        _end(here, number)
    if here.progress.finished:
        with st.container(border=True, key="lesson_report_box", width=640):
            lesson_report.draw(here, Panel("lesson"))


def _end(here: Here, number: int) -> None:
    if here.progress.finished:
        st.markdown(_(":material/task_alt: You have finished this lesson."))
        way_to_all("below", "list")
        return
    done = here.all_done()
    st.button(
        _("Finish the lesson"),
        key="lesson_finish",
        type="primary",
        icon=":material/check:",
        disabled=not done,
        on_click=_finish,
        args=(here, number),
    )
    if not done:
        st.caption(_("The lesson goes on when the task above is done."))


@frame.callback
def _finish(here: Here, number: int) -> None:
    session.store().lessons.go_to(session.student(), here.name, number, len(here.steps), finished=True)
    frame.draw_anew()


def _scroll(step: str) -> None:
    component = st.components.v2.component("mnist_lab_step", js=_SCROLL)
    component(key="lesson_scroll", data={"step": step}, height=0)
