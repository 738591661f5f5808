"""Reports that are handed in: by members alone, for their teacher alone, so many of each, gone with the class."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from mnist_core.config import RunConfig
from mnist_core.errors import ClassError, LimitError, NotTeacherError
from mnist_core.escape import UserText
from mnist_core.rounds import Plan, Round, RoundState
from mnist_core.store import Store, reports
from mnist_core.store.tables import report_scripts
from mnist_core.store.tables import reports as table
from tests.store.class_of_two import ANN, BOB, EVE, TEACHER, Opened, ids, member_id

PAGE, SCRIPT = b"<p>A report</p>", b"the script"


def listed(store: Store, opened: Opened) -> list[tuple[str, str]]:
    return [(one.nickname.raw, one.title.raw) for one in store.reports.of_class(*ids(opened))]


def kept(store: Store, what: sa.Table) -> int:
    with store.database.begin(write=False) as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(what)).scalar_one()


def test_the_teacher_gets_what_was_handed_in(store: Store, opened: Opened) -> None:
    version = opened[0].version
    first = store.reports.hand_in(ANN, "One\n\u202erun", PAGE, SCRIPT)
    second = store.reports.hand_in(BOB, "Another", b"<p>no charts</p>", b"")
    assert listed(store, opened) == [("Otter", "One run"), ("Falcon", "Another")]
    assert store.reports.content(*ids(opened), first.id) == (PAGE, SCRIPT)
    assert store.reports.content(*ids(opened), second.id) == (b"<p>no charts</p>", b"")
    assert ANN not in repr(store.reports.of_class(*ids(opened)))  # cookies are nobody's to know
    now = store.classes.get(opened[0].id)
    assert now is not None
    assert now.version > version  # the console is drawn anew


def test_a_student_sees_his_own_alone(store: Store, opened: Opened) -> None:
    for title in ("One", "Two"):
        store.reports.hand_in(ANN, title, PAGE, SCRIPT)
    store.reports.hand_in(BOB, "Three", PAGE, SCRIPT)
    assert [one.title.raw for one in store.reports.own(ANN)] == ["Two", "One"]
    assert store.reports.own(EVE) == []


def round_of(store: Store, opened: Opened, state: RoundState = "open") -> Round:
    return store.rounds.give(*ids(opened), Plan(UserText("A round"), config=RunConfig()), state=state)


def titles(store: Store, student: str) -> list[tuple[str, bool]]:
    return [(one.title.raw, one.is_open) for one in store.reports.own(student)]


def test_a_report_is_taken_back_or_replaced_while_its_round_is_open(store: Store, opened: Opened) -> None:
    draft = round_of(store, opened, "draft")  # made before, given later
    before = store.reports.hand_in(ANN, "One", PAGE, SCRIPT)
    with pytest.raises(ClassError, match="closed"):
        store.reports.take_back(ANN, before.id)
    store.rounds.set_state(*ids(opened), draft.id, "open")
    assert titles(store, ANN) == [("One", False)]  # it is of no round, or of an earlier one
    first = store.reports.hand_in(ANN, "One", b"first", SCRIPT)
    second = store.reports.hand_in(ANN, "One", b"second", SCRIPT)
    assert (first.is_open, second.is_open) == (True, True)
    assert titles(store, ANN) == [("One", True), ("One", False)]
    assert store.reports.content(*ids(opened), second.id)[0] == b"second"
    assert len(listed(store, opened)) == 2
    store.reports.hand_in(BOB, "One", PAGE, SCRIPT)
    for student in (BOB, EVE):  # nobody's but one's own
        with pytest.raises(ClassError):
            store.reports.take_back(student, second.id)
    version = store.classes.get(opened[0].id)
    store.reports.take_back(ANN, second.id)
    assert listed(store, opened) == [("Otter", "One"), ("Falcon", "One")]
    assert store.classes.get(opened[0].id) != version  # the console is drawn anew
    store.rounds.set_state(*ids(opened), draft.id, "closed")
    assert titles(store, BOB) == [("One", False)]
    with pytest.raises(ClassError, match="closed"):
        store.reports.take_back(BOB, store.reports.own(BOB)[0].id)


@pytest.mark.parametrize("slow", [-300.0, 300.0])
def test_which_round_a_report_is_of_is_no_matter_of_clocks(
    store: Store, opened: Opened, monkeypatch: pytest.MonkeyPatch, slow: float
) -> None:
    """The page server of the teacher has another clock than that of the student."""
    draft = round_of(store, opened, "draft")
    store.reports.hand_in(ANN, "Before", PAGE, SCRIPT)
    now = time.time()
    with monkeypatch.context() as patch:
        patch.setattr("mnist_core.store.rounds.time.time", lambda: now + slow)
        store.rounds.set_state(*ids(opened), draft.id, "open")
    after = store.reports.hand_in(ANN, "After", PAGE, SCRIPT)
    assert titles(store, ANN) == [("After", True), ("Before", False)]
    store.rounds.set_state(*ids(opened), draft.id, "closed")
    store.rounds.set_state(*ids(opened), draft.id, "open")  # it is the same round
    store.reports.take_back(ANN, after.id)


@pytest.mark.parametrize("who", [EVE, TEACHER, "removed"])
def test_only_members_hand_in(store: Store, opened: Opened, who: str) -> None:
    if who == "removed":
        store.classes.remove(*ids(opened), member_id(store, opened, "Otter"))
        who = ANN
    with pytest.raises(ClassError, match="Only members"):
        store.reports.hand_in(who, "One", PAGE, SCRIPT)
    assert kept(store, table) == kept(store, report_scripts) == 0


def test_a_new_one_takes_the_place_of_the_oldest(store: Store, opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "EACH", 2)
    store.reports.hand_in(BOB, "his", PAGE, SCRIPT)
    for number in range(4):
        last = store.reports.hand_in(ANN, str(number), PAGE, SCRIPT)
    assert listed(store, opened) == [("Falcon", "his"), ("Otter", "2"), ("Otter", "3")]
    assert store.reports.content(*ids(opened), last.id) == (PAGE, SCRIPT)


def test_what_is_too_large_is_refused(store: Store, opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "PAGE_BYTES", 1_000)
    store.reports.hand_in(ANN, "Large and simple", b"a" * 100_000, SCRIPT)
    with pytest.raises(LimitError, match="too large"):
        store.reports.hand_in(ANN, "Large", secrets.token_bytes(2_000), SCRIPT)
    assert len(listed(store, opened)) == 1


@pytest.mark.parametrize("right", ["", "0" * 32, "another"])
def test_nobody_but_the_teacher_is_told(store: Store, opened: Opened, right: str) -> None:
    other, others_secret = store.classes.open("4a", "u" * 32)
    secret = others_secret if right == "another" else right
    made = store.reports.hand_in(ANN, "One", PAGE, SCRIPT)
    asked: list[Callable[[], object]] = [
        lambda: store.reports.of_class(opened[0].id, secret),
        lambda: store.reports.content(opened[0].id, secret, made.id),
    ]
    for ask in asked:
        with pytest.raises(NotTeacherError):
            ask()
    with pytest.raises(ClassError, match="no longer here"):
        store.reports.content(other.id, others_secret, made.id)


def test_two_that_are_one_have_one_list(store: Store, opened: Opened) -> None:
    store.reports.hand_in(ANN, "One", PAGE, SCRIPT)
    store.reports.hand_in(BOB, "Two", PAGE, SCRIPT)
    store.classes.merge(*ids(opened), *(member_id(store, opened, name) for name in ("Otter", "Falcon")))
    assert listed(store, opened) == [("Otter", "One"), ("Otter", "Two")]


def test_with_the_class_its_reports_go_and_the_script_with_the_last(store: Store, opened: Opened) -> None:
    other, others_secret = store.classes.open("4a", "u" * 32)
    store.reports.hand_in(ANN, "One", PAGE, SCRIPT)
    store.classes.join(other.code, EVE, "Owl")
    store.reports.hand_in(EVE, "Two", PAGE, SCRIPT)
    assert (kept(store, table), kept(store, report_scripts)) == (2, 1)
    store.classes.delete(*ids(opened))
    assert (kept(store, table), kept(store, report_scripts)) == (1, 1)
    store.classes.delete(other.id, others_secret)
    assert (kept(store, table), kept(store, report_scripts)) == (0, 0)
