"""The Compare page and the seal on the test set, without a worker."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from mnist_core.data import own_images
from mnist_core.presets import PRESETS
from mnist_core.records import EVALUATION_DTYPE, Curves, Progress, Report
from mnist_core.store import Store
from mnist_core.store.own_images import OwnImagesStore
from mnist_core.store.runs import Runs
from mnist_core.ui import session
from tests.pages.conftest import Open
from tests.pages.content import columns_of, component, percents, texts

CONFIG = PRESETS["two-layer-net"].config


@pytest.fixture
def finished(store: Store) -> Callable[..., str]:
    """Makes a finished run of a student at a learning rate."""

    def make(owner: str, rate: float, accuracy: float = 0.9, **changes: Any) -> str:
        run_id = store.runs.create(owner, CONFIG.replace(learning_rate=rate, **changes))
        store.queue.claim(run_id, "worker", 1)
        rows = np.zeros(2, EVALUATION_DTYPE)
        rows["step"] = [0, 10]
        for split in ("train", "validation", "test"):
            rows[f"{split}_loss"], rows[f"{split}_accuracy"] = [2.3, 0.4], [0.1, accuracy]
        store.record_writer.publish([Report(run_id, Progress(10, 10, 1.0, 2.0), Curves(evaluations=rows))])
        result = {"validation_accuracy": accuracy, "test_accuracy": accuracy - 0.01, "verdict": "learning-well"}
        store.record_writer.finish(run_id, "completed", result)
        return run_id

    return make


def student(app: AppTest) -> str:
    name: str = app.session_state["student"]
    return name


def test_without_runs_it_says_what_to_do(open_page: Open) -> None:
    app = open_page("compare")
    assert "Train some networks first" in texts(app)


def test_runs_of_an_address_that_are_not_here_are_said_to_be_missing(
    open_page: Open, finished: Callable[..., str]
) -> None:
    run_id = finished("ann", 0.5)
    missing = "Some of the runs in this link were not found"
    assert missing in texts(open_page("compare", runs="nothere,neither"))
    assert missing in texts(open_page("compare", runs=f"{run_id},nothere"))
    assert missing not in texts(open_page("compare", runs=run_id))


def test_many_runs_are_asked_for_together(
    open_page: Open, finished: Callable[..., str], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_page("train")
    made = {name: list(np.zeros((5, 28, 28), np.uint8)) for name in ("cup", "fork")}
    images = store.own_images.create(student(app), "Kitchen", list(made), own_images.pack(made))
    sizes = {"train_size": 6, "validation_size": 2, "batch_size": 2}
    finished(student(app), 0.1, dataset="built-in")  # so that the table has a column for the images
    for rate in (0.1, 0.2, 0.3, 0.4):
        finished(student(app), rate, dataset=images.name, classes=2, **sizes)
    asked = []

    def counted(store: Any, name: str) -> None:
        plain = getattr(store, name)
        monkeypatch.setattr(store, name, lambda *args: asked.append(name) or plain(*args))

    counted(Runs, "version")
    counted(OwnImagesStore, "get")
    counted(OwnImagesStore, "of_student")
    app.switch_page("pages/compare.py").run()
    assert not app.exception
    assert asked == ["of_student"]


def test_runs_are_told_apart_by_what_differs(open_page: Open, finished: Callable[..., str]) -> None:
    app = open_page("train")
    ids = [finished(student(app), rate) for rate in (0.5, 1.5)]
    assert "test accuracy 89.00%" in texts(app.run())  # as in the run's own figures
    app.switch_page("pages/compare.py").run()
    table = app.dataframe[0].value
    assert table["Learning rate"].tolist() == [1.5, 0.5]
    assert "Batch size" not in table
    assert percents(app, "Test accuracy") == ["89.00%", "89.00%"]
    assert "Only one setting differs. learning rate: 1.5 → 0.5." in texts(app)
    assert app.query_params["runs"] == ",".join(reversed(ids))
    app.text_input(key="compare_search").set_value("sgd 1.5").run()
    assert app.dataframe[0].value["Learning rate" if "Learning rate" in app.dataframe[0].value else "Run"].size == 1
    app.text_input(key="compare_search").set_value("no such run").run()
    assert "No runs match. Clear the search or the filter." in texts(app)


def test_runs_that_would_be_called_alike_are_told_apart_in_table_legend_and_list(open_page: Open, store: Store) -> None:
    app = open_page("train")
    for dropout in (0.0, 0.5):
        ended(store, student(app), 0, "completed", [2.0, 1.0], dropout=dropout)
    store.runs.create(student(app), CONFIG.replace(dropout=0.2, batch_seed=0, seed=0))
    titles = [f"dropout: {dropout}" for dropout in (0.2, 0.5, 0)]
    listed = [element.value for element in app.run().main.markdown if "dropout:" in element.value]
    assert [unescape(name).rpartition(" · ")[2] for name in listed] == titles
    app.switch_page("pages/compare.py").run()
    assert [name.rpartition(" · ")[2] for name in app.dataframe[0].value["Run"]] == titles
    figure = component(app, "chart_compare_loss")["figure"]
    legend = [trace["name"] for trace in figure["data"] if trace.get("name")]
    assert [name.rpartition(" · ")[2] for name in legend] == titles[1:]  # one is not drawn yet
    assert f"no results yet): {app.dataframe[0].value['Run'][0]}" in unescape(texts(app))


def test_whole_numbers_have_their_commas(open_page: Open, finished: Callable[..., str]) -> None:
    app = open_page("train")
    finished(student(app), 0.5)
    app.switch_page("pages/compare.py").run()
    formats = {title: one.get("type_config", {}).get("format") for title, one in columns_of(app).items()}
    assert formats["Parameters"] == formats["Best step"] == "localized"
    assert "localized" not in (formats.get("Seed"), formats.get("Run"))


def rates(app: AppTest) -> list[float]:
    """The learning rates of the runs that the table shows, ascending."""
    return sorted(app.dataframe[0].value["Learning rate"].tolist())


def test_filters_by_any_column_and_by_several_at_once(open_page: Open, finished: Callable[..., str]) -> None:
    app = open_page("train")
    # Ten rates, a range is asked for; accuracies 0.90, 0.91, …, the last one a hair below what the table shows.
    for number in range(10):
        finished(student(app), (number + 1) / 10, 0.90 + number / 100 - (number == 9) * 0.00004)
    app.switch_page("pages/compare.py").run()
    app.multiselect(key="filter_columns").set_value(["learning_rate", "validation_accuracy", "state"]).run()
    assert len(app.dataframe[0].value) == 10
    app.number_input(key="filter_from_learning_rate").set_value(0.3).run()
    assert rates(app) == [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
    app.number_input(key="filter_from_validation_accuracy").set_value(95.0).run()
    assert rates(app) == [0.6, 0.7, 0.8, 0.9, 1.0]
    app.number_input(key="filter_to_learning_rate").set_value(0.7).run()
    assert rates(app) == [0.6, 0.7]
    assert "2 of 10 runs" in texts(app)
    app.number_input(key="filter_from_learning_rate").set_value(0.9).run()  # the wrong way round: the same range
    assert rates(app) == [0.7, 0.8, 0.9]
    app.number_input(key="filter_from_learning_rate").set_value(None)
    app.number_input(key="filter_to_learning_rate").set_value(None)
    app.number_input(key="filter_from_validation_accuracy").set_value(99.0).run()
    assert rates(app) == [1.0]  # 98.996 % is shown as 99.00 %
    app.multiselect(key="filter_state").set_value(["completed"]).run()
    assert rates(app) == [1.0]
    app.button(key="filter_clear").click().run()
    assert len(app.dataframe[0].value) == 10


def test_columns_of_few_values_and_of_words(open_page: Open, finished: Callable[..., str], store: Store) -> None:
    app = open_page("train")
    ids = [finished(student(app), rate) for rate in (0.1, 0.5, 1.5)]
    store.labels.write(ids[0], student(app), star=True, note="Wide and slow")
    app.switch_page("pages/compare.py").run()
    app.multiselect(key="filter_columns").set_value(["learning_rate", "note", "star"]).run()
    assert app.multiselect(key="filter_learning_rate").options == ["0.1", "0.5", "1.5"]
    app.multiselect(key="filter_learning_rate").set_value([0.1, 1.5]).run()
    assert rates(app) == [0.1, 1.5]
    app.text_input(key="filter_note").set_value("slow wide").run()
    assert len(app.dataframe[0].value) == 1
    app.text_input(key="filter_note").set_value("")
    app.multiselect(key="filter_star").set_value(["★"]).run()
    assert app.dataframe[0].value["Note"].tolist() == ["Wide and slow"]
    assert "2 chosen runs are in the charts but not in the table" in texts(app)
    app.multiselect(key="filter_learning_rate").set_value([0.5]).run()
    assert "No runs match. Clear the search or the filter." in texts(app)


def of_ann(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every session be that of the student Ann."""
    monkeypatch.setattr(session, "name_in", lambda _cookies: "ann")


