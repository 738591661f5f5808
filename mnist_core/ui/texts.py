"""Texts of the interface in the language of the session, through gettext.

English stands in the source; `locales/<language>/LC_MESSAGES/mnist_lab.po` has the other languages, read as it is at
first use. Where the program was installed there is the compiled catalog in its place.
"""

from __future__ import annotations

import gettext
import io
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache

import streamlit as st

from mnist_core import settings
from mnist_core.ui import address

LANGUAGES = {"en": "English", "ko": "한국어"}
LOCALES = settings.APP / "locales"
_spoken: ContextVar[str | None] = ContextVar("mnist_lab_spoken", default=None)


def _(text: str) -> str:
    """`text` in the language of the session; as it stands where there is no translation."""
    return catalog(language()).gettext(text) if text else ""


def ngettext(singular: str, plural: str, n: int) -> str:
    """The text for `n` things in the language of the session: in English `singular` where n is 1, else `plural`."""
    return catalog(language()).ngettext(singular, plural, n)


def language() -> str:
    """Code of the session's language, or of that which is spoken just now."""
    code: str = _spoken.get() or st.session_state.get("language", "en")
    return code


@contextmanager
def speaking(code: str) -> Iterator[None]:
    """Speak this language for a while, outside of any session, too."""
    token = _spoken.set(code)
    try:
        yield
    finally:
        _spoken.reset(token)


def begin() -> None:
    """Choose the language of a new session: `?lang=` in the address, else the browser's."""
    if "language" not in st.session_state:
        parameter = st.query_params.get("lang")
        code = parameter or str(st.context.locale or "en").split("-")[0]
        st.session_state["language"] = code if code in LANGUAGES else "en"
        st.session_state["language_said"] = parameter in LANGUAGES


def language_switch() -> None:
    """The switch that stands on every page."""
    st.session_state["language_choice"] = language()

    def changed() -> None:
        st.session_state["language"] = st.session_state["language_choice"]
        st.session_state["language_said"] = True

    address.say(lang=language() if st.session_state.get("language_said") else None)
    st.segmented_control(
        "Language · 언어",
        list(LANGUAGES),
        key="language_choice",
        format_func=LANGUAGES.__getitem__,
        on_change=changed,
        required=True,
        label_visibility="collapsed",
    )


@lru_cache(maxsize=len(LANGUAGES))
def catalog(code: str) -> gettext.NullTranslations:
    """The translations into `code`."""
    file = LOCALES / code / "LC_MESSAGES" / "mnist_lab.po"
    if (installed := file.with_suffix(".mo")).exists() and not file.exists():
        with installed.open("rb") as source:
            return gettext.GNUTranslations(source)
    if not file.exists():
        return gettext.NullTranslations()
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    compiled = io.BytesIO()
    with file.open("rb") as source:
        write_mo(compiled, read_po(source, locale=code))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
