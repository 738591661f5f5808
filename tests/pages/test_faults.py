"""Pages while the store is locked or out of reach, the disk is full, and after a run has failed."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from mnist_core import settings
from mnist_core.config import RunConfig
from mnist_core.errors import TransientStoreError
from mnist_core.messages import message
from mnist_core.records import Curves, Progress, Report
from mnist_core.store import Store, engine
from mnist_core.store.facts import Facts
from mnist_core.store.runs import Runs
from mnist_core.ui import frame
from tests.pages.conftest import Open
from tests.pages.content import bars, texts


def trained(app: AppTest, store: Store, checkpoint: bool = True) -> str:
    """The student's run, at step 40 of 100, with a checkpoint."""
    app.button(key="run").click().run()
    run_id = store.queue.next(1)[0].id
    store.queue.claim(run_id, "worker", 1)
    store.record_writer.publish([Report(run_id, Progress(40, 100, 0.4, 1.0), Curves(), checkpoint=checkpoint)])
    return run_id


def test_a_press_while_another_program_writes_is_a_sentence_and_nothing_is_lost(
    open_page: Open, store: Store, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "BUSY_SECONDS", 0)  # of the pages' own store, which is opened after this
    app = open_page("train", preset="two-layer-net")
    app.select_slider(key="c_learning_rate").set_value(0.2)
    app.toggle(key="predict_toggle").set_value(True).run()
    app.segmented_control(key="predicted_outcome").set_value("breaks").run()
    holder = sqlite3.connect(home / "runs.sqlite", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    app.button(key="run").click().run()
    assert "is in use by another program" in texts(app)
    assert not app.exception
    holder.close()
    app.button(key="run").click().run()
    (run,) = store.queue.next(5)
    assert (run.config.learning_rate, run.prediction) == (0.2, "breaks")
    assert "in use by another program" not in texts(app)


def test_what_a_press_met_is_said_when_the_page_can_be_drawn_again(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_page("train", preset="two-layer-net")

    def away(*_args: Any, **_options: Any) -> None:
        raise TransientStoreError("The store is away.")

    with monkeypatch.context() as patch:
        patch.setattr(Runs, "create", away)
        patch.setattr(Facts, "get", away)
        app.button(key="run").click().run()
        assert [error.value for error in app.error] == ["The store is away."]
    app.run()
    assert [error.value for error in app.error] == ["The store is away."]
    app.run()
    assert not app.error


@pytest.mark.parametrize("checkpoint", [True, False])
def test_a_failed_run_is_continued_by_a_button(open_page: Open, store: Store, checkpoint: bool) -> None:
    app = open_page("train", preset="two-layer-net")
    run_id = trained(app, store, checkpoint)
    store.record_writer.finish(run_id, "failed", {}, message("The worker stopped."))
    app.run()
    content = texts(app)
    assert "The worker stopped." in content
    assert ("from its last checkpoint, at step 40" if checkpoint else "it has no checkpoint") in content
    app.button(key="continue").click().run()
    run = store.runs.get(run_id)
    assert (run.state, run.outcome, run.error) == ("queued", None, None)
    assert "The worker stopped." not in texts(app)
    assert not app.exception


def test_only_its_owner_continues_a_run_and_only_a_failed_one(open_page: Open, store: Store) -> None:
    def buttons(app: AppTest) -> list[str | None]:
        return [button.key for button in app.button if button.key == "continue"]

    foreign = store.runs.create("somebody", RunConfig())
    store.queue.claim(foreign, "worker", 1)
    store.record_writer.finish(foreign, "failed", {}, message("The worker stopped."))
    assert buttons(open_page("train", run=foreign)) == []
    app = open_page("train", preset="two-layer-net")
    store.record_writer.finish(trained(app, store), "stopped", {})
    assert buttons(app.run()) == []


def test_a_run_at_rest_whose_last_state_is_not_on_disk_says_so(open_page: Open, store: Store) -> None:
    app = open_page("train", preset="two-layer-net")
    run_id = trained(app, store)
    store.record_writer.pause(run_id, {})
    assert ":material/warning:" not in texts(app.run())
    store.record_writer.publish([Report(run_id, Progress(90, 100, 0.9, 1.0), Curves())])
    assert "The last checkpoint is from step 40. Resume repeats the steps after it" in texts(app.run())
    store.record_writer.finish(run_id, "stopped", {})
    assert "could not be saved. The weights of step 40 are kept" in texts(app.run())
    store.retention.forget_weights(run_id)  # to make room
    assert "could not be saved" not in texts(app.run())


def test_a_run_of_which_nothing_is_heard_is_spoken_of(
    open_page: Open, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_page("train", preset="two-layer-net")
    run_id = trained(app, store)
    clock, passed = time.monotonic, [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock() + passed[0])

    def progress_text() -> str:
        return "".join(bars(app.run()))

    assert "no progress for" not in progress_text()
    passed[0] += 3_600.0
    assert (
        "no progress for 60 min: the step takes long, or the store or disk is busy; the run continues automatically"
        in progress_text()
    )
    store.record_writer.publish([Report(run_id, Progress(41, 100, 0.4, 1.0), Curves())])
    assert "no progress for" not in progress_text()


def test_a_disk_that_is_nearly_full_is_said_on_every_page(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "disk is nearly full" not in texts(open_page())
    monkeypatch.setattr(settings, "lacking_space", lambda: 1)
    assert "The server's disk is nearly full" in texts(open_page())
    assert "The server's disk is nearly full" in texts(open_page("compare"))


def test_a_page_that_cannot_read_the_store_is_drawn_anew_when_it_can(
    open_page: Open, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    fragments: list[tuple[Callable[[], None], float | None]] = []
    fragment = st.fragment

    def noted(function: Any, *, run_every: float | None = None) -> Any:
        if function.__name__ == "look":
            fragments.append((function, run_every))
        return fragment(function, run_every=run_every)

    def away(*_args: Any, **_options: Any) -> None:
        raise TransientStoreError("The store is away.")

    with monkeypatch.context() as patch:
        patch.setattr(st, "fragment", noted)
        patch.setattr(Runs, "newest", away)
        assert "The store is away." in texts(open_page("train"))
    ((look, every),) = fragments
    assert every == frame.AGAIN_SECONDS
    again: list[str] = []
    monkeypatch.setattr(st, "rerun", lambda: again.append("again"))
    with monkeypatch.context() as patch:
        patch.setattr(Facts, "get", away)
        look()
    assert again == []
    look()
    assert again == ["again"]


def test_a_host_without_memory_says_so_and_shows_what_needs_no_training(
    open_page: Open, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "memory_bytes", lambda: 700 * 10**6)
    app = open_page("train", preset="two-layer-net")
    assert "700 MB of memory" in texts(app)
    assert "trains in your browser" in texts(app)
    app.button(key="run").click().run()
    assert "Nothing can be trained or computed here" in texts(app)
    assert not store.queue.next(1)
    assert not app.exception


@pytest.mark.parametrize(
    ("trouble", "sentence"), [("scheduler", "does not answer"), ("workers", "no training machine is connected")]
)
def test_a_run_that_waits_for_machines_elsewhere_says_what_is_missing(
    open_page: Open, store: Store, trouble: str, sentence: str
) -> None:
    store.facts.set("cluster", {"workers": 0, "slots": 0, "running": 0, "trouble": trouble})
    app = open_page("train", preset="two-layer-net")
    app.button(key="run").click().run()
    assert sentence in " ".join(bars(app))
