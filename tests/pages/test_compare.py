"""The table of the Compare page, and what can be done with its runs, without a worker."""

from __future__ import annotations

from collections.abc import Callable
from html import unescape
from typing import Any

import numpy as np
import pytest

from mnist_core.data import own_images
from mnist_core.store import Store
from mnist_core.store.own_images import OwnImagesStore
from mnist_core.store.runs import Runs
from tests.pages.conftest import Open
from tests.pages.content import columns_of, component, percents, texts
from tests.pages.finished_runs import CONFIG, ended, student


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
