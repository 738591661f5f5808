"""A run that goes on from its file draws the curve of one that was never interrupted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open

from mnist_core import RunConfig, Trainer
from mnist_core.config import choices
from mnist_core.data import Dataset
from mnist_core.errors import CheckpointError
from mnist_core.networks import weights
from mnist_core.networks.checkpoint_layout import bytes_at_rest, checkpoint_file
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
            trainer.save(path)
            trainer = Trainer.load(path, trainer.config, dataset)
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


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_the_last_and_the_best_weights_are_in_the_file(optimizer: str, tiny: Dataset, home: Path) -> None:
    rate = {"sgd": 1.0, "adam": 0.02}[optimizer]
    config = small(optimizer=optimizer, learning_rate=rate, epochs=12, hidden_layers=(64,), label_noise=0.3)
    whole = Trainer(config, tiny)
    whole.advance()
    assert whole.state.best["step"] < whole.step
    cut, file = Trainer(config, tiny), checkpoint_file("run")
    for stop in (5, 12, 100):
        cut.advance(steps=stop - cut.step)
        cut.save(file)
        assert weights.best("run").step == cut.state.best["step"]
        cut = Trainer.load(file, config, tiny)
    cut.advance()
    cut.save(file)
    for name, kept in (("latest", whole.model.state_dict()), ("best", whole.state.best_weights)):
        found = getattr(weights, name)("run")
        assert found.step == {"latest": whole.step, "best": whole.state.best["step"]}[name]
        assert found.weights.keys() == kept.keys()
        for key, value in kept.items():
            np.testing.assert_array_equal(found.weights[key], value.numpy())


def test_best_weights_that_are_the_last_are_kept_once(tiny: Dataset, home: Path) -> None:
    trainer, file = Trainer(small(), tiny), checkpoint_file("run")
    trainer.advance(steps=1)
    assert trainer.state.best["step"] == 0
    trainer.save(file)
    both = file.stat().st_size
    trainer.state.best["step"] = trainer.step
    trainer.save(file)
    assert file.stat().st_size < 0.6 * both
    assert weights.best("run").step == weights.latest("run").step == 1
    again = Trainer.load(file, small(), tiny)
    assert again.state.best_weights.keys() == trainer.model.state_dict().keys()


@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("network", [{"hidden_layers": (300, 100)}, {"model": "cnn", "filters": (8, 16)}])
@pytest.mark.parametrize("optimizer", choices("optimizer"))
def test_what_a_run_takes_that_rests_is_known_before(
    optimizer: str, network: dict, batch_norm: bool, tiny: Dataset, tmp_path: Path
) -> None:
    config = small(optimizer=optimizer, learning_rate=0.001, batch_norm=batch_norm, **network)
    trainer, file = Trainer(config, tiny), tmp_path / "run.safetensors"
    trainer.advance(steps=1)
    trainer.state.best["step"] = 0  # the last weights are not the best, as most often
    trainer.save(file)
    assert 0 <= bytes_at_rest(config) - file.stat().st_size < 33_000


@pytest.mark.parametrize("changes", [{"optimizer": "adam"}, {"model": "cnn", "filters": (3,), "optimizer": "momentum"}])
def test_what_is_over_keeps_no_optimizer_and_can_still_be_looked_at(
    changes: dict, tiny: Dataset, tmp_path: Path
) -> None:
    config = small(learning_rate=0.01, epochs=1, **changes)
    trainer, file = Trainer(config, tiny), tmp_path / "run.safetensors"
    trainer.advance()
    trainer.save(file)
    with safe_open(file, framework="numpy") as opened:
        assert not [name for name in opened.keys() if name.startswith("optimizer.")]  # noqa: SIM118 - no mapping
    again = Trainer.load(file, config, tiny)  # as by a worker whose forerunner died before it told of the end
    assert again.finished
    assert len(again.advance().evaluations) == 0
    assert again.result_on_all_images() == trainer.result_on_all_images()
    assert {**again.result(), "seconds": 0, "seconds_per_epoch": 0} == {
        **trainer.result(),
        "seconds": 0,
        "seconds_per_epoch": 0,
    }


def test_a_changed_rate_is_kept(tiny: Dataset, tmp_path: Path) -> None:
    trainer = Trainer(small(), tiny)
    trainer.advance(steps=3)
    trainer.set_learning_rate(0.03)
    trainer.save(tmp_path / "run")
    again = Trainer.load(tmp_path / "run", small(), tiny)
    assert again.learning_rate == 0.03
    assert again.events == trainer.events


def test_damaged_missing_and_foreign_files_are_sentences(tiny: Dataset, tmp_path: Path) -> None:
    file = tmp_path / "run"
    with pytest.raises(CheckpointError, match="missing or damaged"):
        Trainer.load(file, small(), tiny)
    Trainer(small(), tiny).save(file)
    with pytest.raises(CheckpointError, match="other settings"):
        Trainer.load(file, small(seed=2), tiny)
    file.write_bytes(file.read_bytes()[:-50])
    with pytest.raises(CheckpointError, match="missing or damaged"):
        Trainer.load(file, small(), tiny)


def test_a_failed_save_leaves_the_old_file(tiny: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "run"
    trainer = Trainer(small(), tiny)
    trainer.save(file)
    before = file.read_bytes()
    trainer.advance(steps=2)

    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space"):
        trainer.save(file)
    assert file.read_bytes() == before
