"""The gap between training accuracy and that on images kept apart: how wide it is, and how much of it may be luck.

Training accuracy is measured against training labels, of which some may be wrong, the other one against right labels. So it is
compared with what the network would have there if it had learned nothing by heart.

Validation images tell it; of a run that is over test images, too, and the wider of the two gaps counts: the validation images are
others, and may be easier. A verdict that is stored is never made from test images, since it is shown while these are sealed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mnist_core.config import RunConfig
from mnist_core.diagnostics.chance import labels_answered
from mnist_core.records import Outcome
from mnist_core.schedule import TRAIN_EVALUATED, evaluated_images

WIDE = 0.07  # from there on the network overfits
NARROW = 0.01  # below it a gap is not worth a word
SURE = 2  # standard errors: a gap within them may be luck


@dataclass(frozen=True)
class Gap:
    """What it is between, and on how many images each side was measured."""

    split: Literal["validation", "test"]
    train: float
    held_out: float
    images: int  # kept apart
    train_images: int | None  # None: all that the network learned from, so that its side is no sample
    expected: float  # training accuracy of a network that is as good on images kept apart, and has memorized none

    @property
    def width(self) -> float:
        """Training accuracy less what is expected; where all labels are right, less the other accuracy."""
        return self.train - self.expected

    @property
    def luck(self) -> float:
        """How wide it may be by chance alone."""
        variance = _variance(self.held_out, self.images)
        if self.train_images is not None:
            variance += _variance(self.train, self.train_images)
        return SURE * math.sqrt(variance)

    @property
    def is_real(self) -> bool:
        """Whether it is worth a word, and more than luck."""
        return self.width >= max(NARROW, self.luck)

    @property
    def is_wide(self) -> bool:
        """Whether the network overfits."""
        return self.width >= max(WIDE, self.luck)


def _variance(accuracy: float, images: int) -> float:
    """Of an accuracy on so many images, with two right and two wrong ones added (Agresti & Coull 1998): a few images that
    are all right, or all wrong, are still few."""
    count = max(1, images) + 4
    fraction = (accuracy * (count - 4) + 2) / count
    return fraction * (1 - fraction) / count


def of_validation(config: RunConfig, train: float, validation: float, *, whole: bool) -> Gap | None:
    """The gap to the validation images; None without any. `whole`: measured on all images, not on those of the curve."""
    if not config.validation_size or not math.isfinite(validation):
        return None
    most = config.validation_size if whole else evaluated_images(config)
    images = min(most, config.validation_size)
    expected = labels_answered(config, validation)
    return Gap("validation", train, validation, images, _train_images(config, whole=whole), expected)


def of_test(config: RunConfig, result: Mapping[str, Any], outcome: Outcome | None) -> Gap | None:
    """The gap to the test images of a run that is over; None where it is not known, or may not be seen."""
    train, test = result.get("train_accuracy"), result.get("test_accuracy")
    if train is None or test is None:
        return None
    whole = outcome == "completed"
    images = test_images(config, result)
    return Gap(
        "test",
        train,
        test,
        images if whole else min(images, evaluated_images(config)),
        _train_images(config, whole=whole),
        labels_answered(config, test),
    )


def test_images(config: RunConfig, result: Mapping[str, Any]) -> int:
    """How many test images there are; of older runs of one's own images about as many: a fifth of all is for testing."""
    known = result.get("test_images") or config.image_set.test
    return int(known or max(1, (config.train_size + config.validation_size) / 4))


def _train_images(config: RunConfig, *, whole: bool) -> int | None:
    images = TRAIN_EVALUATED if whole else min(TRAIN_EVALUATED, evaluated_images(config))
    return images if images < config.train_size else None
