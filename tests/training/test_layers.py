"""What is measured inside the layers, against numbers worked out otherwise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from mnist_core.config import RunConfig
from mnist_core.data import Dataset
from mnist_core.networks.models import build_model
from mnist_core.records import LAYER_DTYPE, SPREAD_BINS, SPREAD_LOW, SPREAD_STEP
from mnist_core.training import Trainer, layer_probe
from mnist_core.training.autograd_step import AutogradStep
from mnist_core.training.batches import BatchLoader
from mnist_core.training.dense_step import DenseStep
from mnist_core.training.evaluation import alive
from mnist_core.training.layer_probe import PROBED_IMAGES, Probed, as_bytes, magnitude_counts, probe_layers
from tests.training.test_trainer import small
from tests.training.updates import make_update


def loader(config, dataset: Dataset) -> BatchLoader:  # type: ignore[no-untyped-def]
    return BatchLoader(config, dataset.train_images[: config.train_size], dataset.train_labels[: config.train_size])


def rows_of(config: RunConfig, model: nn.Sequential, batches: BatchLoader, *, dense: bool, chunk: int = 128) -> Any:
    step = DenseStep([config], [model], batches) if dense else AutogradStep(config, model, batches)
    found = probe_layers(step, [Probed(config, model)], batches, chunk)
    assert found is not None
    return found[0]


@pytest.mark.parametrize("chunk", [128, 50])
@pytest.mark.parametrize("dense", [True, False])
def test_norms_are_those_of_plain_backpropagation(tiny: Dataset, dense: bool, chunk: int) -> None:
    config = small(hidden_layers=(7, 5))
    model, batches = build_model(config), loader(config, tiny)
    rows = rows_of(config, model, batches, dense=dense, chunk=chunk)
    inputs, labels = batches.rows(slice(PROBED_IMAGES))
    F.cross_entropy(model(inputs), labels).backward()
    for row, module in zip(rows, [model[0], model[2], model[4]], strict=True):
        own = torch.cat([value.grad.flatten() for value in module.parameters()])
        assert row["gradient"] == pytest.approx(own.norm().item(), rel=1e-4)
        assert row["weight"] == pytest.approx(module.weight.norm().item(), rel=1e-5)  # biases are 0
    hidden = model[1](model[0](inputs))
    assert rows["activation"][0] == pytest.approx(hidden.square().mean().sqrt().item(), rel=1e-5)
    assert rows["dead_units"][0] == pytest.approx(1 - (hidden > 0).any(0).float().mean().item())
    assert np.isnan(rows["dead_units"][-1])
    assert np.isnan(rows["update"]).all()


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"activation": "gelu", "hidden_layers": (6,)},
        {"activation": "sigmoid", "loss": "squared-error", "dropout": 0.3},
        {"activation": "tanh", "preprocessing": "standardized", "hidden_layers": ()},
    ],
)
def test_both_kinds_of_step_say_the_same_of_the_layers(tiny: Dataset, changes: dict[str, Any]) -> None:
    config = small(hidden_layers=(7, 5)).replace(**changes)
    ones = [config, config.replace(learning_rate=1.5), config.replace(weight_decay=0.01)]
    models, batches = [build_model(one.replace(seed=n)) for n, one in enumerate(ones)], loader(config, tiny)
    expected = [rows_of(one, model, batches, dense=False) for one, model in zip(ones, models, strict=True)]
    alone = [rows_of(one, model, batches, dense=True) for one, model in zip(ones, models, strict=True)]
    probed = [Probed(one, model) for one, model in zip(ones, models, strict=True)]
    stacked = probe_layers(DenseStep(ones, models, batches), probed, batches, 128)
    assert stacked is not None
    for name in LAYER_DTYPE.names or ():
        # A number on the border of two half decades may count to either.
        tolerance = {"rtol": 1e-4, "atol": 1.01 if name in ("activations", "gradients") else 1e-6}
        for found in (alone, stacked):
            values, right = (np.array([rows[name] for rows in kind]).astype(float) for kind in (found, expected))
            np.testing.assert_allclose(values, right, **tolerance, err_msg=name)


@pytest.mark.parametrize("dense", [True, False])
def test_looking_between_two_updates_changes_none_of_them(tiny: Dataset, dense: bool) -> None:
    config = small(hidden_layers=(7, 5), optimizer="adam", learning_rate=0.001)
    looked, plain = build_model(config), build_model(config)
    batches = loader(config, tiny)
    steps = [
        DenseStep([config], [model], batches) if dense else AutogradStep(config, model, batches)
        for model in (looked, plain)
    ]
    for number in range(4):
        for step in steps:
            make_update(step, number, [np.arange(20) + 20 * number], [0.001])
        probe_layers(steps[0], [Probed(config, looked)], batches, 128)
    assert all(map(torch.equal, looked.parameters(), plain.parameters()))


def test_looking_changes_nothing(tiny: Dataset) -> None:
    config = small(model="cnn", filters=(3,), kernel_size=3, batch_norm=True, dropout=0.3)
    model = build_model(config)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    rows = rows_of(config, model, loader(config, tiny), dense=False)
    assert len(rows) == 1 + len(config.hidden_layers) + 1
    assert model.training
    assert all(value.grad is None for value in model.parameters())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize("changes", [{}, {"model": "cnn", "filters": (3,), "kernel_size": 3}])
def test_the_update_is_that_of_the_last_step(tiny: Dataset, changes: dict) -> None:  # type: ignore[type-arg]
    config = small(optimizer="sgd", **changes)
    whole = Trainer(config, tiny).advance()
    step = int(np.unique(whole.layers["step"])[2])
    cut = Trainer(config, tiny)
    cut.advance(steps=step - 1)
    before = [value.detach().clone() for value in cut.model.parameters()]
    cut.advance(steps=1)
    after = [value.detach() for value in cut.model.parameters()]
    moved = torch.cat([(a - b).flatten() for a, b in zip(after[:2], before[:2], strict=True)]).norm()
    weight = torch.cat([a.flatten() for a in after[:2]]).norm()
    row = whole.layers[(whole.layers["step"] == step) & (whole.layers["layer"] == 0)][0]
    assert row["update"] == pytest.approx(float(moved / weight), rel=1e-4)


def test_every_evaluation_has_a_row_for_each_layer(tiny: Dataset) -> None:
    curves = Trainer(small(hidden_layers=(7, 5)), tiny).advance()
    assert curves.layers["step"].tolist() == np.repeat(curves.evaluations["step"], 3).tolist()
    assert curves.layers["layer"].tolist() == [0, 1, 2] * len(curves.evaluations)


def test_spread_counts_by_half_decades() -> None:
    found = as_bytes(magnitude_counts(torch.tensor([[0.0, 1e-20, 1.5, 1.7, -2.0, float("nan"), 1e30, 0.2]])))[0]
    at = lambda value: int((np.log10(value) - SPREAD_LOW) / SPREAD_STEP)  # noqa: E731
    assert found[0] == round(255 * 2 / 8)
    assert found[at(1.5)] == round(255 * 3 / 8)
    assert found[at(0.2)] == round(255 / 8)
    assert found[-1] == round(255 * 2 / 8)


def test_every_number_is_counted_to_its_half_decade() -> None:
    limits = (10.0 ** (SPREAD_LOW + SPREAD_STEP * np.arange(1, SPREAD_BINS)) * (1 - 5.5e-7)).astype(np.float32)
    random = np.random.default_rng(0)
    numbers = (10 ** random.uniform(-12, 8, 50_000) * random.choice([-1, 1], 50_000)).astype(np.float32)
    special = np.array([0, -0.0, 1e-40, np.inf, -np.inf], np.float32)
    numbers = np.concatenate([numbers, limits, np.nextafter(limits, np.float32(0)), special])
    expected = np.histogram(np.minimum(np.abs(numbers), np.float32(1e20)), [0, *limits.astype(float), 1e30])[0]
    assert magnitude_counts(torch.from_numpy(numbers[None])).tolist() == [expected.tolist()]


def test_a_saturated_unit_is_counted_as_1() -> None:
    almost, one = magnitude_counts(torch.tanh(torch.tensor([[8.8, 9.0], [20.0, -30.0]])))
    assert almost.tolist() == one.tolist()


def test_the_size_of_many_signals_is_exact_to_six_digits(tiny: Dataset) -> None:
    config = small(model="cnn", filters=(8,), kernel_size=5, activation="sigmoid")
    model, batches = build_model(config), loader(config, tiny)
    found = rows_of(config, model, batches, dense=False)["activation"][0]
    with torch.no_grad():
        signal = model[:2](batches.rows(slice(PROBED_IMAGES))[0]).double()
    assert signal.numel() > 100_000
    assert found == pytest.approx(signal.square().mean().sqrt().item(), rel=1e-6)


def test_rows_are_counted_each_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layer_probe, "_COUNTED_AT_ONCE", 100)
    random = np.random.default_rng(0)
    for columns in (30, 100, 250):  # several rows at once, one, a part of one
        values = torch.from_numpy(10 ** random.uniform(-6, 4, (7, columns)))
        alone = [magnitude_counts(row[None])[0].tolist() for row in values]
        assert magnitude_counts(values).tolist() == alone
        assert [sum(counts) for counts in alone] == [columns] * 7


def test_a_gelu_unit_near_0_is_alive_and_one_far_below_is_dead() -> None:
    """With weights of 0.01 all units of a deep network are within 0.001 of 0: they were called dead, and the run collapsed."""
    config = RunConfig(activation="gelu")
    z = torch.tensor([-40.0, -8.0, -5.0, -4.42, -4.4, -4.0, -1.0, -1e-3, 0.0, 1e-4, 1.0])
    slopes = torch.func.vmap(torch.func.grad(F.gelu))(z).abs()
    assert alive(config, z, F.gelu(z)).tolist() == (slopes > 1e-4).tolist()
    shallow = build_model(config.replace(hidden_layers=(50, 50, 50), initialization="normal"))
    signal = torch.rand(200, 784)
    for layer in shallow[:-1]:
        z, signal = signal, layer(signal)
    assert signal.abs().max() < 1e-3
    assert alive(config, z, signal).any(0).float().mean() > 0.4
