"""Runs that an earlier version left halfway resume as if nothing had happened: every optimizer, with either kind of step,
alone, in a stack, after the death of a worker, after a failure.

How near: sums are added in another order on another processor or by another version of its libraries, so what the earlier
version computed is compared within bounds, not to the bit. Measured on the processor that made the files (with AVX-512), with
the code of torch and its libraries for the plainest processors in place of its own (`ATEN_CPU_CAPABILITY=default
MKL_CBWR=COMPATIBLE ONEDNN_MAX_CPU_ISA=SSE41`): losses move by 4e-7 of themselves at most, norms by 2e-6, weights by less than
1e-6, and no accuracy. A buffer that is lost, a count of steps that is off by one or another order of the images move losses by
more than 1e-3. Only a machine and a version that draw the first half of a curve to the bit have to draw the rest to the bit; there a test
asks for that.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.compatibility import adapter
from tests.compatibility.conftest import unpack

RELATIVE = 1e-5  # losses
# Other fields, absolute: one image of the batch or of the part may be answered otherwise; shares of 255 may move over a border.
ABSOLUTE = {"accuracy": 0.0501, "train_accuracy": 0.0101, "validation_accuracy": 0.0101, "test_accuracy": 0.0101}
ABSOLUTE |= {"activations": 3, "gradients": 3}
# … and relative: what is measured by differences, or over few numbers.
COARSE = {"gradient_norm": 1e-4, "gradient_norm_max": 1e-4, "gradient": 1e-4, "update": 1e-3, "sharpness": 1e-3}
PAUSED = (
    *(f"{kind}-{name}" for kind in ("mlp", "cnn") for name in ("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw")),
    "norm-nesterov", "open-window", "rate-changed", "lost", "lost-saving", "failed", "stacked-0", "stacked-1", "stacked-2", "left",
)  # fmt: skip
Arrays = Mapping[str, NDArray[Any]]


@pytest.fixture(scope="session")
def resumed(
    folder: Path, expected: Mapping[str, Any], images: Path, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, tuple[Any, Any, Arrays, Any]]:
    """Every run that was paused or lost, its records and its last weights, after it has trained to its end here; and the records
    that it had before."""
    home = tmp_path_factory.mktemp("old")
    unpack(folder, home)
    runs = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MNIST_LAB_HOME", str(home))
        patch.setenv("MNIST_LAB_DATA", str(images))
        with adapter.opened() as store:
            before = {run_id: store.record_reader.curves(run_id) for run_id in expected["resting"]}
            store.queue.requeue_lost()
            for run_id in expected["resting"]:
                store.commands.send(run_id, expected["other"], "resume")
            adapter.execute(store, expected["stack"])
            for run_id in expected["resting"]:
                if run_id not in expected["stack"]:
                    adapter.execute(store, [run_id])
                runs[run_id] = (
                    store.runs.get(run_id),
                    store.record_reader.curves(run_id),
                    adapter.last_weights(run_id),
                    before[run_id],
                )
    return runs


def id_of(expected: Mapping[str, Any], name: str) -> str:
    """The id of a run; those in a stack were drawn at random."""
    if name == "left":
        return str(expected["left"])
    return expected["stack"][int(name[-1])] if name.startswith("stacked") else name


def test_every_run_that_may_resume_is_tried(expected: Mapping[str, Any]) -> None:
    assert {id_of(expected, name) for name in PAUSED} == set(expected["resting"])


@pytest.mark.parametrize("name", PAUSED)
def test_a_resumed_run_draws_the_rest_of_its_curve(
    folder: Path, expected: Mapping[str, Any], resumed: Any, name: str
) -> None:
    run, curves, weights, before = resumed[run_id := id_of(expected, name)]
    ends = expected["ends"][run_id]
    assert_unchanged(curves, before, expected["runs"][run_id]["seen"]["checkpoint_step"])
    assert (run.state, run.outcome) == ("finished", ends["outcome"])
    with np.load(folder / "gone_on.npz", allow_pickle=False) as file:
        for kind, array in adapter.records(curves).items():
            rest = file[f"{run_id}/{kind}"]
            for field, values in adapter.rows(array, rest.dtype.names).items():
                assert_near(values, rest[field], field, f"{kind} {field}")
    with np.load(folder / "weights.npz", allow_pickle=False) as file:
        for part, value in weights.items():
            np.testing.assert_allclose(value.ravel()[::7], file[f"{run_id}/{part}"], 1e-4, 2e-6, err_msg=part)
    for key, figure in ends["result"].items():
        if isinstance(figure, float) and not key.startswith("seconds"):
            field = "test_accuracy" if "accuracy" in key else key
            assert_near(np.array(run.result[key]), np.array(figure), field, key)
        elif not isinstance(figure, float):
            assert run.result[key] == figure, key


def assert_unchanged(curves: Any, before: Any, checkpoint: int) -> None:
    """The records up to the checkpoint, from which it resumed: begun anew, it would draw the same curve, at other times."""
    for kind, old in adapter.records(before).items():
        count = int((old["step"] <= checkpoint).sum())
        assert adapter.records(curves)[kind][:count].tobytes() == old[:count].tobytes(), kind
        assert count or kind == "sharpness"


def assert_near(values: NDArray[Any], expected: NDArray[Any], field: str, name: str) -> None:
    assert values.shape == expected.shape, name
    if field == "seconds":
        return
    if expected.dtype.kind == "i":
        np.testing.assert_array_equal(values, expected, name)
        return
    absolute = ABSOLUTE.get(field, 1e-6)
    np.testing.assert_allclose(
        values.astype(float), expected.astype(float), COARSE.get(field, RELATIVE), absolute, err_msg=name
    )


def test_what_happened_stays_in_the_records(expected: Mapping[str, Any], resumed: Any) -> None:
    for name in PAUSED:
        run, curves, _weights, _before = resumed[run_id := id_of(expected, name)]
        before, after = expected["runs"][run_id], adapter.events(curves)
        assert after[: len(before["events"])] == before["events"]
        added = {kind for _step, kind, _value in after[len(before["events"]) :]}
        assert added <= {"recovered", "early_stop"}, (run_id, added)
        assert adapter.run_fields(run)["rate_changes"] == before["seen"]["rate_changes"]
        assert (name == "left") <= ("alone" in [kind for _step, kind, _value in after])
        # One died with updates that no checkpoint had, which were made again.
        assert (name == "lost") == ("recovered" in [kind for _step, kind, _value in after])
    assert resumed["rate-changed"][0].rate_changes


@pytest.mark.parametrize("name", [name for name in PAUSED if not name.startswith(("stacked", "lost", "left"))])
def test_to_the_bit_where_the_machine_adds_in_the_same_order(
    expected: Mapping[str, Any], resumed: Any, images: Path, name: str
) -> None:
    run, curves, _weights, before = resumed[name]
    changes = expected["runs"][name]["seen"]["rate_changes"]
    whole = adapter.uninterrupted(run.config, images, changes)
    old = adapter.records(before)
    for kind, array in whole.items():
        for field in [field for field in array.dtype.names or () if field != "seconds"]:
            if array[field][: len(old[kind])].tobytes() != old[kind][field].tobytes():
                pytest.skip("this machine or version adds in another order than those that made the files")
    new = adapter.records(curves)
    for kind, array in whole.items():
        for field in [field for field in array.dtype.names or () if field != "seconds"]:
            assert new[kind][field].tobytes() == array[field].tobytes(), (kind, field)
