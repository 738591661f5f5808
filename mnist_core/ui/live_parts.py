"""Parts of a page that follow runs while they train: charts, a line of progress, a verdict, and what has a fragment drawn anew.

The browser changes charts and words by itself, as it is told (`push.py`); where a page must be drawn otherwise (another state,
other buttons) its `link` asks for the fragment it stands in, once. Where there is no connection, the link asks now and then:
the more sessions have to, the more seldom.
"""

from __future__ import annotations

import json
import threading
import time
import zlib
from collections.abc import Callable, Collection, Hashable
from dataclasses import asdict
from typing import Any, NamedTuple

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from mnist_core.ui import chart, live, watch
from mnist_core.ui.chart import Narrow, live_chart

POLL_SECONDS = 0.5  # between two polls of a session that has no connection
POLLING = 10  # so many sessions poll as often as one; twice as many half as often
FORGET_SECONDS = 30.0


class Picture(NamedTuple):
    """A figure, its description, and the figure in its place where there is less room."""

    figure: dict[str, Any]
    description: str
    narrow: dict[str, Any] | None = None


_lock = threading.Lock()
_polled: dict[str, float] = {}  # session → when it last polled, on the monotonic clock


def link(
    views: Collection[live.Moving],
    signature: Callable[[], live.Value],
    *,
    key: str,
    name: Hashable = None,
    pause: float = 0.0,
    ticks: bool = False,
) -> None:
    """Have the fragment in which this stands drawn anew when `signature` becomes another one while any of the runs moves or, paused or
    failed, may go on: its student has other tabs.

    `signature`: of what the fragment shows of the runs, as plain values, of which the browser is told no more than whether they
    are others; `name`: what it knows besides the runs; these and `ticks` as for `live.follow`. `pause`: seconds between two drawings, at least.
    """
    value, followed = live.follow(
        views, ("link", key, name), lambda: zlib.crc32(json.dumps(signature()).encode()), ticks=ticks, rests=True
    )
    if followed is None:
        return
    component = st.components.v2.component("mnist_lab_link", js=chart.LOADER)
    data = {
        "script": chart.script("live.js"),
        "live": asdict(followed),
        "value": value,
        "seconds": _poll_seconds(),
        "pause": round(1000 * pause),
    }
    asked = component(key=key, data=data, height=0, on_asked_change=_nothing).get("asked")
    if asked and str(asked).startswith("poll"):
        _note_poll()


def _nothing() -> None:
    """What the browser says is read where the component is drawn."""


def _note_poll() -> None:
    context = get_script_run_ctx()
    now = time.monotonic()
    with _lock:
        _polled[context.session_id if context else ""] = now
        for session_id in [one for one, moment in _polled.items() if now - moment > FORGET_SECONDS]:
            del _polled[session_id]


def _poll_seconds() -> float:
    with _lock:
        return POLL_SECONDS * max(1, round(len(_polled) / POLLING))


def chart_of(
    views: Collection[live.Moving],
    name: Hashable,
    make: Callable[[], Picture],
    *,
    key: str,
    height: int,
    narrow: tuple[int, int] | None = None,
    **options: Any,
) -> None:
    """`live_chart` of what `make` gives of these runs, which the browser follows; `name` and `make` as for `live.follow`.

    `narrow`: below which width the narrow figure is drawn, and its height; `options` of `live_chart`.
    """
    (figure, description, small), followed = live.follow(views, name, lambda: list(make()))
    below = Narrow(small, *narrow) if narrow and small else None
    live_chart(figure, key=key, height=height, description=description, narrow=below, followed=followed, **options)


def still_chart(
    picture: Picture, *, key: str, height: int, narrow: tuple[int, int] | None = None, **options: Any
) -> None:
    """`live_chart` of a picture that nobody follows; `narrow` and `options` as for `chart_of`."""
    below = Narrow(picture.narrow, *narrow) if narrow and picture.narrow else None
    live_chart(picture.figure, key=key, height=height, description=picture.description, narrow=below, **options)


def states(run_ids: Collection[str]) -> live.Value:
    """Where each of these runs is, as a part of a signature: another one when a run begins, has its first evaluation, or ends."""
    views = [watch.look(run_id) for run_id in run_ids]
    return [[view.run.state, view.run.outcome, len(view.curves.evaluations) > 0] for view in views]


def progress(
    views: Collection[live.Moving], name: Hashable, make: Callable[[], tuple[float, str]], *, key: str
) -> None:
    """A bar, filled to a fraction from 0 to 1, under a line of text, both of which `make` gives; as for `live.follow`."""
    if not live.is_moving(views):
        fraction, text = make()
        st.progress(min(1.0, fraction), text=text)
        return

    def value() -> dict[str, Any]:
        fraction, text = make()
        return {"fraction": round(min(1.0, max(0.0, fraction)), 3), "text": text}

    _words(views, ("progress", name), value, "bar", key)


Sentence = dict[str, str]


def sentence(text: str, tone: str, *, icon: str = "", title: str = "", advice: str = "") -> Sentence:
    """What `said` shows: `text` without Markdown; `tone`: error, warning, success or info; `icon` of Material's symbols."""
    return {"title": title, "text": text, "advice": advice, "tone": tone, "icon": icon}


def said(views: Collection[live.Moving], name: Hashable, make: Callable[[], Sentence | None], *, key: str) -> None:
    """What `make` has to say of these runs, or nothing; as for `live.follow`."""
    if live.is_moving(views):
        _words(views, ("said", name), make, "sentence", key)
    elif (told := make()) is not None:
        text = f"**{told['title']}** {told['text']}".removeprefix("**** ")
        if told["advice"]:
            text += f"\n\n:material/lightbulb: {told['advice']}"
        tone = {"error": st.error, "warning": st.warning, "success": st.success}.get(told["tone"], st.info)
        tone(text, icon=f":material/{told['icon']}:" if told["icon"] else None)


def _words(views: Collection[live.Moving], name: Hashable, make: Callable[[], Any], kind: str, key: str) -> None:
    value, followed = live.follow(views, name, make, ticks=kind == "bar")
    component = st.components.v2.component("mnist_lab_words", js=chart.LOADER, isolate_styles=False)
    data = {
        "script": chart.script("words.js"),
        "link": chart.script("live.js"),
        "kind": kind,
        "value": value,
        "live": followed and asdict(followed),
    }
    component(key=key, data=data)
