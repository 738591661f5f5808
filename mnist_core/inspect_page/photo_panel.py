"""A photo of a digit: uploaded, shown with a frame around what was cut out, and asked about where several things may be meant."""

from __future__ import annotations

from typing import Any

import streamlit as st

from mnist_core.data import pictures
from mnist_core.data.pictures import Candidate, Reading
from mnist_core.errors import DataFileError
from mnist_core.inspect_page.photo_figure import framed
from mnist_core.messages import N_
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _

# JPEG first: browsers on Apple's systems convert a photo to the first kind of the list that they can write. HEIC is not
# among them, so that they do. Windows saves JPEG files as .jfif.
TYPES = ("jpg", "jpeg", "jfif", "pjpeg", "pjp", "jpe", "png", "webp", "gif", "bmp")
QUESTION = N_("{count} things in the photo could be meant. Choose the number of the one that you mean.")
_READ, _ASKS = (
    "picture_read",
    "picture_asks",
)  # in the session: what the last file gave, and how many things are asked about


def choose(panel: Panel, digits: bool) -> tuple[Reading, Candidate] | None:
    """The controls; the photo's reading and its candidate that is meant, None while there is none. Raises DataFileError.

    `digits`: whether the networks know digits.
    """
    label = _("Photo or image of one digit") if digits else _("Photo or image of one thing")
    uploaded = st.file_uploader(label, type=list(TYPES), key=panel.key("picture"))
    st.caption(
        _(
            "An iPhone's HEIC photo is not accepted: set Settings, Camera, Formats to Most Compatible and take it again, "
            "or upload a screenshot of it."
        )
    )
    panel.session[_ASKS] = 0
    if uploaded is None:
        return None
    reading = _read(panel, uploaded)
    number = _number(panel, reading, uploaded.file_id)
    st.image(framed(reading.gray, reading.boxes(), number))
    if number is None:
        panel.session[_ASKS] = len(reading.candidates)
        return None
    candidate = reading.candidates[number]
    if candidate.wide and digits:
        st.warning(_("This is wide for one digit. If two digits touch each other, crop the photo to one."))
    st.caption(_("The frame shows the part that is used. Thin strokes are drawn as thick as MNIST's."))
    return reading, candidate


def question(panel: Panel) -> str | None:
    """What the student is asked about the photo, if anything."""
    count = panel.session.get(_ASKS, 0)
    return _(QUESTION).format(count=count) if count else None


def _number(panel: Panel, reading: Reading, file_id: str) -> int | None:
    """Which candidate is meant, counted from 0."""
    count = len(reading.candidates)
    if count == 1:
        return 0
    chosen = st.segmented_control(
        _("Which one?"), range(1, count + 1), key=panel.key(f"picture_number_{file_id}"), wrap=True
    )
    return None if chosen is None else int(chosen) - 1


def _read(panel: Panel, uploaded: Any) -> Reading:
    """The file's reading, made once for each file: the panel is drawn every second while a network trains."""
    file_id, reading = panel.session.get(_READ, (None, None))
    if file_id != uploaded.file_id:
        try:
            reading = pictures.read(uploaded.getvalue())
        except DataFileError as error:
            reading = error
        panel.session[_READ] = (uploaded.file_id, reading)
    if isinstance(reading, DataFileError):
        raise reading
    return reading  # type: ignore[no-any-return]
