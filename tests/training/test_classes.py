"""As many classes as the images have: outputs, the loss of a guess, and verdicts, for two to ten of them."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from mnist_core import train
from mnist_core.config import RunConfig
from mnist_core.data import Dataset
from mnist_core.data.splits import noisy
from mnist_core.diagnostics.chance import Scale, chance_accuracy, chance_loss, minimum_loss, reachable_accuracy
from mnist_core.image_sets import OwnName
from mnist_core.networks.models import describe

NAME = OwnName("own-" + "0" * 16)


def bars(classes: int, count: int = 60) -> Dataset:
    """Images with a bright bar at a place of their class, and some noise."""
    random = np.random.default_rng(classes)
    labels = (np.arange(count) % classes).astype(np.uint8)
    images = random.integers(0, 60, (count, 28, 28)).astype(np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[2 * label : 2 * label + 3] = 255
    return Dataset(NAME, Path(), images[:40], labels[:40], images[40:], labels[40:], classes)


def small(classes: int, **more: object) -> RunConfig:
    """A run of a second."""
    settings = {
        "dataset": NAME,
        "classes": classes,
        "train_size": 32,
        "validation_size": 8,
        "batch_size": 8,
        "epochs": 12,
    }
    return RunConfig.from_dict({**settings, "hidden_layers": [16], "filters": [2], **more})


@pytest.mark.parametrize("classes", [2, 3, 7])
@pytest.mark.parametrize(
    "more",
    [{}, {"loss": "squared-error", "learning_rate": 0.02}, {"model": "cnn"}],
    ids=["mlp", "squared-error", "cnn"],
)
def test_begins_at_a_guess_and_learns(classes: int, more: dict[str, object]) -> None:
    config = small(classes, **more)
    nothing = train(config.replace(initialization="zeros", epochs=1, learning_rate=1e-6), bars(classes))
    expected = chance_loss(config) if config.loss == "cross-entropy" else 1.0  # zeros are no guess
    assert nothing.result["test_loss"] == pytest.approx(expected, rel=1e-3)
    result = train(config, bars(classes)).result
    assert result["train_accuracy"] > 1.5 / classes
    assert result["verdict"] != "collapsed"


@pytest.mark.parametrize("classes", [2, 5, 10])
def test_what_a_guess_and_wrong_labels_leave(classes: int) -> None:
    config = small(classes)
    assert chance_loss(config) == pytest.approx(math.log(classes))
    assert chance_loss(config.replace(loss="squared-error")) == pytest.approx(1 - 1 / classes)
    assert chance_accuracy(config) == pytest.approx(1 / classes)
    noise = 1 - 1 / classes  # labels that say nothing
    assert minimum_loss(config.replace(label_noise=noise)) == pytest.approx(math.log(classes))
    assert reachable_accuracy(config.replace(label_noise=noise)) == pytest.approx(1 / classes)
    assert 1 / classes < Scale.of(config).clear < 1
    assert 1 / classes < Scale.of(config).barely < 1
    assert describe(config).layers[-1].output_shape == (classes,)


def test_a_wrong_label_is_one_of_the_other_classes() -> None:
    labels = np.zeros(1_000, np.uint8)
    changed = noisy(labels, small(3, label_noise=0.5))
    assert set(changed.tolist()) == {0, 1, 2}
    assert (changed == 0).sum() == 500
