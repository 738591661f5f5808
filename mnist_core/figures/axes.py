"""Where a chart's axes end, and what of a curve lies outside.

Ends are functions of the data alone and move in coarse steps, so that a chart which grows does not tremble. One curve
that reaches 1e30 or stops being a number leaves the axis as readable as it was for everything else.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mnist_core.figures import theme
from mnist_core.records import SPLITS, Curves, Split

Floats = NDArray[np.float32]
POINTS = 2_000  # drawn of a curve at most; spikes survive
PAD = 0.02  # of the axis, free on both sides
LEAST_LOSS = 1e-6  # lowest end of a log axis for losses
ROOM = 1.3  # times chance: above it there is room for a network that begins worse than a guess, or jumps
ENDS_WELL = 1.6  # times chance: a run that ends higher has no say in the axis of others
FAR = 100  # times chance: up to there a log axis shows how runs end
ENDS = (1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)  # times a power of ten: where a growing horizontal axis ends


@dataclass(frozen=True)
class ChartView:
    """How charts are drawn. `smoothing`: share of the running mean that is kept from record to record, 0 to 0.99."""

    x: Literal["step", "epoch", "seconds"] = "step"
    log_x: bool = False
    log_y: bool = False
    smoothing: float = 0.0
    dark: bool = False
    splits: tuple[Split, ...] = SPLITS  # shown


@dataclass(frozen=True)
class Across:
    """The horizontal axis that all curves of a chart share, in the unit of `column`."""

    column: str
    log: bool
    zero: float  # where 0 is drawn: on a log axis, half of the first value
    end: float  # the greatest value that has room

    @classmethod
    def of(cls, runs: Sequence[Curves], view: ChartView, total: float | None = None) -> Across:
        """The axis for these records; `total`: the value at the end of the training, where it is known."""
        parts = [array[view.x] for curves in runs for array in (curves.steps, curves.evaluations) if len(array)]
        values = np.concatenate(parts).astype(np.float64) if parts else np.zeros(1)
        positive = values[values > 0]
        first = 1.0 if view.x == "step" or not len(positive) else float(positive.min())
        last = float(positive.max()) if len(positive) else first
        end = roomy(last)
        if total is not None:
            end = max(last, min(end, total))
        return cls(view.x, view.log_x, first / 2 if view.log_x else 0.0, end)

    def values(self, records: NDArray[np.void]) -> Floats:
        """Where the records stand."""
        values: Floats = records[self.column].astype(np.float32)
        return np.where(values > 0, values, np.float32(self.zero)).astype(np.float32) if self.log else values

    def place(self, step: int, curves: Curves) -> float:
        """Where `step` stands."""
        if self.column == "step":
            return float(step) if step > 0 else self.zero
        records = curves.steps if len(curves.steps) else curves.evaluations
        if not len(records):
            return self.zero
        index = min(int(np.searchsorted(records["step"], step)), len(records) - 1)
        return float(self.values(records)[index])

    def note(self, x: float) -> float:
        """What Plotly's annotations call the place `x`: on a log axis its power of ten."""
        return float(np.log10(x)) if self.log else x

    def fraction(self, x: float) -> float:
        """How far to the right `x` is, 0 to 1."""
        low, high = self.note(self.zero or 0.0), self.note(self.end)
        return (self.note(x) - low) / ((high - low) or 1.0)

    def layout(self) -> dict[str, Any]:
        """Plotly's words for it."""
        low, high = self.note(self.zero), self.note(self.end)
        pad = PAD * (high - low)
        words = ends(low - pad, high + pad, log=self.log)
        return words | log_ticks(low, high) if self.log else words


def ends(low: float, high: float, *, log: bool = False) -> dict[str, Any]:
    """An axis from `low` to `high` (on a log axis: their powers of ten) for as long as nobody zooms.

    Not as a `range`: when one that was given changes, Plotly drops the zoom of whoever looks at the chart. On a log
    axis the chart needs `spread` as well.
    """
    minimum, most = (10.0**low, 10.0**high) if log else (low, high)
    return {"autorange": True, "autorangeoptions": {"include": [minimum, most], "clipmin": minimum, "clipmax": most}}


