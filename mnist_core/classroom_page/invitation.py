"""What students need to join: the code in large letters, the link, and the picture that a camera reads."""

from __future__ import annotations

import streamlit as st

from mnist_core import escape
from mnist_core.class_records import Class
from mnist_core.classroom_page import reach
from mnist_core.ui.drawing import drawing
from mnist_core.ui.texts import _, ngettext

_STYLE = """<style>
.mnist-lab-qr svg { display: block; width: 100%; max-width: var(--most, 22rem); max-height: 60vh; border-radius: 0.4rem; }
.st-key-large_invitation .mnist-lab-qr svg { --most: 60vh; margin: 0 auto; }
.mnist-lab-code { font: 700 3rem/1.2 ui-monospace, Menlo, Consolas, monospace; letter-spacing: 0.18em; }
.st-key-large_invitation .mnist-lab-code { font-size: clamp(3rem, 8vw, 8.5rem); }
.mnist-lab-address { font-size: 1.15rem; overflow-wrap: anywhere; }
.st-key-large_invitation .mnist-lab-address { font-size: clamp(1.2rem, 2.4vw, 2.4rem); }
.st-key-large_invitation p { font-size: clamp(1.1rem, 1.6vw, 1.6rem); }
</style>"""


def who_is_here(opened: Class) -> str:
    """How many are in the class, in words."""
    if not opened.members:
        return _("Nobody is here yet")
    return ngettext("{n} student is here", "{n} students are here", opened.members).format(n=opened.members)


def address_of(opened: Class) -> str | None:
    """The app's address that students of the class are told; None where this computer is in no network."""
    offered = reach.addresses()
    return opened.address if opened.address in offered else next(iter(offered), None)


def small(opened: Class, address: str) -> None:
    """For the console."""
    st.html(_STYLE)
    _picture(opened, address, "console_qr")


def large(opened: Class, who_is_here: str) -> None:
    """For the projector, to be read from the back row; `who_is_here` as Markdown."""
    st.html(_STYLE)
    address = address_of(opened)
    with st.container(key="large_invitation"):
        left, right = st.columns([1, 1], gap="large", vertical_alignment="center")
        with right:
            st.markdown(_("Scan the picture, or open this address and enter the code:"))
            words(opened, address)
            st.markdown(f"**{who_is_here}**")
        if address is not None:
            with left:
                _picture(opened, address, "board_qr")


def words(opened: Class, address: str | None) -> None:
    """Address and code, in letters."""
    if address is not None:
        st.html(f'<div class="mnist-lab-address">{escape.html(address)}</div>')
    spelled = " ".join(opened.code)
    st.html(f'<div class="mnist-lab-code" role="text" aria-label="{spelled}">{opened.code}</div>')


def _picture(opened: Class, address: str, key: str) -> None:
    description = _("QR code of the link to join: {link}").format(link=reach.join_link(address, opened.code))
    drawing(reach.picture(reach.join_link(address, opened.code), description), key=key)
