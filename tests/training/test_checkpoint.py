"""A run that goes on from its file draws the curve of one that was never interrupted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mnist_core import RunConfig, Trainer
from mnist_core.data import Dataset
from mnist_core.errors import CheckpointError
from mnist_core.training import load, save
from tests.training.test_trainer import small


def curve(trainer: Trainer, stops: list[int], path: Path, dataset: Dataset) -> tuple[np.ndarray, ...]:
    """Records of the run, saved and loaded anew after each of `stops` steps."""
    steps, evaluations, layers, sharpness = [], [], [], []
    for stop in [*stops, None]:
        got = trainer.advance(steps=None if stop is None else stop - trainer.step)
        steps.append(got.steps)
        evaluations.append(got.evaluations)
        layers.append(got.layers)
        sharpness.append(got.sharpness)
        if stop is not None:
            save(trainer, path)
            trainer = load(path, trainer.config, dataset)
    return np.concatenate(steps), np.concatenate(evaluations), np.concatenate(layers), np.concatenate(sharpness)


def without_time(records: np.ndarray) -> list[tuple]:
    """The records as rows, but for the seconds."""
    names = [name for name in records.dtype.names if name != "seconds"]
    return records[names].tolist()


@pytest.mark.parametrize(
    "config",
    [
        small(optimizer="sgd", sharpness=True),
        small(optimizer="nesterov", schedule="one-cycle"),
        small(optimizer="adagrad", sampling="replacement"),
        small(optimizer="rmsprop", learning_rate=0.001, dropout=0.3),
        small(optimizer="adam", learning_rate=0.001, batch_norm=True, schedule="cosine"),
        small(optimizer="adamw", learning_rate=0.001, early_stopping=1, epochs=6, label_noise=0.5),
        small(model="cnn", filters=(3,), kernel_size=3, epochs=1, dropout=0.5),
        small(batch_size=1, train_size=400, epochs=3),  # 1,200 steps: windows of 2
    ],
    ids=lambda config: f"{config.model}-{config.optimizer}-{config.batch_size}",
)
def test_the_curve_is_that_of_an_undisturbed_run(config: RunConfig, tiny: Dataset, tmp_path: Path) -> None:
    file = tmp_path / "run.safetensors"
    whole = curve(Trainer(config, tiny), [], file, tiny)
    cut = curve(Trainer(config, tiny), [1, 7, 11], file, tiny)
    assert repr(without_time(cut[0])) == repr(without_time(whole[0]))
    assert repr(without_time(cut[1])) == repr(without_time(whole[1]))
    assert repr(without_time(cut[2])) == repr(without_time(whole[2]))
    assert bool(len(whole[3])) == config.sharpness
    assert repr(without_time(cut[3])) == repr(without_time(whole[3]))


def test_a_changed_rate_is_kept(tiny: Dataset, tmp_path: Path) -> None:
    trainer = Trainer(small(), tiny)
    trainer.advance(steps=3)
    trainer.set_learning_rate(0.03)
    save(trainer, tmp_path / "run")
    again = load(tmp_path / "run", small(), tiny)
    assert again.learning_rate == 0.03
    assert again.events == trainer.events


def test_damaged_missing_and_foreign_files_are_sentences(tiny: Dataset, tmp_path: Path) -> None:
    file = tmp_path / "run"
    with pytest.raises(CheckpointError, match="missing or damaged"):
        load(file, small(), tiny)
    save(Trainer(small(), tiny), file)
    with pytest.raises(CheckpointError, match="other settings"):
        load(file, small(seed=2), tiny)
    file.write_bytes(file.read_bytes()[:-50])
    with pytest.raises(CheckpointError, match="missing or damaged"):
        load(file, small(), tiny)


def test_a_failed_save_leaves_the_old_file(tiny: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "run"
    trainer = Trainer(small(), tiny)
    save(trainer, file)
    before = file.read_bytes()
    trainer.advance(steps=2)

    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space"):
        save(trainer, file)
    assert file.read_bytes() == before