def spread(layout: dict[str, Any], *, empty: bool = False) -> list[dict[str, Any]]:
    """An invisible line over the whole of the axes in `layout` where one of them is a log axis, or the chart is `empty`.

    Without a point Plotly shows -1 to 6, whatever is said of the axes. Plotly 4.1 cuts a log axis at the ends it is given, but does not reach out for them by itself: it takes the
    logarithm of `include` and of `minallowed` once too often or not at all.
    """
    if not empty and "log" not in (layout["xaxis"].get("type"), layout["yaxis"].get("type")):
        return []
    corners = (layout[axis].get("autorangeoptions", {}).get("include", [0, 0]) for axis in ("xaxis", "yaxis"))
    words = {"type": "scatter", "mode": "lines", "hoverinfo": "skip", "showlegend": False, "line": {"width": 0}}
    return [words | {"uid": "ends"} | dict(zip("xy", corners, strict=True))]


def roomy(value: float) -> float:
    """The next of 1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8 × 10ⁿ that is not below the positive `value`."""
    unit = 10.0 ** np.floor(np.log10(value))
    return next(float(end * unit) for end in ENDS if end * unit >= value * (1 - 1e-6))


def log_ticks(low: float, high: float) -> dict[str, Any]:
    """A log axis from 10^low to 10^high, its ticks written as plain numbers while they are short."""
    decades = high - low
    ticks: dict[str, Any] = {"type": "log", "dtick": "D2" if decades <= 2 else max(1, int(np.ceil(decades / 8)))}
    if low >= -4.5 and high <= 5.5:
        return ticks | {"tickformat": theme.PLAIN}
    return ticks | {"dtick": max(1, int(np.ceil(decades / 8))), "exponentformat": "power"}


def finite(columns: Sequence[Floats]) -> Floats:
    """All finite numbers of the columns."""
    values = np.concatenate([*columns, np.empty(0, np.float32)])
    result: Floats = values[np.isfinite(values)]
    return result


def top_of_loss(columns: Sequence[Floats], chance: float, *, log: bool = False) -> float:
    """The greatest loss that the chart shows: all of an ordinary run, not the explosion of a broken one.

    The greater of `ROOM` × chance and 1.1 × the ninth tenth of the calm records. Calm are those up to ten times the loss
    before training (of several curves the middle one) or ten times chance. Rounded up to a coarse step, on a log axis to a power of ten.
    """
    starts = [float(measured[0]) for column in columns if len(measured := column[np.isfinite(column)])]
    values = finite(columns)
    calm = values[values <= 10 * max(float(np.median(starts)) if starts else chance, chance)]
    most = 1.1 * float(np.quantile(calm, 0.9) if len(calm) > 3 else calm.max()) if len(calm) else 0.0
    top = max(ROOM * chance, most)
    if log:
        return _power_of_ten(top)
    unit = 10 ** np.floor(np.log10(top)) / 2
    return float(np.ceil(top / unit) * unit)


def top_of_losses(columns: Sequence[Floats], chance: float, *, log: bool = False) -> float:
    """The greatest loss that a chart of several runs shows, a column each: as for one, but runs that end far beyond
    chance have no say in it where there are others. A log axis has room for those that end within `FAR` times chance."""
    ends_at = [float(measured[-1]) if len(measured := column[np.isfinite(column)]) else np.inf for column in columns]
    well = [column for column, last in zip(columns, ends_at, strict=True) if last <= ENDS_WELL * chance]
    top = top_of_loss(well or columns, chance, log=log)
    if not log:
        return top
    far = [column for column, last in zip(columns, ends_at, strict=True) if ENDS_WELL * chance < last <= FAR * chance]
    calm = [values[values <= FAR * chance] for values in (finite([column]) for column in far)]
    return max([top, *(_power_of_ten(float(np.quantile(values, 0.9))) for values in calm)])