def test_the_address_brings_back_filters_and_chosen_runs(
    open_page: Open, finished: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    of_ann(monkeypatch)
    for number in range(10):
        finished("ann", (number + 1) / 10, 0.90 + number / 100)
    finished("ann", 3.0, schedule="rising")
    app = open_page("compare")
    app.toggle(key="filter_range_tests").set_value(True)
    app.multiselect(key="filter_columns").set_value(["learning_rate", "validation_accuracy", "state"]).run()
    app.number_input(key="filter_from_learning_rate").set_value(0.3)
    app.number_input(key="filter_to_validation_accuracy").set_value(95.5)
    app.multiselect(key="filter_state").set_value(["completed"]).run()
    app.session_state["compared"] = []
    app.run()
    assert rates(app) == [0.3, 0.4, 0.5, 0.6, 3.0]
    again = open_page("compare", **dict(app.query_params))
    assert rates(again) == rates(app)
    assert again.session_state["compared"] == []
    assert dict(again.query_params) == dict(app.query_params)
    again.button(key="filter_clear").click().run()
    assert len(rates(again)) == 11
    assert set(again.query_params) == {"runs", "filter_range_tests"}


def test_filters_of_an_address_that_cannot_be_are_left_out(
    open_page: Open, finished: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    of_ann(monkeypatch)
    for number in range(10):
        finished("ann", (number + 1) / 10)
    wrong = {
        "filter_columns": "learning_rate,owner,validation_accuracy,state",
        "filter_from_learning_rate": "nan",
        "filter_to_learning_rate": "inf",
        "filter_from_validation_accuracy": "1e999",
        "filter_to_validation_accuracy": "<b>",
        "filter_state": "lost",
        "filter_range_tests": "yes",
    }
    app = open_page("compare", **wrong)
    assert len(rates(app)) == 10
    assert app.multiselect(key="filter_columns").value == ["learning_rate", "validation_accuracy", "state"]
    assert set(app.query_params) == {"runs", "filter_columns"}


def test_what_came_of_a_run_stands_beside_its_name_before_its_settings(
    open_page: Open, finished: Callable[..., str]
) -> None:
    app = open_page("train")
    for rate in (0.1, 0.5):
        finished(student(app), rate, batch_size=int(100 * rate) + 50)
    app.switch_page("pages/compare.py").run()
    heads = list(app.dataframe[0].value.columns)
    assert heads[:6] == ["★", "Run", "State", "Best validation accuracy", "Validation accuracy", "Test accuracy"]
    assert set(heads[6:8]) == {"Learning rate", "Batch size"}


def test_range_tests_are_left_out_until_they_are_asked_for(open_page: Open, finished: Callable[..., str]) -> None:
    app = open_page("train")
    test = finished(student(app), 3.0, schedule="rising")
    app.switch_page("pages/compare.py").run()
    assert "You have only range tests so far" in texts(app)
    assert not app.dataframe
    app.switch_page("pages/train.py").run()
    run_ids = [finished(student(app), rate) for rate in (0.1, 0.5)]
    finished(student(app), 2.0, schedule="rising")
    app.query_params.clear()
    app.session_state["compared"] = run_ids
    app.switch_page("pages/compare.py").run()
    assert rates(app) == [0.1, 0.5]
    assert "2 of 4 runs · 2 range tests are left out" in texts(app)
    assert app.toggle(key="filter_range_tests").label == "Include 2 range tests"
    app.toggle(key="filter_range_tests").set_value(True).run()
    assert rates(app) == [0.1, 0.5, 2.0, 3.0]
    assert "left out" not in texts(app)
    # Whoever opens a link to one sees it in the charts all the same.
    linked = open_page("compare", runs=test)
    assert component(linked, "chart_compare_loss")


def test_the_first_runs_chosen_are_no_range_tests(open_page: Open, finished: Callable[..., str]) -> None:
    app = open_page("train")
    run_ids = [finished(student(app), rate) for rate in (0.1, 0.5)]
    finished(student(app), 3.0, schedule="rising")
    app.switch_page("pages/compare.py").run()
    assert sorted(app.session_state["compared"]) == sorted(run_ids)


def test_every_column_of_the_table_can_be_filtered_by(open_page: Open, finished: Callable[..., str]) -> None:
    app = open_page("train")
    for rate in (0.1, 0.5):
        finished(student(app), rate)
    app.switch_page("pages/compare.py").run()
    offered = app.multiselect(key="filter_columns").options
    assert offered == list(app.dataframe[0].value.columns)
    assert columns_of(app)["Seconds per epoch"]["type_config"]["format"] == "%.2f"  # 0.20 beside 0.41, not 0.2
    assert columns_of(app)["Seconds"]["type_config"]["format"] == "%.1f"
    for column in ("Seconds per epoch", "Parameters", "Health check", "Best validation accuracy", "Best step"):
        assert column in offered
    app.multiselect(key="filter_columns").set_value(app.multiselect(key="filter_columns").options).run()
    assert not app.exception


def test_a_link_shows_anothers_runs_which_cannot_be_deleted(
    open_page: Open, finished: Callable[..., str], store: Store
) -> None:
    ids = [finished("bob", 0.1), finished("bob", 0.2)]
    app = open_page("compare", runs=",".join([*ids, "nonsense00", "<b>"]))
    assert ":material/visibility" in texts(app)
    assert "learning rate" in texts(app)
    assert app.button(key="soft_delete").disabled
    assert app.query_params["runs"] == ",".join(ids)
    assert len(store.runs.newest("bob")) == 2


def test_delete_and_undo(open_page: Open, finished: Callable[..., str], store: Store) -> None:
    app = open_page("train")
    run_id = finished(student(app), 0.5)
    app.switch_page("pages/compare.py").run()
    app.button(key="soft_delete").click().run()
    assert store.runs.newest(student(app)) == []
    assert "1 run deleted." in texts(app)
    app.button(key="undo").click().run()
    assert [run.id for run in store.runs.newest(student(app))] == [run_id]
    assert not app.exception


def test_a_star_a_name_and_a_note(open_page: Open, finished: Callable[..., str], store: Store) -> None:
    app = open_page("train")
    run_id = finished(student(app), 0.5)
    app.switch_page("pages/compare.py").run()
    app.button(key="star").click().run()
    app.text_input(key=f"name_of_{run_id}").set_value("my best").run()
    app.text_area(key=f"note_of_{run_id}").set_value("wide and slow").run()
    app.segmented_control(key=f"color_of_{run_id}").set_value(4).run()
    run = store.runs.get(run_id)
    assert (run.star, run.name.raw, run.note.raw, run.color) == (True, "my best", "wide and slow", 4)
    row = app.dataframe[0].value.iloc[0]
    assert (row["★"], row["Run"], row["Note"]) == ("★", "my best", "wide and slow")


def test_same_again_opens_the_train_page_with_its_settings(open_page: Open, finished: Callable[..., str]) -> None:
    app = open_page("train")
    finished(student(app), 0.0123)
    app.switch_page("pages/compare.py").run()
    app.button(key="again").click().run()
    assert app.title[0].value == "Train a network and watch it learn"
    assert app.query_params["learning_rate"] == "0.0123"


def test_one_part_at_least_is_drawn(open_page: Open, finished: Callable[..., str]) -> None:
    app = open_page("train")
    finished(student(app), 0.5)
    app.switch_page("pages/compare.py").run()
    assert app.segmented_control(key="compare_split").value == ["validation"]
    app.segmented_control(key="compare_split").set_value(["test", "train"]).run()
    assert app.segmented_control(key="compare_split").value == ["test", "train"]
    app.segmented_control(key="compare_split").set_value([]).run()
    assert app.segmented_control(key="compare_split").value == ["validation"]
    assert not app.exception


def ended(store: Store, owner: str, seed: int, outcome: str, losses: list[float], **changes: Any) -> str:
    """A run of CONFIG that was evaluated every ten steps, with these validation losses, and ended so."""
    run_id = store.runs.create(owner, CONFIG.replace(seed=seed, batch_seed=0, **changes))
    store.queue.claim(run_id, "worker", 1)
    rows = np.zeros(len(losses), EVALUATION_DTYPE)
    rows["step"] = rows["seconds"] = 10 * np.arange(len(losses))
    rows["train_loss"] = rows["validation_loss"] = losses
    if not store.runs.get(run_id).config.validation_size:
        rows["validation_loss"] = rows["validation_accuracy"] = np.nan
    store.record_writer.publish([Report(run_id, Progress(10 * len(losses) - 10, 100), Curves(evaluations=rows))])
    result = {"validation_loss": losses[-1]} if store.runs.get(run_id).config.validation_size else {}
    store.record_writer.finish(run_id, outcome, result)  # type: ignore[arg-type]
    return run_id


def test_who_ended_before_the_others_of_a_group_is_said(open_page: Open, store: Store) -> None:
    app = open_page("train")
    ended(store, student(app), 0, "completed", [2.0, 1.0, 0.5])
    ended(store, student(app), 1, "completed", [2.0, 1.5, 1.0])
    ended(store, student(app), 2, "diverged", [2.0, 0.5, np.nan])
    app.switch_page("pages/compare.py").run()
    app.segmented_control(key="compare_view").set_value("groups").run()
    assert "seed 2 (diverged, step 10)" in texts(app)
    chart = component(app, "chart_compare_loss")
    assert "seed 2 (diverged, step 10)" in chart["description"]
    assert next(trace["name"] for trace in chart["figure"]["data"] if trace.get("showlegend")).endswith("(3, ✕ 1)")
    assert "thin line" in texts(app)


def test_a_group_of_runs_with_other_names_has_the_name_of_none_of_them(open_page: Open, store: Store) -> None:
    app = open_page("train")
    for seed, name in enumerate(("mine", "yours")):
        store.labels.write(ended(store, student(app), seed, "completed", [2.0, 1.0]), student(app), name=name)
    app.switch_page("pages/compare.py").run()
    app.segmented_control(key="compare_view").set_value("groups").run()
    names = [
        trace["name"] for trace in component(app, "chart_compare_loss")["figure"]["data"] if trace.get("showlegend")
    ]
    assert names == ["784-50-10 · SGD 0.5 · batch 100 (2)"]


def test_groups_that_would_be_called_alike_say_in_what_they_differ(open_page: Open, store: Store) -> None:
    app = open_page("train")
    for seed, epochs in ((1, 2), (2, 2), (1, 3)):
        ended(store, student(app), seed, "completed", [2.0, 1.0], epochs=epochs)
    app.switch_page("pages/compare.py").run()
    app.segmented_control(key="compare_view").set_value("groups").run()
    names = [
        trace["name"] for trace in component(app, "chart_compare_loss")["figure"]["data"] if trace.get("showlegend")
    ]
    title = "784-50-10 · SGD 0.5 · batch 100"
    assert sorted(names) == [f"{title} · epochs: 2 (2)", f"{title} · epochs: 3 (1)"]


def test_runs_without_validation_images_are_compared_by_their_training_curves(open_page: Open, store: Store) -> None:
    app = open_page("train")
    for seed in (1, 2):
        ended(store, student(app), seed, "completed", [2.0, 1.0], validation_size=0)
    app.switch_page("pages/compare.py").run()
    assert app.segmented_control(key="compare_split").value == ["train"]
    assert "Not drawn" not in texts(app)


def test_no_run_disappears_unsaid(open_page: Open, store: Store) -> None:
    app = open_page("train")
    ended(store, student(app), 0, "completed", [2.0, 1.0], learning_rate=0.1)
    ended(store, student(app), 0, "completed", [2.0, 0.5], learning_rate=0.2)
    ended(store, student(app), 0, "diverged", [2.0, np.nan], learning_rate=5.0)
    ended(store, student(app), 0, "completed", [2.0, 1.0], learning_rate=0.3, validation_size=0)
    waits = store.runs.create(student(app), CONFIG.replace(learning_rate=0.4))
    app.query_params["runs"] = ",".join(run.id for run in store.runs.newest(student(app)))
    app.switch_page("pages/compare.py").run()
    app.session_state["compared"] = [run.id for run in store.runs.newest(student(app))]
    app.run()
    for why, rate in (("no validation images", 0.3), ("no results yet", 0.4)):
        assert re.search(rf"Not drawn \({why}\): [^;:]* SGD {rate} · batch 100\.", unescape(texts(app)))
    app.segmented_control(key="compare_split").set_value(["train"]).run()
    assert "no validation images" not in texts(app)
    app.segmented_control(key="compare_view").set_value("settings").run()
    app.selectbox(key="compare_setting").set_value("learning_rate").run()
    app.selectbox(key="compare_result").set_value("validation_loss").run()
    assert sorted(component(app, "chart_compare_scatter")["figure"]["data"][0]["x"]) == [0.1, 0.2]
    for text in ("SGD 0.3", "no validation images", "SGD 5", "NaN or infinite", "SGD 0.4", "has not ended yet"):
        assert text in texts(app)
    store.commands.send(waits, student(app), "stop")
    app.run()
    assert "ended before its first evaluation" in texts(app)


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


@pytest.mark.parametrize(("loss", "top"), [("cross-entropy", 4.0), ("squared-error", 3.0)])
def test_the_axis_has_room_for_the_guess_of_the_loss_at_hand(
    open_page: Open, finished: Callable[..., str], loss: str, top: float
) -> None:
    app = open_page("train")
    for rate in (0.5, 1.5):
        finished(student(app), rate, loss=loss)
    app.switch_page("pages/compare.py").run()
    axis = component(app, "chart_compare_loss")["figure"]["layout"]["yaxis"]
    assert max(axis["autorangeoptions"]["include"]) == pytest.approx(top)


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
