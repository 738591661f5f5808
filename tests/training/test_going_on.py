"""A run that goes on from a checkpoint comes, to the bit, to what an undisturbed one comes to: every optimizer, every kind of
network. A pause, a single step and the death of a worker are all a checkpoint and a trainer that is made of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mnist_core import RunConfig, Trainer
from mnist_core.config import choices
from mnist_core.data import Dataset
from mnist_core.training.step import Stop, never
from tests.training.test_trainer import WATCHED, small

RATES = {"sgd": 0.1, "momentum": 0.02, "nesterov": 0.02, "adagrad": 0.05}
# Two convolutions of many filters: only there are weights laid out in another order than in a file.
CNN = {"model": "cnn", "filters": (16, 32), "kernel_size": 3, "hidden_layers": (24,)}
NETWORKS = {
    "mlp": {"hidden_layers": (24, 16), "dropout": 0.3},
    "mlp-norm": {"hidden_layers": (24, 16), "batch_norm": True, "dropout": 0.3},
    "cnn": CNN,
    "cnn-norm": {**CNN, "batch_norm": True, "dropout": 0.3},
}
LAST = 9  # updates: three epochs of three


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Two would wait for each other wherever something else is at work."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def few(tiny: Dataset) -> Dataset:
    """So few test images that an evaluation costs nothing."""
    return replace(tiny, test_images=tiny.test_images[:20], test_labels=tiny.test_labels[:20])


def config_of(network: str, optimizer: str, **changes: object) -> RunConfig:
    common = {"train_size": 50, "validation_size": 20, "batch_size": 20, "epochs": 3, "weight_decay": 0.001}
    rate = RATES.get(optimizer, 0.003)
    return small(**{**common, **NETWORKS[network], "optimizer": optimizer, "learning_rate": rate, **changes})


class Course:
    """All that a run records, and what it is in the end."""

    def __init__(self, trainer: Trainer) -> None:
        self.trainer = trainer
        self.records: dict[str, list[np.ndarray]] = {"steps": [], "evaluations": [], "layers": []}

    def advance(self, steps: int | None = None, stop: Stop = never) -> None:
        curves = self.trainer.advance(stop, steps=steps)
        for name, parts in self.records.items():
            parts.append(getattr(curves, name))

    def __eq__(self, other: object) -> bool:
        assert isinstance(other, Course)
        for name, parts in self.records.items():
            mine, theirs = np.concatenate(parts), np.concatenate(other.records[name])
            for field in mine.dtype.names or ():
                if field != "seconds":
                    np.testing.assert_array_equal(mine[field], theirs[field], err_msg=f"{name}: {field}")
        for kind in ("best", "lowest", "epochs", "events", "outcome"):
            assert getattr(self.trainer.state, kind) == getattr(other.trainer.state, kind), kind
        equal_tensors(self.trainer.model.state_dict(), other.trainer.model.state_dict())
        equal_tensors(self.trainer.state.best_weights, other.trainer.state.best_weights)
        equal_tensors(self.trainer.state.optimizer_state(), other.trainer.state.optimizer_state())
        return True

    __hash__ = None  # type: ignore[assignment]


def equal_tensors(mine: dict[str, torch.Tensor], others: dict[str, torch.Tensor]) -> None:
    assert mine.keys() == others.keys()
    for name, value in mine.items():
        assert torch.equal(value, others[name]), name


def taken_up(course: Course, file: Path, dataset: Dataset) -> None:
    """What is left of the run is its file."""
    course.trainer.save(file)
    course.trainer = Trainer.load(file, course.trainer.config, dataset)


@pytest.mark.parametrize("optimizer", choices("optimizer"))
@pytest.mark.parametrize("network", NETWORKS)
def test_a_run_that_was_disturbed_is_the_undisturbed_one(
    network: str, optimizer: str, few: Dataset, tmp_path: Path
) -> None:
    config, file = config_of(network, optimizer), tmp_path / "run.safetensors"
    whole, course = Course(Trainer(config, few)), Course(Trainer(config, few))
    whole.advance()
    assert whole.trainer.step == LAST
    course.advance(1)  # paused after a single step, twice
    taken_up(course, file, few)
    course.advance(1)
    taken_up(course, file, few)
    course.advance(
        stop=lambda: course.trainer.state.evaluated_step < course.trainer.step == 3
    )  # in the midst of an evaluation
    assert course.trainer.state.evaluated_step < course.trainer.step
    taken_up(course, file, few)
    course.advance(1)
    course.trainer.train_alone()  # the others have left the stack in which it trained
    course.advance(1)
    course.trainer.save(file)
    course.trainer.advance(steps=2)  # and the worker is killed
    course.trainer = Trainer.load(file, config, few)
    course.advance()
    assert course == whole


def test_early_stopping_ends_a_disturbed_run_where_it_ends_the_undisturbed_one(tiny: Dataset, tmp_path: Path) -> None:
    # No evaluation at most of its epochs' ends, nor where it ends.
    config, file = WATCHED.replace(optimizer="momentum", learning_rate=0.02, weight_decay=0.02), tmp_path / "run"
    whole, course = Course(Trainer(config, tiny)), Course(Trainer(config, tiny))
    whole.advance()
    end = whole.trainer.step
    assert end % 10
    assert end > 20
    while course.trainer.step < end - 8:
        course.advance(steps=7)
        taken_up(course, file, tiny)
    asked = 0

    def stop() -> bool:
        """In the midst of what is done at the end of the last epoch: three parts are looked through, validation twice."""
        nonlocal asked
        asked += course.trainer.step == end
        return asked == 3

    course.advance(stop=stop)
    assert course.trainer.step == end
    assert not course.trainer.finished
    taken_up(course, file, tiny)
    course.advance()
    assert course == whole
