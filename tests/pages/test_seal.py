"""What pages show while the test set is sealed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mnist_core.presets import PRESETS
from mnist_core.store import Store
from mnist_core.ui import session
from tests.pages.conftest import Open
from tests.pages.content import texts
from tests.pages.finished_runs import CONFIG, student


@pytest.mark.parametrize("sealed", [False, True])
@pytest.mark.parametrize("preset", ["keras-first-look", "two-layer-net", "lenet", "lenet-fast"])
def test_an_experiment_tells_no_sealed_test_accuracy(
    open_page: Open, store: Store, monkeypatch: pytest.MonkeyPatch, preset: str, sealed: bool
) -> None:
    """It said what test accuracy to expect, beside a sealed test set."""
    student = f"{sealed:032x}"  # the seal of each is remembered by the process
    monkeypatch.setattr(session, "name_in", lambda _cookies: student)
    store.facts.set(f"seal:{student}", {"sealed": sealed, "opened": 0})
    for page in ("train", "learning_rate"):
        said = texts(open_page(page, preset=preset))
        assert (PRESETS[preset].summary in said) == (not sealed)
        assert (PRESETS[preset].says(sealed=True) in said.split("\n")) == sealed


@pytest.mark.parametrize("sealed", [False, True])
def test_home_tells_no_sealed_test_accuracy(
    open_page: Open, store: Store, monkeypatch: pytest.MonkeyPatch, sealed: bool
) -> None:
    student = f"{2 + sealed:032x}"
    monkeypatch.setattr(session, "name_in", lambda _cookies: student)
    store.facts.set(f"seal:{student}", {"sealed": sealed, "opened": 0})
    said = texts(open_page("home"))
    assert ("reaches 98% accuracy" in said) == (not sealed)
    assert ("reaches a training accuracy of 98.9%" in said) == sealed


def test_no_words_for_who_has_sealed_the_test_set_tell_of_it() -> None:
    assert "test accuracy" in PRESETS["lenet"].says(sealed=False)
    assert not [preset.name for preset in PRESETS.values() if "test " in preset.says(sealed=True)]


def test_a_sealed_test_set_is_seen_nowhere(open_page: Open, finished: Callable[..., str], store: Store) -> None:
    app = open_page("train")
    run_id = finished(student(app), 0.5)
    app.switch_page("pages/compare.py").run()
    app.segmented_control(key="compare_split").set_value(["train", "test"]).run()
    app.button(key="seal").click().run()
    assert not app.exception
    assert not [column for column in app.dataframe[0].value if "Test" in column]
    assert not [column for column in app.multiselect(key="filter_columns").options if "Test" in column]
    assert "test" not in app.segmented_control(key="compare_split").options
    app.query_params["run"] = run_id
    app.session_state["shown_run"] = run_id
    app.switch_page("pages/train.py").run()
    assert "Validation accuracy" in [metric.label for metric in app.metric]
    assert "Test accuracy" not in [metric.label for metric in app.metric]
    assert "89.00%" not in texts(app)
    app.switch_page("pages/compare.py").run()
    app.button(key="seal").click().run()
    assert "You have opened it 1 time." in texts(app)
    assert "Test accuracy" in app.dataframe[0].value
    assert store.facts.get(f"seal:{student(app)}") == {"sealed": False, "opened": 1}


def test_the_tally_of_predictions_reads_no_sealed_figure(open_page: Open, store: Store) -> None:
    """A run without validation images: whether it learned only the test images tell, which are sealed."""
    app = open_page("train")
    run_id = store.runs.create(student(app), CONFIG.replace(validation_size=0), prediction="learns")
    store.queue.claim(run_id, "worker", 1)
    store.record_writer.finish(run_id, "completed", {"train_accuracy": 0.5, "test_accuracy": 0.85})
    app.session_state["shown_run"] = run_id
    app.run()
    assert "Outcome: **learns**" in texts(app)
    assert "1 of 1 run correct" in texts(app)
    second = store.runs.create(student(app), CONFIG, prediction="learns")
    store.queue.claim(second, "worker", 1)
    store.record_writer.finish(
        second, "completed", {"train_accuracy": 0.9, "validation_accuracy": 0.9, "test_accuracy": 0.1}
    )
    store.facts.set(f"seal:{student(app)}", {"sealed": True, "opened": 0})
    del app.session_state["seal_state"]
    app.run()
    assert "Outcome: **" not in texts(app)
    assert "Only the test images can show the outcome, and the test set is sealed." in texts(app)
    app.session_state["shown_run"] = second
    app.run()
    assert "1 of 1 run correct" in texts(app)  # not of 2: the first one's end is under the seal
