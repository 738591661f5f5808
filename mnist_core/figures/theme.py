"""One look for every chart: the same color, dash and sign for the same thing everywhere.

The colors are Okabe and Ito's, told apart with every common kind of color blindness and by a projector; dash and
sign differ as well, so that color is never alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mnist_core.messages import N_
from mnist_core.records import Split


@dataclass(frozen=True)
class Style:
    """How a split is drawn: color on light and dark ground, dash and sign (Plotly's words), name."""

    light: str
    dark: str
    dash: str
    symbol: str
    name: str

    def color(self, dark: bool) -> str:
        """The color on this ground."""
        return self.dark if dark else self.light


SPLIT_STYLES: Mapping[Split, Style] = {
    "train": Style("#0072B2", "#56B4E9", "solid", "circle", N_("Training")),
    "validation": Style("#D55E00", "#E69F00", "dash", "square", N_("Validation")),
    "test": Style("#007A5A", "#2FCFA0", "dot", "diamond", N_("Test")),
}
# Several runs: each a color and a dash, both other than its neighbor's; 28 pairs before they start again, then with signs.
RUN_COLORS_LIGHT = ("#0072B2", "#D55E00", "#007A5A", "#CC79A7", "#332288", "#661100", "#000000")
RUN_COLORS_DARK = ("#56B4E9", "#E69F00", "#2FCFA0", "#B0478B", "#FFE680", "#FFFFFF", "#B15928")
DASHES = ("solid", "dash", "dot", "dashdot")
# Where dashes tell something else, or are used up, these tell runs of one color apart.
RUN_SYMBOLS = ("circle", "triangle-up", "x", "star", "square", "diamond", "cross", "triangle-down")
RUN_LOOKS = len(RUN_COLORS_LIGHT) * len(DASHES)  # runs that color and dash tell apart
# A scale in one direction, with the hues of matplotlib's plasma. Lightness rises evenly, so that order is seen with every kind of
# color blindness, and in gray. It is stretched so far as each ground lets it be seen: of eight on it, neighbors are told apart
# with color blindness, too (tests/figures/test_theme.py).
SCALE_LIGHT = ("#21046E", "#0000A4", "#68169C", "#AF25A3", "#D8188B", "#D24976", "#D06760", "#E36A29")
SCALE_DARK = ("#324FFE", "#B164E7", "#FF59C6", "#FB7797", "#FA9971", "#E6B440", "#EEEA20", "#FFF9AE")
RAISES = "#E67800"  # what raises a unit or an answer, on both grounds; what lowers it has the color of training
BROKEN_LIGHT, BROKEN_DARK = "#C1121F", "#FF7B72"
FONT = "Source Sans, Source Sans Pro, Noto Sans KR, Noto Sans CJK KR, sans-serif"
# Numbers at an axis as texts have them, 30,000 and not Plotly's 30k; from ten millions on powers of ten.
NUMBERS = {"separatethousands": True, "exponentformat": "power", "minexponent": 6}
PLAIN = ",~g"  # the same where Plotly wants a format: on a log axis, and on parallel ones
FONT_SIZE = 15  # pixels; read from the back of a classroom
NOTE_SIZE = 14  # of notes beside lines


def ink(dark: bool) -> str:
    """Color of text and axes."""
    return "#E6E8EB" if dark else "#262730"


def faint(dark: bool) -> str:
    """Color of grid lines."""
    return "rgba(230,232,235,0.14)" if dark else "rgba(38,39,48,0.10)"


def quiet(dark: bool) -> str:
    """Color of reference lines and notes."""
    return "rgba(230,232,235,0.60)" if dark else "rgba(38,39,48,0.60)"


def cell(dark: bool) -> str:
    """Ground of an empty cell of a map."""
    return "#1B1E25" if dark else "#F3F4F6"


def paper(dark: bool) -> str:
    """Ground of a picture of numbers, at 0."""
    return "#1B1E25" if dark else "#FFFFFF"


def veil(dark: bool) -> str:
    """Ground of notes that may lie on curves: these shine through, but do not disturb reading."""
    return "rgba(22,24,29,0.72)" if dark else "rgba(255,255,255,0.75)"


def broken(dark: bool) -> str:
    """Color of what left the chart."""
    return BROKEN_DARK if dark else BROKEN_LIGHT


def transparent(color: str, alpha: float) -> str:
    """`color` (#rrggbb) that lets `1 - alpha` of what is behind it through."""
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha})"


