"""A frame player: charts, a picture and words that move together through the same frames, played or by slider.

All frames are sent once and the browser moves through them (scripts/frame_player.js), so that it answers at once. `control`
moves a player; its parts are `words`, `pictures` and charts (`live_chart` with `player` and `frames`) of the same name.
A player that was never moved shows its last frame. Python hears of the frame with a click on a chart, and where it asks to.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from mnist_core.ui import chart
from mnist_core.ui.texts import _


def control(
    player: str,
    labels: Sequence[str],
    texts: Sequence[str],
    *,
    key: str,
    name: str,
    frame: int | None = None,
    on_rest: Callable[[int], None] | None = None,
) -> None:
    """Draw the button that plays and the slider called `name`; `labels` and `texts` say what each frame shows.

    `frame`: the one (0-based) that Python takes for the one shown, None where it need not know. `on_rest` hears, as a
    callback of a widget, of another one on which the player rests.
    """
    data = {
        "labels": list(labels),
        "texts": list(texts),
        "name": name,
        "play": _("Play"),
        "pause": _("Pause"),
        "frame": frame,
        "tell": frame is not None,
    }

    def changed() -> None:
        place = st.session_state[key].get("frame")
        if (
            on_rest is not None and isinstance(place, int) and 0 <= place < len(labels)
        ):  # the browser says what it likes
            on_rest(place)

    _part(player, len(labels), data, key, changed)


def words(player: str, texts: Sequence[str], *, key: str) -> None:
    """Draw the frame's text, plain."""
    _part(player, len(texts), {"texts": list(texts)}, key)


def pictures(player: str, frames: Sequence[bytes | None], *, key: str, description: str, missing: str) -> None:
    """Draw the frame's picture (PNG, as wide as there is room, its pixels sharp); where there is none, the text `missing`."""
    addresses = [frame and "data:image/png;base64," + base64.b64encode(frame).decode() for frame in frames]
    texts = ["" if frame else missing for frame in frames]
    _part(player, len(frames), {"pictures": addresses, "texts": texts, "description": description}, key)


def _part(player: str, count: int, data: dict[str, Any], key: str, on_frame: Callable[[], None] = lambda: None) -> None:
    component = st.components.v2.component("mnist_lab_frame_player", js=chart.LOADER, isolate_styles=False)
    common = {"key": key, "player": player, "count": count, "script": chart.script("frame_player.js")}
    component(key=key, data=common | data, height="content", on_frame_change=on_frame)
