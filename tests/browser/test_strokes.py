"""The benchmark of strokes, on two runs: strokes are answered by bars, also while the pen is down."""

from __future__ import annotations

import pytest

from mnist_core.bench import strokes
from tests.browser.conftest import Lab, Open

pytestmark = pytest.mark.browser
RUN = "/train?preset=two-layer-net&epochs=1&train_size=2000"


def test_it_times_every_stroke(lab: Lab, open_browser: Open) -> None:
    runs = {RUN: "completed", f"{RUN}&activation=leaky-relu&learning_rate=100": "diverged"}
    report = strokes.measure_on(lab.address, open_browser().browser, strokes=2, runs=runs)
    assert {name: len(values) for name, values in report.samples.items()} == {strokes.ENDED: 2, strokes.DRAWING: 2}
    assert all(figure.value is not None and figure.value > 0 for figure in report.figures)
    # What is told while the pen is down waits for the pad's interval, so it cannot come sooner than that.
    assert min(report.samples[strokes.DRAWING]) > 0.09
    assert [figure.target for figure in report.figures] == ["", "≤ 0.200 s"] * 2
