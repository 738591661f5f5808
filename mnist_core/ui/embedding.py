"""A part of a page in somebody else's page (`?embed=true`): slides, a course in a learning platform.

There the browser may keep our cookie from us, so that nobody knows whose visitor it is: he reads, moves controls, and can queue or
change nothing. Whatever a page has drawn, the store refuses what the reader asks for (`store.limits.READER`).
"""

from __future__ import annotations

from urllib.parse import urlencode

import streamlit as st

from mnist_core.ui.texts import _

# Pages that have something to show in a frame: one idea, or the curve of a run.
PAGES = frozenset({"two_inputs", "data", "loss_and_gradients", "architecture", "batch_size", "why", "train"})


def wanted() -> bool:
    """Whether this session's page stands in a frame of another page: once it did, it does until the session's end."""
    if st.context.is_embedded:
        st.session_state["embedded"] = True
    return "embedded" in st.session_state


def title(text: str) -> None:
    """The page's title, for which a frame has no room."""
    if not wanted():
        st.title(text)


def line() -> None:
    """What stands beneath: that nothing is kept, and where it is."""
    words = urlencode(dict(st.query_params))
    address = str(st.context.url or "").partition("?")[0] + (f"?{words}" if words else "")
    text = _(
        ":material/visibility: Read-only: nothing you do in this frame is saved. [Open it in MNIST Lab]({address})"
    )
    st.caption(text.format(address=address))


def not_here() -> None:
    """Of a page that has nothing to show in a frame."""
    st.info(_("This page cannot be shown inside another page. An idea can, and the curve of a run."))
