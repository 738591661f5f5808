"""A network of 2, 2 and 2 units as a graph with all its numbers, as far as an iteration of training has come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from mnist_core.figures import theme
from mnist_core.ideas.loss.backpropagation.concept import Backward, Forward, Net, Numbers
from mnist_core.messages import N_, Translate, minus

Figure = dict[str, Any]
Stage = Literal[
    "sums", "hidden", "scores", "shares", "loss", "back-scores", "back-v", "back-hidden", "back-sums", "back-w", "update", "again"
]  # fmt: skip
STAGES: tuple[Stage, ...] = Stage.__args__  # type: ignore[attr-defined]
COLUMNS = (0.0, 1.1, 2.3, 3.25)  # inputs, hidden units, outputs, loss
ROWS = (1.0, -1.0)
ALONG = 0.36  # where on its edge a number stands
NODE, LETTERS = 76, 14  # pixels
# On a telephone the graph stands upright: numbers on straight edges keep away from those on crossing ones.
STRAIGHT, CROSSING = 0.62, 0.28
SMALL_NODE, SMALL_LETTERS = 66, 13
PAPER = {False: "#FFFFFF", True: "#16181D"}  # of units and behind numbers, by whether it is dark
UNDER = {1: "₁", 2: "₂"}


@dataclass(frozen=True, eq=False)
class Iteration:
    """An iteration of training, all of it."""

    x: Numbers
    target: Numbers
    rate: float
    net: Net
    forward: Forward
    backward: Backward
    new: Net  # after the update
    again: Forward  # the new network's pass


def stages(net: Net) -> tuple[Stage, ...]:
    """The stages of an iteration: bare scores have no shares."""
    return tuple(stage for stage in STAGES if stage != "shares" or net.loss == "cross-entropy")


def graph(iteration: Iteration, stage: Stage, dark: bool, translate: Translate, *, upright: bool = False) -> Figure:
    """Units and edges with the numbers that are known by the end of `stage`; what it finds stands out.

    From left to right, or `upright`, from top to bottom, where there is room for some 380 pixels only.
    """
    return _Drawing(iteration, stage, dark, translate, upright).figure()


class _Drawing:
    def __init__(self, iteration: Iteration, stage: Stage, dark: bool, translate: Translate, upright: bool) -> None:
        self.iteration, self.stage, self.dark, self.upright = iteration, stage, dark, upright
        self.node, self.letters = (SMALL_NODE, SMALL_LETTERS) if upright else (NODE, LETTERS)
        self.forward = iteration.again if stage == "again" else iteration.forward
        self.layout = theme.layout(translate(TITLES[stage]), "", dark=dark, revision="backprop")
        self.data: list[dict[str, Any]] = []
        self.accent = theme.run_color({"f": 0, "b": 1, "u": 2}[_kind(stage)], dark)
        self.gradient = theme.run_color(1, dark)

    def known(self, stage: Stage) -> bool:
        """Whether the iteration has come to this stage."""
        return STAGES.index(self.stage) >= STAGES.index(stage)

    def figure(self) -> Figure:
        """All of it."""
        hidden = {"visible": False, "fixedrange": True}
        if self.upright:
            self.layout["margin"] |= {"l": 0, "r": 0}
            across, up = [-2.2, 2.2], [-3.5, 0.25]
        else:
            across, up = [-0.36, 3.62], [-1.75, 1.75]
        self.layout["xaxis"] |= hidden | {"range": across}
        self.layout["yaxis"] |= hidden | {"range": up}
        self.layout |= {"hovermode": False, "showlegend": False}
        for layer in (0, 1):
            for unit in (0, 1):
                for source in (0, 1):
                    self._edge(layer, unit, source)
        for unit in (0, 1):
            self._line((2, ROWS[unit]), (3, 0.0), self.stage in ("loss", "back-scores"))
        for row in (0, 1):
            name = UNDER[row + 1]
            self._node(0, ROWS[row], [f"x{name}", plain(self.iteration.x[row])], False)
            self._hidden_unit(row)
            self._output(row)
        loss = ["L", plain(self.forward.loss)] if self.known("loss") else ["L"]
        self._node(3, 0.0, loss, self.stage in ("loss", "again"))
        return {"data": self.data, "layout": self.layout}

    def _at(self, column: float, row: float) -> tuple[float, float]:
        """x and y of a place: how far it is from the inputs, and on which side."""
        return (-row, -column) if self.upright else (column, row)

    def _hidden_unit(self, row: int) -> None:
        name, back = UNDER[row + 1], self.iteration.backward
        lines = [f"h{name}"] + ([plain(self.forward.h[row])] if self.known("hidden") else [])
        if self._going("back-hidden"):
            lines.append(self._slope(back.h[row]))
        self._node(1, ROWS[row], lines, self.stage in ("hidden", "back-hidden", "again"))
        above = [f"z{name} {plain(self.forward.z[row])}"] if self.known("sums") else []
        if self._going("back-sums"):
            above.append(self._slope(back.z[row]))
        self._note(1, ROWS[row], above, self.stage in ("sums", "back-sums"), above=True)
        self._bias(1, row, "b", "back-w")

    def _output(self, row: int) -> None:
        name, back = UNDER[row + 1], self.iteration.backward
        shares = self.iteration.net.loss == "cross-entropy"
        first: Stage = "shares" if shares else "scores"
        lines = [("p" if shares else "s") + name] + ([plain(self.forward.p[row])] if self.known(first) else [])
        self._node(2, ROWS[row], lines, self.stage in (first, "again"))
        above = [f"s{name} {plain(self.forward.s[row])}"] if shares and self.known("scores") else []
        if self._going("back-scores"):
            above.append(self._slope(back.s[row]))
        self._note(2, ROWS[row], above, self.stage in ("scores", "back-scores"), above=True)
        self._bias(2, row, "c", "back-v")
        target = f"t{name} {self.iteration.target[row]:g}"
        x, y = self._at(COLUMNS[2], ROWS[row])
        inwards = ROWS[row] if self.upright else 1.0
        shift = inwards * (self.node / 2 + 20)
        self.layout["annotations"].append(self._words(x, y, [target], theme.quiet(self.dark), xshift=shift))

    def _bias(self, column: int, row: int, letter: str, source_stage: Stage) -> None:
        parts = (self.iteration.net, self.iteration.new, self.iteration.backward)
        old, new, slope = (getattr(part, letter)[row] for part in parts)
        lines = self._weight(f"{letter}{UNDER[row + 1]} ", old, new, slope, source_stage)
        self._note(column, ROWS[row], lines, self.stage in (source_stage, "update"), above=False)

    def _edge(self, layer: int, unit: int, source: int) -> None:
        letter, source_stage = ("w", "back-w") if layer == 0 else ("v", "back-v")
        parts = (self.iteration.net, self.iteration.new, self.iteration.backward)
        old, new, slope = (getattr(part, letter)[unit, source] for part in parts)
        busy = self.stage in (("sums", "back-w") if layer == 0 else ("scores", "back-v", "back-hidden"))
        self._line((layer, ROWS[source]), (layer + 1, ROWS[unit]), busy or self.stage == "update")
        lines = self._weight("", old, new, slope, source_stage)  # type: ignore[arg-type]
        along = ALONG if not self.upright else STRAIGHT if unit == source else CROSSING
        x, y = self._at(
            COLUMNS[layer] + along * (COLUMNS[layer + 1] - COLUMNS[layer]),
            ROWS[source] + along * (ROWS[unit] - ROWS[source]),
        )
        self.layout["annotations"].append(
            self._words(
                x, y, lines, self.accent if busy or self.stage == "update" else theme.ink(self.dark), ground=True
            )
        )

    def _weight(self, name: str, old: float, new: float, slope: float, source_stage: Stage) -> list[str]:
        """A weight or bias, its derivative, and in the end where it has gone."""
        if self.stage == "again":
            return [name + plain(new)]
        if self.stage == "update":
            return [name + plain(old), f"→ {plain(new)}"]
        return [name + plain(old), *([self._slope(slope)] if self.known(source_stage) else [])]

    def _going(self, stage: Stage) -> bool:
        return self.known(stage) and self.stage != "again"

    def _slope(self, value: float) -> str:
        return f'<span style="color:{self.gradient}">∂ {plain(value)}</span>'

    def _line(self, start: tuple[int, float], end: tuple[int, float], busy: bool) -> None:
        self.data.append(
            {
                "type": "scatter",
                "mode": "lines",
                "uid": f"edge{len(self.data)}",
                **dict(
                    zip("xy", zip(*(self._at(COLUMNS[at], row) for at, row in (start, end)), strict=True), strict=True)
                ),
                "line": {"color": self.accent if busy else theme.quiet(self.dark), "width": 4 if busy else 1.4},
                "hoverinfo": "skip",
            }
        )

    def _node(self, column: int, row: float, lines: list[str], busy: bool) -> None:
        x, y = self._at(COLUMNS[column], row)
        self.data.append(
            {
                "type": "scatter",
                "mode": "markers",
                "uid": f"node{column}{row:g}",
                "x": [x],
                "y": [y],
                "marker": {
                    "size": self.node,
                    "color": PAPER[self.dark],
                    "line": {
                        "color": self.accent if busy else theme.quiet(self.dark),
                        "width": 4 if busy else 1.6,
                    },
                    "opacity": 1,
                },
                "hoverinfo": "skip",
            }
        )
        self.layout["annotations"].append(self._words(x, y, lines, theme.ink(self.dark)))

    def _note(self, column: int, row: float, lines: list[str], busy: bool, *, above: bool) -> None:
        """What belongs to a unit: above or below it; upright outside of it, where a name has a line of its own."""
        if not lines:
            return
        color = self.accent if busy else theme.ink(self.dark)
        x, y = self._at(COLUMNS[column], row)
        if self.upright:
            lines = [*lines[0].split(" ", 1), *lines[1:]]
            side = {"xanchor": "right" if row > 0 else "left", "yanchor": "bottom" if above else "top"}
            shifts = {"xshift": -row * (self.node / 2 + 3), "yshift": 3 if above else -3}
            note = self._words(x, y, lines, color, ground=True) | side | shifts
        else:
            shift = self.node / 2 + 6 + self.letters * 0.68 * len(lines)
            note = self._words(x, y, lines, color, ground=True, yshift=shift if above else -shift)
        self.layout["annotations"].append(note)

    def _words(
        self,
        x: float,
        y: float,
        lines: list[str],
        color: str,
        *,
        ground: bool = False,
        xshift: float = 0,
        yshift: float = 0,
    ) -> dict[str, Any]:
        words: dict[str, Any] = {
            "x": x,
            "y": y,
            "xshift": xshift,
            "yshift": yshift,
            "text": "<br>".join(lines),
            "showarrow": False,
            "font": {"size": self.letters, "color": color},
        }
        return words | {"bgcolor": PAPER[self.dark], "borderpad": 1} if ground else words


def _kind(stage: Stage) -> str:
    return "u" if stage in ("update", "again") else "b" if stage.startswith("back") else "f"


def plain(value: float) -> str:
    """A number as it stands in the graph: three decimals, and no −0."""
    return minus(f"{float(np.round(value, 3)) + 0.0:.3f}")


TITLES: dict[Stage, str] = {
    "sums": N_("Forward: weighted sums of the hidden units"),
    "hidden": N_("Forward: activation function"),
    "scores": N_("Forward: logits"),
    "shares": N_("Forward: softmax"),
    "loss": N_("The loss"),
    "back-scores": N_("Backward: from the loss to the logits"),
    "back-v": N_("Backward: to the weights of the second layer"),
    "back-hidden": N_("Backward: along the connections to the hidden units"),
    "back-sums": N_("Backward: activation function"),
    "back-w": N_("Backward: to the weights of the first layer"),
    "update": N_("The update"),
    "again": N_("Forward again"),
}
