"""What every kind of analysis is asked with and what it gives: to and from what the store keeps, and refused where it is crafted."""

from __future__ import annotations

import dataclasses
import json
from typing import Any, get_args

import numpy as np
import pytest
import sqlalchemy as sa

from mnist_core.analysis import registry
from mnist_core.analysis.schema import Parameters, Result
from mnist_core.errors import MnistLabError
from mnist_core.jobs import analysis_job
from mnist_core.records import AnalysisKind
from mnist_core.store import Store

IMAGE = [0] * 784
# Of each kind: what it is asked with, and the plain values of its result.
EXAMPLES: dict[AnalysisKind, tuple[dict[str, Any], dict[str, Any]]] = {
    "landscape": (
        {"run": "r", "plane": "path"},
        {"plane": "random", "explained": [0.5, float("nan")], "images": 9, "step": 4, "reached": None},
    ),
    "answers": ({"run": "r", "split": "test"}, {"step": 4, "reached": 4}),
    "attribution": ({"run": "r", "image": IMAGE}, {"step": 4, "reached": 4, "digit": 3}),
    "snapshot-answers": ({"run": "r"}, {"steps": [0, 4], "images": 2, "split": "train", "reached": 4}),
    "robustness": (
        {"runs": ["r", "s"], "perturbation": "fgsm"},
        {"strengths": [0, 0.5], "images": [3, 0], "splits": ["test", ""], "steps": [4, None], "reached": [4, 4]},
    ),
    "activation-maximization": (
        {"run": "r", "layer": 1},
        {"step": 4, "reached": 4, "images": 9, "split": "validation"},
    ),
    "scratch-comparison": ({"dataset": "mnist", "learning_rate": 0.5, "iterations": 100}, {"seconds": [1.0, 2]}),
    "batch-times": (
        {"dataset": "mnist", "hidden_layers": [8], "train_size": 100, "batch_sizes": [1, 100]},
        {"updates": [5, 6], "cores": 1},
    ),
    "augmentation": ({"dataset": "mnist", "seed": 1}, {}),
}


def arrays_of(result: type[Result]) -> dict[str, np.ndarray]:
    """Zeros as its annotations and SHAPES say; every named size is 2."""
    types = {field.name: str(field.type) for field in dataclasses.fields(result)}
    return {
        name: np.zeros([size if isinstance(size, int) else 2 for size in shape], types[name][len("NDArray[np.") : -1])
        for name, shape in result.SHAPES.items()
        if types[name].startswith("NDArray")
    }


def test_every_kind_has_its_place() -> None:
    assert set(registry.KINDS) == set(get_args(AnalysisKind)) == set(EXAMPLES)
    for name, kind in registry.KINDS.items():
        assert kind.parameters.kind == name
        assert callable(kind.compute)
        for part in (kind.parameters, kind.result):
            assert part.__module__ == f"mnist_core.analysis.{name.replace('-', '_')}.schema"
            assert part.__dataclass_params__.frozen  # type: ignore[attr-defined]
        assert set(kind.result.SHAPES) <= {field.name for field in dataclasses.fields(kind.result)}


@pytest.mark.parametrize("name", EXAMPLES)
def test_parameters_and_result_come_back_from_the_store(store: Store, name: AnalysisKind) -> None:
    kind, (plain, values) = registry.KINDS[name], EXAMPLES[name]
    parameters = kind.parameters.from_json(plain)
    assert hash(parameters)
    result = kind.result.from_stored(values, arrays_of(kind.result))
    analysis_id = store.analyses.create("ann", name, parameters.to_json())
    store.analyses.claim(analysis_id)
    store.analyses.finish(analysis_id, *result.to_stored())
    analysis = store.analyses.get(analysis_id)
    assert analysis is not None
    assert analysis.parameters == plain
    assert registry.parameters_of(analysis) == parameters
    assert registry.readable(analysis)
    again = registry.result_of(analysis)
    for field in dataclasses.fields(result):
        np.testing.assert_array_equal(getattr(again, field.name), getattr(result, field.name))
    (listed,) = store.analyses.newest("ann", name)
    assert registry.readable(listed)  # without its arrays


