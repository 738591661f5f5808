"""ONNX, opened by onnxruntime: the same answers as the network's own."""

from __future__ import annotations

import numpy as np
import pytest

from mnist_core.config import RunConfig
from mnist_core.exchange import onnx_file
from mnist_core.networks import forward
from mnist_core.networks.weights import Snapshot

onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
pytest.importorskip("onnx", reason="onnx is not installed")
CNN = RunConfig(model="cnn", filters=(3, 4), hidden_layers=(7,))


@pytest.mark.parametrize(
    "config",
    [
        RunConfig(hidden_layers=(9,)),
        RunConfig(hidden_layers=()),
        RunConfig(hidden_layers=(9, 8), batch_norm=True, dropout=0.2, activation="gelu", preprocessing="standardized"),
        RunConfig(hidden_layers=(9,), loss="squared-error", activation="sigmoid", preprocessing="centered"),
        CNN,
        CNN.replace(pooling="average", batch_norm=True, activation="leaky-relu"),
        CNN.replace(pooling="none", activation="tanh", dropout=0.5, loss="squared-error"),
    ],
    ids=lambda config: f"{config.model}-{config.activation}-{config.loss}",
)
def test_onnxruntime_gives_the_same_answers(config: RunConfig) -> None:
    random = np.random.default_rng(1)
    weights = {
        name: random.uniform(-0.3, 0.3, shape).astype(np.float32)
        if "running_var" not in name
        else np.full(shape, 2.0, np.float32)
        for name, shape in forward.shapes(config).items()
    }
    images = random.integers(0, 256, (5, 28, 28)).astype(np.uint8)
    session = onnxruntime.InferenceSession(onnx_file.onnx_file(config, Snapshot(3, weights)))
    logits, probabilities = session.run(["logits", "probabilities"], {"pixels": images})
    expected = forward.layers(config, weights, forward.preprocess(images, config.preprocessing))[-1]
    assert np.allclose(logits, expected, rtol=1e-4, atol=1e-4)
    assert np.allclose(probabilities, forward.probabilities(config, weights, images), atol=1e-5)
