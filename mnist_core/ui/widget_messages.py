"""What browsers say of widgets and no widget understands: one line in the log each, not a traceback.

A browser may send a number where a widget has words, or half a JSON. Streamlit then fails while it reads the value, within the
session that sent it; nobody else notices. Faults of ours keep their traceback: it goes through our code, or another part of
Streamlit.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Sequence
from pathlib import PurePath
from traceback import FrameSummary

# Where Streamlit reads what a browser sent of a widget.
_FUNCTIONS = ("deserialize", "get_serialized", "unpack_widget_state_value", "_get_upload_files")
# Where it hands on what it read as it came (that a fold is open "x"), the message to the browser does not take it.
_NOT_TAKEN = ("cannot be interpreted as an integer", "must be real number", "bad argument type for built-in operation")
_LOGGERS = ("streamlit.error_util", "streamlit.components.v2.bidi_component.serialization", "mnist_lab")
_LINE = "A browser sent what a widget does not take: %s: %s (%s:%s)"


def fold_in_logs() -> None:
    """From now on such errors are one line in the log."""
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        if fold not in logger.filters:
            logger.addFilter(fold)


def fold(record: logging.LogRecord) -> bool:
    """A filter of `logging`: shortens the record where it is such an error, and lets all through."""
    error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
    frame = _misread(traceback.extract_tb(error.__traceback__), str(error)) if isinstance(error, Exception) else None
    if isinstance(error, Exception) and frame is not None:
        record.msg, record.args = _LINE, (type(error).__name__, error, PurePath(frame.filename).name, frame.lineno)
        record.exc_info = record.exc_text = None
    return True


def _misread(frames: Sequence[FrameSummary], text: str) -> FrameSummary | None:
    """Where in our code (else in Streamlit's) a widget stands whose value could not be read; None for every other error."""
    own, misread = None, None
    for frame in frames:
        if _is_reading(frame, text):
            misread = own or frame
        elif not _is_library(frame):
            own, misread = frame, None  # what fails in our code, called from there or later, is ours
    return misread


def _is_reading(frame: FrameSummary, text: str) -> bool:
    parts = PurePath(frame.filename).parts
    if "streamlit" not in parts:
        return False
    return frame.name in _FUNCTIONS or ("elements" in parts and any(words in text for words in _NOT_TAKEN))


def _is_library(frame: FrameSummary) -> bool:
    parts = PurePath(frame.filename).parts
    return (
        "site-packages" in parts or "dist-packages" in parts or "json" in parts or frame.filename.startswith("<frozen")
    )
