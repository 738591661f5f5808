"""What excites a unit: gradients against finite differences, images found against real ones, and a case known by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mnist_core.analysis import inference
from mnist_core.analysis.activation_maximization import ascent
from mnist_core.config import RunConfig
from mnist_core.data import Dataset
from mnist_core.networks.models import build_model
from mnist_core.training import Trainer

MLP = RunConfig(dataset="built-in", train_size=600, validation_size=0, hidden_layers=(12,), batch_size=20, epochs=4)
CNN = MLP.replace(
    model="cnn",
    filters=(3, 4),
    hidden_layers=(8,),
    batch_norm=True,
    preprocessing="standardized",
    epochs=1,
    activation="tanh",
    pooling="average",
)
LAYERS = [(MLP, 1), (MLP, 2), (CNN, 1), (CNN, 3), (CNN, 6), (CNN, 7)]
NAMES = ["hidden", "outputs", "first filters", "second filters", "hidden of a CNN", "outputs of a CNN"]


@pytest.fixture(scope="module")
def networks(tiny: Dataset) -> dict[str, torch.nn.Sequential]:
    """The networks of MLP and CNN, trained a little, in evaluation mode."""
    trained = {}
    for config in (MLP, CNN):
        trainer = Trainer(config, tiny)
        trainer.advance()
        weights = {name: value.numpy() for name, value in trainer.model.state_dict().items()}
        trained[config.model] = inference.network(config, weights)
    return trained


def value(config: RunConfig, model: torch.nn.Sequential, image: np.ndarray, layer: int, unit: int) -> float:
    with torch.inference_mode():
        return float(ascent.excitations(config, model, torch.from_numpy(image)[None], layer)[0, unit])


@pytest.mark.parametrize(("config", "layer"), LAYERS, ids=NAMES)
def test_the_gradient_equals_finite_differences(
    config: RunConfig, layer: int, networks: dict[str, torch.nn.Sequential], tiny: Dataset
) -> None:
    model = inference.network(
        config, {name: value.numpy() for name, value in networks[config.model].state_dict().items()}
    ).double()
    image = tiny.test_images[3].astype(np.float64) / 255
    units = [0, 2]
    images = torch.from_numpy(np.stack([image, image[::-1].copy()]))
    gradients = ascent.gradients(config, model, images, layer, units).numpy()
    assert abs(gradients).max() > 1e-6
    generator = np.random.default_rng(1)
    for row, column in generator.integers(4, 24, (6, 2)):
        for number, unit in enumerate(units):
            more, less = images[number].numpy().copy(), images[number].numpy().copy()
            more[row, column] += 1e-6
            less[row, column] -= 1e-6
            slope = (value(config, model, more, layer, unit) - value(config, model, less, layer, unit)) / 2e-6
            assert gradients[number, row, column] == pytest.approx(slope, rel=1e-3, abs=1e-7)


@pytest.mark.parametrize(("config", "layer"), LAYERS, ids=NAMES)
def test_the_image_found_excites_more_than_every_real_one(
    config: RunConfig, layer: int, networks: dict[str, torch.nn.Sequential], tiny: Dataset
) -> None:
    model, units = networks[config.model], [0, 1, 2]
    mean = tiny.train_images.mean(0).astype(np.float32) / 255
    plain, smooth = (
        ascent.maximizing_images(config, model, layer, units, mean, smooth=smooth) for smooth in (False, True)
    )
    assert np.array_equal(smooth, ascent.maximizing_images(config, model, layer, units, mean, seed=0))
    assert not np.array_equal(smooth, ascent.maximizing_images(config, model, layer, units, mean, seed=1))
    assert min(plain.min(), smooth.min()) >= 0
    assert max(plain.max(), smooth.max()) <= 1
    places, values = ascent.strongest(config, model, layer, units, tiny.train_images, 5)
    assert (np.diff(values) <= 0).all()
    for unit in units:
        best = tiny.train_images[places[unit, 0]].astype(np.float32) / 255
        assert value(config, model, best, layer, unit) == pytest.approx(values[unit, 0], abs=1e-3)
        assert value(config, model, plain[unit], layer, unit) > values[unit, 0]
        # Smoothing costs excitation; what is left is still more than at the start.
        activations = [value(config, model, image, layer, unit) for image in (mean, smooth[unit], plain[unit])]
        assert activations == sorted(activations)
        assert activations[1] > activations[0] + 0.5


def test_for_a_linear_unit_it_is_the_ink_where_its_weights_are_positive() -> None:
    config = RunConfig(hidden_layers=())
    model = build_model(config).eval()
    weights = torch.where(torch.arange(784) % 2 == 0, 1.0, -1.0)
    with torch.no_grad():
        model[0].weight[4] = weights
    images = ascent.maximizing_images(config, model, 1, [4], np.full((28, 28), 0.5, np.float32), smooth=False)
    assert np.array_equal(images[0].reshape(-1), (weights > 0).numpy().astype(np.float32))


def test_smoothing_makes_neighbors_alike(networks: dict[str, torch.nn.Sequential], tiny: Dataset) -> None:
    mean = tiny.train_images.mean(0).astype(np.float32) / 255
    rough = {
        smooth: abs(np.diff(ascent.maximizing_images(MLP, networks["mlp"], 2, [3], mean, smooth=smooth), axis=2)).mean()
        for smooth in (True, False)
    }
    assert rough[True] < rough[False] / 2
