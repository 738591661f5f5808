"""Runs brought in from a zip, with and without weights, damaged and hostile; and what there is to take along."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from mnist_core import exchange
from mnist_core.networks import weights
from mnist_core.networks.checkpoint_layout import checkpoint_file
from mnist_core.networks.forward import shapes
from mnist_core.networks.weights import Snapshot
from mnist_core.presets import PRESETS
from mnist_core.records import EVALUATION_DTYPE, Curves, Progress
from mnist_core.store import Store
from mnist_core.ui import names, times
from tests.pages.conftest import Open

CONFIG = PRESETS["two-layer-net"].config


def some_weights(step: int) -> Snapshot:
    random = np.random.default_rng(step)
    return Snapshot(step, {name: random.normal(0, 0.1, shape).astype("f4") for name, shape in shapes(CONFIG).items()})


@pytest.fixture
def foreign(store: Store) -> str:
    """A run of bob's, whose best weights are not its last."""
    rows = np.zeros(2, EVALUATION_DTYPE)
    rows["step"] = [0, 10]
    result = {"validation_accuracy": 0.9, "best_validation_accuracy": 0.92, "best_step": 5}
    run_id = store.runs.add_finished(
        "bob", CONFIG, Curves(evaluations=rows), "completed", result, Progress(10, 10, 1, 2), checkpoint_step=10
    )
    weights.keep(run_id, some_weights(10), some_weights(5))
    return run_id


def exported(store: Store, run_id: str, *which: Any) -> bytes:
    snapshots = {kind: exchange.snapshot(run_id, kind) for kind in which}
    return exchange.packed(store.runs.get(run_id), store.record_reader.curves(run_id), snapshots)


def files(home: Path) -> set[Path]:
    return {file for file in home.rglob("*") if file.is_file() and "runs.sqlite" not in file.name}


def import_zip(app: AppTest, content: bytes) -> None:
    app.get("file_uploader")[0].set_value(("run.zip", content, "application/zip")).run()


def test_a_run_that_is_brought_in_can_be_looked_into(open_page: Open, foreign: str, store: Store) -> None:
    app = open_page("compare")
    import_zip(app, exported(store, foreign, "last", "best"))
    assert not app.exception
    (imported,) = store.runs.newest(app.session_state["student"])
    assert (imported.checkpoint_step, imported.result["best_step"]) == (10, 5)
    assert imported.id != foreign
    for which in ("last", "best"):
        copy, original = exchange.snapshot(imported.id, which), exchange.snapshot(foreign, which)
        assert copy.step == original.step
        for name, value in original.weights.items():
            np.testing.assert_array_equal(copy.weights[name], value)
    app.switch_page("pages/inspect.py").run()
    assert app.selectbox(key="inspected").value == imported.id
    assert not app.exception
    assert not app.error


def test_without_weights_it_has_curves_only(open_page: Open, foreign: str, store: Store, home: Path) -> None:
    before = files(home)
    app = open_page("compare")
    import_zip(app, exported(store, foreign))
    (imported,) = store.runs.newest(app.session_state["student"])
    assert imported.checkpoint_step is None
    assert app.dataframe[0].value["Run"][0].endswith(" (imported)")
    app.session_state["language"] = "ko"
    assert app.run().dataframe[0].value["실행"][0].endswith(" (가져옴)")
    assert files(home) == before


def evil(members: dict[str, bytes]) -> None:
    members["weights.safetensors"] = b"\x80\x04" + members["weights.safetensors"]


def climbing(members: dict[str, bytes]) -> None:
    fields = json.loads(members["run.json"])
    fields["name"] = fields["id"] = "../../evil"
    members |= {"run.json": json.dumps(fields).encode(), "../../evil": b"x", "/tmp/evil": b"x"}


@pytest.mark.parametrize("change", [evil, climbing])
def test_hostile_files_write_nothing_elsewhere(
    change: Callable[[dict[str, bytes]], None], open_page: Open, foreign: str, store: Store, home: Path
) -> None:
    with zipfile.ZipFile(io.BytesIO(exported(store, foreign, "last"))) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    outside, before = set(home.parent.iterdir()), files(home)
    app = open_page("compare")
    import_zip(app, file.getvalue())
    runs = store.runs.newest(app.session_state["student"])
    written = {checkpoint_file(run.id) for run in runs}
    assert set(home.parent.iterdir()) == outside
    assert files(home) == before | written
    assert bool(app.error) == (change is evil)
    assert [names.run_title(run).raw for run in runs] == ([] if change is evil else ["../../evil (imported)"])


def test_weights_that_cannot_be_written_are_a_sentence_and_no_run(
    open_page: Open, foreign: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = exported(store, foreign, "last")

    def full(*_arguments: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(weights, "save_file", full)
    app = open_page("compare")
    import_zip(app, content)
    assert "cannot be written" in app.error[0].value
    assert store.runs.newest(app.session_state["student"]) == []


def test_last_and_best_weights_are_offered(open_page: Open, foreign: str) -> None:
    app = open_page("compare", runs=foreign)
    labels = [button.proto.label for button in app.get("download_button")]
    assert "Last weights as safetensors (step 10)" in labels
    assert "Best weights as safetensors (step 5)" in labels
    assert app.toggle(key=f"take_weights_{foreign}").value
    weights.forget(foreign)
    app.run()
    assert not [button for button in app.get("download_button") if "weights" in button.proto.label]
    assert not app.exception


def test_a_run_and_a_comparison_have_a_report_with_a_field_for_the_name(open_page: Open, store: Store) -> None:
    first, second = (
        store.runs.add_finished("bob", CONFIG, Curves(), "completed", {}, Progress(10, 10, 1, 2)) for _ in range(2)
    )
    for chosen, subject in (((first,), first), ((first, second), "comparison")):
        app = open_page("compare", runs=",".join(chosen))
        (button,) = [one for one in app.get("download_button") if one.proto.label == "Report as one HTML file"]
        assert button.proto.id.endswith(f"report_{subject}")
        app.text_input(key=f"report_name_{subject}").set_value("  Ada\n\x00Lovelace").run()
        assert app.session_state["report_name"] == {"text": "Ada Lovelace"}


def test_a_report_is_handed_in_to_the_class(open_page: Open, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    evening = datetime(2026, 11, 29, 23, 15, tzinfo=UTC).timestamp()
    at = times.at
    monkeypatch.setattr(times, "at", lambda seconds: at(evening if seconds is None else seconds))
    run_id = store.runs.add_finished("bob", CONFIG, Curves(), "completed", {}, Progress(10, 10, 1, 2))
    app = open_page("compare", runs=run_id)
    assert not [button for button in app.button if button.label == "Hand in"]  # of no class
    opened, secret = store.classes.open("3b", "t" * 32)
    store.classes.join(opened.code, app.session_state["student"], "<i>Otter</i>")
    app.context["timezone"] = "Asia/Seoul"
    app.run()
    app.button(key=f"hand_in_{run_id}").click().run()
    assert not app.exception
    (handed_in,) = store.reports.of_class(opened.id, secret)
    assert any(handed_in.title.markdown in caption.value for caption in app.caption)
    page, _script = store.reports.content(opened.id, secret, handed_in.id)
    assert b"Handed in: 2026-11-30 08:15" in page
    now = datetime.fromtimestamp(handed_in.handed_in_at, ZoneInfo("Asia/Seoul"))
    assert any(f"{now:%Y-%m-%d %H:%M}" in caption.value for caption in app.caption)
    assert b"&lt;i&gt;Otter&lt;/i&gt;" in page  # his nickname, where he typed no name
