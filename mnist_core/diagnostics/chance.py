"""What a loss and an accuracy are measured against: those of a guess, and those that wrong labels leave within reach.

Label noise p gives that fraction of the training images another of the k classes, each of the others equally likely. A network
that knows every class, and not which labels are wrong, then answers the labels of 1 − p of the images; from p = 1 − 1/k on it does
better with one of the others (p/(k − 1)). Its loss is no longer 0: that of the probabilities 1 − p and k − 1 times p/(k − 1). Those
that a uniform guess gives, 1/k each, cost the same whatever the labels are.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from mnist_core.config import RunConfig
from mnist_core.schedule import TRAIN_EVALUATED, evaluated_images

COMMONEST = (
    1.124  # times 1/k: frequency of the digit 1, the highest, in MNIST's 60,000: one answer to all images gets it right
)
DEVIATIONS = 3  # standard deviations above it: more is no luck
BARELY = 2 / 9  # of the way from a guess to what can be reached: of ten classes 30 % without wrong labels
ALL_BUT = 0.99  # accuracy: whoever answers all, be they ever so few, has learned them
FLATTEST = 0.5  # of chance: no set of images, however few, is taken to have its labels guessed better


def chance_loss(config: RunConfig) -> float:
    """The loss of a uniform guess over k classes: ln k (ten: 2.303), or 1 − 1/k for squared error against one-hot.

    Squared error: (1 − 1/k)² + (k − 1) · (1/k)² = 1 − 1/k. It is the minimum of answers that are the same for all
    images; zeros alone have 1.
    """
    return _loss(config, [1 / config.classes] * config.classes)


def chance_accuracy(config: RunConfig) -> float:
    """How often a guess is right: 1/k."""
    return 1 / config.classes


def commonest(config: RunConfig) -> float:
    """How often one answer to all images is right, where the classes are about as frequent as MNIST's."""
    return COMMONEST / config.classes


def maximum_chance(configs: Iterable[RunConfig]) -> float:
    """The loss of a guess in a chart of runs with these configurations: the maximum of theirs, ln 10 without any."""
    return max((chance_loss(config) for config in configs), default=chance_loss(RunConfig()))


def minimum_loss(config: RunConfig) -> float:
    """The loss of a network that knows every class, and not which training labels are wrong; 0 without label noise."""
    others = config.classes - 1
    return _loss(config, [1 - config.label_noise, *[config.label_noise / others] * others])


def _loss(config: RunConfig, fractions: list[float]) -> float:
    """The expected loss where labels have these frequencies, and are predicted with them."""
    if config.loss == "cross-entropy":
        return -sum(fraction * math.log(fraction) for fraction in fractions if fraction > 0)
    return 1 - sum(fraction**2 for fraction in fractions)


def reachable_accuracy(config: RunConfig) -> float:
    """The training accuracy of a network that makes no error but those of wrong labels, without knowing these."""
    return max(1 - config.label_noise, config.label_noise / (config.classes - 1))


def clear_accuracy(config: RunConfig, images: int) -> float:
    """What an accuracy on so many images must exceed to be more than that of one answer to all of them, and luck."""
    share = commonest(config)
    return min(ALL_BUT, share + DEVIATIONS * math.sqrt(share * (1 - share) / max(1, images)))


def memorizing_accuracy(config: RunConfig, images: int) -> float:
    """What an accuracy on so many training images must exceed to be more than that of right labels, and luck: wrong ones are
    known by heart."""
    reachable = reachable_accuracy(config)
    return min(1.0, reachable + DEVIATIONS * math.sqrt(reachable * (1 - reachable) / max(1, images)))


def labels_answered(config: RunConfig, accuracy: float) -> float:
    """How many of the training labels a network answers that is right so often, and has learned no wrong label by heart: these it
    meets only where it errs, one in k − 1."""
    wrong = config.label_noise
    return accuracy * (1 - wrong) + (1 - accuracy) * wrong / (config.classes - 1)


def constant_loss(config: RunConfig, images: int) -> float:
    """The minimum expected loss of one answer to all of so many images: that of their frequencies of classes.

    In a few images the classes are not equally frequent: n images leave about (k − 1)/(2n) less than ln k (Miller 1955), and
    squared error (1 − 1/k)/n less than 1 − 1/k.
    """
    chance = chance_loss(config)
    reduction = (
        (config.classes - 1) / (2 * max(1, images)) if config.loss == "cross-entropy" else chance / max(1, images)
    )
    return max(FLATTEST * chance, chance - reduction)


@dataclass(frozen=True)
class Scale:
    """What the training loss and accuracy of one configuration are measured against."""

    chance: float  # loss of a uniform guess
    constant: float  # loss of the best answer that is the same for all images
    minimum: float  # loss that wrong labels leave
    reachable: float  # accuracy that wrong labels leave
    clear: float  # accuracy that one answer to all images does not come to by luck
    memorizing: float  # accuracy that right labels alone do not come to by luck; 1 where all labels are right
    guess: float = 0.1  # accuracy of a guess

    @classmethod
    def of(cls, config: RunConfig) -> Scale:
        """The scale of this run's curve."""
        images = min(config.train_size, TRAIN_EVALUATED, evaluated_images(config))
        return cls(
            chance_loss(config),
            constant_loss(config, config.train_size),
            minimum_loss(config),
            reachable_accuracy(config),
            clear_accuracy(config, images),
            memorizing_accuracy(config, images),
            chance_accuracy(config),
        )

    @property
    def teaches(self) -> bool:
        """Whether the labels hold enough for a network that knows the classes to be clearly better than a guess."""
        return self.reachable > self.clear

    @property
    def barely(self) -> float:
        """An accuracy below which next to nothing was learned: 30 % without wrong labels."""
        return max(self.clear, self.guess + BARELY * (self.reachable - self.guess))

    @property
    def span(self) -> float:
        """From the loss that one answer to all images has down to the one that wrong labels leave, at least 0."""
        return max(0.0, self.constant - self.minimum)

    def level(self, fraction: float) -> float:
        """The loss at this fraction of the span: 0 is what wrong labels leave, 1 is one answer to all images."""
        return self.constant - (1 - fraction) * self.span
