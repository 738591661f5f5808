"""A file that is made when its button is pressed, for whoever pressed it: in his language, without what he must not see.

Streamlit makes such a file in a thread of its own that knows no session. What would be asked of one there (the language, the
time zone, who it is and what his images are called, whether the test set is sealed) is that of nobody.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

import streamlit as st

from mnist_core.escape import UserText
from mnist_core.ui import seal, session, texts, times

FILE_LETTERS = 80  # of what a file is called after


def button(
    label: str,
    make: Callable[[], bytes],
    file: str,
    *,
    key: str,
    icon: str,
    kind: Literal["primary", "secondary", "tertiary"] = "secondary",
    help: str | None = None,
) -> None:
    """A button that has the browser save `make()` as `file`; the page is not drawn again for it."""
    st.download_button(label, for_this_student(make), file, key=key, icon=icon, on_click="ignore", type=kind, help=help)


def for_this_student(make: Callable[[], bytes]) -> Callable[[], bytes]:
    """`make`, to be called outside of the session; whether the test set is sealed is asked when it is called."""
    code, student, zone = texts.language(), session.student(), times.zone()

    def made() -> bytes:
        with (
            texts.speaking(code),
            times.read_in(zone),
            session.seen_by(student),
            seal.seen(sealed=seal.sealed_by(student)),
        ):
            return make()

    return made


def words(text: UserText, instead: str) -> str:
    """What a file may be called after `text`: letters, digits and dots of ASCII; `instead` where nothing is left."""
    return re.sub(r"[^A-Za-z0-9.]+", "-", text.plain).strip("-.")[:FILE_LETTERS] or instead
