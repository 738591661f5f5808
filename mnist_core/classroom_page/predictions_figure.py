"""What a class predicted of its runs as bars, and beside them, once they are uncovered, what came of these runs."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from mnist_core.classroom_page import board_figure
from mnist_core.classroom_page.board_figure import FONT, BoardLook
from mnist_core.diagnostics import zones
from mnist_core.diagnostics.predictions import observed
from mnist_core.figures import theme
from mnist_core.figures.axes import ends, spread
from mnist_core.figures.curves import Figure, Trace
from mnist_core.messages import N_, Message, Translate, message, number_text
from mnist_core.records import Prediction
from mnist_core.rounds import Question, RoundRun

WORDS: Mapping[Prediction, str] = {"learns": N_("learns"), "slow": N_("learns slowly"), "breaks": N_("breaks")}
STEP = 5  # percent of a bar


def predictions_chart(
    question: Question,
    round_id: str,
    runs: Sequence[RoundRun],
    look: BoardLook,
    translate: Translate,
    *,
    waiting: Sequence[str] = (),
    uncovered: bool,
) -> Figure:
    """How often what was predicted, `waiting`: of runs that are not started yet; with `uncovered` what the same runs came to."""
    title, across = translate(N_("Predictions")), translate(N_("Validation accuracy, %"))
    layout = theme.layout(title, across if question == "accuracy" else "", dark=look.dark, revision=round_id)
    layout["font"]["size"] = layout["legend"]["font"]["size"] = FONT
    layout |= {"barmode": "group", "bargap": 0.12, "hovermode": "closest"}
    predicted = _predicted(runs)
    said = _said(predicted, waiting)
    counts = [(N_("predictions"), _count(question, said), theme.SPLIT_STYLES["train"].color(look.dark))]
    if uncovered:
        results = _results(question, predicted)
        counts.append((N_("outcome"), _count(question, results), theme.SPLIT_STYLES["validation"].color(look.dark)))
    figure: Figure = {"data": [_bars(question, *one, translate) for one in counts], "layout": layout}
    most = max([1, *(value for _name, found, _color in counts for value in found.values())])
    layout["yaxis"] |= ends(0, most * 1.15) | {"tickformat": ",d", "title": {"text": translate(N_("Runs"))}}
    layout["yaxis"]["dtick"] = max(1, math.ceil(most / 6))
    for axis in ("xaxis", "yaxis"):
        layout[axis]["tickfont"] = {"size": FONT}
    if question == "accuracy":
        layout["xaxis"] |= ends(0, 100)
        figure["data"] += spread(layout, empty=True)
    return figure


def describe(runs: Sequence[RoundRun], waiting: Sequence[str] = ()) -> Message:
    """The bars in words."""
    n = len(_said(_predicted(runs), waiting))
    return message(N_("{n} prediction, as bars.") if n == 1 else N_("{n} predictions, as bars."), n=n)


def _predicted(runs: Sequence[RoundRun]) -> list[RoundRun]:
    """The runs that something was predicted of; of a sweep, of which it was predicted once, the best."""
    together: dict[str, list[RoundRun]] = defaultdict(list)
    for one in runs:
        if one.run.prediction is not None:
            together[one.run.group or one.run.id].append(one)
    return [best for group in together.values() for best in board_figure.chosen(group, "best")]


def _said(predicted: Sequence[RoundRun], waiting: Sequence[str]) -> list[str]:
    return [*(one.run.prediction for one in predicted if one.run.prediction is not None), *waiting]


def _results(question: Question, runs: Sequence[RoundRun]) -> list[str]:
    """What the runs came to, in the words of the question."""
    if question == "outcome":
        return [outcome for one in runs if (outcome := observed(one.run)) is not None]
    accuracies = [zones.last(one.run, one.curves, "validation", "accuracy") for one in runs if not one.run.active]
    return [number_text(100 * accuracy) for accuracy in accuracies if math.isfinite(accuracy)]


def _count(question: Question, said: Sequence[str]) -> dict[float | str, int]:
    if question == "outcome":
        found = Counter(said)
        return {word: found[word] for word in WORDS}
    places = Counter(min(int(float(one) // STEP), 100 // STEP - 1) for one in said)
    return {STEP * (place + 0.5): count for place, count in sorted(places.items())}


def _bars(question: Question, name: str, counts: Mapping[float | str, int], color: str, translate: Translate) -> Trace:
    words = question == "outcome"
    trace: Trace = {
        "type": "bar",
        "uid": name,
        "name": translate(name),
        "x": [translate(WORDS[word]) for word in counts] if words else list(counts),  # type: ignore[index]
        "y": np.array(list(counts.values())).tolist(),
        "marker": {"color": color},
        "text": [str(count) if count else "" for count in counts.values()],
        "textposition": "outside",
        "textfont": {"size": FONT},
        "hovertemplate": "%{x}: %{y}<extra></extra>",
        "cliponaxis": False,
    }
    return trace
