"""Which pixels an answer hangs on: against finite differences, and the laws that they keep."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mnist_core.analysis import inference
from mnist_core.analysis.attribution import maps
from mnist_core.config import RunConfig
from mnist_core.networks import forward
from mnist_core.networks.models import build_model, describe

SMOOTH = RunConfig(hidden_layers=(12,), activation="tanh", initialization="glorot")
CNN = RunConfig(
    model="cnn", filters=(3, 4), hidden_layers=(8,), activation="tanh", pooling="average", batch_norm=True,
    preprocessing="standardized",
)  # fmt: skip


@pytest.fixture
def ink() -> np.ndarray:
    generator = np.random.default_rng(3)
    image = np.zeros((28, 28), np.float32)
    image[6:22, 8:20] = generator.uniform(0, 1, (16, 12))
    return image


def network(config: RunConfig) -> torch.nn.Sequential:
    weights = {name: value.numpy() for name, value in build_model(config).state_dict().items()}
    return inference.network(config, weights)


def score(config: RunConfig, model: torch.nn.Sequential, image: np.ndarray, digit: int) -> float:
    with torch.inference_mode():
        return float(maps.scores(config, model, torch.from_numpy(image)[None], digit)[0])


@pytest.mark.parametrize("config", [SMOOTH, CNN], ids=["mlp", "cnn"])
def test_the_gradient_equals_finite_differences(config: RunConfig, ink: np.ndarray) -> None:
    model = network(config).double()
    image = ink.astype(np.float64)
    gradient = maps.gradient(config, model, image, 4)
    assert abs(gradient).max() > 1e-4
    for place in [(10, 10), (14, 12), (0, 0), (21, 19)]:
        more, less = image.copy(), image.copy()
        more[place] += 1e-4
        less[place] -= 1e-4
        slope = (score(config, model, more, 4) - score(config, model, less, 4)) / 2e-4
        assert gradient[place] == pytest.approx(slope, rel=1e-4, abs=1e-7)


@pytest.mark.parametrize("config", [SMOOTH, CNN], ids=["mlp", "cnn"])
def test_integrated_gradients_add_up_to_the_rise(config: RunConfig, ink: np.ndarray) -> None:
    model = network(config)
    parts = maps.integrated_gradients(config, model, ink, 2)
    rise = score(config, model, ink, 2) - score(config, model, np.zeros_like(ink), 2)
    assert parts.sum() == pytest.approx(rise, rel=0.02, abs=1e-3)
    assert not parts[ink == 0].any()


def test_occlusion_is_the_fall_of_the_score(ink: np.ndarray) -> None:
    model = network(SMOOTH)
    drops = maps.occlusion(SMOOTH, model, ink, 7)
    wiped = ink.copy()
    wiped[8:13, 9:14] = 0
    assert drops[10, 11] == pytest.approx(score(SMOOTH, model, ink, 7) - score(SMOOTH, model, wiped, 7), abs=1e-5)
    assert drops[0, 27] == pytest.approx(0, abs=1e-6)  # nothing there to wipe out


@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("model", ["mlp", "cnn"])
def test_places_of_the_weights(model: str, batch_norm: bool, dropout: float) -> None:
    config = RunConfig(
        model=model, filters=(3, 4), hidden_layers=(9, 8), batch_norm=batch_norm, dropout=dropout, pooling="max"
    )
    state = build_model(config).state_dict()
    layers = describe(config).layers
    for number, place in forward.module_indices(config).items():
        units = layers[number].output_shape[0]
        assert len(state[f"{place}.weight"]) == units
        assert layers[number].kind in ("convolution", "dense", "output")
    weighed = [number for number, layer in enumerate(layers) if layer.parameters]
    assert list(forward.module_indices(config)) == weighed
