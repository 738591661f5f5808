"""A network with its weights as ONNX, for other programs. The package `onnx` is an extra (`mnist-lab[onnx]`): without it there is none.

The graph is written as `networks.forward` computes it, from pixels (n×28×28, uint8) to logits and probabilities (n×10): no torch is
loaded for it, neither in the page's process nor in a worker.
"""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np

from mnist_core.config import RunConfig
from mnist_core.data.preprocessing import affine
from mnist_core.networks.forward import NORM_EPSILON
from mnist_core.networks.weights import Snapshot, Weights

OPSET = 20  # the first with GELU
_ACTIVATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "identity": ("Identity", {}),
    "sigmoid": ("Sigmoid", {}),
    "tanh": ("Tanh", {}),
    "relu": ("Relu", {}),
    "leaky-relu": ("LeakyRelu", {"alpha": 0.01}),
    "gelu": ("Gelu", {}),
}


def available() -> bool:
    """Whether the package is installed."""
    return importlib.util.find_spec("onnx") is not None


def onnx_file(config: RunConfig, snapshot: Snapshot) -> bytes:
    """The network of `config` with these weights as an ONNX file; needs the package `onnx`."""
    graph = _Graph(snapshot.weights)
    _inputs(graph, config)
    at, side = 0, 28
    if config.model == "cnn":
        for _filters in config.filters:
            size = config.kernel_size
            before, after = (size - 1) // 2, size // 2
            graph.add("Conv", graph.weight(f"{at}.weight"), graph.weight(f"{at}.bias"), pads=[before] * 2 + [after] * 2)
            at = _normalized(graph, config, at + 1)
            if config.pooling != "none" and side > 1:
                kind = "MaxPool" if config.pooling == "max" else "AveragePool"
                graph.add(kind, kernel_shape=[2, 2], strides=[2, 2])
                at, side = at + 1, side // 2
        graph.add("Flatten")
        at += 1
    for _units in config.hidden_layers:
        graph.add("Gemm", graph.weight(f"{at}.weight"), graph.weight(f"{at}.bias"), transB=1)
        at = _normalized(graph, config, at + 1) + bool(config.dropout)
    graph.add("Gemm", graph.weight(f"{at}.weight"), graph.weight(f"{at}.bias"), transB=1, output="logits")
    _probabilities(graph, config)
    return graph.to_bytes(f"after {snapshot.step} steps")


def _inputs(graph: _Graph, config: RunConfig) -> None:
    """From pixels to what the first layer is given."""
    scale, shift = affine(config.preprocessing)
    graph.add("Cast", to=1)  # float32
    graph.add("Mul", graph.constant("scale", np.float32(scale)))
    graph.add("Add", graph.constant("shift", np.float32(shift)))
    shape = [-1, 1, 28, 28] if config.model == "cnn" else [-1, 784]
    graph.add("Reshape", graph.constant("shape", np.array(shape, np.int64)))


def _normalized(graph: _Graph, config: RunConfig, at: int) -> int:
    """Batch normalization, where there is one, and the activation; the next module's place."""
    if config.batch_norm:
        names = ("weight", "bias", "running_mean", "running_var")
        graph.add("BatchNormalization", *(graph.weight(f"{at}.{name}") for name in names), epsilon=NORM_EPSILON)
        at += 1
    kind, more = _ACTIVATIONS[config.activation]
    graph.add(kind, **more)
    return at + 1


def _probabilities(graph: _Graph, config: RunConfig) -> None:
    """As `forward.to_probabilities`."""
    if config.loss == "cross-entropy":
        graph.add("Softmax", axis=1, output="probabilities")
        return
    graph.add("Relu")
    graph.add("Add", graph.constant("least", np.float32(1e-12)), output="raised")
    graph.add("ReduceSum", graph.constant("axis", np.array([1], np.int64)), keepdims=1, output="sum")
    graph.add("Div", "sum", first="raised", output="probabilities")


class _Graph:
    """Nodes in a row, each fed by the one before it."""

    def __init__(self, weights: Weights) -> None:
        from onnx import helper, numpy_helper

        self._helper, self._to_tensor = helper, numpy_helper.from_array
        self._weights = weights
        self._nodes: list[Any] = []
        self._constants: dict[str, Any] = {}
        self._last = "pixels"

    def weight(self, name: str) -> str:
        """The network's own array of this name."""
        return self.constant(name, self._weights[name])

    def constant(self, name: str, value: Any) -> str:
        """An array that the graph holds."""
        self._constants[name] = self._to_tensor(np.asarray(value), name)
        return name

    def add(self, kind: str, *inputs: str, output: str = "", first: str = "", **attributes: Any) -> None:
        """One more node; its `first` input is what the last one gives."""
        output = output or f"{kind}_{len(self._nodes)}"
        self._nodes.append(self._helper.make_node(kind, [first or self._last, *inputs], [output], **attributes))
        self._last = output

    def to_bytes(self, description: str) -> bytes:
        """The file."""
        from onnx import TensorProto

        value = self._helper.make_tensor_value_info
        graph = self._helper.make_graph(
            self._nodes,
            "mnist_lab",
            [value("pixels", TensorProto.UINT8, ["n", 28, 28])],
            [value(name, TensorProto.FLOAT, ["n", 10]) for name in ("logits", "probabilities")],
            [*self._constants.values()],
        )
        operators = [self._helper.make_opsetid("", OPSET)]
        model = self._helper.make_model(graph, opset_imports=operators, ir_version=9, producer_name="MNIST Lab")
        model.doc_string = description
        return bytes(model.SerializeToString())
