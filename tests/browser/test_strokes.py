"""The benchmark of strokes, on two runs: strokes are answered by bars, also while the pen is down."""

from __future__ import annotations

import pytest

from mnist_core.bench import strokes

pytestmark = pytest.mark.browser


def test_it_times_every_stroke(chromium: None) -> None:
    mlps = {address: outcome for address, outcome in strokes.RUNS.items() if "two-layer" in address}
    report = strokes.measure(strokes=2, runs=mlps)
    assert {name: len(values) for name, values in report.samples.items()} == {strokes.ENDED: 2, strokes.DRAWING: 2}
    assert all(figure.value is not None and figure.value > 0 for figure in report.figures)
    # What is told while the pen is down waits for the pad's interval, so it cannot come sooner than that.
    assert min(report.samples[strokes.DRAWING]) > 0.09
    assert [figure.target for figure in report.figures] == ["", "≤ 0.200 s"] * 2
