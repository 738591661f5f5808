"""Runs that an earlier version left in their midst go on as if nothing had happened: every optimizer, with either kind of step,
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

import gc
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.compatibility import today
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
def gone_on(
    folder: Path, kept: Mapping[str, Any], images: Path, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, tuple[Any, Any, Arrays, Any]]:
    """Every run that rested or was lost, its records and its last weights, after it went on to its end here; and the records
    that it had before."""
    home = tmp_path_factory.mktemp("old")
    unpack(folder, home)
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MNIST_LAB_HOME", str(home))
        patch.setenv("MNIST_LAB_DATA", str(images))
        with today.opened() as store:
            before = {run_id: store.curves(run_id) for run_id in kept["resting"]}
            store.requeue_lost()
            for run_id in kept["resting"]:
                store.request(run_id, kept["other"], "resume")
            today.execute(store, kept["stack"])
            gc.freeze()  # each job collects garbage at its end, which takes longer the more is there
            for run_id in kept["resting"]:
                if run_id not in kept["stack"]:
                    today.execute(store, [run_id])
                found[run_id] = store.get(run_id), store.curves(run_id), today.last_weights(run_id), before[run_id]
        gc.unfreeze()
    return found


def named(kept: Mapping[str, Any], name: str) -> str:
    """The id of a run; those of a stack have none that says something."""
    if name == "left":
        return str(kept["left"])
    return kept["stack"][int(name[-1])] if name.startswith("stacked") else name


def test_every_run_that_rested_is_tried(kept: Mapping[str, Any]) -> None:
    assert {named(kept, name) for name in PAUSED} == set(kept["resting"])


@pytest.mark.parametrize("name", PAUSED)
def test_it_draws_the_rest_of_its_curve(folder: Path, kept: Mapping[str, Any], gone_on: Any, name: str) -> None:
    run, curves, weights, before = gone_on[run_id := named(kept, name)]
    ends = kept["ends"][run_id]
    stayed(curves, before, kept["runs"][run_id]["seen"]["checkpoint_step"])
    assert (run.state, run.outcome) == ("finished", ends["outcome"])
    with np.load(folder / "gone_on.npz", allow_pickle=False) as file:
        for kind, array in today.records(curves).items():
            wanted = file[f"{run_id}/{kind}"]
            for field, values in today.rows(array, wanted.dtype.names).items():
                near(values, wanted[field], field, f"{kind} {field}")
    with np.load(folder / "weights.npz", allow_pickle=False) as file:
        for part, value in weights.items():
            np.testing.assert_allclose(value.ravel()[::7], file[f"{run_id}/{part}"], 1e-4, 2e-6, err_msg=part)
    for key, figure in ends["result"].items():
        if isinstance(figure, float) and not key.startswith("seconds"):
            field = "test_accuracy" if "accuracy" in key else key
            near(np.array(run.result[key]), np.array(figure), field, key)
        elif not isinstance(figure, float):
            assert run.result[key] == figure, key


def stayed(curves: Any, before: Any, checkpoint: int) -> None:
    """It went on from its checkpoint: begun anew, it would draw the same curve, at other times."""
    for kind, old in today.records(before).items():
        count = int((old["step"] <= checkpoint).sum())
        assert today.records(curves)[kind][:count].tobytes() == old[:count].tobytes(), kind
        assert count or kind == "sharpness"


def near(found: NDArray[Any], wanted: NDArray[Any], field: str, told: str) -> None:
    assert found.shape == wanted.shape, told
    if field == "seconds":
        return
    if wanted.dtype.kind == "i":
        np.testing.assert_array_equal(found, wanted, told)
        return
    absolute = ABSOLUTE.get(field, 1e-6)
    np.testing.assert_allclose(
        found.astype(float), wanted.astype(float), COARSE.get(field, RELATIVE), absolute, err_msg=told
    )


def test_what_happened_stays_in_the_records(kept: Mapping[str, Any], gone_on: Any) -> None:
    for name in PAUSED:
        run, curves, _weights, _before = gone_on[run_id := named(kept, name)]
        before, after = kept["runs"][run_id], today.events(curves)
        assert after[: len(before["events"])] == before["events"]
        new = {kind for _step, kind, _value in after[len(before["events"]) :]}
        assert new <= {"recovered", "early_stop"}, (run_id, new)
        assert today.seen(run)["rate_changes"] == before["seen"]["rate_changes"]
        assert (name == "left") <= ("alone" in [kind for _step, kind, _value in after])
        # One died with updates that no checkpoint had, which were made again.
        assert (name == "lost") == ("recovered" in [kind for _step, kind, _value in after])
    assert gone_on["rate-changed"][0].rate_changes


@pytest.mark.parametrize("name", [name for name in PAUSED if not name.startswith(("stacked", "lost", "left"))])
def test_to_the_bit_where_the_machine_adds_in_the_same_order(
    kept: Mapping[str, Any], gone_on: Any, images: Path, name: str
) -> None:
    run, curves, _weights, before = gone_on[name]
    changes = kept["runs"][name]["seen"]["rate_changes"]
    here = today.undisturbed(run.config, images, changes)
    old = today.records(before)
    for kind, array in here.items():
        for field in [field for field in array.dtype.names or () if field != "seconds"]:
            if array[field][: len(old[kind])].tobytes() != old[kind][field].tobytes():
                pytest.skip("this machine or version adds in another order than those that made the files")
    found = today.records(curves)
    for kind, array in here.items():
        for field in [field for field in array.dtype.names or () if field != "seconds"]:
            assert found[kind][field].tobytes() == array[field].tobytes(), (kind, field)
