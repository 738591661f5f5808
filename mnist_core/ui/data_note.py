"""The note on every page that says which data is in use, and how to get the real one."""

from __future__ import annotations

from typing import Any

import streamlit as st

from mnist_core import data, escape
from mnist_core.image_sets import SETS, DatasetName, KnownName
from mnist_core.messages import Message
from mnist_core.ui import names, own_images, session
from mnist_core.ui.texts import _

WHERE_DATA_IS_CHOSEN = ("train", "learning_rate", "inspect")  # addresses of the pages; on the last by the run


def dataset() -> KnownName:
    """The data set that pages start from."""
    return data.preferred()


def ready() -> bool:
    """Whether there are images to work on; where there are none yet a line says that they are coming."""
    available = data.available(dataset())
    if not available:
        st.info(_("The built-in digits are being drawn. They appear here in a few seconds."))
    return available


def chosen(name: DatasetName | None) -> DatasetName | None:
    """The data set to draw: the one that was chosen, else that which pages start from, None (and a line) until it is there."""
    return name or (dataset() if ready() else None)


def interval() -> float | None:
    """Seconds between two drawings of `line`: while data is fetched or drawn it moves by itself."""
    return 1.0 if _waiting() else None


def _waiting() -> bool:
    """Whether something about the data is still to come."""
    return progress() is not None or not (data.available(dataset()) or failure("digits"))


def failure(key: str) -> Message | None:
    """Why fetching (`download`) or drawing (`digits`) failed, if it did."""
    fact = session.store().facts.get(key) or {}
    return Message.from_dict(fact["error"]) if fact.get("state") == "failed" else None


def progress() -> dict[str, Any] | None:
    """The fetching or drawing under way or about to begin, if any: {key, done, total}."""
    for key in ("digits", "download"):
        fact = session.store().facts.get(key)
        if fact and fact.get("state") in ("wanted", "running"):
            return {"key": key, **fact}
    return None


def follow(name: DatasetName) -> None:
    """Let the line say, where a page trains on data that was chosen there, that it is these."""
    before = st.session_state.get("data_chosen", dataset())
    st.session_state["data_chosen"] = name
    if name != before:
        st.rerun()


def line(page: str) -> None:
    """One calm line; a fragment. `page`: address of the one that is drawn."""
    fact, waiting = progress(), _waiting()
    if st.session_state.get("data_waiting") and not waiting:
        st.session_state["data_waiting"] = False
        st.rerun()
    st.session_state["data_waiting"] = waiting
    if fact:
        fraction = fact["done"] / fact["total"] if fact.get("total") else 0.0
        text = (
            _("Drawing the built-in digits …")
            if fact["key"] == "digits"
            else _("Downloading {data} …").format(data=title(fact.get("data", "mnist")))
        )
        st.progress(min(1.0, fraction), text=text)
    if (failed := failure("digits")) and not data.available(dataset()):
        st.error(escape.markdown(failed.text(_)))
    if data.trouble() is not None:
        st.caption(
            _(
                ":material/warning: `MNIST_LAB_DATA` points to a folder that cannot be used. See the server's log for what is in it and what to do."
            )
        )
    _name_data(st.session_state.get("data_chosen", dataset()) if page in WHERE_DATA_IS_CHOSEN else dataset())


def title(name: str) -> str:
    """What a data set is called."""
    return names.choice(name)


def known_for_mnist(name: DatasetName) -> None:
    """A line, where a text tells what was measured on MNIST and this is another data set."""
    if name != "mnist":
        text = _("The results described here were measured on MNIST. On {data} they will differ.")
        st.caption(":material/info: " + text.format(data=escape.markdown(title(name))))


def _name_data(name: DatasetName) -> None:
    """Which data is in use."""
    if name == "mnist":
        st.caption(_(":material/database: Data: MNIST, 60,000 + 10,000 handwritten digits"))
        return
    if name != "built-in":
        called = escape.markdown(title(name))
        known = own_images.find(name) or next((of for known_name, of in SETS.items() if known_name == name), None)
        if known is None:  # somebody else's, or gone
            st.caption(_(":material/database: Data: **{name}**, not MNIST").format(name=called))
            return
        if name in data.DOWNLOADS and not data.available(name):
            _name_missing(called)
            return
        text = _(":material/database: Data: **{name}**, {train} + {test} images, not MNIST")
        st.caption(text.format(name=called, train=f"{known.train:,}", test=f"{known.test:,}"))
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(_(":material/info: Data: **built-in digits**, drawn by this program, not MNIST"), width="content")
        st.page_link("pages/data.py", label=_("How to get MNIST"))


def _name_missing(called: str) -> None:
    """That the data that a link or a run asks for are not here, and where they are to be had."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        text = _(":material/warning: Data: **{name}**, which is not on this server yet")
        st.caption(text.format(name=called), width="content")
        st.page_link("pages/data.py", label=_("How to get it"))
