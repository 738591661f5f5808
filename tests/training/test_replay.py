"""Updates that are replayed are those that are told one by one: by a graph that is made on the CPU (`tape`); on a card, by its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mnist_core import stacks
from mnist_core.config import RunConfig
from mnist_core.data import Dataset
from mnist_core.training import Trainer, device_images, device_step, loop, train_together
from mnist_core.training.device_step import DeviceStep
from mnist_core.training.step import Block, BlockResult, never
from mnist_core.training.wide_optimizers import WideOptimizer
from tests.training import tape
from tests.training.test_device_step import DEVICE, KINDS, block_of, configs_of, made
from tests.training.test_trainer import small

ON_A_CARD = DEVICE.type == "cuda"
TOLERANCE = 1e-9 if ON_A_CARD else 0  # relative, of doubles: a card may choose another kernel while it captures
on_a_tape = pytest.mark.skipif(ON_A_CARD, reason="a card does not tell")


@pytest.fixture
def replays(monkeypatch: pytest.MonkeyPatch) -> list[tape.Launch]:
    """Updates are captured; the replays that were made."""
    launches: list[tape.Launch] = []
    captured = device_step._capture if ON_A_CARD else tape.taped

    def capture(update: tape.Launch, first: tape.Launch) -> tape.Launch:
        replay = captured(update, first)

        def launch() -> None:
            launches.append(replay)
            replay()

        return launch

    monkeypatch.setattr(device_step, "captures", lambda _device: True)
    monkeypatch.setattr(device_step, "_capture", capture)
    return launches


def told(configs: list[RunConfig], block: Block) -> tuple[BlockResult, list[torch.nn.Sequential]]:
    """The same, operation by operation."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(device_step, "captures", lambda _device: False)
        result, models, _step = made(configs, block)
    return result, models


def assert_same(
    replayed: BlockResult, models: list[torch.nn.Sequential], configs: list[RunConfig], block: Block
) -> None:
    expected, of_expected = told(configs, block)
    assert_equal(replayed.losses, expected.losses)
    assert_equal(replayed.hits, expected.hits)
    assert_equal(replayed.norms, expected.norms)
    for one, other in zip(models, of_expected, strict=True):
        for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True):
            assert_equal(a.cpu().numpy(), b.cpu().numpy())


def assert_equal(one: Any, other: Any) -> None:
    np.testing.assert_allclose(one, other, rtol=TOLERANCE)  # NaN is NaN here


@pytest.mark.parametrize(("runs", "chunk"), [(1, 60), (3, 6)])
@pytest.mark.parametrize("kind", KINDS)
def test_replayed_updates_are_those_that_are_told(kind: str, runs: int, chunk: int, replays: list[tape.Launch]) -> None:
    configs = configs_of(kind, runs)
    block = block_of(configs, chunk=chunk)
    result, models, _step = made(configs, block)
    assert len(replays) == 5
    assert len({id(replay) for replay in replays}) == 3  # 16 images, measured or not, and 7 images
    assert_same(result, models, configs, block)


def test_batch_normalization_is_replayed(replays: list[tape.Launch]) -> None:
    config = RunConfig(train_size=60, validation_size=0, batch_size=16, hidden_layers=(9,), batch_norm=True)
    block = block_of([config])
    result, models, _step = made([config], block)
    assert_same(result, models, [config], block)
    assert int(models[0][1].num_batches_tracked) == 5


@pytest.mark.parametrize("kind", ["mlp", "cnn", "dropout"])
def test_a_block_that_broke_is_replayed_up_to_that_update(kind: str, replays: list[tape.Launch]) -> None:
    configs = configs_of(kind, 2)
    block = block_of(configs, updates=9)
    block.rates[:, 1] = 1e100
    result, models, _step = made(configs, block)
    assert len(result) < 8
    assert len(replays) == 8 + len(result)  # the eight of 16 images, then those up to where it broke
    assert_same(result, models, configs, block)


def test_replays_see_what_was_changed_between_two_blocks(replays: list[tape.Launch]) -> None:
    configs = configs_of("dropout", 2)
    block = block_of(configs)
    _result, models, step = made(configs, block)
    state = {name: value.clone() for name, value in models[0].state_dict().items()}
    buffers = step.optimizers[0].state()
    first = step.make(block, never).losses
    models[0].load_state_dict(state)
    step.optimizers[0].restore(buffers)
    again = step.make(block, never).losses
    assert again[:, 0].tolist() == first[:, 0].tolist()
    assert (again[:, 1] != first[:, 1]).all()
    models[0].load_state_dict(state)
    step.optimizers[0].restore(buffers)
    block.rates[:, 0] *= 2
    assert (step.make(block, never).losses[1:, 0] != first[1:, 0]).all()
    assert len({id(replay) for replay in replays}) == 3


