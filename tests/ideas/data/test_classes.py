"""Facts about the digits: by hand on four images, beside NumPy on drawn digits, and on real MNIST; the chart of the classes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mnist_core import data
from mnist_core.data import Dataset
from mnist_core.ideas.data.classes import concept
from mnist_core.ideas.data.classes import figure as charts
from tests.charts import numbers, trace


def test_mean_and_spread_of_two_images_of_one_digit() -> None:
    images = np.zeros((3, 28, 28), np.uint8)
    images[0, 0, 0], images[1, 0, 0], images[2, 5, 5] = 10, 30, 255
    statistics = concept.statistics(images, np.array([4, 4, 7], np.uint8))
    assert statistics.counts.tolist() == [0, 0, 0, 0, 2, 0, 0, 1, 0, 0]
    assert statistics.mean[4, 0, 0] == 20
    assert statistics.spread[4, 0, 0] == 10
    assert statistics.mean[7, 5, 5] == 255
    assert not statistics.spread[7].any()
    assert not statistics.mean[0].any()  # no image of it: blank, not NaN
    assert statistics.pixel_mean == pytest.approx(295 / (3 * 784))


def test_statistics_are_those_of_numpy_whatever_the_pieces(tiny: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(concept, "CHUNK", 137)
    statistics = concept.statistics(tiny.train_images, tiny.train_labels)
    threes = tiny.train_images[tiny.train_labels == 3].astype(float)
    assert statistics.mean[3] == pytest.approx(threes.mean(0), abs=1e-3)
    assert statistics.spread[3] == pytest.approx(threes.std(0), abs=1e-2)
    assert statistics.pixel_deviation == pytest.approx(tiny.train_images.std(), rel=1e-5)
    mean, spread = concept.mean_of(tiny.train_images, tiny.train_labels, len(threes))
    assert mean[3] == pytest.approx(threes.mean(0), abs=1e-3)
    first, none = concept.mean_of(tiny.train_images, tiny.train_labels, 1)
    assert np.array_equal(first[3], threes[0])
    assert not none.any()
    assert spread.shape == (10, 28, 28)


def test_hard_is_nearer_to_another_digit(tiny: Dataset) -> None:
    means = concept.statistics(tiny.train_images, tiny.train_labels).mean
    images, labels = tiny.train_images[:200], tiny.train_labels[:200]
    far = concept.distances(images, means)
    slow = np.sqrt(((images.astype(float)[:, None] - means) ** 2).sum((2, 3)))
    assert far == pytest.approx(slow, rel=1e-4)
    harder = concept.hardness(far, labels)
    assert np.array_equal(harder > 0, slow.argmin(1) != labels)
    easy, hard = (concept.by_hardness(harder, labels, fraction, 5) for fraction in (0.0, 1.0))
    assert labels[easy].tolist() == labels[hard].tolist() == np.repeat(range(10), 5).tolist()
    for digit in range(10):
        of_digit = np.sort(harder[labels == digit])
        assert np.array_equal(harder[easy[labels[easy] == digit]], of_digit[:5])
        assert np.array_equal(harder[hard[labels[hard] == digit]], of_digit[-5:])


def test_real_mnist_is_what_it_is_said_to_be(mnist: Path) -> None:
    dataset = data.load_dataset("mnist", mnist)
    assert (len(dataset.train_images), len(dataset.test_images)) == (60_000, 10_000)
    statistics = concept.statistics(dataset.train_images, dataset.train_labels)
    assert statistics.counts.tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert round(statistics.pixel_mean / 255, 4) == data.MEAN == 0.1307
    assert round(statistics.pixel_deviation / 255, 4) == data.STD == 0.3081
    # The nearest mean image, the simplest classifier of all: 82.03 % of the test images.
    answers = concept.distances(dataset.test_images, statistics.mean).argmin(1)
    assert (answers == dataset.test_labels).sum() == 8203


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="only Linux tells what of a file is in memory")
def test_a_mapped_file_is_not_in_memory_when_it_was_read(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (5_000, 28, 28), np.uint8)
    images.tofile(tmp_path / "images")
    mapped = np.memmap(tmp_path / "images", np.uint8, "r", shape=images.shape)
    labels = np.arange(5_000, dtype=np.uint8) % 10

    def in_memory() -> int:
        """Bytes of the file that count to this process."""
        section = Path("/proc/self/smaps").read_text().split(str(tmp_path / "images"))[1]
        return int(section.split("Rss:")[1].split()[0]) * 1024

    assert int(mapped.sum(dtype=np.int64)) == int(images.sum(dtype=np.int64))
    assert in_memory() > 0.9 * images.nbytes
    statistics = concept.statistics(mapped[:], labels)
    np.testing.assert_array_equal(statistics.mean, concept.statistics(images, labels).mean)
    assert in_memory() < 0.3 * images.nbytes


def test_balance_in_counts_and_in_shares() -> None:
    counts = {"train": np.array([30, 10] + [0] * 8), "test": np.array([1] * 10)}
    figure = charts.balance_chart(counts, False, False, str)
    assert numbers(trace(figure, "train")["y"]).tolist() == [30, 10] + [0] * 8
    shares = charts.balance_chart(counts, True, False, str)
    assert numbers(trace(shares, "train")["y"])[:2] == pytest.approx([0.75, 0.25])
    assert numbers(trace(shares, "test")["y"]) == pytest.approx([0.1] * 10)
    # Parts differ by more than color.
    assert trace(figure, "train")["marker"]["pattern"]["shape"] != trace(figure, "test")["marker"]["pattern"]["shape"]
