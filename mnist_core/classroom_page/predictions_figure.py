"""What a class predicted of its runs as bars, and beside them, once they are uncovered, what came of these runs."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mnist_core.classroom_page import board_figure
from mnist_core.classroom_page.board_figure import FONT, BoardLook
from mnist_core.diagnostics import zones
from mnist_core.diagnostics.chance import Scale
from mnist_core.diagnostics.predictions import observed
from mnist_core.figures import theme
from mnist_core.figures.axes import ends, spread
from mnist_core.figures.curves import Figure, Trace
from mnist_core.messages import N_, Message, Translate, message, number_text
from mnist_core.records import Prediction
from mnist_core.rounds import Plan, Question, RoundRun, predicted_edge

ACROSS: Mapping[Question, str] = {
    "accuracy": N_("Validation accuracy, %"),
    "edge": N_("Learning rate at which training breaks"),
}
WORDS: Mapping[Prediction, str] = {"learns": N_("learns"), "slow": N_("learns slowly"), "breaks": N_("breaks")}
STEP = 5  # percent from bar to bar, each for the numbers around it
RATES = tuple(
    float(f"{mantissa}e{decade}") for decade in range(-6, 3) for mantissa in (1, 2, 5)
)  # of which each has a bar
NOWHERE = math.inf  # the rate at which nothing broke


def predictions_chart(
    plan: Plan,
    round_id: str,
    runs: Sequence[RoundRun],
    look: BoardLook,
    translate: Translate,
    *,
    waiting: Sequence[str] = (),
    uncovered: bool,
) -> Figure:
    """How often what was predicted, `waiting`: of runs that are not started yet; with `uncovered` what the same runs came to."""
    question, of_sweeps = plan.question, plan.kind == "sweep"
    title, across = translate(N_("Predictions")), translate(ACROSS[question]) if question in ACROSS else ""
    layout = theme.layout(title, across, dark=look.dark, revision=round_id)
    layout["font"]["size"] = layout["legend"]["font"]["size"] = FONT
    layout |= {"barmode": "group", "bargap": 0.12, "hovermode": "closest"}
    predicted = _predicted(runs)
    said = _said(predicted, waiting)
    counts = [(N_("predictions"), _count(question, said), theme.SPLIT_STYLES["train"].color(look.dark))]
    if uncovered:
        results = _results(question, predicted)
        counts.append((N_("outcome"), _count(question, results), theme.SPLIT_STYLES["validation"].color(look.dark)))
    figure: Figure = {"data": [_bars(question, *one, translate) for one in counts], "layout": layout}
    if question == "edge":
        places = sorted({place for _name, found, _color in counts for place in found})
        layout["xaxis"] |= {
            "type": "category",
            "categoryarray": [_name(question, place, translate) for place in places],
        }
    most = max([1, *(value for _name, found, _color in counts for value in found.values())])
    layout["yaxis"] |= ends(0, most * 1.15) | {
        "tickformat": ",d",
        "title": {"text": translate(N_("Sweeps") if of_sweeps else N_("Runs"))},
    }
    layout["yaxis"]["dtick"] = max(1, math.ceil(most / 6))
    for axis in ("xaxis", "yaxis"):
        layout[axis]["tickfont"] = {"size": FONT}
    if question == "accuracy":
        layout["xaxis"] |= ends(-STEP / 2, 100 + STEP / 2)
        figure["data"] += spread(layout, empty=True)
    return figure


def describe(runs: Sequence[RoundRun], waiting: Sequence[str] = ()) -> Message:
    """The bars in words."""
    n = len(_said(_predicted(runs), waiting))
    return message(N_("{n} prediction, as bars.") if n == 1 else N_("{n} predictions, as bars."), n=n)


def _predicted(runs: Sequence[RoundRun]) -> list[list[RoundRun]]:
    """The runs that something was predicted of, those of a sweep together: of it something was predicted once."""
    together: dict[str, list[RoundRun]] = defaultdict(list)
    for one in runs:
        if one.run.prediction is not None:
            together[one.run.group or one.run.id].append(one)
    return list(together.values())


def _said(predicted: Sequence[Sequence[RoundRun]], waiting: Sequence[str]) -> list[str]:
    return [*(text for one, *_others in predicted if (text := one.run.prediction) is not None), *waiting]


def _results(question: Question, predicted: Sequence[Sequence[RoundRun]]) -> Sequence[str | float]:
    """What runs came to, in the words of the question; of a sweep where training began to break, or its best run."""
    if question == "edge":
        return [rate for sweep in predicted if (rate := _edge(sweep)) is not None]
    runs = [best for group in predicted for best in board_figure.chosen(group, "best")]
    if question == "outcome":
        return [outcome for one in runs if (outcome := observed(one.run)) is not None]
    accuracies = [zones.last(one.run, one.curves, "validation", "accuracy") for one in runs if not one.run.active]
    return [number_text(100 * accuracy) for accuracy in accuracies if math.isfinite(accuracy)]


def _edge(sweep: Sequence[RoundRun]) -> float | None:
    """The rate at which training began to break, half way between two that were tried; None where that is not known (yet)."""
    edge = zones.read([board_figure.trial(one) for one in sweep], Scale.of(sweep[0].run.config)).edge
    return None if edge is None else edge.middle or edge.breaks or NOWHERE


def _count(question: Question, said: Sequence[str | float]) -> dict[float | str, int]:
    if question == "outcome":
        found = Counter(said)
        return {word: found[word] for word in WORDS}
    if question == "edge":
        rates = (predicted_edge(one) if isinstance(one, str) else one for one in said)
        return dict(sorted(Counter(_nearest(rate) for rate in rates if rate is not None).items()))
    places = Counter(math.floor(float(one) / STEP + 0.5) for one in said)
    return {STEP * place: count for place, count in sorted(places.items())}


def _nearest(rate: float) -> float:
    """The bar of a rate."""
    return rate if rate == NOWHERE else min(RATES, key=lambda one: abs(math.log(one / rate)))


def _name(question: Question, place: Any, translate: Translate) -> Any:
    """Where a bar stands: at a word, or at a number."""
    if question == "outcome":
        return translate(WORDS[place])
    if question == "accuracy":
        return place
    return translate(N_("nowhere")) if place == NOWHERE else number_text(place)


def _bars(question: Question, name: str, counts: Mapping[float | str, int], color: str, translate: Translate) -> Trace:
    trace: Trace = {
        "type": "bar",
        "uid": name,
        "name": translate(name),
        "x": [_name(question, place, translate) for place in counts],
        "y": np.array(list(counts.values())).tolist(),
        "marker": {"color": color},
        "text": [str(count) if count else "" for count in counts.values()],
        "textposition": "outside",
        "textfont": {"size": FONT},
        "hovertemplate": "%{x}: %{y}<extra></extra>",
        "cliponaxis": False,
    }
    if question == "accuracy":  # else bars are as wide as the distance to the next one is, wherever that stands
        trace["width"] = 0.4 * STEP
    return trace
