"""The recorder of the Home page's curves, on a few built-in digits."""

from __future__ import annotations

from pathlib import Path

import pytest

from mnist_core.bench import home_curves
from mnist_core.data import Dataset
from mnist_core.home_page.recorded import CONFIG, Recording, recording

SMALL = CONFIG.replace(dataset="built-in", train_size=1_000, validation_size=200, batch_size=10, epochs=1)


def test_what_is_recorded_are_the_runs_of_a_sweep_with_its_zones(
    tiny: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(home_curves, "CONFIG", SMALL)
    monkeypatch.setattr(home_curves, "RATES", (1e-5, 0.1, 50.0))
    monkeypatch.setattr(home_curves, "load_dataset", lambda _name, _data: tiny)
    monkeypatch.setattr(home_curves, "_experiments", lambda _dataset: {})
    recorded = home_curves.record(None, tmp_path / "made.json")
    assert recording(tmp_path / "made.json") == recorded
    assert isinstance(recorded, Recording)
    assert recorded.steps == tuple(range(101))  # 100 updates, and before them
    slow, good, broken = recorded.curves
    assert (slow.rate, good.rate, broken.rate) == (1e-5, 0.1, 50.0)
    assert (slow.zone, good.zone, broken.zone) == ("small", "good", "broken")
    assert good.accuracy[-20] > slow.accuracy[-20] + 0.3
    assert good.final > 0.6 > broken.final
