"""Lessons: the list, one of them with its live parts, and those that are written here."""

from __future__ import annotations

import streamlit as st

from mnist_core.inspect_page.views import VIEWS
from mnist_core.lessons_page import lesson_panel, list_panel, write_panel
from mnist_core.lessons_page.training_panel import Others
from mnist_core.panels import course
from mnist_core.sweep_page import range_test_panel, sweep_panel
from mnist_core.ui import address, frame
from mnist_core.ui.chart import preload
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _

frame.ensure()
DRAWERS = lesson_panel.Drawers(VIEWS, Others(sweep_panel.draw, range_test_panel.show))


def page() -> None:
    """The list, or what the address names."""
    written, name = address.follow("lesson_written", "write"), address.follow("lesson_shown", "lesson")
    if written:
        write_panel.draw(Panel("write"), written)
        return
    entry = None if not name else course.find(name)
    if entry is None or entry.lesson is None:
        if entry is not None:
            list_panel.say_faults(entry)
        elif name:
            st.info(_("This lesson is no longer here. Choose another one."))
        list_panel.draw()
        return
    preload()
    lesson_panel.draw(entry, entry.lesson, DRAWERS)


frame.safely(page)()