@pytest.mark.parametrize("model", ["mlp", "cnn"])
def test_whole_runs_are_the_same_curves(
    model: Any, replays: list[tape.Launch], tiny: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stack whose third run breaks and leaves it, with evaluations, paused in between."""
    first = small().replace(model=model, filters=(2,), epochs=3, loss="squared-error", optimizer="momentum")
    configs = [first.replace(learning_rate=rate) for rate in (0.001, 0.002, 100)]
    monkeypatch.setattr(loop, "key", lambda config, _device: stacks.key(config, "cuda"))

    def losses(captured: bool) -> list[list[float]]:
        monkeypatch.setattr(loop, "captures", lambda _device: True)
        monkeypatch.setattr(device_step, "captures", lambda _device: captured)
        trainers = [Trainer(config, tiny, device=DEVICE.type, threads=1) for config in configs]
        train_together(trainers).advance(steps=20)
        for number, trainer in enumerate(trainers[:2]):
            trainer.save(tmp_path / f"{number}.safetensors")
        resumed = [Trainer.load(tmp_path / f"{number}.safetensors", configs[number], tiny) for number in range(2)]
        train_together(resumed).advance()
        assert [trainer.outcome for trainer in (*resumed, trainers[2])] == ["completed", "completed", "diverged"]
        return [trainer.take_records().steps["loss"].tolist() for trainer in (*trainers, *resumed)]

    replayed = losses(True)
    made = len(replays)
    assert made > 20
    for one, other in zip(replayed, losses(False), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4 if ON_A_CARD else 0)  # float32
    assert len(replays) == made


def test_where_memory_runs_out_smaller_chunks_are_captured(
    replays: list[tape.Launch], monkeypatch: pytest.MonkeyPatch
) -> None:
    configs = configs_of("cnn", 2)
    gradient = DeviceStep._chunk_gradient

    def short(self: DeviceStep, batch: Any, here: slice, *, added: bool) -> Any:
        if here.stop - here.start > 5 and added:  # half of a batch fits as long as nothing else is there
            raise torch.OutOfMemoryError("of a card with little memory")
        return gradient(self, batch, here, added=added)

    monkeypatch.setattr(DeviceStep, "_chunk_gradient", short)
    result, models, step = made(configs, block_of(configs, chunk=8))
    assert step._chunk == 4
    assert len(replays) == 5
    assert_same(result, models, configs, block_of(configs, chunk=4))


@on_a_tape
def test_images_that_a_replay_reads_are_held(replays: list[tape.Launch]) -> None:
    configs = configs_of("mlp", 1)
    block = block_of(configs)
    _result, _models, step = made(configs, block)
    for _other in range(device_images.KEPT):
        device_images.on_device(np.zeros((3, 784), np.uint8), DEVICE)
    replays.clear()
    assert len(step.make(block, never)) == len(replays) == 5


@on_a_tape
def test_a_number_of_pythons_that_changes_is_found(replays: list[tape.Launch], monkeypatch: pytest.MonkeyPatch) -> None:
    """Else none of these tests could fail."""
    count, update = 0, WideOptimizer.update

    def counting(self: WideOptimizer, rates: torch.Tensor) -> None:
        nonlocal count
        count += 1
        update(self, rates / count)

    monkeypatch.setattr(WideOptimizer, "update", counting)
    configs = configs_of("mlp", 1)
    block = block_of(configs)
    result, _models, _step = made(configs, block)
    count = 0
    assert result.losses.tolist() != told(configs, block)[0].losses.tolist()


@on_a_tape
def test_memory_that_nobody_holds_is_found(replays: list[tape.Launch], monkeypatch: pytest.MonkeyPatch) -> None:
    update = DeviceStep._update

    def careless(self: DeviceStep, told: Any, *, measured: bool) -> None:
        with torch.no_grad():
            self._gradients = torch.zeros_like(self._gradients)
            self._gradients.add_(told.rates.new_tensor(1.0))
        update(self, told, measured=measured)

    monkeypatch.setattr(DeviceStep, "_update", careless)
    configs = configs_of("mlp", 1)
    with pytest.raises(tape.FreedError):
        made(configs, block_of(configs))
