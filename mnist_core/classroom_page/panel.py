"""The Classroom page: the board for the projector, the console of a class's teacher, or the way to open a class."""

from __future__ import annotations

import streamlit as st

from mnist_core import settings
from mnist_core.class_records import Class
from mnist_core.classroom_page import board_panel, console_panel
from mnist_core.errors import NotTeacherError
from mnist_core.store.class_rows import LIFETIME_DAYS
from mnist_core.store.classes import NAME_LETTERS
from mnist_core.ui import address, frame, membership, session, teacher
from mnist_core.ui.texts import _

_GO = "export default ({ data }) => location.replace(new URL(data.address, document.baseURI));"


def draw() -> None:
    """The whole page."""
    if (link := st.session_state.pop("teacher_link", None)) is not None:
        st.title(_("Classroom"))
        st.components.v2.component("mnist_lab_go", js=_GO)(key="go", data={"address": link}, height=0)
        return
    if (code := address.follow("board_code", "board")) is not None:
        board_panel.draw(code)
        return
    class_id = address.follow("shown_class", "class")
    secrets = teacher.secrets()
    if class_id is not None:
        secret = secrets.get(class_id, "")
        try:
            opened = session.store().classes.enter(class_id, secret, session.student())
        except NotTeacherError:
            st.warning(
                _("This class is no longer here, or this browser is not its teacher's. Open your teacher's link again.")
            )
        else:
            console_panel.draw(opened, secret)
            return
    st.title(_("Classroom"))
    _board_of_ones_class()
    _own_classes(secrets)
    _open_class()


def _board_of_ones_class() -> None:
    """For a member, the way to what his teacher shows; the frame's lines lead to the round."""
    if (current := membership.current()) is not None:
        label, query = _("The board of {name}"), {"board": current.in_class.code}
        label = label.format(name=current.in_class.name.markdown)
        st.page_link("pages/classroom.py", label=label, icon=":material/scatter_plot:", query_params=query)


def _own_classes(secrets: dict[str, str]) -> None:
    """The classes whose teacher this browser is."""
    classes = session.store().classes
    own = [opened for class_id in secrets if (opened := classes.get(class_id)) is not None]
    if own:
        st.subheader(_("Your classes"))
    for opened in own:
        st.button(
            opened.name.markdown,
            key=f"show_class_{opened.id}",
            icon=":material/school:",
            on_click=_show,
            args=(opened,),
        )


def _show(opened: Class) -> None:
    st.session_state["shown_class"] = opened.id


def _open_class() -> None:
    st.subheader(_("Open a class"))
    st.markdown(
        _(
            "Your students join by a code, without accounts. You see who is there and what they train. To join a class, open **Home** and enter its code."
        )
    )
    with st.form("open_class_form", border=False):
        st.text_input(_("Name of the class"), key="class_name", max_chars=NAME_LETTERS, width=400)
        if settings.teacher_password() is not None:
            st.text_input(_("Teacher's password"), key="class_password", type="password", max_chars=200, width=400)
        st.form_submit_button(_("Open a class"), type="primary", key="open_class", on_click=_open)
    st.caption(
        _(
            "For a class, the server keeps nicknames and personal codes, runs, predictions, answers in the lessons that you give, and reports that students hand in. All of this is deleted with the class: when you delete it, or after the server has run for {days} days. Images that students upload are not part of the class: they stay until the student deletes them."
        ).format(days=round(LIFETIME_DAYS))
    )


@frame.callback
def _open() -> None:
    name, password = (str(st.session_state.get(key) or "") for key in ("class_name", "class_password"))
    opened, secret = session.store().classes.open(name, session.student(), password=password)
    st.session_state["teacher_link"] = teacher.link(opened.id, secret)
