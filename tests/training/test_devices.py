"""Which device trains. Where there is no graphics processor, what it would do is not tested, and said so."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mnist_core.config import RunConfig
from mnist_core.data import Dataset
from mnist_core.errors import CheckpointError, DeviceError
from mnist_core.estimate import Card, Rate, Speed
from mnist_core.training import Trainer, devices
from tests.training.test_trainer import small

LARGE = RunConfig(model="cnn", filters=(32, 64), batch_size=1_000)
GPU = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else None
needs_gpu = pytest.mark.skipif(GPU is None, reason="no CUDA, no MPS on this machine")


# A card with quicker arithmetic, that each step makes wait.
SPEED = Speed(card=Card("cuda", Rate(1e-3, 1e12, 1e12), Rate(1e-3, 1e12, 1e12)))


@pytest.fixture
def with_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "set_per_process_memory_fraction", lambda _share: None)
    monkeypatch.setattr(devices, "agrees", lambda name: name == "cuda")


def test_without_a_graphics_processor_the_cpu_trains(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert devices.device_for(LARGE) == devices.CPU


def test_what_was_measured_decides(with_cuda: None) -> None:
    small = RunConfig(hidden_layers=(50,), batch_size=10)
    assert devices.device_for(LARGE, speed=SPEED).type == "cuda"
    assert devices.device_for(small, speed=SPEED).type == "cpu"
    for unknown in (None, Speed(), Speed(card=Card("mps", Rate(1e-9, 1e15, 1e15), Rate(1e-9, 1e15, 1e15)))):
        assert devices.device_for(LARGE, speed=unknown).type == "cpu"
    quick = Speed(card=Card("cuda", Rate(1e-5, 1e12, 1e12), Rate(1e-5, 1e12, 1e12)))
    assert devices.device_for(small, speed=quick).type == "cuda"


def test_workers_share_the_memory_of_a_card(with_cuda: None, monkeypatch: pytest.MonkeyPatch) -> None:
    shares: list[float] = []
    monkeypatch.setattr(torch.cuda, "set_per_process_memory_fraction", shares.append)
    monkeypatch.setenv("MNIST_LAB_WORKERS", "3")
    devices.device_for(LARGE, speed=SPEED)
    assert shares == [pytest.approx(0.3)]


def test_one_that_comes_to_other_numbers_is_not_used(with_cuda: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "agrees", lambda _name: False)
    assert devices.device_for(LARGE, speed=SPEED).type == "cpu"


def test_the_environment_and_the_argument_decide(with_cuda: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNIST_LAB_DEVICE", "cpu")
    assert devices.device_for(LARGE, speed=SPEED).type == "cpu"
    assert devices.device_for(LARGE, "cuda", SPEED).type == "cuda"


@pytest.mark.parametrize(
    ("name", "part"), [("gpu", "must be one of auto, cpu, cuda, mps"), ("cuda", "on this machine. Use auto or cpu.")]
)
def test_a_device_that_is_not_there_is_a_sentence(name: str, part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(DeviceError, match=part):
        devices.device_for(LARGE, name)


def test_a_device_that_fails_does_not_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_name: str) -> torch.device:
        raise RuntimeError("driver too old")

    monkeypatch.setattr(devices, "_prepared", broken)
    devices.agrees.cache_clear()
    assert not devices.agrees("cuda")
    devices.agrees.cache_clear()


@pytest.mark.parametrize("error", [0.0, 0.05])
def test_agreement_is_about_losses_and_weights(monkeypatch: pytest.MonkeyPatch, error: float) -> None:
    true = devices._tried
    monkeypatch.setattr(devices, "_prepared", torch.device)

    def tried(device: torch.device) -> np.ndarray:
        return true(devices.CPU) * (1 + error * (device.type == "cuda"))

    monkeypatch.setattr(devices, "_tried", tried)
    devices.agrees.cache_clear()
    assert devices.agrees("cuda") == (error == 0)
    devices.agrees.cache_clear()


def test_a_checkpoint_from_a_device_that_is_gone(tmp_path, tiny: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    file = tmp_path / "run.safetensors"
    trainer = Trainer(small(), tiny)
    monkeypatch.setattr(trainer.state, "device", torch.device("cuda"))
    trainer.save(file)
    with pytest.raises(CheckpointError, match="needs a device that this machine does not have: cuda"):
        Trainer.load(file, small(), tiny)


@needs_gpu
@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw"])
@pytest.mark.parametrize("model", ["mlp", "cnn"])
def test_the_same_curve_as_on_the_cpu(tiny: Dataset, model: str, optimizer: str) -> None:
    config = small().replace(model=model, optimizer=optimizer, learning_rate=0.01)
    there, here = (Trainer(config, tiny, device=name).advance() for name in (GPU, "cpu"))
    for rows, name in ((there.steps, "loss"), (there.evaluations, "test_loss")):
        expected = here.steps if rows is there.steps else here.evaluations
        bound = devices.TOLERANCE * np.maximum(1, rows["step"]) * np.abs(expected[name])
        assert (np.abs(rows[name] - expected[name]) <= bound).all()
