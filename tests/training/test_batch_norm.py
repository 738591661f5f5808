"""Batch normalization of a batch that is cut, against plain PyTorch on the whole batch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from mnist_core import RunConfig, Trainer, build_model
from mnist_core.config import choices
from mnist_core.data import Dataset, load_dataset
from mnist_core.errors import ConfigError
from mnist_core.networks.models import describe
from mnist_core.training import batch_norm
from mnist_core.training.autograd_step import AutogradStep
from mnist_core.training.batches import BatchLoader
from mnist_core.training.step import dropout_mask
from tests.training.test_dense import IMAGES, LABELS, Plain, loader
from tests.training.test_trainer import plain_loop, same, small
from tests.training.updates import make_update

MLP: dict[str, Any] = {"hidden_layers": (12, 7, 9), "batch_norm": True, "dropout": 0.3}
CNN: dict[str, Any] = {
    "model": "cnn", "filters": (3, 5), "kernel_size": 3, "hidden_layers": (8,), "batch_norm": True, "dropout": 0.3
}  # fmt: skip
ALL, SOME, NONE = 2**40, 60 * 4 * 20, 0  # bytes for signals: of all places, of the smallest, of none


class DoubleLoader(BatchLoader):
    """The engine's input in double precision."""

    def rows(self, indices: Any, changes: torch.Tensor | None = None) -> tuple[torch.Tensor, torch.Tensor]:
        inputs = torch.empty(len(indices), 784, dtype=torch.float64)
        self.fill(inputs, indices, changes)
        labels = torch.from_numpy(self.labels(indices))
        inputs *= self.factor
        return (inputs.view(-1, 1, 28, 28) if self._convolutional else inputs), labels


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """For matrices as small as these, a second thread is waited for longer than it works."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def step_of(config: RunConfig) -> tuple[AutogradStep, nn.Sequential]:
    model = build_model(config).double()
    return AutogradStep(config, model, DoubleLoader(config, IMAGES, LABELS)), model


@pytest.mark.parametrize(
    ("optimizer", "network", "room"),
    [
        *((optimizer, MLP, SOME) for optimizer in choices("optimizer")),
        ("sgd", {**CNN, "augmentation": "affine"}, NONE),
        *(("momentum", CNN, room) for room in (ALL, SOME, NONE)),
        *(("adam", MLP, room) for room in (ALL, NONE)),
    ],
)
def test_a_batch_that_is_cut_is_one_batch(
    optimizer: str, network: dict[str, Any], room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_norm, "KEPT_BYTES", room)
    config = small(optimizer=optimizer, learning_rate=0.01, weight_decay=0.01, epsilon=1e-4, **network)
    places = sum(layer.kind in ("convolution", "dense") for layer in describe(config).layers)
    assert len(batch_norm._kept(config, 60)) == {ALL: places, SOME: 1, NONE: 0}[room]
    (step, model), plain = step_of(config), Plain(config, torch.float64)
    for number in range(4):
        chosen = np.random.default_rng(number).permutation(60)[: 60 - number]
        (result,) = make_update(step, number, np.array_split(chosen, 7), [0.01])
        expected = plain.update(number, [chosen])
        assert result.hits == expected.hits
        assert (result.loss, result.gradient_norm) == pytest.approx((expected.loss, expected.gradient_norm), rel=1e-9)
    for (name, mine), other in zip(model.state_dict().items(), plain.model.state_dict().values(), strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-7, atol=1e-9, msg=name)


def test_a_mean_far_from_zero_costs_no_digits() -> None:
    """As of raw pixels: a difference of two large sums would leave nothing of the variance in single precision."""
    values = torch.randn(900, 3, generator=torch.Generator().manual_seed(0)) + 20_000
    chunks = values.split(100)
    moments = [torch.stack(torch.var_mean(chunk, 0, correction=0)[::-1]) for chunk in chunks]
    found = batch_norm._combined(moments, [len(chunk) for chunk in chunks])
    torch.testing.assert_close(found.variance.double(), values.double().var(0, correction=0), rtol=1e-4, atol=0)


@pytest.mark.parametrize("network", [MLP, CNN], ids=["mlp", "cnn"])
def test_stopped_anywhere_it_changes_nothing(network: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_norm, "KEPT_BYTES", SOME)
    config = small(optimizer="adam", **network)
    step, model = step_of(config)
    chunks = np.array_split(np.arange(60), 3)
    make_update(step, 0, chunks, [0.01])
    before = [value.clone() for value in (*model.state_dict().values(), *step.optimizers[0].state().values())]
    interrupted = 0
    for patience in range(100):
        asked = iter([False] * patience + [True])
        if make_update(step, 1, chunks, [0.01], lambda asked=asked: next(asked)) is not None:  # type: ignore[misc]
            break
        interrupted += 1
        after = [*model.state_dict().values(), *step.optimizers[0].state().values()]
        assert all(torch.equal(new, old) for new, old in zip(after, before, strict=True))
    # Each normalization is measured and passed on the way down: it was asked before each chunk of each but the first.
    norms = sum(isinstance(module, batch_norm.Norm) for module in model)
    assert interrupted == 3 * (2 * norms + 1) - 1


def test_what_is_no_number_goes_its_way_as_in_one_piece() -> None:
    config = small(model="mlp", hidden_layers=(6,), batch_norm=True)
    found = []
    for pieces in (1, 3):
        step, model = step_of(config)
        with torch.no_grad():
            model[0].weight[2, 400] = float("inf")
        result = [make_update(step, number, np.array_split(np.arange(60), pieces), [0.1])[0] for number in range(2)]
        found.append((result, torch.cat([value.flatten().double() for value in model.state_dict().values()])))
    assert np.isnan(found[0][0][1].loss)
    np.testing.assert_equal([one.loss for one in found[0][0]], [one.loss for one in found[1][0]])
    torch.testing.assert_close(found[0][1].isnan(), found[1][1].isnan())


@pytest.mark.parametrize(
    ("changes", "tolerance"),
    [
        ({"hidden_layers": (128, 64), "batch_size": 10_000, "train_size": 20_000, "epochs": 2}, 1e-4),
        ({"model": "cnn", "batch_size": 500, "train_size": 1_000, "epochs": 1, "hidden_layers": (32,)}, 1e-4),
    ],
    ids=["mlp of 10,000", "cnn of 500"],
)
def test_real_sizes_come_to_plain_pytorchs_weights(changes: dict[str, Any], tolerance: float, mnist: Path) -> None:
    config = small(batch_norm=True, learning_rate=0.1, dataset="mnist", **changes)
    dataset = load_dataset("mnist", mnist)
    trainer = Trainer(config, dataset)
    assert trainer.loop.chunk_size * 2 < config.batch_size
    trainer.loop.advance()
    same(trainer.model, plain_loop(config, dataset), tolerance)


@pytest.mark.parametrize("hidden", [(), (4,)])
@pytest.mark.parametrize("kind", choices("model"))
def test_settings_are_refused_exactly_where_torch_refuses_a_batch(kind: str, hidden: tuple[int, ...]) -> None:
    base = small(model=kind, filters=(2, 2), kernel_size=1, hidden_layers=hidden, batch_norm=True)
    model, (inputs, _labels) = build_model(base), loader(base).rows(slice(0, 6))
    for train in range(1, 7):
        for batch in range(1, train + 1):
            sizes = {"train_size": train, "batch_size": batch}
            try:
                model(inputs[: base.replace(batch_norm=False, **sizes).smallest_batch])
            except ValueError:
                with pytest.raises(ConfigError, match="at least two images"):
                    base.replace(**sizes)
            else:
                base.replace(**sizes)


@pytest.mark.parametrize("network", [{"hidden_layers": (9, 6)}, MLP], ids=["dense", "norm"])
def test_dropout_does_not_hang_on_the_cut(tiny: Dataset, network: dict[str, Any]) -> None:
    config = small(batch_size=200, epochs=1, **{**network, "dropout": 0.4})
    whole, cut = Trainer(config, tiny), Trainer(config, tiny)
    cut.loop.chunk_size = 30
    losses = [trainer.advance().steps["loss"] for trainer in (whole, cut)]
    np.testing.assert_allclose(*losses, rtol=1e-4)


def test_dropout_keeps_its_share_and_every_place_has_its_own() -> None:
    config = small(dropout=0.3)
    first = dropout_mask(config, 5, range(1_000), 0, 100)
    assert first.float().mean() == pytest.approx(0.7, abs=0.01)
    assert torch.equal(dropout_mask(config, 5, range(301, 500), 0, 100), first[301:500])
    for step, layer, seed in ((6, 0, 0), (5, 1, 0), (5, 0, 1)):
        other = dropout_mask(config.replace(seed=seed), step, range(1_000), layer, 100)
        assert (other == first).float().mean() == pytest.approx(0.58, abs=0.02)  # as by chance: 0.7² + 0.3²
    rows = first.float()
    assert (rows[1:] * rows[:-1]).mean() == pytest.approx(0.49, abs=0.01)  # one image is not the next
