"""Data: which images are in use, what they look like, how a network gets them, how to get MNIST and other sets."""

from __future__ import annotations

import streamlit as st

from mnist_core import data, escape
from mnist_core.ideas import registry
from mnist_core.image_sets import DatasetName, own_id
from mnist_core.messages import N_
from mnist_core.panels import own_images_panel
from mnist_core.ui import data_note, embedding, frame, names, own_images, session, views
from mnist_core.ui.chart import preload
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _

frame.ensure()

VIEWS = registry.views("data")
# The others are about sets of thousands, and what they say was measured on these.
OF_OWN = {view: VIEWS[view] for view in ("samples", "classes", "numbers")}
WHAT: dict[DatasetName, str] = {
    "fashion-mnist": N_("Photos of clothes, as many as MNIST has digits. Harder to tell apart."),
    "kmnist": N_("Ten letters of old Japanese handwriting, each written in several ways."),
    "emnist-digits": N_("Four times as many handwritten digits, 240,000 + 40,000, from the same forms as MNIST."),
}


def how_to_get() -> None:
    """Where MNIST comes from, and what stands in the way."""
    if data.available("mnist"):
        return
    st.subheader(_("How to get MNIST"))
    st.markdown(
        _(
            "MNIST is downloaded once, in the background, the first time this program starts with a network connection. Without a connection, put the four MNIST files into a folder and set the environment variable (or Streamlit secret) `MNIST_LAB_DATA` to it, or put them into `data/MNIST/raw` in this program's home folder (`MNIST_LAB_HOME`)."
        )
    )
    _download_failure("mnist")
    _download_button("mnist")


def more_data_sets() -> None:
    """The data sets that can be fetched and are not here, each with what it is."""
    lacking = [name for name in data.DOWNLOADS if name != "mnist" and not data.available(name)]
    if not lacking:
        return
    st.subheader(_("More data sets"))
    st.markdown(
        _("They have images of the same size in ten classes, so that every experiment works with them as well.")
    )
    for name in lacking:
        with st.container(border=True, key=f"get-{name}"):
            with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
                size = _("{megabytes} MB").format(megabytes=round(data.DOWNLOADS[name] / 1e6))
                st.markdown(f"**{data_note.title(name)}** · {size}  \n{_(WHAT[name])}", width="stretch")
                _download_button(name)
            _download_failure(name)


def _download_failure(name: DatasetName) -> None:
    """Why the last download failed, where it was one of this data set."""
    fact = session.store().facts.get("download") or {}
    if fact.get("data", "mnist") == name and (failed := data_note.failure("download")):
        st.warning(_("The last download failed: {reason}").format(reason=escape.markdown(failed.text(_))))


def _download_button(name: DatasetName) -> None:
    @frame.callback
    def want() -> None:
        session.store().facts.set("download", {"state": "wanted", "done": 0, "total": 0, "data": name})

    fact = session.store().facts.get("download") or {}
    is_under_way = fact.get("state") in ("running", "wanted")
    text = _("Downloading {data} …") if is_under_way and fact.get("data", "mnist") == name else _("Download {data}")
    key = "download" if name == "mnist" else f"download-{name}"
    label = text.format(data=data_note.title(name))
    st.button(label, key=key, icon=":material/download:", on_click=want, disabled=is_under_way)


def page() -> None:
    """The data set, one of the views of it, and where MNIST comes from."""
    embedding.title(_("The images that networks learn from"))
    first = data.preferred()
    known = [first, *(name for name in data.TITLES if name != first)]
    here: list[DatasetName] = [name for name in known if data.available(name)]
    available = [*here, *(images.name for images in own_images.mine())]
    if not data_note.ready():
        st.fragment(_wait, run_every=1.0)()
    else:
        preload()
        name = available[0]
        if len(available) > 1 and not embedding.wanted():
            name = Panel("data").one_of("set", _("Images"), names.labels(available), available[0], wrap=True)
        views.show(Panel("data"), VIEWS if own_id(name) is None else OF_OWN, name)
    if not embedding.wanted():
        how_to_get()
        more_data_sets()
        own_images_panel.draw()


def _wait() -> None:
    if data.available(data_note.dataset()):
        st.rerun()


page()
