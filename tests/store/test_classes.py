"""Classes: joining by code, the teacher's rights by the secret alone, wrong attempts, and what goes with a class."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from mnist_core.class_records import Class
from mnist_core.config import RunConfig
from mnist_core.errors import ClassError, LimitError, NotTeacherError, RunNotFoundError
from mnist_core.jobs import retention
from mnist_core.records import SweepRecord
from mnist_core.store import Store, classes
from mnist_core.store.class_codes import LETTERS, NICKNAME_LETTERS, clean_code, new_code
from mnist_core.store.class_rows import LIFETIME_DAYS
from mnist_core.store.tables import attempts

CONFIG = RunConfig()
TEACHER, ANN, BOB, EVE = "teacher", "ann", "bob", "eve"
WRONG = "CCCCCC"


@pytest.fixture
def opened(store: Store) -> tuple[Class, str]:
    """A class and its secret."""
    return store.classes.open("3b", TEACHER)


def pass_time(store: Store, seconds: float) -> None:
    """Let a cluster serve the store for so long."""
    store.lease.take("a test")
    store.lease.beat(seconds)


def count(store: Store, table: str) -> int:
    with store.database.begin(write=False) as connection:
        number: int = connection.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one()
    return number


def test_a_code_cannot_be_misread() -> None:
    assert not set("0O1IL2Z5S8BUV") & set(LETTERS)
    assert len(new_code()) == 6
    assert set(new_code()) <= set(LETTERS)
    assert clean_code(" ac-d4 fg\n") == clean_code("ＡＣＤ４ＦＧ") == "ACD4FG"


def test_a_student_joins_by_the_code_and_is_still_there_later(store: Store, opened: tuple[Class, str]) -> None:
    code = opened[0].code
    member = store.classes.join(code.lower(), ANN, "  Otter \t7 ")
    assert member.nickname.raw == "Otter 7"
    again = store.classes.join(code, ANN, "another nickname")  # the same press once more
    assert again == member
    membership = store.classes.membership(ANN)
    assert membership is not None
    assert (membership.member, membership.student) == (member, ANN)
    assert (membership.in_class.name.raw, membership.in_class.members) == ("3b", 1)
    assert store.classes.membership(BOB) is None


@pytest.mark.parametrize("nickname", ["", "  ", "!?", "\u202e", "x" * (NICKNAME_LETTERS + 1), "🦦"])
def test_a_nickname_that_cannot_be(store: Store, opened: tuple[Class, str], nickname: str) -> None:
    with pytest.raises(ClassError, match="A nickname"):
        store.classes.join(opened[0].code, ANN, nickname)
    assert store.classes.membership(ANN) is None


@pytest.mark.parametrize("nickname", ["otter", "OTTER", "O t-t.e r!", "Ｏｔｔｅｒ"])
def test_nobody_has_the_nickname_of_another(store: Store, opened: tuple[Class, str], nickname: str) -> None:
    store.classes.join(opened[0].code, ANN, "Otter")
    with pytest.raises(ClassError, match="Somebody in this class is called"):
        store.classes.join(opened[0].code, BOB, nickname)
    other, _secret = store.classes.open("another class", TEACHER)
    store.classes.join(other.code, BOB, nickname)


def test_sixty_join_at_once_and_one_has_the_nickname_that_all_want(store: Store, opened: tuple[Class, str]) -> None:
    def join(number: int) -> bool:
        try:
            store.classes.join(opened[0].code, f"student {number}", "Otter")
        except ClassError:
            store.classes.join(opened[0].code, f"student {number}", f"Otter {number}")
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(join, range(60))) == 1
    members = store.classes.members(*_id_and_secret(opened))
    assert len(members) == len({member.personal_code for member in members}) == 60


def _id_and_secret(opened: tuple[Class, str]) -> tuple[str, str]:
    return opened[0].id, opened[1]


def test_a_suggested_nickname_is_one_that_nobody_has(store: Store, opened: tuple[Class, str]) -> None:
    store.classes.join(opened[0].code, ANN, "Otter")
    assert store.classes.free_nickname(opened[0].code, BOB, ["otter", "Falcon"]) == "Falcon"
    assert store.classes.free_nickname(opened[0].code, BOB, ["otter"]) == ""


def test_a_personal_code_brings_one_back(store: Store, opened: tuple[Class, str]) -> None:
    member = store.classes.join(opened[0].code, ANN, "Otter")
    assert store.classes.rejoin(opened[0].code, BOB, member.personal_code.lower()) == ANN
    with pytest.raises(ClassError, match="Nobody in this class has this personal code"):
        store.classes.rejoin(opened[0].code, BOB, WRONG)
    other, _secret = store.classes.open("another class", TEACHER)
    with pytest.raises(ClassError, match="Nobody in this class"):
        store.classes.rejoin(other.code, BOB, member.personal_code)


# ---- wrong attempts ------------------------------------------------------------------------------------------------


def test_wrong_codes_slow_down_one_browser_alone(store: Store, opened: tuple[Class, str]) -> None:
    code = opened[0].code
    for _attempt in range(6):
        with pytest.raises(ClassError, match="No class has this code"):
            store.classes.find(WRONG, EVE)
    with pytest.raises(LimitError, match="Wait 1 s"):
        store.classes.find(code, EVE)
    store.classes.join(code, ANN, "Otter")  # whoever else comes, from the same address, joins
    pass_time(store, 1.5)
    with pytest.raises(ClassError):
        store.classes.find(WRONG, EVE)
    with pytest.raises(LimitError, match="Wait 2 s"):
        store.classes.join(code, EVE, "Eve")
    pass_time(store, 2.5)
    assert store.classes.find(code, EVE).id == opened[0].id


def test_personal_codes_are_slowed_for_the_class_whatever_cookies_there_are(
    store: Store, opened: tuple[Class, str]
) -> None:
    code = opened[0].code
    member = store.classes.join(code, ANN, "Otter")
    for number in range(21):
        with pytest.raises(ClassError):
            store.classes.rejoin(code, f"cookie {number}", WRONG)
    with pytest.raises(LimitError):
        store.classes.rejoin(code, "one more", member.personal_code)
    store.classes.join(code, BOB, "Falcon")  # joining does not wait
    pass_time(store, 6)
    assert store.classes.rejoin(code, "one more", member.personal_code) == ANN


def test_wrong_attempts_are_forgotten(store: Store) -> None:
    for number in range(30):
        with pytest.raises(ClassError):
            store.classes.find(WRONG, f"cookie {number}")
    pass_time(store, 700)
    with pytest.raises(ClassError):
        store.classes.find(WRONG, EVE)
    with store.database.begin(write=False) as connection:
        assert connection.execute(sa.select(attempts.c.key)).scalars().all() == ["cookie eve"]


def test_a_password_is_asked_for_where_there_is_one(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNIST_LAB_TEACHER_PASSWORD", "chalk")
    for number in range(6):
        with pytest.raises(ClassError, match="not the teacher's password"):
            store.classes.open("3b", f"cookie {number}", password="cheese")
    with pytest.raises(LimitError, match="Too many wrong attempts"):
        store.classes.open("3b", TEACHER, password="chalk")
    assert not store.classes.any_open()
    pass_time(store, 6)
    opened, secret = store.classes.open("3b", TEACHER, password="chalk")
    assert store.classes.is_teacher(opened.id, secret)


# ---- the teacher ---------------------------------------------------------------------------------------------------


def test_only_the_hash_of_the_secret_is_kept(store: Store, opened: tuple[Class, str]) -> None:
    with store.database.begin(write=False) as connection:
        row = connection.execute(sa.text("SELECT * FROM classes")).one()
    assert len(opened[1]) == 32
    assert opened[1] not in str(row)


@pytest.mark.parametrize("secret", ["", "0" * 32, "of another class"])
def test_every_right_of_a_teacher_wants_the_secret(store: Store, opened: tuple[Class, str], secret: str) -> None:
    other, other_secret = store.classes.open("another class", EVE)
    secret = other_secret if secret == "of another class" else secret
    ann = store.classes.join(opened[0].code, ANN, "Otter")
    bob = store.classes.join(opened[0].code, BOB, "Falcon")
    mine, forged = store.classes, (opened[0].id, secret)
    before = mine.members(*_id_and_secret(opened))
    acts: list[Callable[[], object]] = [
        lambda: mine.enter(*forged, EVE),
        lambda: mine.members(*forged),
        lambda: mine.change(*forged, members_only=True),
        lambda: mine.rename(*forged, ann.id, "Eel"),
        lambda: mine.remove(*forged, ann.id),
        lambda: mine.merge(*forged, ann.id, bob.id),
        lambda: mine.delete(*forged),
    ]
    for act in acts:
        with pytest.raises(NotTeacherError):
            act()
    assert not mine.is_teacher(*forged)
    assert mine.members(*_id_and_secret(opened)) == before
    kept = mine.get(opened[0].id)
    assert kept is not None
    assert not kept.members_only
    # Nor does the secret of one's own class reach another's members.
    with pytest.raises(ClassError, match="no longer in the class"):
        mine.remove(other.id, other_secret, ann.id)


def test_the_teacher_renames_removes_and_lets_in_again(store: Store, opened: tuple[Class, str]) -> None:
    rights = _id_and_secret(opened)
    ann = store.classes.join(opened[0].code, ANN, "Otter")
    store.classes.join(opened[0].code, BOB, "Falcon")
    with pytest.raises(ClassError, match="Somebody in this class is called"):
        store.classes.rename(*rights, ann.id, "falcon")
    store.classes.rename(*rights, ann.id, "Eel")
    membership = store.classes.membership(ANN)
    assert membership is not None
    assert membership.member.nickname.raw == "Eel"
    store.classes.remove(*rights, ann.id)
    assert store.classes.membership(ANN) is None
    for come_back in (
        lambda: store.classes.join(opened[0].code, ANN, "Ann"),
        lambda: store.classes.rejoin(opened[0].code, "another browser", ann.personal_code),
    ):
        with pytest.raises(ClassError, match="The teacher has removed Eel"):
            come_back()
    assert [(member.nickname.raw, member.removed) for member in store.classes.members(*rights)] == [
        ("Eel", True),
        ("Falcon", False),
    ]
    store.classes.remove(*rights, ann.id, removed=False)
    assert store.classes.membership(ANN) is not None


def test_a_class_is_full_of_those_who_are_in_it(
    store: Store, opened: tuple[Class, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(classes, "MEMBERS", 2)
    monkeypatch.setattr(classes, "MEMBER_ROWS", 5)
    rights = _id_and_secret(opened)
    first = [store.classes.join(opened[0].code, f"made up {number}", f"x{number}") for number in range(2)]
    with pytest.raises(ClassError, match="This class is full: it has 2 members"):
        store.classes.join(opened[0].code, ANN, "Otter")
    store.classes.remove(*rights, first[0].id)
    ann = store.classes.join(opened[0].code, ANN, "Otter")
    store.classes.merge(*rights, ann.id, first[1].id)
    store.classes.join(opened[0].code, BOB, "Falcon")
    store.classes.remove(*rights, ann.id)
    eve = store.classes.join(opened[0].code, EVE, "Eel")
    store.classes.remove(*rights, eve.id)
    with pytest.raises(ClassError, match="Too many have joined this class and left it"):
        store.classes.join(opened[0].code, "one more", "Newt")
    store.classes.join(opened[0].code, BOB, "Falcon")  # who is in it


def test_two_members_that_are_one(store: Store, opened: tuple[Class, str]) -> None:
    rights = _id_and_secret(opened)
    before = store.runs.create(BOB, CONFIG)  # before he joined: no run of the class
    ann = store.classes.join(opened[0].code, ANN, "Otter")
    bob = store.classes.join(opened[0].code, BOB, "Falcon")
    run = store.runs.create(BOB, CONFIG)
    with pytest.raises(ClassError, match="two different members"):
        store.classes.merge(*rights, ann.id, ann.id)
    store.classes.merge(*rights, ann.id, bob.id)
    assert [one.id for one in store.runs.newest(ANN)] == [run]
    assert [one.id for one in store.runs.newest(BOB)] == [before]
    (member,) = store.classes.members(*rights)
    assert (member.nickname.raw, member.runs) == ("Otter", 1)
    membership = store.classes.membership(BOB)
    assert membership is not None
    assert membership.student == ANN
    assert store.classes.rejoin(opened[0].code, "a third browser", bob.personal_code) == ANN
    store.classes.join(opened[0].code, EVE, "Falcon")  # the nickname is free
    with pytest.raises(ClassError, match="no longer in the class"):
        store.classes.remove(*rights, bob.id)


def test_a_version_tells_of_every_change(store: Store, opened: tuple[Class, str]) -> None:
    rights = _id_and_secret(opened)
    versions = [opened[0].version]

    def changed() -> None:
        versions.append(store.classes.versions_of([opened[0].id])[opened[0].id])

    ann = store.classes.join(opened[0].code, ANN, "Otter")
    changed()
    store.classes.rename(*rights, ann.id, "Eel")
    changed()
    store.classes.remove(*rights, ann.id)
    changed()
    store.classes.change(*rights, address="http://192.168.0.7:8501")
    changed()
    assert versions == sorted(set(versions))


# ---- runs ----------------------------------------------------------------------------------------------------------


def test_only_members_train_where_a_class_wants_it(store: Store, opened: tuple[Class, str]) -> None:
    rights = _id_and_secret(opened)
    resting = store.runs.create(EVE, CONFIG)
    store.commands.send(resting, EVE, "pause")
    store.classes.enter(*rights, TEACHER)
    ann = store.classes.join(opened[0].code, ANN, "Otter")
    store.classes.change(*rights, members_only=True)
    plan = SweepRecord("0123456789", EVE, 0.0, CONFIG, (0.1,), 1)
    for start in (
        lambda: store.runs.create(EVE, CONFIG),
        lambda: store.runs.create_group(EVE, [CONFIG], "1123456789"),
        lambda: store.sweeps.create(plan, [CONFIG]),
        lambda: store.commands.send(resting, EVE, "resume"),
    ):
        with pytest.raises(LimitError, match="Only members of a class train"):
            start()
    assert store.runs.state(resting) == "paused"
    store.runs.create(ANN, CONFIG)
    store.runs.create(TEACHER, CONFIG)
    store.classes.remove(*rights, ann.id)
    with pytest.raises(LimitError):
        store.runs.create(ANN, CONFIG)
    store.classes.change(*rights, members_only=False)
    store.runs.create(EVE, CONFIG)


def test_a_class_goes_with_all_its_runs(store: Store, opened: tuple[Class, str]) -> None:
    rights = _id_and_secret(opened)
    before = store.runs.create(ANN, CONFIG)
    store.classes.join(opened[0].code, ANN, "Otter")
    waiting, trains = store.runs.create(ANN, CONFIG), store.runs.create(ANN, CONFIG)
    store.queue.claim(trains, "w", 1)
    store.sweeps.create(SweepRecord("0123456789", ANN, 0.0, CONFIG, (0.1,), 1), [CONFIG])
    analysis = store.analyses.create(ANN, "landscape", {"run": waiting})
    other, other_secret = store.classes.open("another class", TEACHER)
    store.classes.join(other.code, BOB, "Otter")
    kept = store.runs.create(BOB, CONFIG)
    store.classes.delete(*rights)
    assert store.classes.get(opened[0].id) is None
    assert store.classes.membership(ANN) is None
    assert [run.id for run in store.runs.newest(ANN)] == [before]
    assert store.sweeps.get("0123456789") is None
    assert store.analyses.get(analysis) is None
    store.retention.restore([waiting], ANN)  # nobody brings them back
    assert [run.id for run in store.runs.newest(ANN)] == [before]
    assert store.commands.pending([trains])[trains].command == "stop"
    retention.delete_expired(store)
    with pytest.raises(RunNotFoundError):
        store.runs.state(waiting)
    assert store.runs.state(kept) == "queued"
    assert store.runs.state(trains) == "running"
    assert (count(store, "classes"), count(store, "members")) == (1, 1)
    store.classes.delete(other.id, other_secret)
    assert not store.classes.any_open()


def test_a_class_goes_by_itself_after_a_time(store: Store, opened: tuple[Class, str]) -> None:
    assert opened[0].days_left == pytest.approx(LIFETIME_DAYS, abs=0.01)
    store.classes.join(opened[0].code, ANN, "Otter")
    run = store.runs.create(ANN, CONFIG)
    pass_time(store, 86_400 * (LIFETIME_DAYS - 1))
    retention.delete_expired(store)
    kept = store.classes.get(opened[0].id)
    assert kept is not None
    assert kept.days_left == pytest.approx(1, abs=0.01)
    pass_time(store, 86_400)
    retention.delete_expired(store)
    assert store.classes.get(opened[0].id) is None
    with pytest.raises(RunNotFoundError):
        store.runs.state(run)
