"""A store that an earlier version of the program wrote opens, with all that was in it."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from mnist_core.config import RunConfig
from mnist_core.store import open_store
from mnist_core.store.engine import MIGRATIONS, new_sqlite

CONFIG = RunConfig(learning_rate=0.3)


@pytest.mark.parametrize("revision", ["0001", "0002_sweeps", "0003_studies", "0004_labels", "0005_colours"])
def test_an_older_store_opens_with_its_runs(home: Path, revision: str) -> None:
    home.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(f"sqlite:///{home / 'runs.sqlite'}")
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        row: dict[str, object] = {
            "id": "0123456789",
            "owner": "ann",
            "config": CONFIG.to_json(),
            "state": "paused",
            "version": 4,
            "step": 70,
            "total_steps": CONFIG.total_steps,
            "epoch": 0.1,
            "seconds": 1.0,
            "images_per_second": 0.0,
            "attempts": 1,
            "priority": 0,
            "created_at": 1.0,
            "queued_at": 1.0,
        }
        later = {**row, "id": "0000000000", "owner": "bob", "state": "queued", "created_at": 3.0, "queued_at": 3.0}
        rows = [row, {**later, "id": "1111111111", "created_at": 2.0, "queued_at": 2.0}, later]
        columns = ", ".join(row)
        connection.execute(
            sa.text(f"INSERT INTO runs ({columns}) VALUES ({', '.join(f':{name}' for name in row)})"), rows
        )
    engine.dispose()
    store = open_store()
    (run,) = store.runs.newest("ann")
    assert (run.config, run.state, run.progress.step, run.name.raw, run.star) == (CONFIG, "paused", 70, "", False)
    store.retention.soft_delete([run.id], "ann")
    assert store.runs.newest("ann") == []
    # What was ordered by time keeps its order, and what is new comes after it.
    new = store.runs.create("bob", CONFIG)
    assert [run.id for run in store.queue.next(9)] == ["1111111111", "0000000000", new]
    assert [run.id for run in store.runs.newest("bob")] == [new, "0000000000", "1111111111"]
    store.close()


def test_studies_are_analyses_under_todays_words(home: Path) -> None:
    """Of every kind; the arrays stay, byte for byte. What is no JSON of ours stays as it is."""
    home.mkdir(parents=True, exist_ok=True)
    engine = new_sqlite(home / "runs.sqlite", "0007_words")
    shares = {"values": {"step": 4}, "arrays": [{"name": "shares", "dtype": "|u1", "shape": [3]}]}
    studies = {
        "answers": ({"run": "r", "part": "test"}, shares),
        "attention": ({"run": "r", "image": [0]}, None),
        "course": ({"run": "r"}, {"values": {"part": "train"}, "arrays": []}),
        "disturbed": ({"runs": ["r"], "kind": "noise"}, {"values": {"parts": ["test"]}, "arrays": []}),
        "exciting": ({"run": "r", "layer": 1}, {"values": {"part": "train"}, "arrays": []}),
        "scratch": ({"rate": 0.5}, None),
        "augmented": ({"seed": 1}, None),
        "batch-times": ({"images": 10, "sizes": [1]}, None),
        "landscape": ([], {"values": []}),
    }
    with engine.begin() as connection:
        for kind, (parameters, result) in studies.items():
            row = {"kind": kind, "parameters": json.dumps(parameters), "result": result and json.dumps(result)}
            connection.execute(
                sa.text(
                    "INSERT INTO studies (id, owner, kind, parameters, state, progress, result, data, deaths, created_at, "
                    "version) VALUES (:kind, 'ann', :kind, :parameters, 'finished', 1, :result, x'010203', 0, 1, 1)"
                ),
                row,
            )
    engine.dispose()
    store = open_store()
    with store.database.begin(write=False) as connection:
        rows = {row.id: row for row in connection.execute(sa.text("SELECT * FROM analyses"))}
    found = {key: (row.kind, json.loads(row.parameters), row.result) for key, row in rows.items()}
    assert {key: (kind, parameters) for key, (kind, parameters, _result) in found.items()} == {
        "answers": ("answers", {"run": "r", "split": "test"}),
        "attention": ("attribution", {"run": "r", "image": [0]}),
        "course": ("snapshot-answers", {"run": "r"}),
        "disturbed": ("robustness", {"runs": ["r"], "perturbation": "noise"}),
        "exciting": ("activation-maximization", {"run": "r", "layer": 1}),
        "scratch": ("scratch-comparison", {"learning_rate": 0.5}),
        "augmented": ("augmentation", {"seed": 1}),
        "batch-times": ("batch-times", {"train_size": 10, "batch_sizes": [1]}),
        "landscape": ("landscape", []),
    }
    assert json.loads(found["course"][2])["values"] == {"split": "train"}
    assert json.loads(found["disturbed"][2])["values"] == {"splits": ["test"]}
    assert json.loads(found["landscape"][2]) == {"values": []}
    analysis = store.analyses.get("answers")
    assert analysis is not None
    assert (dict(analysis.values), analysis.arrays["probabilities"].tolist()) == ({"step": 4}, [1, 2, 3])
    store.close()


def insert_into(connection: sa.Connection, table: str, **row: object) -> None:
    names, values = ", ".join(row), ", ".join(f":{name}" for name in row)
    connection.execute(sa.text(f"INSERT INTO {table} ({names}) VALUES ({values})"), row)


def test_reports_of_the_open_round_stay_its_own(home: Path) -> None:
    home.mkdir(parents=True, exist_ok=True)
    engine = new_sqlite(home / "runs.sqlite", "0018_own_images")
    with engine.begin() as connection:
        insert = partial(insert_into, connection)
        in_class = {"class_id": "c"}
        insert("classes", id="c", name="3b", code="CODE", teacher_hash="", created_at=1.0, created_served=0.0)
        insert(
            "members",
            **in_class,
            id="m",
            student="ann",
            nickname="Otter",
            nickname_key="otter",
            personal_code="p",
            joined_order=1,
        )
        plan = {"title": "A round", "kind": "run", "config": CONFIG.to_json(), "free": "{}", "question": "none"}
        plan |= {"same_seed": True, "test_sealed": False}
        for number, (state, given) in enumerate([("closed", 5.0), ("open", 20.0), ("draft", 30.0)]):
            insert("rounds", **in_class, **plan, id=f"r{number}", number=number, state=state, created_at=given)
        for order, moment in ((7, 10.0), (9, 25.0), (10, 35.0)):
            report = {"id": f"{order}", "member_id": "m", "title": f"{order}", "page": b""}
            insert("reports", **in_class, **report, handed_in_at=moment, handed_in_order=order)
    engine.dispose()
    store = open_store()
    assert [(one.title.raw, one.is_open) for one in store.reports.own("ann")] == [
        ("10", True),
        ("9", True),
        ("7", False),
    ]
    store.close()
    store.close()


def test_what_was_predicted_once_is_of_the_run_that_came_next(home: Path) -> None:
    """It stood with all runs of the round, or of the lesson's block; of a sweep with none."""
    home.mkdir(parents=True, exist_ok=True)
    engine = new_sqlite(home / "runs.sqlite", "0019_given_rounds")
    with engine.begin() as connection:
        insert = partial(insert_into, connection)
        insert("classes", id="c", name="3b", code="CODE", teacher_hash="", created_at=1.0, created_served=0.0)
        plan = {"class_id": "c", "state": "open", "title": "A round", "config": CONFIG.to_json(), "free": "{}"}
        plan |= {"same_seed": True, "test_sealed": False, "created_at": 1.0}
        insert("rounds", **plan, id="words", number=1, kind="run", question="outcome")
        insert("rounds", **plan, id="rates", number=2, kind="sweep", question="accuracy")
        for student, started, round_id, prediction in (
            ("ann", 2, "words", "breaks"),
            ("bob", 0, "words", "learns"),
            ("ann", 2, "rates", "90"),
        ):
            own = {"round_id": round_id, "student": student, "started": started, "prediction": prediction}
            insert("assignments", **own)
        row = {"owner": "ann", "config": CONFIG.to_json(), "state": "finished", "total_steps": 1, "version": 1}
        row |= {"created_at": 1.0, "queued_at": 1.0, "step": 0, "epoch": 0.0, "seconds": 0.0, "images_per_second": 0.0}
        row |= {"attempts": 0, "priority": 0}
        for order, (run_id, more) in enumerate(
            [
                ("first", {"round_id": "words", "prediction": "breaks"}),
                ("later", {"round_id": "words", "prediction": "breaks"}),
                ("low", {"round_id": "rates", "group_id": "g"}),
                ("high", {"round_id": "rates", "group_id": "g"}),
                ("again", {"round_id": "rates", "group_id": "h"}),
                ("alone", {"prediction": "slow"}),
                ("block", {"lesson": "l", "block": "b", "prediction": "learns"}),
                ("block2", {"lesson": "l", "block": "b", "prediction": "learns"}),
            ]
        ):
            insert("runs", **row, id=run_id, created_order=order + 1, **more)
    engine.dispose()
    store = open_store()
    assert {run.id: run.prediction for run in store.runs.newest("ann", of_sweeps=True)} == {
        "first": "breaks",
        "later": None,
        "low": "90",
        "high": "90",
        "again": None,
        "alone": "slow",
        "block": "learns",
        "block2": None,
    }
    assert (store.rounds.predictions("words"), store.rounds.predictions("rates")) == ({"bob": "learns"}, {})
    store.close()
