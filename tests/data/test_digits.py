"""The built-in digits: the same from the same seed, centered and inked as MNIST's, and hard in the same way."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mnist_core import RunConfig, data, train
from mnist_core.data.digits import draw_digits
from mnist_core.presets import PRESETS
from tests.conftest import THREADS


def test_same_seed_same_images_with_any_number_of_threads() -> None:
    one_thread, labels = draw_digits(2_500, 3, threads=1)
    two_threads, _labels = draw_digits(2_500, 3, threads=2)
    other_seed, _labels = draw_digits(2_500, 4)
    assert (one_thread == two_threads).all()
    assert (one_thread != other_seed).any()
    assert np.bincount(labels).tolist() == [250] * 10


def test_ink_box_and_center_are_like_mnists() -> None:
    images, _labels = draw_digits(3_000, 1)
    scaled = images / 255
    assert scaled.mean() == pytest.approx(data.MEAN, abs=0.02)
    assert scaled.std() == pytest.approx(data.STD, abs=0.03)
    rows = (scaled.sum(axis=2) * np.arange(28)).sum(axis=1) / scaled.sum(axis=(1, 2))
    assert abs(rows - 13.5).max() < 3  # pixels from the middle
    border = np.concatenate([images[:, :2].ravel(), images[:, -2:].ravel()])
    assert (border > 128).mean() < 0.01


@pytest.fixture(scope="module")
def digits_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which the digits have been drawn."""
    return tmp_path_factory.mktemp("digits")


@pytest.fixture
def digits_dataset(digits_home: Path, monkeypatch: pytest.MonkeyPatch) -> data.Dataset:
    """The built-in digits, drawn once for the module."""
    monkeypatch.setenv("MNIST_LAB_HOME", str(digits_home))
    reports: list[tuple[int, int]] = []
    data.ensure_built_in(lambda done, total: reports.append((done, total)))
    if reports:
        assert reports[-1] == (70_000, 70_000)
    data.ensure_built_in(lambda done, total: pytest.fail("drawn twice"))
    return data.load_dataset("built-in")


@pytest.mark.reference
def test_logistic_regression_is_as_good_as_on_mnist(digits_dataset: data.Dataset) -> None:
    config = RunConfig(dataset="built-in", hidden_layers=(), optimizer="adam", learning_rate=0.001, epochs=5)
    assert 0.88 <= train(config, digits_dataset, threads=THREADS).result["test_accuracy"] <= 0.94


@pytest.mark.reference
def test_keras_first_look(digits_dataset: data.Dataset) -> None:
    config = PRESETS["keras-first-look"].config.replace(dataset="built-in", epochs=3)
    assert 0.97 <= train(config, digits_dataset, threads=THREADS).result["test_accuracy"] <= 0.99


@pytest.mark.reference
def test_two_layer_net_learns_at_half_and_collapses_at_one_and_a_half(digits_dataset: data.Dataset) -> None:
    config = PRESETS["two-layer-net"].config.replace(dataset="built-in", epochs=40)
    learned = train(config, digits_dataset, threads=THREADS)
    assert learned.outcome == "completed"
    assert learned.result["test_accuracy"] > 0.94
    assert train(config.replace(learning_rate=1.5), digits_dataset, threads=THREADS).outcome == "collapsed"


@pytest.mark.reference
def test_a_lenet_reaches_98_5(digits_dataset: data.Dataset) -> None:
    # One epoch of half as many filters: a fifth of the time of the preset.
    config = PRESETS["lenet-fast"].config.replace(dataset="built-in", filters=[8, 16], epochs=1)
    assert train(config, digits_dataset, threads=THREADS).result["test_accuracy"] >= 0.985
