"""Mistakes from answers, against pandas and by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mnist_core.diagnostics import mistakes


@pytest.fixture
def answers() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(5)
    labels = generator.integers(0, 10, 500).astype(np.uint8)
    scores = generator.normal(size=(500, 10))
    scores[np.arange(500), labels] += 1.5
    raised = np.exp(scores)
    return labels, (raised / raised.sum(1, keepdims=True)).astype(np.float32)


def test_confusion_equals_pandas(answers: tuple[np.ndarray, np.ndarray]) -> None:
    labels, shares = answers
    table = pd.crosstab(labels, shares.argmax(1)).reindex(index=range(10), columns=range(10), fill_value=0)
    counts = mistakes.confusion(labels, shares)
    assert np.array_equal(counts, table.to_numpy())
    right = pd.Series(shares.argmax(1) == labels).groupby(labels).mean()
    assert mistakes.per_class(counts) == pytest.approx(right.to_numpy())


def test_cells_and_mistakes_are_the_images_of_the_matrix(answers: tuple[np.ndarray, np.ndarray]) -> None:
    labels, shares = answers
    counts = mistakes.confusion(labels, shares)
    rows = mistakes.cell(labels, shares, 4, 9)
    assert len(rows) == counts[4, 9]
    assert all(labels[rows] == 4)
    wrong = mistakes.wrong(labels, shares)
    assert len(wrong) == counts.sum() - counts.trace()
    sure = shares[wrong].max(1)
    assert all(sure[:-1] >= sure[1:])


def test_where_one_network_knows_better() -> None:
    labels = np.array([0, 1, 2, 3], np.uint8)
    first = np.eye(10, dtype=np.float32)[[0, 1, 5, 5]]
    second = np.eye(10, dtype=np.float32)[[0, 7, 2, 5]]
    assert mistakes.only_first(labels, first, second).tolist() == [1]
    assert mistakes.only_first(labels, second, first).tolist() == [2]


def test_reliability_by_hand() -> None:
    # Four answers 95 % sure, three of them right; two 55 % sure, both right.
    shares = np.full((6, 10), 0.05 / 9, np.float32)
    shares[:4, 3] = 0.95
    shares[4:] = 0.05
    shares[4:, 3] = 0.55
    labels = np.array([3, 3, 3, 8, 3, 3], np.uint8)
    bins = mistakes.reliability(labels, shares)
    assert bins.images.tolist() == [0, 0, 0, 0, 0, 2, 0, 0, 0, 4]
    assert bins.accuracy[9] == pytest.approx(0.75)
    assert bins.confidence[5] == pytest.approx(0.55)
    assert np.isnan(bins.accuracy[0])
    assert bins.error == pytest.approx((4 * 0.20 + 2 * 0.45) / 6, abs=1e-6)


def test_a_certain_answer_is_in_the_last_bin() -> None:
    bins = mistakes.reliability(np.array([2], np.uint8), np.eye(10, dtype=np.float32)[[2]])
    assert bins.images.tolist() == [0] * 9 + [1]
    assert bins.error == 0
