"""The teacher's files of a round and view of a student, on the Classroom page without a browser."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from streamlit.testing.v1 import AppTest

from mnist_core.class_records import Class
from mnist_core.config import RunConfig
from mnist_core.escape import UserText
from mnist_core.records import Curves, Progress, Report
from mnist_core.rounds import Plan
from mnist_core.store import Store
from mnist_core.ui import live, teacher, watch
from tests.pages.conftest import Open
from tests.pages.content import components, percents, texts

TEACHER, ANN = "a" * 32, "b" * 32
CONFIG = RunConfig(epochs=1, hidden_layers=(16,))
HOSTILE = "=<b>x</b>"


@pytest.fixture
def opened(store: Store, monkeypatch: pytest.MonkeyPatch) -> tuple[Class, str]:
    """A class and its secret, which the browser of all pages has."""
    monkeypatch.setenv("MNIST_LAB_URL", "https://lab.example")
    found, secret = store.classes.open("3b", TEACHER)
    monkeypatch.setattr(teacher, "secrets", lambda: {found.id: secret})
    return found, secret


def expanders(app: AppTest) -> Sequence[str]:
    return [expander.label for expander in app.expander]


def downloads(app: AppTest) -> list[str]:
    return [button.proto.label for button in app.get("download_button")]


def test_before_a_round_there_is_nothing_to_take(open_page: Open, opened: tuple[Class, str]) -> None:
    app = open_page("classroom", **{"class": opened[0].id})
    assert "Results of a round" not in expanders(app)
    assert "Look at a student" not in expanders(app)


def test_a_round_has_its_files(open_page: Open, store: Store, opened: tuple[Class, str]) -> None:
    store.classes.join(opened[0].code, ANN, HOSTILE)
    plan = Plan(UserText(HOSTILE), config=CONFIG, free={"learning_rate": (0.01, 10.0)})
    first, second = (store.rounds.give(opened[0].id, opened[1], plan) for _number in range(2))
    store.runs.create(ANN, CONFIG, round_id=second.id)
    app = open_page("classroom", **{"class": opened[0].id})
    assert app.selectbox(key="results_of").value == second.id  # the newest
    assert app.selectbox(key="results_of").options == [f"2. {HOSTILE}", f"1. {HOSTILE}"]
    assert "1 run, students with runs: 1" in texts(app)
    files = ["Report as one HTML file", "Table as CSV", "Table as Parquet"]
    assert downloads(app) == [*files, "All runs as one zip"]
    app.selectbox(key="results_of").select(first.id).run()
    assert not app.exception
    assert downloads(app) == files  # a round without runs has no zip


def test_the_teacher_looks_at_a_student(open_page: Open, store: Store, opened: tuple[Class, str]) -> None:
    ann = store.classes.join(opened[0].code, ANN, "Otter")
    app = open_page("classroom", **{"class": opened[0].id})
    app.selectbox(key="looked_at").select(ann.id).run()
    assert "This student has no runs in this class yet." in texts(app)
    plan = Plan(UserText(HOSTILE), config=CONFIG, free={"learning_rate": (0.01, 10.0)}, question="outcome")
    given = store.rounds.give(opened[0].id, opened[1], plan)
    store.rounds.predict(given.id, ANN, "breaks")
    run_id = store.runs.create(ANN, CONFIG, round_id=given.id)
    store.record_writer.finish(
        run_id, "completed", {"validation_accuracy": 0.9, "best_validation_accuracy": 0.9, "test_accuracy": 0.88}
    )
    store.labels.write(run_id, ANN, name=HOSTILE, note="=1+1\nwhy?")
    app.run()
    assert not app.exception
    (row,) = app.dataframe[0].value.to_dict("records")
    assert row["Prediction"] == "breaks"
    assert row["Outcome"] == "learns"
    assert percents(app, "Best validation accuracy") == ["90.00%"]
    assert percents(app, "Test accuracy") == ["88.00%"]
    assert not any(str(row[title]).startswith("=") for title in ("Run", "Note"))
    assert "why?" in row["Note"]
    assert row["Round"].startswith("1. ")
    store.rounds.change(opened[0].id, opened[1], given.id, test_sealed=True)
    assert "Test accuracy" not in app.run().dataframe[0].value


def test_the_run_that_was_chosen_stays_where_a_new_one_stands_above_it(
    open_page: Open, store: Store, opened: tuple[Class, str]
) -> None:
    ann = store.classes.join(opened[0].code, ANN, "Otter")
    first = store.runs.create(ANN, CONFIG)
    store.labels.write(first, ANN, note="why?")
    app = open_page("classroom", **{"class": opened[0].id})
    app.selectbox(key="looked_at").select(ann.id).run()
    app.session_state["looked_at_run"] = first  # as a click on its row does
    store.runs.create(ANN, CONFIG)
    app.run()
    assert len(app.dataframe[0].value) == 2
    assert [line.value for line in app.text] == ["why?"]


def test_the_console_follows_what_students_train(open_page: Open, store: Store, opened: tuple[Class, str]) -> None:
    """The number of a student's runs stood still, and what there was of a round with it."""
    ann = store.classes.join(opened[0].code, ANN, "Otter")
    bob = store.classes.join(opened[0].code, TEACHER, "Falcon")
    given = store.rounds.give(opened[0].id, opened[1], Plan(UserText("x"), config=CONFIG))
    app = open_page("classroom", **{"class": opened[0].id})
    app.selectbox(key="looked_at").select(ann.id).run()
    links = [live.find(one["live"]["id"]) for one in components(app) if "pause" in one]
    assert len(links) == 5

    def told() -> int:
        """How many parts of the console would be drawn anew."""
        versions = watch.read_classes([opened[0].id])
        before = [item.told.position for item in links]
        for item in links:
            item.renew(versions)
        return sum(item.told.position != position for item, position in zip(links, before, strict=True))

    assert told() == 0
    run_id = store.runs.create(ANN, CONFIG, round_id=given.id)
    assert told() == 3  # members, the student, results
    assert "1 run" in texts(app.run())
    assert store.queue.claim(run_id, "worker", 1) is not None
    told()
    store.record_writer.publish([Report(run_id, Progress(5, CONFIG.total_steps, 0.1, 1.0), Curves())])
    assert told() == 0  # thirty that train do not draw it several times a second
    store.record_writer.finish(run_id, "completed", {"validation_accuracy": 0.9})
    assert told() == 3
    store.labels.write(run_id, ANN, note="why?")
    assert told() == 3
    other = store.runs.create(TEACHER, CONFIG)
    assert told() == 1  # neither of this student nor of the round
    store.retention.soft_delete([other], TEACHER)
    assert told() == 1
    assert [one.runs for one in store.classes.members(opened[0].id, opened[1])] == [0, 1]
    store.classes.remove(opened[0].id, opened[1], bob.id)
    assert told() == 5


def test_who_is_not_the_teacher_sees_neither(
    open_page: Open, store: Store, opened: tuple[Class, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    store.classes.join(opened[0].code, ANN, "Otter")
    store.rounds.give(opened[0].id, opened[1], Plan(UserText("x"), config=CONFIG))
    monkeypatch.setattr(teacher, "secrets", lambda: {opened[0].id: "0" * 32})
    app = open_page("classroom", **{"class": opened[0].id})
    assert "this browser is not its teacher's" in texts(app)
    assert expanders(app) == []
    assert downloads(app) == []
