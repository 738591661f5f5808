"""A test set that leaks: beside a search by brute force, and what must hold of it; the chart of the split."""

from __future__ import annotations

import numpy as np
import pytest

from mnist_core.data import Dataset
from mnist_core.ideas.data.data_split import concept
from mnist_core.ideas.data.data_split import figure as charts


def brute_force(memory: concept.Labeled, test: concept.Labeled) -> float:
    right = 0
    for image, label in zip(*test, strict=True):
        off = [((image.astype(int) // 16 - neighbor.astype(int) // 16) ** 2).sum() for neighbor in memory[0]]
        right += int(memory[1][int(np.argmin(off))] == label)
    return right / len(test[1])


def test_the_leak_is_what_brute_force_finds(tiny: Dataset) -> None:
    memory = (tiny.train_images[:60], tiny.train_labels[:60])
    test = (tiny.test_images[:40], tiny.test_labels[:40])
    unseen = (tiny.test_images[40:80], tiny.test_labels[40:80])
    leaks = concept.leak(memory, test, unseen, (20, 60))
    for size, part in ((20, 0.0), (60, 0.0), (60, 0.5), (20, 1.0)):
        place, leaked = round(part * concept.STEPS), round(part * 40)
        seen = tuple(np.concatenate([memory[k][:size], test[k][:leaked]]) for k in (0, 1))
        assert leaks[size].test[place] == pytest.approx(brute_force(seen, test))  # type: ignore[arg-type]
        assert leaks[size].unseen[place] == pytest.approx(brute_force(seen, unseen))  # type: ignore[arg-type]
    assert leaks[20].shares[[0, 10, 20]].tolist() == [0, 0.5, 1]


def test_what_has_leaked_is_always_answered_right_and_the_unseen_are_not(tiny: Dataset) -> None:
    parts = [(images[:200], labels[:200]) for images, labels in ((tiny.train_images, tiny.train_labels),)]
    test = (tiny.test_images[:150], tiny.test_labels[:150])
    unseen = (tiny.test_images[150:300], tiny.test_labels[150:300])
    leak = concept.leak(parts[0], test, unseen, (200,))[200]
    assert leak.test[-1] == 1.0
    assert (leak.test >= leak.shares).all()
    assert leak.unseen[-1] < 1.0


def test_the_margin_of_an_accuracy() -> None:
    # √(0.95 · 0.05 / 10,000) = 0.002179
    assert concept.margin(0.95, 10_000) == pytest.approx(0.00427, abs=1e-5)
    assert concept.margin(0.95, 100) == pytest.approx(10 * concept.margin(0.95, 10_000))
    assert concept.margin(1.0, 0) == 0


def test_heaps_in_the_order_of_the_files() -> None:
    figure = charts.split_chart({"train": 1_000, "validation": 9_000, "test": 10_000}, 50_000, False, str)
    assert [trace["uid"] for trace in figure["data"]] == ["train", "unused", "validation", "test"]
    assert [trace["x"][0] for trace in figure["data"]] == [1_000, 50_000, 9_000, 10_000]
    assert len(charts.split_chart({"train": 1, "validation": 2, "test": 3}, 0, False, str)["data"]) == 3
