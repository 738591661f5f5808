"""The growth benchmark times a page that has the runs."""

from __future__ import annotations

import pytest

from mnist_core.bench import growth


def test_it_times_pages_with_runs_and_weighs_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growth, "ROUNDS", 1)
    monkeypatch.setattr(growth, "TARGETED", 24)
    report = growth.measure([12, 24])
    assert [figure.name for figure in report.figures if figure.target] == [
        "24 runs: the page",
        "24 runs: the page again",
        "24 runs: a search",
        "24 runs: a filter by a range",
        "24 runs: filters by three columns",
        "24 runs: one of them in the store",
    ]
    assert all(figure.value is not None and figure.value > 0 for figure in report.figures)
