"""Softmax as bars, and both losses while one score moves."""

from __future__ import annotations

from typing import Any

import numpy as np

from mnist_core.figures import theme
from mnist_core.figures.axes import ends, packed
from mnist_core.ideas.loss.cross_entropy import concept as losses
from mnist_core.messages import N_, Translate

Figure = dict[str, Any]
SCORE, MOST_ENTROPY = 5.0, 11.0  # of scores by slider; ln (1 + 2 e¹⁰) is below it


def probabilities_chart(logits: tuple[float, ...], target: int, dark: bool, translate: Translate) -> Figure:
    """The softmax of the logits as bars; the true class in another color and named."""
    shares = losses.softmax(logits)
    layout = theme.layout(translate(N_("Softmax")), translate(N_("Class")), dark=dark, revision="softmax")
    layout["xaxis"] |= {"tickvals": list(range(len(logits)))}
    layout["yaxis"] |= ends(0, 1.1) | {"title": {"text": translate(N_("Probability"))}}
    layout["hovermode"] = "closest"
    words = [f"{fraction:.3f}" for fraction in shares]
    words[target] += "<br>" + translate(N_("true class"))
    bars = {
        "type": "bar",
        "uid": "softmax",
        "x": list(range(len(logits))),
        "y": packed(shares),
        "text": words,
        "textposition": "outside",
        "marker": {"color": [theme.run_color(1 if k == target else 0, dark) for k in range(len(logits))]},
        "hovertemplate": "%{x}: %{y:.4f}<extra></extra>",
    }
    return {"data": [bars], "layout": layout}


def both_losses_chart(logits: tuple[float, ...], target: int, dark: bool, translate: Translate) -> Figure:
    """Cross-entropy and squared error while the score of the true class moves and the others stay, with the place marked."""
    layout = theme.layout(
        translate(N_("Both losses as the logit of the true class changes")),
        translate(N_("Logit of class {number}")).format(number=target),
        dark=dark,
        revision="both-losses",
    )
    layout["xaxis"] |= ends(-SCORE, SCORE)
    layout["yaxis"] |= ends(0, MOST_ENTROPY) | {"title": {"text": translate(N_("Loss"))}}
    varied = np.tile(np.array(logits), (101, 1))
    varied[:, target] = np.linspace(-SCORE, SCORE, len(varied))
    entropies = np.array([losses.cross_entropy(row, target) for row in varied])
    squares = np.array([losses.squared_error(row, target) for row in losses.softmax(varied)])
    current = losses.cross_entropy(logits, target), losses.squared_error(losses.softmax(logits), target)
    figure: Figure = {"data": [], "layout": layout}
    names = translate(N_("cross-entropy")), translate(N_("squared error"))
    for number, (name, values, value) in enumerate(zip(names, (entropies, squares), current, strict=True)):
        color = theme.run_color(number, dark)
        words = {"type": "scatter", "hovertemplate": "%{y:.3f}"}
        figure["data"] += [
            words
            | {
                "mode": "lines",
                "uid": f"loss{number}",
                "name": name,
                "x": packed(varied[:, target]),
                "y": packed(values),
                "line": {"color": color, "dash": theme.run_dash(number), "width": 2.5},
            },
            words
            | {
                "mode": "markers",
                "uid": f"here{number}",
                "x": [logits[target]],
                "y": [value],
                "marker": {"size": 14, "color": color, "symbol": ("circle", "square")[number]},
                "cliponaxis": False,
                "showlegend": False,
                "hoverinfo": "skip",
            },
        ]
    return figure