CRAFTED: list[tuple[AnalysisKind, Any, str]] = [
    ("landscape", [], "is asked with run, plane"),
    ("landscape", {"run": "r"}, "is asked with run, plane"),
    ("landscape", {"run": "r", "plane": "path", "more": 1}, "is asked with run, plane"),
    ("landscape", {"run": "r", "plane": "both"}, "plane = both: expected path, random"),
    ("landscape", {"run": ["r"], "plane": "path"}, "expected text"),
    ("landscape", {"run": "r" * 17, "plane": "path"}, "expected the id of a run"),
    ("answers", {"run": "r", "split": "train"}, "expected validation, test"),
    ("attribution", {"run": "r", "image": IMAGE[1:]}, "expected 784 to 784 values"),
    ("attribution", {"run": "r", "image": [*IMAGE[1:], 256]}, "image = 256: expected a number from 0 to 255"),
    ("attribution", {"run": "r", "image": [*IMAGE[1:], 0.5]}, "expected a list"),
    ("robustness", {"runs": [], "perturbation": "noise"}, "expected 1 to 6 values"),
    ("robustness", {"runs": ["r"] * 7, "perturbation": "noise"}, "expected 1 to 6 values"),
    ("robustness", {"runs": ["r"], "perturbation": "fire"}, "expected noise, shift"),
    ("activation-maximization", {"run": "r", "layer": True}, "expected a whole number"),
    ("activation-maximization", {"run": "r", "layer": -1}, "expected a number from 0"),
    (
        "scratch-comparison",
        {"dataset": "mnist", "learning_rate": float("nan"), "iterations": 100},
        "learning_rate = nan",
    ),
    ("scratch-comparison", {"dataset": "mnist", "learning_rate": 0.1, "iterations": 10**9}, "iterations = 1000000000"),
    ("scratch-comparison", {"dataset": "/etc", "learning_rate": 0.1, "iterations": 100}, "dataset = /etc"),
    ("batch-times", EXAMPLES["batch-times"][0] | {"hidden_layers": [10**9]}, "hidden"),
    ("batch-times", EXAMPLES["batch-times"][0] | {"batch_sizes": [0]}, "batch_sizes = 0"),
    ("batch-times", EXAMPLES["batch-times"][0] | {"batch_sizes": [1] * 99}, "expected 1 to 20 values"),
    ("augmentation", {"dataset": "mnist", "seed": -1}, "seed = -1"),
]


@pytest.mark.parametrize(("name", "plain", "text"), CRAFTED)
def test_crafted_parameters_fail_with_a_sentence(store: Store, name: AnalysisKind, plain: Any, text: str) -> None:
    analysis_id = store.analyses.create("ann", name, {})
    with store.database.begin() as connection:
        change = sa.text("UPDATE analyses SET parameters = :parameters")
        connection.execute(change, {"parameters": json.dumps(plain)})
    analysis_job.execute(analysis_id, store.url, 1)  # raises nothing
    analysis = store.analyses.get(analysis_id)
    assert analysis is not None
    assert analysis.state == "failed"
    assert text in str(analysis.message)
    assert len(str(analysis.message)) < 300


@pytest.mark.parametrize(
    ("column", "value", "text"),
    [
        ("kind", "fortune", "knows no computation fortune"),
        ("parameters", "{", "is asked with run, plane"),
        ("parameters", "[" * 100_000, "is asked with run, plane"),
    ],
)
def test_a_damaged_row_fails_with_a_sentence(store: Store, column: str, value: str, text: str) -> None:
    analysis_id = store.analyses.create("ann", "landscape", {"run": "r", "plane": "path"})
    with store.database.begin() as connection:
        connection.execute(sa.text(f"UPDATE analyses SET {column} = :value"), {"value": value})
    analysis_job.execute(analysis_id, store.url, 1)
    analysis = store.analyses.get(analysis_id)
    assert analysis is not None
    assert (analysis.state, text in str(analysis.message)) == ("failed", True)


def damaged(values: dict[str, Any], arrays: dict[str, np.ndarray]) -> list[tuple[Any, Any]]:
    """Results that no version gives, or an earlier one gave."""
    name = next(iter(arrays))
    return [
        ({}, arrays),
        ([], arrays),
        (values | {"more": 1}, arrays),
        (values | {"step": "4"}, arrays),
        (values, {}),
        (values, arrays | {"more": arrays[name]}),
        (values, arrays | {name: arrays[name].astype(np.float32)}),
        (values, arrays | {name: arrays[name][0]}),
        (values, arrays | {name: arrays[name][:1]}),
    ]


def test_a_result_of_another_version_is_refused_with_a_sentence() -> None:
    kind = registry.KINDS["landscape"]
    arrays = arrays_of(kind.result)
    for values, damaged_arrays in damaged(EXAMPLES["landscape"][1], arrays):
        with pytest.raises(MnistLabError, match="Compute it again"):
            kind.result.from_stored(values, damaged_arrays)


@pytest.mark.parametrize(
    "result",
    ["[]", "{", '{"values": [], "arrays": {}}', '{"values": {}, "arrays": [{"name": "xs", "dtype": "|O", "shape": [1]}]}',
     '{"values": {}, "arrays": [{"name": "xs", "dtype": "<f8", "shape": [1e9, -1]}]}'],
)  # fmt: skip
def test_a_damaged_result_is_no_result(store: Store, result: str) -> None:
    analysis_id = store.analyses.create("ann", "landscape", {"run": "r", "plane": "path"})
    with store.database.begin() as connection:
        change = "UPDATE analyses SET state = 'finished', result = :result, data = :data"
        connection.execute(sa.text(change), {"result": result, "data": b"12345678"})
    analysis = store.analyses.get(analysis_id)
    assert analysis is not None
    assert not registry.readable(analysis)
    with pytest.raises(MnistLabError, match="Compute it again"):
        registry.result_of(analysis)


def test_parameters_are_checked_wherever_they_are_made() -> None:
    landscape: Any = registry.KINDS["landscape"].parameters
    assert issubclass(landscape, Parameters)
    with pytest.raises(MnistLabError, match="the id of a run"):
        landscape(run="", plane="path")
