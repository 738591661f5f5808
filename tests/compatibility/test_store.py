"""A store that an earlier version wrote opens, and says what it said: runs in every state and all that hangs on them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.compatibility import today

Kept = Mapping[str, Any]


def test_the_images_are_those_that_the_runs_were_trained_on(
    folder: Path, digits: Mapping[str, NDArray[np.uint8]]
) -> None:
    made = json.loads((folder / "made.json").read_text(encoding="utf-8"))
    found = hashlib.sha256(digits["images"].tobytes() + digits["labels"].tobytes()).hexdigest()
    assert found == made["images"]


def test_every_run_is_as_it_was(store: Any, kept: Kept) -> None:
    states = set()
    for run_id, wanted in kept["runs"].items():
        run = store.get(run_id)
        assert today.seen(run) == wanted["seen"], run_id
        assert today.same_settings(run.config.to_dict(), wanted["settings"]), run_id
        assert today.snapshots(run_id) == wanted["snapshots"], run_id
        states.add((run.state, run.outcome))
    assert len(states) == 8, states  # queued, running, paused, and five ways to be over


def test_lists_and_the_line_have_their_order(store: Any, kept: Kept) -> None:
    for owner, ids in kept["lists"].items():
        assert [run.id for run in store.list_runs(owner, 500)] == ids
    for owner, ids in kept["unreadable"].items():
        assert [run.id for run in store.list_unreadable(owner)] == ids
    assert [[run.id for run in part] for part in store.line()] == kept["line"]
    # What is new comes after all that was there.
    owner = kept["student"]
    new = store.create_run(owner, store.get("mlp-adam").config)
    assert store.list_runs(owner, 1)[0].id == new
    assert store.next_queued(500)[-1].id == new


def test_every_record_is_as_it_was(store: Any, kept: Kept) -> None:
    for run_id, told in kept["runs"].items():
        curves = store.curves(run_id)
        assert today.events(curves) == told["events"], run_id
        for kind, array in today.records(curves).items():
            found = [len(array), today.fingerprint(array, kept["fields"][kind])]
            assert found == told["records"][kind], (run_id, kind)


def test_sweeps_and_studies_are_as_they_were(store: Any, kept: Kept) -> None:
    for owner, ids in kept["sweeps"].items():
        assert [sweep.id for sweep in store.list_sweeps(owner)] == ids
    for one, wanted in kept["sweep"].items():
        assert today.seen_sweep(store, one) == wanted
    for one, wanted in kept["studies"].items():
        assert today.seen_study(store.study(one)) == wanted, one
    assert {store.study(one).state for one in kept["studies"]} == {"queued", "running", "finished", "failed"}
    for key, value in kept["facts"].items():
        assert store.fact(key) == value


def test_a_run_that_was_put_away_is_brought_back(store: Any, kept: Kept) -> None:
    store.bring_back(["away"], kept["student"])
    assert "away" in [run.id for run in store.list_runs(kept["student"], 500)]


def test_weights_answer_as_they_did(store: Any) -> None:
    """Studies that wait, or had lost their worker, are computed anew; the weights of the way are read for it, too."""
    store.requeue_lost_studies()
    for waiting, done in (("waits", "done-answers"), ("runs", "done-course")):
        study, then = today.compute(store, waiting), store.study(done)
        assert study.state == "finished", study.message
        assert study.values == then.values
        for name, array in study.arrays.items():
            # Kept as float16, and as digits; one that two units are equally sure of may turn.
            close = np.isclose(array.astype(float), then.arrays[name].astype(float), atol=2e-3)
            assert close.mean() > 0.99, name


def test_the_best_weights_are_there(store: Any, kept: Kept) -> None:
    step, best = today.best_weights("completed")
    assert step == kept["runs"]["completed"]["seen"]["result"]["best_step"]
    assert {value.shape for value in best.values()} == {v.shape for v in today.last_weights("completed").values()}


def test_the_files_say_nothing_of_the_machine_that_made_them(old_home: Path, folder: Path) -> None:
    for file in [*old_home.rglob("*"), *folder.rglob("*")]:
        if file.is_file() and file.suffix != ".zip":
            content = file.read_bytes()
            for word in (b"/home/", b"/root", b"/tmp", b"/work", b"/Users/", b"C:\\"):
                assert word not in content, (file, word)
