"""The benchmark of sliders, on one slider: moves are answered by pictures."""

from __future__ import annotations

import pytest

from mnist_core.bench import sliders
from tests.browser.conftest import Lab, Open

pytestmark = pytest.mark.browser


def test_it_times_every_move(lab: Lab, open_browser: Open) -> None:
    report = sliders.measure_on(lab.address, open_browser().browser, moves=2, sliders=sliders.SLIDERS[-1:])
    assert [len(values) for values in report.samples.values()] == [2]
    assert all(figure.value is not None and figure.value > 0 for figure in report.figures)
    assert [figure.target for figure in report.figures if figure.target] == ["≤ 0.150 s"]
