"""live_chart: a Plotly figure in the page that is updated in place.

`st.plotly_chart` builds the chart anew at every change and loses zoom and hidden curves; this small component of our
own (scripts/chart.js) calls `Plotly.react`. Both scripts are served once and kept by the browser, never sent inline;
Plotly's is the one in the plotly package.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import plotly
import streamlit as st

from mnist_core.ui import large_type
from mnist_core.ui.live import Followed
from mnist_core.ui.texts import _
from mnist_core.web.kept_files import content_hash

_SCRIPTS = Path(__file__).with_name("scripts")
LONG_NAME = 20  # letters of a curve's name, which may not fit into one line of a telephone's legend
MOST_HIDDEN = 1_000  # curves of which is heard that they are hidden
_PLOTLY = Path(plotly.__file__).parent / "package_data"
# Travels with every message of every chart, so it only fetches the script, which the browser keeps.
LOADER = """
export default function (component) {
  const address = new URL(component.data.script, document.baseURI).href;
  let cleanUp = null, gone = false;
  import(address).then((script) => { if (!gone) cleanUp = script.default(component); });
  return () => { gone = true; cleanUp?.(); };
}
"""


def preload() -> None:
    """Let the browser fetch Plotly now, so that the first chart does not wait for it. Draws nothing."""
    component = st.components.v2.component("mnist_lab_preload", js=LOADER, isolate_styles=False)
    component(key="preload", data=_addresses(), height=0)


def _addresses() -> dict[str, str]:
    return {
        "plotly": _served("mnist_lab_plotly", _PLOTLY, "plotly.min.js"),
        "script": script("chart.js"),
    }


def script(file: str, folder: Path = _SCRIPTS) -> str:
    """Address of a script for LOADER: one of the kit, or of a page's own `folder` (`mnist_core/<page>/scripts`)."""
    name = "mnist_lab_scripts" if folder == _SCRIPTS else f"mnist_lab_{folder.parent.name}"
    return _served(name, folder, file)


def _served(name: str, folder: Path, file: str) -> str:
    """Address of a file that the server hands out: a component of the first kind is no more than a served folder."""
    component = st.components.v1.declare_component(name, path=str(folder))
    return f"component/{component.name}/{file}?v={_version(folder / file)}"


@lru_cache(maxsize=50)
def _version(file: Path) -> str:
    """Another one where the script is another: browsers keep what they fetched (web/kept_files.py)."""
    return content_hash(file.read_bytes())


@dataclass(frozen=True)
class Click:
    """A click on a point of a chart: the trace's `uid`, the point's number in it (0-based; of a heat map row by row), the trace's `meta`.

    `frame`: the one shown (0-based), of a chart that is part of a frame player.
    """

    trace: str
    point: int
    meta: Any = None
    frame: int = 0


@dataclass(frozen=True)
class Frame:
    """One picture of a chart that is part of a frame player: the traces that then stand in its layout, and its description."""

    data: list[dict[str, Any]]
    description: str


@dataclass(frozen=True)
class Narrow:
    """Another figure of the same, for a place of less than `below` pixels (more in large type); `height` in pixels."""

    figure: dict[str, Any]
    below: int
    height: int


def live_chart(
    figure: dict[str, Any],
    *,
    key: str,
    height: int,
    description: str,
    subject: str = "",
    linked: str = "",
    player: str = "",
    frames: Sequence[Frame] = (),
    narrow: Narrow | None = None,
    on_click: Callable[[Click], None] | None = None,
    hidden: Collection[str] = (),
    on_hidden: Callable[[frozenset[str]], None] | None = None,
    followed: Followed | None = None,
) -> None:
    """Draw `figure` (`{"data", "layout"}`), or bring what is drawn under `key` up to date.

    `height` in pixels; `description` for those who do not see it; `subject` what it is about: when that changes, the
    chart counts as new. Charts of one `linked` hide the same curves. `on_click` hears of clicks on points, as a callback of a widget does, before the rerun.
    `on_hidden` hears of it in the same way when the browser, which decides which of `linked` curves are hidden, hides others than
    `hidden`: their `legendgroup`, or their `uid` where they have none.
    `frames`: all pictures of the chart as part of the frame player `player` (ui/frame_player.py); of `figure` then only the layout counts.
    `narrow`: what is drawn instead where there is less room; the browser chooses. `followed`: how the browser is told what is new
    of [`figure`, `description`, the narrow figure].
    """
    component = st.components.v2.component("mnist_lab_chart", js=LOADER, isolate_styles=False)
    growth = large_type.growth()
    height = round(height * growth)
    frame_data = [[frame.data, frame.description] for frame in frames]
    narrow_data = narrow and {
        "figure": narrow.figure,
        "below": narrow.below * growth,
        "height": round(narrow.height * growth),
    }
    data = {
        "figure": figure,
        "narrow": narrow_data,
        "player": player,
        "frames": frame_data,
        "key": key,
        "height": height,
        "growth": growth,
        "description": description,
        "subject": subject,
        "version": zlib.crc32(repr((figure, narrow_data, frame_data, growth)).encode()),
        "graphics": _("This chart needs WebGL, which your browser does not offer."),
        "failure": _("The chart script could not be loaded from this server. Reload the page."),
        "clickable": on_click is not None,
        "linked": linked,
        "hidden": None if on_hidden is None else sorted(hidden),
        "svg": _("Download as SVG"),
        "live": followed and asdict(followed),
        "link": script("live.js"),
        **_addresses(),
    }
    # How high it is where it has two heights, square cells, or names that may take several lines, only the browser knows.
    has_long_name = any(len(trace.get("name") or "") > LONG_NAME for trace in figure["data"])
    is_open = narrow is not None or has_long_name or "scaleanchor" in figure["layout"].get("yaxis", {})
    component_height: Any = "content" if is_open else height
    hearing: dict[str, Any] = {}
    if on_click is not None:
        hearing["on_clicked_change"] = partial(_hear_click, key, on_click)
    if on_hidden is not None:
        hearing["on_hidden_change"] = partial(_hear_hidden, key, on_hidden)
    component(key=key, data=data, height=component_height, **hearing)


def _hear_click(key: str, on_click: Callable[[Click], None]) -> None:
    clicked = st.session_state[key].get("clicked")
    try:
        click = Click(str(clicked["trace"]), int(clicked["point"]), clicked.get("meta"), int(clicked.get("frame") or 0))
    except (TypeError, KeyError, ValueError):
        return  # the browser says what it likes
    on_click(click)


def _hear_hidden(key: str, on_hidden: Callable[[frozenset[str]], None]) -> None:
    names = st.session_state[key].get("hidden")
    if isinstance(names, list):
        on_hidden(frozenset(name for name in names[:MOST_HIDDEN] if isinstance(name, str)))
