"""Data: which digits are in use, what they look like, how to get MNIST."""

from __future__ import annotations

import streamlit as st

from mnist_core import data, settings
from mnist_core.config import DatasetName
from mnist_core.figures.digits import image_sheet
from mnist_core.ui import data_note, frame, names, session
from mnist_core.ui.texts import _

frame.ensure()


def samples(name: DatasetName) -> None:
    """A sheet of training images, a row for each digit."""
    dataset = data.load_dataset(name)
    seed = st.session_state.setdefault("sample_seed", 0)
    indices = data.samples(dataset, per_digit=20, seed=seed)
    sheet = image_sheet(dataset.train_images[indices], columns=20, scale=2)
    st.image(sheet, width="stretch", caption=_("Each row one digit, from 0 to 9; images of 28×28 pixels."))

    def shuffle() -> None:
        st.session_state["sample_seed"] = seed + 1

    st.button(_("Show others"), key="shuffle", icon=":material/shuffle:", on_click=shuffle)


def how_to_get() -> None:
    """Where MNIST comes from, and what stands in the way."""
    fact = session.store().fact("download") or {}
    if data.available("mnist"):
        source = data.load_dataset("mnist").source
        st.success(_("MNIST is here, in {folder}.").format(folder=f"`{source}`"), icon=":material/check:")
        return
    st.markdown(
        _(
            "MNIST is downloaded once, in the background, when this program first starts with a network connection. "
            "Without one, put the four files of MNIST into a folder and name it in the environment variable (or "
            "Streamlit secret) `MNIST_LAB_DATA`, or into `{folder}`."
        ).format(folder=settings.home() / "data" / "MNIST" / "raw")
    )
    if failed := data_note.failure("download"):
        st.warning(_("The last download failed: {reason}").format(reason=failed.text(_)))
    if fact.get("state") not in ("running", "wanted"):

        def want() -> None:
            session.store().set_fact("download", {"state": "wanted", "done": 0, "total": 0})

        st.button(_("Download MNIST"), key="download", icon=":material/download:", on_click=want)


def page() -> None:
    """Samples first, then where the data come from."""
    st.title(_("The digits that the networks learn"))
    names_known: tuple[DatasetName, ...] = ("mnist", "built-in")
    here: list[DatasetName] = [name for name in names_known if data.available(name)]
    if not here:
        st.info(_("The built-in digits are being drawn; they appear here in a few seconds."))
        st.fragment(_wait, run_every=1.0)()
    else:
        name = st.segmented_control(
            _("Images"), here, default=here[0], required=True, format_func=names.choice, key="data_set"
        )
        samples(name or here[0])
    st.subheader(_("How to get MNIST"))
    how_to_get()


def _wait() -> None:
    if data.available(data_note.dataset()):
        st.rerun()


page()
