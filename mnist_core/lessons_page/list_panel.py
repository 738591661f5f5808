"""The lessons to choose from, with how long they take and how far one is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from mnist_core import escape
from mnist_core.errors import LessonError
from mnist_core.lessons_page import faults
from mnist_core.panels import course
from mnist_core.panels.course import Entry
from mnist_core.records import LessonProgress
from mnist_core.ui import frame, session, texts
from mnist_core.ui.texts import _

STYLE = """<style>
.st-key-lessons { max-width: 60rem; }
.st-key-lessons [data-testid="stPageLink"] a { background: none; padding-left: 0; }
.st-key-lessons [data-testid="stPageLink"] p { font-size: 1.1rem; font-weight: 600; white-space: normal; }
</style>"""


def draw() -> None:
    """All lessons, by where they come from."""
    st.html(STYLE)
    st.title(_("Lessons"))
    with st.container(key="lessons", gap="small"):
        st.markdown(
            _("Each lesson lets you predict, train, break something and find out why. It opens where you left it.")
        )
        progress = session.store().lessons.progress(session.student())
        _some(None, course.ours(), progress, numbered=True)
        _some(_("Lessons of this server"), course.of_server(), progress)
        written = session.store().written_lessons
        own = written.of_owner(session.student())
        given = [one for one in written.given_to(session.student()) if one not in own]
        _some(_("Given to your class"), [course.of_written(one) for one in given], progress)
        _some(_("Your own lessons"), [course.of_written(one) for one in own], progress)
        st.page_link(
            "pages/lessons.py",
            label=_("Write a lesson"),
            icon=":material/edit:",
            query_params={"write": "new"},
        )


def _some(
    title: str | None,
    entries: Sequence[Entry],
    progress: Mapping[str, LessonProgress],
    *,
    numbered: bool = False,
) -> None:
    if title is not None and entries:
        st.subheader(title, anchor=False)
    for number, entry in enumerate(entries, 1):
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            _row(entry, progress.get(entry.name), f"{number}. " if numbered else "")


def _row(entry: Entry, progress: LessonProgress | None, number: str) -> None:
    lesson = entry.lesson
    with st.container(gap=None, width="stretch"):
        if lesson is None:
            title = escape.markdown(entry.name) if entry.written is None else entry.written.title.markdown
            st.markdown(f"**{title}**")
            st.caption(_(":material/warning: This lesson has faults and cannot be shown."))
        else:
            label = number.replace(".", "\\.") + escape.markdown(lesson.title)
            st.page_link("pages/lessons.py", label=label, query_params={"lesson": entry.name})
            parts = [_("{n} minutes").format(n=lesson.minutes), *lesson.teaches[:1]]
            if not entry.is_translated:
                language = texts.LANGUAGES[lesson.language]
                parts.append(_("in {language}: not translated yet").format(language=language))
            st.caption(" · ".join(parts))
    _state(progress)
    if entry.written is not None and entry.written.owner == session.student():
        query = {"write": entry.written.id}
        st.page_link("pages/lessons.py", label=_("Edit"), icon=":material/edit:", query_params=query, width="content")


def _state(progress: LessonProgress | None) -> None:
    if progress is None:
        return
    if progress.finished:
        finished = _("finished")
        st.markdown(f":green-badge[:material/check: {finished}]", width="content")
        return
    steps = max(1, progress.steps)
    text = _("Step {n} of {all}").format(n=progress.place + 1, all=steps)
    st.progress(min(1.0, (progress.reached + 1) / steps), text=text, width=180)


def say_faults(entry: Entry) -> None:
    """Why a lesson cannot be shown."""
    if isinstance(entry.problem, LessonError):
        st.error(faults.words(entry.problem), icon=":material/error:")
    elif entry.problem is not None:
        frame.show_error(entry.problem)
