"""From scores to a loss: softmax, cross-entropy, squared error; and questions about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Numbers = NDArray[np.float64]
CLASSES = 3
SEPARATE = 0.05  # two losses of a question differ by at least this


def softmax(logits: ArrayLike) -> Numbers:
    """Probabilities from logits, along the last axis. The greatest logit is taken off first, so that none overflows."""
    z = np.asarray(logits, float)
    e = np.exp(z - z.max(-1, keepdims=True))
    probabilities: Numbers = e / e.sum(-1, keepdims=True)
    return probabilities


def cross_entropy(logits: ArrayLike, target: int) -> float:
    """−log of the probability of the class `target`; like torch's CrossEntropyLoss it takes logits."""
    z = np.asarray(logits, float)
    top = z.max()
    return float(top + np.log(np.exp(z - top).sum()) - z[target])


def squared_error(prediction: ArrayLike, target: int) -> float:
    """Sum over the classes of (prediction − one-hot target)²."""
    p = np.asarray(prediction, float)
    return float(((p - np.eye(len(p))[target]) ** 2).sum())


@dataclass(frozen=True)
class Question:
    """Which of two predictions has the higher loss? `logits` for cross-entropy, else probabilities."""

    kind: Literal["cross-entropy", "squared-error"]
    first: tuple[float, ...]
    second: tuple[float, ...]
    target: int

    @property
    def losses(self) -> tuple[float, float]:
        """The loss of the first and of the second."""
        measure = cross_entropy if self.kind == "cross-entropy" else squared_error
        return measure(self.first, self.target), measure(self.second, self.target)


FIRST_QUESTIONS = (
    Question("cross-entropy", (2.0, 1.0, 0.1), (0.5, 2.0, 0.3), 0),
    Question("squared-error", (0.1, 0.8, 0.1), (0.4, 0.2, 0.4), 1),
)


def question(number: int) -> Question:
    """The question of this number (0-based): two fixed ones, then others drawn at random, the same for everybody."""
    if number < len(FIRST_QUESTIONS):
        return FIRST_QUESTIONS[number]
    generator = np.random.default_rng(number)
    while True:
        target = int(generator.integers(CLASSES))
        if number % 2 == 0:
            first, second = np.round(generator.uniform(-3, 3, (2, CLASSES)), 1).tolist()
            candidate = Question("cross-entropy", tuple(first), tuple(second), target)
        else:
            # Tenths that add up to one.
            first, second = (generator.multinomial(10, generator.dirichlet(np.ones(CLASSES)), 2) / 10).tolist()
            candidate = Question("squared-error", tuple(first), tuple(second), target)
        first_loss, second_loss = candidate.losses
        if abs(first_loss - second_loss) > SEPARATE:
            return candidate
