"""The sharpness against a dense Hessian, and where it stands in training."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.func import functional_call
from torch.nn import functional as F

from mnist_core.data import Dataset
from mnist_core.networks.models import build_model
from mnist_core.training import Trainer
from mnist_core.training.sharpness import lanczos, sharpness
from tests.training.test_layers import loader
from tests.training.test_trainer import small


@pytest.mark.parametrize("activation", ["tanh", "relu", "gelu"])
@pytest.mark.parametrize("decay", [0.0, 0.5])
def test_equals_the_dense_hessians(tiny: Dataset, activation: str, decay: float) -> None:
    # Three hidden units: 2,395 weights, of which those of pixels are too many; the Hessian of all others and a few of them
    # would be another one. So all of them, from 784·1 + 1 + 10 + 10 = 805 weights.
    config = small(hidden_layers=(1,), activation=activation, weight_decay=decay, initialization="he")
    model, feed = build_model(config), loader(config, tiny)
    inputs, labels = feed.rows(slice(0, 50))
    names = [name for name, _value in model.named_parameters()]
    values = [value.detach() for value in model.parameters()]
    sizes = [value.numel() for value in values]

    def loss(flat: torch.Tensor) -> torch.Tensor:
        parts = [part.view_as(value) for part, value in zip(flat.split(sizes), values, strict=True)]
        return F.cross_entropy(functional_call(model, dict(zip(names, parts, strict=True)), (inputs,)), labels)

    dense = torch.autograd.functional.hessian(loss, torch.cat([value.flatten() for value in values]))
    maximum = float(torch.linalg.eigvalsh(dense.double())[-1]) + decay
    assert sharpness(config, model, feed, images=50) == pytest.approx(maximum, rel=0.01)


def test_lanczos_finds_the_greatest_not_the_largest_in_size() -> None:
    random = torch.Generator().manual_seed(1)
    basis, _upper = torch.linalg.qr(torch.randn(60, 60, generator=random, dtype=torch.float64))
    values = torch.linspace(-50, 7, 60, dtype=torch.float64)
    matrix = basis @ torch.diag(values) @ basis.T
    assert lanczos(lambda v: matrix @ v, 60, matrix) == pytest.approx(7, rel=0.02)


def test_lanczos_of_small_and_of_zero_operators() -> None:
    one = torch.ones(1, dtype=torch.float64)
    assert lanczos(lambda v: 3 * v, 1, one) == pytest.approx(3)
    assert lanczos(lambda v: 0 * v, 5, one) == 0
    assert np.isnan(lanczos(lambda v: v * float("nan"), 5, one))


def test_of_a_network_that_broke_it_is_no_number(tiny: Dataset) -> None:
    config = small()
    model = build_model(config)
    with torch.no_grad():
        model[0].weight.fill_(float("nan"))
    assert np.isnan(sharpness(config, model, loader(config, tiny)))


@pytest.mark.parametrize("changes", [{}, {"model": "cnn", "filters": (3,), "kernel_size": 3, "batch_norm": True}])
def test_is_recorded_at_every_evaluation_where_it_is_asked_for(tiny: Dataset, changes: dict) -> None:  # type: ignore[type-arg]
    config = small(epochs=1, **changes)
    assert len(Trainer(config, tiny).advance().sharpness) == 0
    curves = Trainer(config.replace(sharpness=True), tiny).advance()
    assert curves.sharpness["step"].tolist() == curves.evaluations["step"].tolist()
    assert (curves.sharpness["sharpness"] > 0).all()
    plain = Trainer(config, tiny).advance()
    assert np.array_equal(plain.steps["loss"], curves.steps["loss"])  # measuring changes nothing
