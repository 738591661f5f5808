"""The process of a contestant, from both ends."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from mnist_core.bench import contestant
from mnist_core.bench.contestant import CONTESTANTS, Contestant
from mnist_core.bench.process import Process
from mnist_core.bench.work import Work
from mnist_core.data import Dataset
from mnist_core.presets import PRESETS

CONFIG = PRESETS["two-layer-net"].config.replace(epochs=1, train_size=1_000)


def answer_of(module: str, few: Dataset, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """What a contestant in `module` answers when it prepares."""
    monkeypatch.setitem(CONTESTANTS, "odd", Contestant("odd", module, "prepare"))  # type: ignore[arg-type]
    written = io.StringIO()
    assert contestant._prepare(Work("odd", CONFIG), few, written) is None
    answer: dict[str, object] = json.loads(written.getvalue())
    return answer


def test_a_missing_library_is_told(few: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    assert answer_of("no_library_of_this_name", few, monkeypatch) == {"absent": "not installed"}


def test_a_mistake_of_our_own_is_no_missing_library(few: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = answer_of("mnist_core.no_such_room", few, monkeypatch)
    assert str(answer["absent"]).startswith("failed: ModuleNotFoundError")


def test_versions_are_those_of_the_packages() -> None:
    versions = contestant.versions(Contestant("odd", "", "", ("numpy", "no-package-of-this-name")))
    assert set(versions) == {"numpy"}


def test_a_process_answers_each_time_it_is_asked(mnist: Path) -> None:
    works = [Work("numpy-float32", CONFIG), Work("numpy-float64", CONFIG)]
    with Process(works, mnist) as process:
        process.wait_ready()
        assert [entry.absent for entry in process.entries] == ["", ""]
        assert "numpy" in process.entries[0].versions
        for number, index in enumerate((0, 1, 0)):
            process.ask(index, number)
            answer = process.answer(index)
            assert answer is not None
            assert answer.updates == 10
            assert answer.per_update == answer.seconds / 10
    assert [len(entry.answers) for entry in process.entries] == [2, 1]


def test_a_process_that_died_is_told(mnist: Path) -> None:
    with Process([Work("numpy-float32", CONFIG)], mnist) as process:
        process.wait_ready()
        process._process.kill()
        process.ask(0, 0)
        assert process.answer(0) is None
    assert process.entries[0].absent == "failed: its process ended"
