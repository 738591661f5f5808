"""The script that a run is taken along as: it trains the same network to the same result, seen by running it."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mnist_core.analysis.inference import probabilities as answers
from mnist_core.config import DatasetName, RunConfig
from mnist_core.data import Dataset
from mnist_core.exchange import script, script_of
from mnist_core.presets import PRESETS
from mnist_core.records import Progress, RateChange, Run
from mnist_core.schedule import evaluation_steps
from mnist_core.training import Trainer, chunks, train
from tests.training.test_trainer import WATCHED

SMALL: dict[str, Any] = {"train_size": 600, "validation_size": 200, "epochs": 2, "batch_size": 50, "seed": 3}

STUB = '''"""Stands in for torchvision: the images of a file."""

import numpy as np
import torch


class MNIST:
    def __init__(self, folder, train, download):
        print(type(self).__name__, "download" if download else "from the folder")
        kept = np.load(folder + "/images.npz")
        name = "train" if train else "test"
        self.data = torch.from_numpy(kept[name + "_images"])
        self.targets = torch.from_numpy(kept[name + "_labels"]).long()


class FashionMNIST(MNIST):
    pass


class KMNIST(MNIST):
    pass
'''


def output(
    config: RunConfig,
    dataset: Dataset,
    folder: Path,
    changes: Sequence[RateChange] = (),
    last_step: int | None = None,
) -> str:
    """What the script prints."""
    (folder / "torchvision").mkdir()
    (folder / "torchvision" / "__init__.py").touch()
    (folder / "torchvision" / "datasets.py").write_text(STUB)
    np.savez(
        folder / "images.npz",
        train_images=dataset.train_images,
        train_labels=dataset.train_labels,
        test_images=dataset.test_images,
        test_labels=dataset.test_labels,
    )
    text = script(config, changes, last_step).replace("60_000", str(len(dataset.train_labels)))
    (folder / "train.py").write_text(text)
    return run_here(folder)


def run_here(folder: Path) -> str:
    """What the script prints, run as the main program of this process: to start one that imports torch takes seconds."""
    modules = {name: sys.modules.pop(name) for name in [*sys.modules] if name.partition(".")[0] == "torchvision"}
    with pytest.MonkeyPatch.context() as patch, torch.random.fork_rng(), redirect_stdout(StringIO()) as printed:
        patch.setattr(sys, "argv", ["train.py", str(folder)])
        patch.syspath_prepend(folder)  # where the stand-in for torchvision is
        runpy.run_path(str(folder / "train.py"), run_name="__main__")
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        del sys.modules[name]
    sys.modules.update(modules)
    return printed.getvalue()


def run(config: RunConfig, dataset: Dataset, folder: Path) -> tuple[float, float]:
    """(training loss after the last epoch, test accuracy) that the script prints."""
    losses, accuracy = printed_figures(output(config, dataset, folder))
    return losses[-1], accuracy


def printed_figures(text: str) -> tuple[list[float], float]:
    """(training loss after each epoch, test accuracy) in what a script printed."""
    (accuracy,) = re.findall(r"test accuracy (\S+)", text)
    return [float(loss) for loss in re.findall(r"train (\S+) ", text)], float(accuracy)


def _accuracy(trainer: Trainer, dataset: Dataset) -> float:
    """On the test images, as the network is now."""
    shares = answers(
        trainer.config, {name: value.numpy() for name, value in trainer.model.state_dict().items()}, dataset.test_images
    )
    return float((shares.argmax(1) == dataset.test_labels).mean())


@pytest.mark.parametrize(
    "changes",
    [
        {"optimizer": "sgd", "learning_rate": 0.3},
        {"optimizer": "nesterov", "hidden_layers": (30, 20), "activation": "tanh", "schedule": "one-cycle"},
        {"optimizer": "adamw", "weight_decay": 0.01, "learning_rate": 0.002, "label_noise": 0.2, "batch_seed": 8},
        {"optimizer": "rmsprop", "learning_rate": 0.001, "loss": "squared-error", "initialization": "glorot"},
        {"optimizer": "adagrad", "preprocessing": "standardized", "sampling": "replacement", "schedule": "step"},
        {"model": "cnn", "filters": (4, 8), "kernel_size": 3, "optimizer": "adam", "learning_rate": 0.003},
        {"model": "cnn", "filters": (4,), "pooling": "average", "batch_norm": True, "schedule": "cosine"},
        {"augmentation": "shift", "preprocessing": "standardized", "optimizer": "momentum"},
        {"augmentation": "affine", "batch_seed": 8, "optimizer": "adam", "learning_rate": 0.003},
        {"augmentation": "affine", "model": "cnn", "filters": (4,), "preprocessing": "centered"},
    ],
)
def test_the_script_reaches_what_the_engine_reaches(changes: dict[str, Any], tiny: Dataset, tmp_path: Path) -> None:
    config = RunConfig(**(SMALL | changes))
    loss, accuracy = run(config, tiny, tmp_path)
    result = train(config, tiny, threads=1).result
    assert loss == pytest.approx(result["train_loss"], rel=2e-3, abs=1e-3)
    assert accuracy == pytest.approx(result["test_accuracy"], abs=0.006)


@pytest.mark.parametrize("preset", ["keras-first-look", "two-layer-net"])
def test_the_first_updates_are_those_of_the_run(preset: str, tiny: Dataset, tmp_path: Path) -> None:
    """Before rounding has grown: so what is another order of batches, another weight, another rate would be seen."""
    config = PRESETS[preset].config.replace(train_size=300, validation_size=200, batch_size=100, epochs=1)
    loss, _accuracy = run(config, tiny, tmp_path)
    assert loss == pytest.approx(train(config, tiny, threads=1).result["train_loss"], abs=1e-4)


def test_a_process_of_its_own_prints_the_same(tiny: Dataset, tmp_path: Path) -> None:
    printed = output(RunConfig(**SMALL), tiny, tmp_path)
    done = subprocess.run(
        [sys.executable, "train.py", "."], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=True
    )
    (losses, accuracy), (losses_here, accuracy_here) = printed_figures(done.stdout), printed_figures(printed)
    assert losses == pytest.approx(losses_here, abs=2e-3)
    assert accuracy == pytest.approx(accuracy_here, abs=0.006)
    assert [line.split()[:1] for line in done.stdout.splitlines()] == [
        line.split()[:1] for line in printed.splitlines()
    ]


@pytest.mark.parametrize(("name", "folder"), [("other", "MNIST"), ("emnist-digits", "EMNIST")])
def test_without_its_images_the_script_says_where_they_belong(name: DatasetName, folder: str, tmp_path: Path) -> None:
    """And no traceback. Nothing is downloaded here: a port where nobody listens stands between."""
    (tmp_path / "train.py").write_text(script(RunConfig(**(SMALL | {"dataset": name}))), encoding="utf-8")
    nowhere = dict.fromkeys(("http_proxy", "https_proxy"), "http://127.0.0.1:9")
    command = [sys.executable, "train.py", "here"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False, env=os.environ | nowhere
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(f"The images are not in here/{folder}/raw")
    assert done.stderr.endswith(f"python train.py FOLDER, where FOLDER/{folder}/raw has their files.\n")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("name", "images", "loaded"),
    [
        ("mnist", "on MNIST, in", "MNIST download"),
        ("fashion-mnist", "on Fashion-MNIST, in", "FashionMNIST download"),
        ("kmnist", "on KMNIST, in", "KMNIST download"),
        ("other", "on other images in MNIST's format, in", "MNIST from the folder"),
        ("built-in", "trained on the built-in digits of MNIST Lab; this script trains on MNIST", "MNIST download"),
    ],
)
def test_the_script_loads_the_images_of_the_run(
    name: DatasetName, images: str, loaded: str, tiny: Dataset, tmp_path: Path
) -> None:
    config = RunConfig(**(SMALL | {"dataset": name, "epochs": 1, "train_size": 100}))
    lines = output(config, tiny, tmp_path).splitlines()
    assert [line for line in lines if "download" in line or "folder" in line] == [loaded, loaded]
    assert images in script(config)


@pytest.mark.parametrize(
    "changes",
    [
        {"hidden_layers": (30, 20), "batch_size": 300, "optimizer": "adam", "learning_rate": 0.01},
        {"model": "cnn", "filters": (4, 6), "kernel_size": 3, "hidden_layers": (20,), "batch_size": 150},
    ],
)
def test_of_a_batch_that_the_engine_cuts_the_script_normalizes_the_same(
    changes: dict[str, Any], tiny: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "CHUNK_BYTES", 2**20)
    config = RunConfig(**(SMALL | {"batch_norm": True, "epochs": 4} | changes))
    assert chunks.chunk_size(config) * 3 < config.batch_size
    loss, accuracy = run(config, tiny, tmp_path)
    result = train(config, tiny, threads=1).result
    assert loss == pytest.approx(result["train_loss"], rel=2e-3, abs=1e-3)
    assert accuracy == pytest.approx(result["test_accuracy"], abs=0.006)


def test_early_stopping_ends_the_script_where_it_ends_the_engine(tiny: Dataset, tmp_path: Path) -> None:
    trained = train(WATCHED, tiny, threads=1)
    (event,) = trained.events
    assert event.kind == "early_stop"
    epoch = event.step // WATCHED.steps_per_epoch
    assert epoch > 60
    assert event.step not in evaluation_steps(WATCHED)  # of a run without early stopping
    assert output(WATCHED, tiny, tmp_path).splitlines()[-2].startswith(f"epoch {epoch}:")


@pytest.mark.parametrize(
    "changes",
    [
        {"optimizer": "momentum", "learning_rate": 0.1, "epochs": 3},
        {"optimizer": "adamw", "learning_rate": 0.002, "weight_decay": 0.05, "schedule": "one-cycle", "epochs": 3},
    ],
)
def test_rates_that_were_set_by_hand_are_set_at_the_very_steps(
    changes: dict[str, Any], tiny: Dataset, tmp_path: Path
) -> None:
    config = RunConfig(**(SMALL | changes))
    by_hand = [RateChange(7, config.learning_rate / 20), RateChange(19, config.learning_rate * 2)]
    trained = train(config, tiny, threads=1, learning_rate_changes=by_hand)
    at_ends = trained.evaluations[trained.evaluations["step"].isin([12, 24, 36])]
    losses, accuracy = printed_figures(output(config, tiny, tmp_path, by_hand))
    assert losses == pytest.approx(at_ends["train_loss"].tolist(), rel=2e-3, abs=1e-3)
    assert accuracy == pytest.approx(trained.result["test_accuracy"], abs=0.006)
    without = train(config, tiny, threads=1).result
    assert abs(without["train_loss"] - losses[-1]) > 0.01  # the changes made a difference


def test_a_run_that_was_stopped_by_hand_is_a_script_that_stops_there(tiny: Dataset, tmp_path: Path) -> None:
    config = RunConfig(**SMALL)
    changed = (RateChange(5, 0.01),)
    stopped = Run(
        "r", "ann", config, "finished", 1, 0.0, outcome="stopped", progress=Progress(17), rate_changes=changed
    )
    assert script_of(stopped) == script(config, changed, 17)
    assert script_of(replace(stopped, state="running", outcome=None)) == script(config, changed)
    trainer = Trainer(config, tiny, threads=1)
    trainer.advance(steps=5)
    trainer.set_learning_rate(0.01)
    trainer.advance(steps=12)
    losses, accuracy = printed_figures(output(config, tiny, tmp_path, changed, 17))
    assert len(losses) == 2  # of the first epoch, and of the second up to there
    assert accuracy == pytest.approx(_accuracy(trainer, tiny), abs=0.006)


def test_divergence() -> None:
    text = script(RunConfig(**SMALL, learning_rate=100.0, preprocessing="raw"))
    assert "diverged: the loss of update" in text


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_experiment_is_a_script_that_compiles(name: str) -> None:
    preset = PRESETS[name]
    for label in preset.variants or [""]:
        config = preset.variant(label) if label else preset.config
        text = script(config)
        compile(text, "train.py", "exec")
        assert str(config.epochs) in text
