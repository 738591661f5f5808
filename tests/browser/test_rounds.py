"""A round in real browsers: joined by the code, given, found without reloading, predicted, trained, on the board, stopped, taken
home, found again by the personal code; and what students forge."""

from __future__ import annotations

import csv
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from mnist_core.class_records import Class
from mnist_core.config import FIELDS, RunConfig
from mnist_core.errors import RoundError
from mnist_core.escape import UserText
from mnist_core.rounds import Plan
from mnist_core.store import Store
from mnist_core.ui.teacher import COOKIE as TEACHER
from mnist_core.web.cookie import COOKIE
from tests.browser.conftest import Lab, Open
from tests.browser.page import Page
from tests.browser.socket_session import SocketSession, filled, pressed, switched
from tests.browser.test_classroom import PHONE, cookies, fill, in_class
from tests.conftest import mnist_folder, wait_until

pytestmark = pytest.mark.browser
ANN, BOB = "a" * 32, "b" * 32
DATASET = "mnist" if mnist_folder() else "built-in"
CONFIG = RunConfig(dataset=DATASET, epochs=1, hidden_layers=(16,), train_size=1_000, validation_size=1_000)
PLAN = Plan(UserText("Find the edge"), config=CONFIG, free={"learning_rate": (0.01, 10.0)}, runs_each=2)


def teach(page: Page, opened: Class, secret: str) -> Page:
    """Let the browser be the teacher's."""
    page.open(f"/teacher?class={opened.id}&secret={secret}")
    page.wait_for("Nobody is here yet")
    return page


def predict(page: Page) -> Page:
    """Say what is expected of the next run, which is asked for each run anew."""
    page.choose("expected", "learns")
    page.press("predict_round")
    page.wait_for("You predicted: learns")
    wait_until(lambda: page.can_press("run"), 20)
    return page


def enter(page: Page, store: Store, opened: Class, nickname: str, address: str = "/train") -> str:
    """Let the browser's student be a member; returns his cookie's name."""
    page.open("/")
    wait_until(lambda: COOKIE in cookies(page), 20)
    student = str(cookies(page)[COOKIE]["value"])
    store.classes.join(opened.code, student, nickname)
    page.open(address)
    return student


def join(page: Page, opened: Class, nickname: str) -> Page:
    """Join as a student does: the code on Home, a nickname."""
    page.open("/")
    fill(page, "typed_code", opened.code)
    page.press("take_code")
    fill(page, "nickname", nickname)
    page.press("join_now")
    page.wait_for(f"You are in, as {nickname}")
    return page


def test_a_round_from_joining_to_what_is_taken_home(open_browser: Open, store: Store, tmp_path: Path) -> None:
    opened, secret = store.classes.open("3b", "t" * 32)
    teacher = teach(open_browser(size=(1600, 1200)), opened, secret)
    ann, bob = open_browser(), open_browser(size=PHONE)
    enter(ann, store, opened, "Otter")
    join(bob, opened, "Falcon").open("/train")

    # Given on the Train page; both students see it without reloading, with what is free alone.
    query = "&".join(f"{name}={value}" for name, value in CONFIG.to_query().items())
    teacher.open(f"/train?{query}")
    teacher.expand("Give to the class 3b")
    fill(teacher, "give_title", "Find the edge")
    teacher.pick("give_question_run", "whether training learns or breaks")
    teacher.press("give_open")
    for page in (ann, bob):
        page.wait_for("Find the edge")
        assert not page.find(".st-key-c_epochs")
    (given,) = store.rounds.given(opened.id)
    assert given.plan.config == CONFIG

    # Predicted first; then trained.
    assert not ann.can_press("run")
    for page in (ann, bob):
        predict(page).press("run")
    wait_until(lambda: _ended(store, given.id) == 2, 60)

    # The board: covered at first, then both are points; who comes late finds the round.
    board = open_browser(size=(1920, 1080))
    board.open(f"/classroom?board={opened.code}")
    board.wait_for("Scan the picture")  # not for everybody
    teacher.open(f"/classroom?board={opened.code}")
    teacher.wait_for("The results are covered")
    store.rounds.change(opened.id, secret, given.id, uncovered=True, board_shown=True)
    wait_until(lambda: _points(teacher) == 2, 40)
    wait_until(lambda: _points(board) == 2, 40)
    late = join(open_browser(), opened, "Late").open("/train")
    late.wait_for("Find the edge")

    # A point on the board without anybody's doing; stopped by the teacher, with a sentence for the student.
    predict(ann).press("run")
    wait_until(lambda: len(store.board.run_versions(given.id)) == 3, 20)
    wait_until(lambda: _ended(store, given.id) == 3, 60)
    board.choose("board_which", "All runs")
    wait_until(lambda: _points(board) == 3, 40)
    store.class_commands.pause(opened.id, secret, paused=True)
    bob.wait_for("Your teacher has paused the queue")
    predict(bob).press("run")
    wait_until(lambda: len(store.board.run_versions(given.id)) == 4, 20)
    teacher.open(f"/classroom?class={opened.id}")
    teacher.press("stop_class")
    bob.wait_for("Your teacher stopped this run")

    # Another phone: by the personal code it is the same student, with his prediction.
    members = {one.nickname.raw: one for one in store.classes.members(opened.id, secret)}
    store.rounds.give_more_runs(opened.id, secret, given.id, members["Falcon"].id, 1)
    predict(bob)
    phone = open_browser(size=PHONE).open(f"/?class={opened.code}")
    phone.expand("I was here before, in another browser")
    fill(phone, "typed_personal", members["Falcon"].personal_code)
    phone.press("rejoin")
    in_class(phone, "Falcon")
    phone.open("/train").wait_for("You predicted: learns")

    # The teacher takes the table home.
    teacher.downloads_to(tmp_path)
    teacher.expand("Results of a round")
    with teacher.take("CSV", tmp_path, "csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert (
        sorted((row["nickname"], row["prediction"]) for row in rows)
        == [("Falcon", "learns")] * 2 + [("Otter", "learns")] * 2
    )

    # Everybody is led to the teacher's page; who is removed is told.
    teacher.open("/data?view=classes")
    teacher.press("lead")
    ann.wait_for("Your teacher shows something")
    store.classes.remove(opened.id, secret, members["Otter"].id)
    ann.wait_for("Your teacher has removed you from 3b")


