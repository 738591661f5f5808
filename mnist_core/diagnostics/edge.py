"""Where the sharpness of a run stands beside the edge of its learning rate. Knows records, not torch."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mnist_core.config import RunConfig
from mnist_core.messages import N_, Message, message
from mnist_core.records import Curves, Run

Standing = Literal["unknown", "below", "sharpening", "hovers", "above", "broke"]
NEAR = 0.35  # of the edge: hovering; mostly it is a little above
GROWN = 1.25  # times the least sharpness so far


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
        found: NDArray[np.float32] = (factor / rates).astype(np.float32)
    return found


def standing(run: Run, curves: Curves) -> Standing:
    """What the later third of the measurements shows."""
    if run.outcome == "diverged":
        return "broke"
    rows = curves.sharpness
    if len(rows) < 6:
        return "unknown"
    line = edges(run.config, rows["learning_rate"])
    if line is None:
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
    found = standing(run, curves)
    rate = f"{run.base_rate:g}"
    if found == "unknown":
        return None
    if found == "broke":
        template = N_(
            "Rate {rate}: the weights diverged. This starts when the sharpness goes beyond the stability edge."
        )
        return message(template, rate=rate)
    rows = curves.sharpness
    line = edges(run.config, rows["learning_rate"])
    assert line is not None
    templates = {
        "hovers": N_(
            "Rate {rate}: the sharpness has reached the stability edge, {edge}, and stays close to it, at {now}."
        ),
        "above": N_(
            "Rate {rate}: the sharpness, {now}, is above the stability edge, {edge}: updates overshoot, and either the sharpness falls or training breaks."
        ),
        "sharpening": N_(
            "Rate {rate}: the sharpness has grown from {minimum} to {now}; the stability edge is at {edge}."
        ),
        "below": N_("Rate {rate}: the sharpness, {now}, stays below the stability edge, {edge}."),
    }
    late = rows["step"] > rows["step"][-1] * 2 / 3
    now = np.median(rows["sharpness"][late]) if found == "hovers" else rows["sharpness"][-1]
    values = {"now": now, "edge": line[-1], "minimum": rows["sharpness"].min()}
    return message(templates[found], rate=rate, **{name: f"{float(value):.3g}" for name, value in values.items()})
