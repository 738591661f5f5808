"""What is taken of a round: files made of the store's runs, for the teacher alone."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from mnist_core.class_records import Class
from mnist_core.classroom_page import results_panel
from mnist_core.config import RunConfig
from mnist_core.errors import NotTeacherError
from mnist_core.escape import UserText
from mnist_core.exchange import runs_csv, unpacked_all
from mnist_core.records import EVALUATION_DTYPE, SPLITS, Curves, Progress, Report
from mnist_core.rounds import Plan, Round
from mnist_core.store import Store, open_store
from mnist_core.ui import seal, session, texts, times

TEACHER, ANN, BOB = "t" * 32, "a" * 32, "b" * 32
HOSTILE = "=</script><img src=x>"
CONFIG = RunConfig(epochs=1, hidden_layers=(16,))


@pytest.fixture
def store(home: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    opened = open_store()
    monkeypatch.setattr(session, "store", lambda: opened)
    with seal.seen(sealed=False):
        yield opened
    opened.close()


@pytest.fixture
def opened(store: Store) -> tuple[Class, str]:
    """A class with Ann, whose nickname is hostile, and Bob."""
    found, secret = store.classes.open("3b", TEACHER)
    store.classes.join(found.code, ANN, HOSTILE)
    store.classes.join(found.code, BOB, "Falcon")
    return found, secret


def give(store: Store, opened: tuple[Class, str], **more: bool) -> Round:
    plan = Plan(UserText("Find the edge"), config=CONFIG, free={"learning_rate": (0.01, 10.0)}, **more)  # type: ignore[arg-type]
    return store.rounds.give(opened[0].id, opened[1], plan)


def train(store: Store, student: str, given: Round, *, end: bool = True) -> str:
    run_id = store.runs.create(student, CONFIG, round_id=given.id)
    rows = np.zeros(3, EVALUATION_DTYPE)
    rows["step"] = [0, 10, CONFIG.total_steps]
    for split in SPLITS:
        rows[f"{split}_loss"], rows[f"{split}_accuracy"] = [2.3, 1.0, 0.5], [0.1, 0.5, 0.9]
    progress = Progress(CONFIG.total_steps, CONFIG.total_steps, 1.0, 2.0)
    store.record_writer.publish([Report(run_id, progress, Curves(evaluations=rows))])
    if end:
        result = {f"{split}_accuracy": 0.9 for split in SPLITS}
        store.record_writer.finish(run_id, "completed", result)
    return run_id


def test_the_table_has_a_row_for_each_run(store: Store, opened: tuple[Class, str]) -> None:
    given = give(store, opened)
    first, second = train(store, ANN, given), train(store, BOB, given, end=False)
    rows = results_panel._rows(opened[0].id, opened[1], given)
    read = list(csv.DictReader(io.StringIO(runs_csv([row for row, _curves in rows]).decode("utf-8-sig"))))
    assert [row["run"] for row in read] == [first, second]
    assert [row["test_accuracy"] for row in read] == ["0.9", ""]
    assert not read[0]["nickname"].startswith("=")
    assert len(rows[0][1].evaluations) == 3


def test_test_figures_are_left_out_while_the_round_keeps_them_sealed(store: Store, opened: tuple[Class, str]) -> None:
    given = give(store, opened, test_sealed=True)
    train(store, ANN, given)
    ((row, curves),) = results_panel._rows(opened[0].id, opened[1], given)
    assert "test_accuracy" not in row.run.result
    assert np.isnan(curves.evaluations["test_loss"]).all()
    content = results_panel._report(opened[0], given, [(row, curves)]).decode()
    assert "Test accuracy" not in content


def test_the_zip_has_the_runs_that_are_over_by_their_students_names(store: Store, opened: tuple[Class, str]) -> None:
    given = give(store, opened)
    train(store, ANN, given), train(store, BOB, given, end=False)
    content = results_panel._zip(lambda: results_panel._rows(opened[0].id, opened[1], given), 0)
    (imported,) = unpacked_all(content)
    assert imported.name.startswith(f"{HOSTILE} · ")
    assert len(imported.curves.evaluations) == 3


@pytest.mark.parametrize(("code", "word"), [("en", "Nickname"), ("ko", "닉네임")])
def test_the_report_speaks_the_language_of_who_asks(
    store: Store, opened: tuple[Class, str], code: str, word: str
) -> None:
    given = give(store, opened)
    train(store, ANN, given)
    with texts.speaking(code):
        rows = results_panel._rows(opened[0].id, opened[1], given)
        content = results_panel._report(opened[0], given, rows).decode()
    assert f'<html lang="{code}">' in content
    assert word in content
    assert "<img" not in content
    assert "1. Find the edge" in content


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])  # a day apart at any time
def test_the_report_has_the_day_of_who_asks(store: Store, opened: tuple[Class, str], zone: str) -> None:
    given = give(store, opened)
    run = store.runs.get(train(store, ANN, given))
    day = datetime.fromtimestamp(run.created_at, ZoneInfo(zone)).date().isoformat()
    with times.read_in(zone):
        rows = results_panel._rows(opened[0].id, opened[1], given)
        assert day in results_panel._report(opened[0], given, rows).decode()


def test_whoever_is_not_the_teacher_gets_nothing(store: Store, opened: tuple[Class, str]) -> None:
    given = give(store, opened)
    train(store, ANN, given)
    with pytest.raises(NotTeacherError):
        results_panel._rows(opened[0].id, "0" * 32, given)