def _power_of_ten(value: float) -> float:
    """The next that is not below the positive `value`."""
    return float(10 ** np.ceil(np.log10(value)))


def loss_axis(columns: Sequence[Floats], top: float, view: ChartView) -> dict[str, Any]:
    """Plotly's words for a loss axis that ends at `top`."""
    if not view.log_y:
        return ends(0, top)
    minimum = positive_ends(columns)[0]
    low = float(np.floor(np.log10(max(LEAST_LOSS, min(minimum, top / 10)))))
    high = float(np.log10(top))
    return ends(low, high, log=True) | log_ticks(low, high)


def positive_ends(columns: Sequence[Floats]) -> tuple[float, float]:
    """The least and greatest finite positive number; (0.1, 1) where there is none."""
    values = finite(columns)
    positive = values[values > 0]
    return (float(positive.min()), float(positive.max())) if len(positive) else (0.1, 1.0)


def clipped(values: Floats, top: float) -> Floats:
    """What is drawn of a curve: beyond three times `top` it runs along there, out of sight; NaN is a gap.

    A 0 is drawn below the lowest end of a log axis, which would drop it and leave a gap.
    """
    result: Floats = np.clip(values, np.float32(LEAST_LOSS / 10), np.float32(min(top * 3, 3e38)))
    return result


def outside(values: Floats, top: float) -> list[slice]:
    """The stretches in which a curve is above `top` or no number, in order."""
    beyond = np.concatenate([[False], ~(values <= top), [False]])
    edges = np.flatnonzero(beyond[1:] != beyond[:-1]).tolist()
    return [slice(start, stop) for start, stop in zip(edges[::2], edges[1::2], strict=True)]


def departure(values: Floats, top: float) -> int | None:
    """Index from which on a curve is outside up to its end; None where it ends inside (a spike is no departure)."""
    stretches = outside(values, top)
    return stretches[-1].start if stretches and stretches[-1].stop == len(values) else None


def smooth(values: Floats, fraction: float, spacing: NDArray[Any] | None = None) -> Floats:
    """Exponential moving average, corrected for its start (as Adam's means are); gaps stay gaps.

    `spacing`: how many records each value is after the one before it (default: one), so that a curve with a point every
    twenty records is smoothed over the same stretch of training as one with a point at each.
    """
    shares = [fraction] * len(values) if spacing is None else (fraction ** np.maximum(spacing, 1)).tolist()
    result = np.empty_like(values)
    mean = weight = 0.0
    for index, (value, share) in enumerate(zip(values.tolist(), shares, strict=True)):
        if value != value:
            result[index] = np.nan
            continue
        mean = share * mean + (1 - share) * value
        weight = share * weight + (1 - share)
        result[index] = mean / weight
    return result


def records_apart(curves: Curves) -> NDArray[Any] | None:
    """For each evaluation: how many records of steps lie between it and the one before; None without records."""
    if not len(curves.steps):
        return None
    rows = np.searchsorted(curves.steps["step"], curves.evaluations["step"])
    return np.diff(rows, prepend=rows[:1])


def downsampled_rows(values: Floats) -> NDArray[np.int64]:
    """Indices of at most about `POINTS` points, with the least and greatest of every stretch."""
    if len(values) <= POINTS:
        return np.arange(len(values))
    stretches = np.array_split(np.arange(len(values)), POINTS // 2)
    filled = np.where(np.isfinite(values), values, np.float32(3e38))
    extremes = [index for part in stretches for index in (part[filled[part].argmin()], part[filled[part].argmax()])]
    return np.unique([0, *extremes, len(values) - 1])


def packed(values: NDArray[Any]) -> dict[str, str]:
    """Numbers as Plotly's typed array: float32, base64; a table with its shape."""
    array = np.ascontiguousarray(values, "<f4")
    encoded = {"dtype": "f4", "bdata": base64.b64encode(array.tobytes()).decode()}
    return encoded | {"shape": ", ".join(map(str, array.shape))} if array.ndim > 1 else encoded
