"""Data: which digits are in use, what they look like, how a network gets them, how to get MNIST."""

from __future__ import annotations

import streamlit as st

from mnist_core import data, escape
from mnist_core.ideas import registry
from mnist_core.ui import data_note, embedding, frame, names, session, views
from mnist_core.ui.chart import preload
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _

frame.ensure()

VIEWS = registry.views("data")


def how_to_get() -> None:
    """Where MNIST comes from, and what stands in the way."""
    fact = session.store().facts.get("download") or {}
    if data.available("mnist"):
        return
    st.subheader(_("How to get MNIST"))
    st.markdown(
        _(
            "MNIST is downloaded once, in the background, the first time this program starts with a network connection. Without a connection, put the four MNIST files into a folder and set the environment variable (or Streamlit secret) `MNIST_LAB_DATA` to it, or put them into `data/MNIST/raw` in this program's home folder (`MNIST_LAB_HOME`)."
        )
    )
    if failed := data_note.failure("download"):
        st.warning(_("The last download failed: {reason}").format(reason=escape.markdown(failed.text(_))))
    if fact.get("state") not in ("running", "wanted"):

        @frame.callback
        def want() -> None:
            session.store().facts.set("download", {"state": "wanted", "done": 0, "total": 0})

        st.button(_("Download MNIST"), key="download", icon=":material/download:", on_click=want)


def page() -> None:
    """The data set, one of the views of it, and where MNIST comes from."""
    embedding.title(_("The digits that networks learn from"))
    first = data.preferred()
    available = [first, *(name for name in data.TITLES if name != first)]
    available = [name for name in available if data.available(name)]
    if not data_note.ready():
        st.fragment(_wait, run_every=1.0)()
    else:
        preload()
        name = available[0]
        if len(available) > 1 and not embedding.wanted():
            titles = {name: names.CHOICES.get(name, name) for name in available}
            name = Panel("data").one_of("set", _("Images"), titles, available[0])
        views.show(Panel("data"), VIEWS, name)
    if not embedding.wanted():
        how_to_get()


def _wait() -> None:
    if data.available(data_note.dataset()):
        st.rerun()


page()
