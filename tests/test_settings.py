"""Folders and shares of the machine, from the environment."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mnist_core import settings

VARIABLES = ("MNIST_LAB_HOME", "MNIST_LAB_DATA", "MNIST_LAB_STORE", "MNIST_LAB_SCHEDULER", "MNIST_LAB_WORKERS")


def test_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MNIST_LAB_HOME")
    assert settings.home() == Path.home() / ".mnist-lab"
    assert settings.data_folder() is None
    assert settings.scheduler_address() is None


def test_the_store_and_the_checkpoints_are_in_the_home(home: Path) -> None:
    assert settings.store_url() == f"sqlite:///{home / 'runs.sqlite'}"
    assert settings.checkpoint_folder() == home / "checkpoints"


def test_variables_are_read_late_and_an_empty_one_counts_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNIST_LAB_HOME", "~/lab")
    monkeypatch.setenv("MNIST_LAB_DATA", "~/mnist")
    assert settings.home() == Path.home() / "lab"
    assert settings.data_folder() == Path.home() / "mnist"
    for name in VARIABLES:
        monkeypatch.setenv(name, "")
    assert settings.home() == Path.home() / ".mnist-lab"
    assert settings.data_folder() is None
    assert settings.scheduler_address() is None


def test_asking_creates_nothing(home: Path) -> None:
    settings.home()
    settings.store_url()
    settings.checkpoint_folder()
    assert not home.exists()


@pytest.mark.parametrize(
    ("cores", "gigabytes", "workers"),
    [
        (1, 64, 1),
        (2, 64, 2),
        (16, 64, 4),  # no more than four
        (8, 1, 1),  # a small machine in the cloud: one fits, barely
        (8, 2.4, 2),
        (8, 0.5, 1),  # never none
    ],
)
def test_workers_by_cores_and_memory(
    monkeypatch: pytest.MonkeyPatch, cores: int, gigabytes: float, workers: int
) -> None:
    monkeypatch.setattr(settings, "cpu_count", lambda: cores)
    monkeypatch.setattr(settings, "memory_bytes", lambda: int(gigabytes * 2**30))
    assert settings.worker_count() == workers


@pytest.mark.parametrize(("value", "workers"), [("3", 3), ("0", 2), ("-1", 2), ("many", 2), ("", 2)])
def test_a_number_of_workers_that_makes_sense_is_taken(
    monkeypatch: pytest.MonkeyPatch, value: str, workers: int
) -> None:
    monkeypatch.setattr(settings, "cpu_count", lambda: 2)
    monkeypatch.setattr(settings, "memory_bytes", lambda: 64 * 2**30)
    monkeypatch.setenv("MNIST_LAB_WORKERS", value)
    assert settings.worker_count() == workers


def test_this_machine_is_known() -> None:
    assert 1 <= settings.cpu_count() <= (os.cpu_count() or 1)
    assert settings.memory_bytes() > 2**27


def test_guide_and_module_tell_every_variable() -> None:
    guide = (Path(__file__).parents[1] / "docs" / "environment.md").read_text(encoding="utf-8")
    for name in VARIABLES:
        assert f"`{name}`" in guide
        assert name in (settings.__doc__ or "")


@pytest.mark.parametrize(
    ("megabytes", "settings_of_host", "expected"),
    [
        (700, {}, False),
        (1_000, {}, True),
        (700, {"MNIST_LAB_WORKERS": "1"}, True),
        (700, {"MNIST_LAB_WORKERS": "0"}, False),
        (700, {"MNIST_LAB_SCHEDULER": "tcp://there:8786"}, True),
    ],
)
def test_a_host_without_memory_trains_nothing_unless_told_to(
    monkeypatch: pytest.MonkeyPatch, megabytes: int, settings_of_host: dict[str, str], expected: bool
) -> None:
    monkeypatch.setattr(settings, "memory_bytes", lambda: megabytes * 10**6)
    for name, value in settings_of_host.items():
        monkeypatch.setenv(name, value)
    assert settings.can_train() is expected


def test_a_part_of_a_core_counts_as_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "_quota", lambda: 0.08)
    assert (settings.cores(), settings.cpu_count()) == (0.08, 1)
