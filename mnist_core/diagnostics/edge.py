"""The sharpness of a run compared with the stability edge of its learning rate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mnist_core.config import RunConfig
from mnist_core.messages import N_, Message, message, number_text
from mnist_core.records import Curves, Run

Phase = Literal["unknown", "below", "sharpening", "hovers", "above", "broke"]
NEAR = 0.35  # of the edge: hovering; mostly it is a little above
GROWN = 1.25  # times the minimum sharpness so far

_SENTENCES: Mapping[Phase, str] = {
    "broke": N_("Rate {rate}: the weights diverged. This starts when the sharpness goes beyond the stability edge."),
    "hovers": N_("Rate {rate}: the sharpness has reached the stability edge, {edge}, and stays close to it, at {now}."),
    "above": N_(
        "Rate {rate}: the sharpness, {now}, is above the stability edge, {edge}: updates overshoot, and either the sharpness falls or training breaks."
    ),
    "sharpening": N_("Rate {rate}: the sharpness has grown from {minimum} to {now}; the stability edge is at {edge}."),
    "below": N_("Rate {rate}: the sharpness, {now}, stays below the stability edge, {edge}."),
}


def edges(config: RunConfig, rates: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """The sharpness above which gradient descent at these rates leaves its bowl; None where no such line is known.

    2/rate for plain gradient descent, 2(1 + β)/rate with heavy-ball momentum, (2 + 2β)/((1 + 2β) rate) with Nesterov's
    (Cohen et al. 2021, arXiv:2103.00065). It holds for the full batch; mini-batches stay below it.
    """
    beta = config.momentum
    if config.optimizer == "sgd":
        factor = 2.0
    elif config.optimizer == "momentum":
        factor = 2 * (1 + beta)
    elif config.optimizer == "nesterov":
        factor = (2 + 2 * beta) / (1 + 2 * beta)
    else:
        return None
    with np.errstate(divide="ignore"):
        limits: NDArray[np.float32] = (factor / rates).astype(np.float32)
    return limits


def phase(run: Run, curves: Curves) -> Phase:
    """What the later third of the measurements shows."""
    rows = curves.sharpness
    line = edges(run.config, rows["learning_rate"])
    if line is None:
        return "unknown"
    if run.outcome == "diverged":
        return "broke"
    if len(rows) < 6:
        return "unknown"
    late = rows["step"] > rows["step"][-1] * 2 / 3
    fraction = float(np.median(rows["sharpness"][late] / line[late]))
    if not np.isfinite(fraction):
        return "broke"
    if abs(fraction - 1) <= NEAR:
        return "hovers"
    if fraction > 1:
        return "above"
    return "sharpening" if rows["sharpness"][-1] > GROWN * rows["sharpness"].min() else "below"


def sentence(run: Run, curves: Curves) -> Message | None:
    """The same in words; None before there is something to say."""
    current = phase(run, curves)
    rate = number_text(run.base_rate)
    if current == "unknown":
        return None
    if current == "broke":
        return message(_SENTENCES["broke"], rate=rate)
    rows = curves.sharpness
    line = edges(run.config, rows["learning_rate"])
    assert line is not None
    late = rows["step"] > rows["step"][-1] * 2 / 3
    sharpness = np.median(rows["sharpness"][late]) if current == "hovers" else rows["sharpness"][-1]
    values = {"now": sharpness, "edge": line[-1], "minimum": rows["sharpness"].min()}
    return message(
        _SENTENCES[current], rate=rate, **{name: number_text(float(value), 3) for name, value in values.items()}
    )
