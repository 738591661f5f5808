"""Which runs the table of the Compare page shows: filters, their links, range tests."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from mnist_core.store import Store
from mnist_core.ui import session
from tests.pages.conftest import Open
from tests.pages.content import columns_of, component, texts
from tests.pages.finished_runs import student


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
    assert columns_of(app)["Seconds per epoch"]["type_config"]["format"] == "%,.2f"  # 0.20 beside 0.41, not 0.2
    assert columns_of(app)["Seconds"]["type_config"]["format"] == "%,.1f"
    for column in ("Seconds per epoch", "Parameters", "Health check", "Best validation accuracy", "Best step"):
        assert column in offered
    app.multiselect(key="filter_columns").set_value(app.multiselect(key="filter_columns").options).run()
    assert not app.exception