def run_color(index: int, dark: bool) -> str:
    """Color of the run number `index` in an overlay."""
    colors = RUN_COLORS_DARK if dark else RUN_COLORS_LIGHT
    return colors[index % len(colors)]


def run_dash(index: int) -> str:
    """Dash of the run number `index` in an overlay."""
    return DASHES[index % len(DASHES)]


def run_symbol(index: int, looks: int = len(RUN_COLORS_LIGHT)) -> str:
    """Sign of the run number `index` in an overlay: another one each time that the `looks` besides it start again."""
    return RUN_SYMBOLS[index // looks % len(RUN_SYMBOLS)]


def scale_color(fraction: float, dark: bool) -> str:
    """Color of the place `fraction`, 0 to 1, on the scale of one direction."""
    colors = SCALE_DARK if dark else SCALE_LIGHT
    place = min(1.0, max(0.0, fraction)) * (len(colors) - 1)
    below = min(int(place), len(colors) - 2)
    return mix(colors[below], colors[below + 1], place - below)


def mix(first: str, second: str, fraction: float) -> str:
    """The color at `fraction`, 0 to 1, of the way from `first` to `second` (#rrggbb), as Plotly's scales have it."""
    pairs = [(int(first[i : i + 2], 16), int(second[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(low + (high - low) * fraction):02X}" for low, high in pairs)


def ink_on(color: str) -> str:
    """Black or white, whichever is read better on `color` (#rrggbb): the contrast of WCAG 2.2."""
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#FFFFFF" if 1.05 / (luminance + 0.05) > (luminance + 0.05) / 0.05 else "#000000"


def scale(dark: bool) -> list[list[Any]]:
    """The same scale in Plotly's words."""
    colors = SCALE_DARK if dark else SCALE_LIGHT
    return [[place / (len(colors) - 1), color] for place, color in enumerate(colors)]


def layout(title: str, x_title: str, *, dark: bool, revision: str, across: str = "", up: str = "") -> dict[str, Any]:
    """The layout that all charts share.

    `revision`: what the chart is about; while it stays, zoom and hidden curves stay. `across`, `up`: what the axes mean;
    where that changes, the zoom along the axis starts afresh, and hidden curves stay hidden all the same.
    """
    axis = {
        "gridcolor": faint(dark),
        "zeroline": False,
        "linecolor": quiet(dark),
        "ticks": "outside",
        "tickcolor": quiet(dark),
        "automargin": True,
        "tickfont": {"size": FONT_SIZE},
        **NUMBERS,
    }
    return {
        "title": {
            "text": title,
            "x": 0,
            "xanchor": "left",
            "font": {"size": FONT_SIZE + 4},
            "y": 0.98,
            "yanchor": "top",
        },
        "font": {"family": FONT, "size": FONT_SIZE, "color": ink(dark)},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 10, "r": 24, "t": 44, "b": 10},
        "legend": {
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            # Below the title; the chart makes room for as many rows as there are.
            "yref": "container",
            "y": 0.915,
            "yanchor": "top",
            "font": {"size": FONT_SIZE},
        },
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": faint(dark), "activecolor": ink(dark)},
        "hovermode": "x unified",
        "hoverlabel": {"font": {"family": FONT, "size": FONT_SIZE}, "bgcolor": "#16181D" if dark else "#FFFFFF"},
        "xaxis": {**axis, "title": {"text": x_title}, "uirevision": f"{revision}-{across}"},
        "yaxis": {**axis, "uirevision": f"{revision}-{up}"},
        "uirevision": revision,
        "shapes": [],
        "annotations": [],
    }
