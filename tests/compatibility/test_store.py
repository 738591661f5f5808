"""A store that an earlier version wrote opens, and says what it said: runs in every state and all that hangs on them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_core.store import Store
from tests.compatibility import adapter

Expected = Mapping[str, Any]


def test_the_images_are_those_that_the_runs_were_trained_on(
    folder: Path, digits: Mapping[str, NDArray[np.uint8]]
) -> None:
    origin = json.loads((folder / "made.json").read_text(encoding="utf-8"))
    fingerprint = hashlib.sha256(digits["images"].tobytes() + digits["labels"].tobytes()).hexdigest()
    assert fingerprint == origin["images"]


def test_every_run_is_as_it_was(store: Store, expected: Expected) -> None:
    states = set()
    for run_id, old in expected["runs"].items():
        run = store.runs.get(run_id)
        # Figures of its last pause are no longer shown of a run that goes on.
        seen = old["seen"] | ({"result": {}} if run.state == "running" else {})
        assert adapter.run_fields(run) == seen, run_id
        assert adapter.same_settings(run.config.to_dict(), old["settings"]), run_id
        assert adapter.snapshots(run_id) == old["snapshots"], run_id
        states.add((run.state, run.outcome))
    assert len(states) == 8, states  # queued, running, paused, and five ways to be over


def test_lists_and_the_queue_have_their_order(store: Store, expected: Expected) -> None:
    for owner, ids in expected["lists"].items():
        assert [run.id for run in store.runs.newest(owner, 500)] == ids
    for owner, ids in expected["unreadable"].items():
        assert [run.id for run in store.runs.unreadable(owner)] == ids
    assert [[run.id for run in part] for part in store.queue.overview()] == expected["line"]
    # What is new comes after all that was there.
    owner = expected["student"]
    new = store.runs.create(owner, store.runs.get("mlp-adam").config)
    assert store.runs.newest(owner, 1)[0].id == new
    assert store.queue.next(500)[-1].id == new


def test_every_record_is_as_it_was(store: Store, expected: Expected) -> None:
    for run_id, old in expected["runs"].items():
        curves = store.record_reader.curves(run_id)
        assert adapter.events(curves) == old["events"], run_id
        for kind, array in adapter.records(curves).items():
            record = [len(array), adapter.fingerprint(array, expected["fields"][kind])]
            assert record == old["records"][kind], (run_id, kind)


def test_sweeps_and_analyses_are_as_they_were(store: Store, expected: Expected) -> None:
    for owner, ids in expected["sweeps"].items():
        assert [sweep.id for sweep in store.sweeps.newest(owner)] == ids
    for sweep_id, old in expected["sweep"].items():
        assert adapter.sweep_fields(store, sweep_id) == old
    analyses = {analysis_id: adapter.analysis_of(store, analysis_id) for analysis_id in expected["studies"]}
    for analysis_id, analysis in analyses.items():
        assert adapter.analysis_fields(analysis) == expected["studies"][analysis_id], analysis_id
    assert {analysis.state for analysis in analyses.values()} == {"queued", "running", "finished", "failed"}
    for key, value in expected["facts"].items():
        assert store.facts.get(key) == value


def test_a_soft_deleted_run_is_restored(store: Store, expected: Expected) -> None:
    store.retention.restore(["away"], expected["student"])
    assert "away" in [run.id for run in store.runs.newest(expected["student"], 500)]


def test_weights_answer_as_they_did(store: Store) -> None:
    """Analyses that wait, or had lost their worker, are computed anew; snapshots are read for it, too."""
    store.analyses.requeue_lost()
    for waiting, done in (("waits", "done-answers"), ("runs", "done-course")):
        new, old = adapter.compute(store, waiting), adapter.analysis_of(store, done)
        assert new.state == "finished", new.message
        assert new.values == old.values
        for name, array in new.arrays.items():
            # Kept as float16, and as digits; one that two units are equally sure of may turn.
            close = np.isclose(array.astype(float), old.arrays[name].astype(float), atol=2e-3)
            assert close.mean() > 0.99, name


def test_the_best_weights_are_there(store: Store, expected: Expected) -> None:
    step, best = adapter.best_weights("completed")
    assert step == expected["runs"]["completed"]["seen"]["result"]["best_step"]
    assert {value.shape for value in best.values()} == {v.shape for v in adapter.last_weights("completed").values()}


def test_the_files_say_nothing_of_the_machine_that_made_them(old_home: Path, folder: Path) -> None:
    for file in [*old_home.rglob("*"), *folder.rglob("*")]:
        if file.is_file() and file.suffix != ".zip":
            content = file.read_bytes()
            for word in (b"/home/", b"/root", b"/tmp", b"/work", b"/Users/", b"C:\\"):
                assert word not in content, (file, word)