def _ended(store: Store, round_id: str) -> int:
    runs, _new = store.board.read(dict.fromkeys(store.board.run_versions(round_id), -1))
    return sum(run.state == "finished" for run in runs)


def _points(page: Page) -> int:
    """How many points the board shows."""
    script = "return chart.data.filter((trace) => trace.meta).reduce((sum, trace) => sum + trace.meta.length, 0)"
    return int(page.of_chart("board", script) or 0)


# ---- over the socket -----------------------------------------------------------------------------------------------


def test_what_is_locked_stays_whatever_a_student_says(lab: Lab, store: Store) -> None:
    opened, secret = store.classes.open("3b", "t" * 32)
    store.classes.join(opened.code, ANN, "Otter")
    with SocketSession(lab.address, {COOKIE: ANN}) as session:
        free = session.draw("train", "").widgets  # all controls, before the round
        given = store.rounds.give(opened.id, secret, replace(PLAN, question="outcome"))
        drawn = session.draw("train", "")
        assert "c_epochs" not in drawn.widgets
        # A button that is disabled: the prediction is missing.
        session.draw("train", "", [pressed(drawn.widgets["run"])])
        assert _count(store, given.id) == 0
        store.rounds.predict(given.id, ANN, "learns")
        # An address, and controls that were there before.
        others = "epochs=9&optimizer=adam&batch_size=7&hidden_layers=128-64&seed=5&learning_rate=0.5"
        drawn = session.draw("train", others)
        assert "The round gives these settings" in drawn.text
        forged = [filled(free["c_optimizer"], "Adam"), switched(free["c_batch_norm"])]
        drawn = session.draw("train", others, forged)
        session.draw("train", others, [*forged, pressed(drawn.widgets["run"])])
        wait_until(lambda: _count(store, given.id) == 1, 20)
        (run,) = store.runs.newest(ANN)
        assert set(run.config.differences(CONFIG)) <= {"learning_rate"}
        # More than the cap.
        for _press in range(4):
            with suppress(RoundError):  # none is left
                store.rounds.predict(given.id, ANN, "learns")
            drawn = session.draw("train", "")
            session.draw("train", "", [pressed(drawn.widgets["run"])])
        assert _count(store, given.id) == 2
        assert {*FIELDS} >= set(run.config.to_dict())


def _count(store: Store, round_id: str) -> int:
    return len(store.board.run_versions(round_id))


ACTS = ("stop_class", "stop_member", "give_more_runs", "show_run", "lead", "give_open", "give_draft")


def test_no_student_does_what_the_teacher_may_about_rounds(lab: Lab, store: Store) -> None:
    opened, secret = store.classes.open("3b", "t" * 32)
    store.classes.join(opened.code, ANN, "Otter")
    store.classes.join(opened.code, BOB, "Falcon")
    given = store.rounds.give(opened.id, secret, PLAN)
    console, rights = f"class={opened.id}", {COOKIE: "0" * 32, TEACHER + opened.id: secret}
    with SocketSession(lab.address, rights) as session:
        widgets = session.draw("classroom", console).widgets
        widgets |= session.draw("classroom", console, [filled(widgets["chosen_member"], "Otter")]).widgets
        widgets |= session.draw("train", "").widgets
    acts = [key for key in widgets if key in ACTS or key.startswith(("closed_round_", "open_round_"))]
    switches = [f"board_shown_{given.id}", f"test_sealed_{given.id}", "class_paused", "round_only", "members_only"]
    assert len(acts) >= 6
    before = store.rounds.of_class(opened.id, secret), store.classes.get(opened.id)
    for forged in ({COOKIE: BOB}, {COOKIE: BOB, TEACHER + opened.id: "0" * 32}):
        with SocketSession(lab.address, forged) as session:
            for key in acts:
                for page, query in (("classroom", console), ("train", "")):
                    states = [*(switched(widgets[name]) for name in switches), pressed(widgets[key])]
                    session.draw(page, query, states)
    after = store.rounds.of_class(opened.id, secret), store.classes.get(opened.id)
    assert after[0] == before[0]
    assert after[1] is not None
    assert before[1] is not None
    assert replace(after[1], days_left=0.0) == replace(before[1], days_left=0.0)
