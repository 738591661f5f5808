"""The board, for the projector: how to join, and how many are there. It shows no secret, and nobody's name."""

from __future__ import annotations

import streamlit as st

from mnist_core.classroom_page import invitation
from mnist_core.errors import ClassError, LimitError
from mnist_core.ui import frame, live_parts, session, watch
from mnist_core.ui.texts import _


def draw(code: str) -> None:
    """The board of the class with this code."""
    key = f"board_class_{code[:20]}"
    if key not in st.session_state:  # a code is tried once, not at each drawing
        try:
            st.session_state[key] = session.store().classes.find(code, session.student()).id
        except (ClassError, LimitError) as error:
            st.title(_("Classroom"))
            frame.show_error(error)
            return
    frame.fragment(_board)(st.session_state[key])


def _board(class_id: str) -> None:
    opened = session.store().classes.get(class_id)
    if opened is None:
        st.info(_("This class is no longer here."))
        return
    st.title(opened.name.markdown)
    invitation.large(opened, invitation.who_is_here(opened))
    live_parts.link([opened], lambda: watch.class_version(class_id), key="board_link")
