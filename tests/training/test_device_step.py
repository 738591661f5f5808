"""Updates that are captured and replayed on a card, made here on the CPU (and on a card, where there is one): the same operations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mnist_core import stacks
from mnist_core.config import RunConfig
from mnist_core.data import Dataset
from mnist_core.networks.models import build_model
from mnist_core.training import Trainer, device_images, loop, train_together
from mnist_core.training.autograd_step import AutogradStep
from mnist_core.training.batches import BatchLoader
from mnist_core.training.device_step import DeviceStep
from mnist_core.training.step import Block, BlockResult, never
from tests.training.test_trainer import small

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
KINDS: dict[str, dict[str, Any]] = {
    "mlp": {"hidden_layers": (12,), "optimizer": "sgd", "weight_decay": 0.01},
    "dropout": {"hidden_layers": (12, 9), "dropout": 0.3, "optimizer": "adam", "learning_rate": 0.003},
    "squared error": {"hidden_layers": (9,), "loss": "squared-error", "optimizer": "adamw", "learning_rate": 0.003},
    "gelu": {"hidden_layers": (9,), "activation": "gelu", "optimizer": "nesterov"},
    "cnn": {"model": "cnn", "filters": (3, 4), "hidden_layers": (8,), "optimizer": "momentum"},
    "even filters": {"model": "cnn", "filters": (3, 2), "kernel_size": 3, "pooling": "average", "activation": "tanh"},
    "rmsprop": {"model": "cnn", "filters": (3,), "hidden_layers": (), "optimizer": "rmsprop", "learning_rate": 0.001},
    "augmentation": {"hidden_layers": (9,), "augmentation": "affine", "preprocessing": "standardized"},
    "augmented cnn": {"model": "cnn", "filters": (3,), "kernel_size": 3, "augmentation": "shift"},
    "adagrad": {"hidden_layers": (9,), "activation": "sigmoid", "optimizer": "adagrad"},
}


@pytest.fixture
def captured(monkeypatch: pytest.MonkeyPatch) -> None:
    """All runs train by this step, and may share a stack as on a card."""
    monkeypatch.setattr(loop, "captures", lambda _device: True)
    monkeypatch.setattr(loop, "key", lambda config, _device: stacks.key(config, "cuda"))


def images(count: int = 60) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    return random.integers(0, 256, (count, 28, 28), np.uint8), random.integers(0, 10, count).astype(np.uint8)


def loader(config: RunConfig, device: torch.device = DEVICE) -> BatchLoader:
    return BatchLoader(config, *images(), device)


def configs_of(kind: str, runs: int, seeds: int = 9) -> list[RunConfig]:
    first = RunConfig(train_size=60, validation_size=0, batch_size=16, batch_seed=0, **KINDS[kind])
    return [first.replace(seed=run % seeds, learning_rate=first.learning_rate * (1 + run)) for run in range(runs)]


def block_of(configs: list[RunConfig], *, chunk: int = 60, updates: int = 5) -> Block:
    """Updates on batches of 16 images, the last of 7; the gradient of every second is measured."""
    batches = [np.arange(16) + number for number in range(updates - 1)] + [np.arange(7)]
    chunks = [[batch[start : start + chunk] for start in range(0, len(batch), chunk)] for batch in batches]
    rates = np.array([[config.learning_rate for config in configs]] * updates)
    return Block(0, chunks, rates, np.arange(updates) % 2 == 1)


def made(configs: list[RunConfig], block: Block) -> tuple[BlockResult, list[torch.nn.Sequential], DeviceStep]:
    models = [build_model(config).double().to(DEVICE) for config in configs]
    step = DeviceStep(configs, models, loader(configs[0]))
    return step.make(block, never), models, step


def same_weights(one: torch.nn.Sequential, other: torch.nn.Sequential, tolerance: float = 1e-9) -> bool:
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.allclose(a.cpu(), b.cpu(), rtol=tolerance, atol=tolerance) for a, b in pairs)


class InDoubles(BatchLoader):
    """The images as `AutogradStep` needs them for a network in double precision."""

    def rows(self, indices: Any, changes: torch.Tensor | None = None) -> tuple[torch.Tensor, torch.Tensor]:
        there = indices if isinstance(indices, slice) else torch.from_numpy(indices)
        return self.there(there, torch.float64, changes)


ALONE_AND_TOGETHER = [(kind, *way) for kind in KINDS for way in ((1, 60, 9), (3, 60, 9), (3, 6, 9))]


@pytest.mark.parametrize(
    ("kind", "runs", "chunk", "seeds"), [*ALONE_AND_TOGETHER, ("dropout", 3, 60, 1), ("dropout", 3, 6, 2)]
)
def test_they_are_those_of_each_run_alone_by_autograd(kind: str, runs: int, chunk: int, seeds: int) -> None:
    configs = configs_of(kind, runs, seeds)
    block = block_of(configs, chunk=chunk)
    result, models, _step = made(configs, block)
    for run, config in enumerate(configs):
        model = build_model(config).double()
        own = Block(0, block.batches, block.rates[:, run : run + 1], block.measured)
        expected = AutogradStep(config, model, InDoubles(config, *images())).make(own, never)
        np.testing.assert_allclose(result.losses[:, run], expected.losses[:, 0], rtol=1e-9)
        np.testing.assert_allclose(result.norms[:, run], expected.norms[:, 0], rtol=1e-9)
        assert result.hits[:, run].tolist() == expected.hits[:, 0].tolist()
        assert same_weights(models[run], model)


def test_batch_normalization_keeps_its_running_statistics() -> None:
    config = RunConfig(train_size=60, validation_size=0, batch_size=16, hidden_layers=(9,), batch_norm=True)
    block = block_of([config])
    result, (model,), _step = made([config], block)
    expected_model = build_model(config).double()
    expected = AutogradStep(config, expected_model, InDoubles(config, *images())).make(block, never)
    np.testing.assert_allclose(result.losses, expected.losses, rtol=1e-9)
    assert same_weights(model, expected_model)
    assert int(model[1].num_batches_tracked) == 5


@pytest.mark.parametrize("kind", ["mlp", "cnn"])
def test_a_block_ends_at_the_update_in_which_a_run_broke(kind: str) -> None:
    configs = configs_of(kind, 2)
    block = block_of(configs, updates=9)
    block.rates[:, 1] = 1e100
    result, models, _step = made(configs, block)
    place = len(result) - 1
    assert 0 < place < 8
    assert np.isfinite(result.losses[:place]).all()
    assert not np.isfinite([result.losses[place, 1], result.norms[place, 1]]).all()
    first = Block(0, block.batches[: place + 1], block.rates[: place + 1], block.measured[: place + 1])
    _result, expected, _step = made(configs, first)
    pairs = zip(models[0].state_dict().values(), expected[0].state_dict().values(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


def test_one_that_goes_on_with_its_nan_ends_no_block() -> None:
    configs = [config.replace(stop_when_not_finite=False) for config in configs_of("mlp", 1)]
    block = block_of(configs, updates=9)
    block.rates[:] = 1e100
    result, _models, _step = made(configs, block)
    assert len(result) == 9
    assert np.isnan(result.losses[-1, 0])


def test_where_memory_runs_out_chunks_become_smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    configs = configs_of("cnn", 2)
    expected, models, _step = made(configs, block_of(configs))
    true = DeviceStep._chunk_gradient

    def short(self: DeviceStep, batch: Any, here: slice, *, added: bool) -> Any:
        if here.stop - here.start > 5:
            raise torch.OutOfMemoryError("of a card with little memory")
        return true(self, batch, here, added=added)

    monkeypatch.setattr(DeviceStep, "_chunk_gradient", short)
    result, in_pieces, _step = made(configs, block_of(configs))
    np.testing.assert_allclose(result.losses, expected.losses, rtol=1e-9)
    assert result.hits.tolist() == expected.hits.tolist()
    assert all(same_weights(one, other) for one, other in zip(models, in_pieces, strict=True))


def test_where_no_chunk_is_small_enough_the_run_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_arguments: Any, **_options: Any) -> Any:
        raise torch.OutOfMemoryError("of a card without memory")

    monkeypatch.setattr(DeviceStep, "_chunk_gradient", none)
    configs = configs_of("mlp", 1)
    with pytest.raises(torch.OutOfMemoryError):
        made(configs, block_of(configs))


@pytest.mark.parametrize("kind", ["dropout", "cnn", "rmsprop", "adagrad"])
def test_a_run_goes_on_from_the_buffers_of_torchs_optimizers(kind: str) -> None:
    (config,) = configs_of(kind, 1)
    model = build_model(config).double()
    step = AutogradStep(config, model, InDoubles(config, *images()))
    block = block_of([config])
    step.make(block, never)
    taken = build_model(config).double().to(DEVICE)
    taken.load_state_dict(model.state_dict())
    there = DeviceStep([config], [taken], loader(config))
    there.optimizers[0].restore(step.optimizers[0].state())
    once_more = Block(5, block.batches, block.rates, block.measured)
    expected = step.make(once_more, never)
    np.testing.assert_allclose(there.make(once_more, never).losses, expected.losses, rtol=1e-9)


@pytest.mark.parametrize("model", ["mlp", "cnn"])
def test_a_run_draws_the_same_curve_across_a_pause(captured: None, tiny: Dataset, tmp_path: Path, model: Any) -> None:
    config = small().replace(model=model, filters=(3, 4), epochs=1, optimizer="adam", learning_rate=0.003)
    whole = Trainer(config, tiny, device=DEVICE.type, threads=1)
    assert isinstance(whole.loop.step, DeviceStep)
    curves = whole.advance()
    paused = Trainer(config, tiny, device=DEVICE.type, threads=1)
    before = paused.advance(steps=7)
    paused.save(tmp_path / "run.safetensors")
    resumed = Trainer.load(tmp_path / "run.safetensors", config, tiny)
    after = resumed.advance()
    losses = np.concatenate([before.steps["loss"], after.steps["loss"]])
    assert losses.tolist() == curves.steps["loss"].tolist()
    pairs = zip(whole.model.state_dict().values(), resumed.model.state_dict().values(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


def test_convolutional_networks_train_as_one_and_each_draws_its_own_curve(captured: None, tiny: Dataset) -> None:
    short = small().replace(model="cnn", filters=(3, 4), epochs=1, loss="squared-error")
    configs = [short.replace(learning_rate=rate) for rate in (0.001, 0.01, 100.0)]
    trainers = [Trainer(config, tiny, device=DEVICE.type, threads=1) for config in configs]
    train_together(trainers).advance()
    assert [trainer.outcome for trainer in trainers][2] == "diverged"
    for config, trainer in zip(configs, trainers, strict=True):
        alone = Trainer(config, tiny, device=DEVICE.type).advance()
        together = trainer.take_records()
        np.testing.assert_allclose(together.steps["loss"], alone.steps["loss"], rtol=1e-2)
        assert trainer.result()["trained_together"] == 3


@pytest.mark.parametrize(
    ("changes", "together"),
    [
        ({"learning_rate": 0.5, "optimizer": "adam", "seed": 3, "batch_seed": 0}, True),
        ({"filters": (4,)}, False),
        ({"batch_size": 7}, False),
        ({"batch_norm": True}, False),
    ],
)
def test_what_shares_a_stack_on_a_card(changes: dict[str, Any], together: bool) -> None:
    config = RunConfig(model="cnn", seed=0, batch_seed=0)
    other = config.replace(**changes)
    assert (stacks.key(config, "cuda") == stacks.key(other, "cuda")) == together
    assert stacks.key(config) is None
    assert stacks.key(config, "mps") is None


def test_images_are_sent_once_for_all_runs_of_the_process() -> None:
    shown, labels = images()
    configs = configs_of("mlp", 2)
    first, second = (BatchLoader(config, shown, labels, DEVICE) for config in configs)
    first.there(slice(0, 2), torch.float32)
    sent = device_images.on_device(first._images, DEVICE)
    second.there(slice(0, 2), torch.float32)
    assert device_images.on_device(second._images, DEVICE) is sent
    for _other in range(device_images.KEPT):
        device_images.on_device(np.zeros((3, 784), np.uint8), DEVICE)
    assert len(device_images._sent) == device_images.KEPT
    assert device_images.on_device(second._images, DEVICE) is not sent
