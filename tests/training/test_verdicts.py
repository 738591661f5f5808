"""What the health check says of small runs that train for real."""

from __future__ import annotations

import pytest

from mnist_core.config import RunConfig
from mnist_core.data import Dataset
from mnist_core.diagnostics import explain
from mnist_core.training import train

SMALL = RunConfig(dataset="built-in", train_size=600, validation_size=200, hidden_layers=(12,), batch_size=20, epochs=5)


@pytest.mark.parametrize("fraction", [0.9, 1.0])
@pytest.mark.parametrize("rate", [1e-6, 0.01])
def test_a_guess_at_wrong_labels_is_not_learning_well(tiny: Dataset, fraction: float, rate: float) -> None:
    """Label noise 1 at a rate of 1e-6 was called learning well at 10 %."""
    result = train(SMALL.replace(label_noise=fraction, learning_rate=rate), tiny).result
    assert result["train_accuracy"] < 0.25
    assert result["verdict"] != "learning-well"


def test_some_wrong_labels_leave_enough_to_learn(tiny: Dataset) -> None:
    result = train(
        SMALL.replace(label_noise=0.3, train_size=1_000, hidden_layers=(50,), learning_rate=0.1), tiny
    ).result
    assert result["test_accuracy"] > 0.75
    assert result["verdict"] == "learning-well"


def test_wrong_labels_by_heart_are_not_learning_well(tiny: Dataset) -> None:
    config = SMALL.replace(train_size=60, validation_size=0, label_noise=1.0, hidden_layers=(100,), learning_rate=0.5)
    result = train(config.replace(epochs=60), tiny).result
    assert result["train_accuracy"] == 1
    assert result["verdict"] == "overfitting"


@pytest.mark.parametrize("validation", [0, 500])
def test_a_hundred_images_by_heart_are_overfitting(validation: int, tiny: Dataset) -> None:
    """The headline is that of the sentence: it said learning well above a gap of thirty points."""
    config = SMALL.replace(train_size=60, validation_size=validation, hidden_layers=(50,), learning_rate=0.5, epochs=60)
    result = train(config, tiny)
    assert result.result["train_accuracy"] == 1
    assert result.result["test_accuracy"] < 0.9
    assert result.result["verdict"] == "overfitting"
    assert "Overfitting." in result._repr_html_()
    assert "The gap between training and" in result._repr_html_()


@pytest.mark.parametrize(
    ("optimizer", "rate"),
    [
        ("sgd", 100.0),
        ("sgd", 3.0),
        ("sgd", 1e-6),
        ("momentum", 100.0),
        ("momentum", 0.3),
        ("adagrad", 100.0),
        ("adagrad", 1.0),
        ("rmsprop", 100.0),
        ("rmsprop", 3.0),
        ("rmsprop", 0.1),  # its validation loss rises, since the rate is too high
        ("adam", 1.0),
        ("adam", 0.1),
        ("adam", 1e-6),
    ],
)
def test_who_follows_the_advised_rate_does_better(optimizer: str, rate: float, tiny: Dataset) -> None:
    """From 100 a rate of 10 was advised, and from RMSprop's 0.1 one of 0.3."""
    config = SMALL.replace(hidden_layers=(30,), optimizer=optimizer, learning_rate=rate, epochs=10)
    before = train(config, tiny)
    explanation = explain(before._run(), before.curves)
    assert explanation is not None
    assert explanation.advice is not None
    advised = float(explanation.advice.values["rate"])
    after = train(config.replace(learning_rate=advised), tiny).result
    assert after["outcome"] == "completed"
    assert after["train_loss"] < before.result["train_loss"]
    assert after["train_accuracy"] > before.result["train_accuracy"]
