"""Lessons: what is kept of a student in one, who may see it, and lessons of one's own."""

from __future__ import annotations

import pytest

from mnist_core.config import RunConfig
from mnist_core.errors import LessonRefusedError, NotTeacherError, RoundError
from mnist_core.escape import UserText
from mnist_core.records import LessonAnswer, LessonPlace, LessonProgress, SweepRecord
from mnist_core.rounds import Plan
from mnist_core.store import Store, lessons, written_lessons
from tests.store.class_of_two import ANN, BOB, TEACHER, Opened

CONFIG = RunConfig(epochs=1)
LESSON = "learning-rate"
GUESS = LessonPlace(LESSON, "guess")


def give(store: Store, opened: Opened, lesson: str = LESSON, state: str = "open") -> str:
    plan = Plan(UserText("A lesson"), kind="lesson", lesson=lesson)
    return store.rounds.give(opened[0].id, opened[1], plan, state=state).id  # type: ignore[arg-type]


# ---- one's own -----------------------------------------------------------------------------------------------------


def test_progress_keeps_the_furthest_step_and_that_one_has_finished(store: Store) -> None:
    assert store.lessons.state(ANN, LESSON) == (None, {})
    store.lessons.go_to(ANN, LESSON, 3, 5, finished=True)
    store.lessons.go_to(ANN, LESSON, 1, 6)
    store.lessons.go_to(ANN, "batches", 0, 2)
    expected = LessonProgress(place=1, reached=3, steps=6, finished=True)
    assert store.lessons.state(ANN, LESSON)[0] == expected
    assert list(store.lessons.progress(ANN).items()) == [("batches", LessonProgress(steps=2)), (LESSON, expected)]
    assert store.lessons.progress(BOB) == {}


def test_an_answer_is_half_written_until_it_is_given_and_counts_how_often(store: Store) -> None:
    store.lessons.answer(ANN, GUESS, "v1", [0], given=False, is_right=True)
    assert store.lessons.state(ANN, LESSON)[1] == {"guess": LessonAnswer("v1", [0], given=False)}
    for right in (False, True):
        store.lessons.answer(ANN, GUESS, "v1", "글 \u0000 <b>", given=True, is_right=right)
    assert store.lessons.state(ANN, LESSON)[1]["guess"] == LessonAnswer(
        "v1", "글 \u0000 <b>", given=True, is_right=True, tries=2
    )
    store.lessons.answer(ANN, GUESS, "v2", 0.5, given=True)  # the block asks something else by now
    assert store.lessons.state(ANN, LESSON)[1]["guess"].tries == 1
    assert store.lessons.state(BOB, LESSON) == (None, {})
    store.lessons.forget(BOB, LESSON)
    assert store.lessons.state(ANN, LESSON)[1]
    store.lessons.forget(ANN, LESSON)
    assert store.lessons.state(ANN, LESSON) == (None, {})


def test_what_is_kept_has_bounds(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lessons, "ANSWERS", 2)
    monkeypatch.setattr(lessons, "LESSONS", 1)
    longest = lessons.ANSWER_LETTERS - 2  # two quotes
    store.lessons.answer(ANN, GUESS, "", "é" * longest, given=True)
    store.lessons.answer(ANN, LessonPlace(LESSON, "two"), "", 1, given=True)
    for place, value, words in (
        (GUESS, "é" * (longest + 1), "too long"),
        (LessonPlace(LESSON, "three"), 1, "2 answers"),
        (LessonPlace("another", "one"), 1, "1 lessons"),
        (LessonPlace("../x", "one"), 1, "no such place"),
        (LessonPlace(LESSON, "x" * 65), 1, "no such place"),
    ):
        with pytest.raises(LessonRefusedError, match=words):
            store.lessons.answer(ANN, place, "", value, given=True)
    for place_number, steps in ((-1, 2), (2, 2), (0, 5_000)):
        with pytest.raises(LessonRefusedError):
            store.lessons.go_to(ANN, LESSON, place_number, steps)
    assert set(store.lessons.state(ANN, LESSON)[1]) == {"guess", "two"}


def test_runs_and_sweeps_know_in_which_lesson_they_were_started(store: Store) -> None:
    place = LessonPlace(LESSON, "large")
    run = store.runs.create(ANN, CONFIG, place=place)
    plan = SweepRecord("5" * 10, ANN, 0.0, CONFIG, (0.1, 1.0), 1)
    configs = [CONFIG.replace(learning_rate=rate) for rate in plan.rates]
    ids = store.sweeps.create(plan, configs, place=LessonPlace(LESSON, "sweep"))
    store.runs.create(ANN, CONFIG)
    store.runs.create(BOB, CONFIG, place=place)
    found = store.runs.of_lesson(ANN, LESSON)
    assert [(one.id, one.place and one.place.block) for one in found] == [
        *((one, "sweep") for one in reversed(ids)),
        (run, "large"),
    ]
    with pytest.raises(LessonRefusedError):
        store.runs.create(ANN, CONFIG, place=LessonPlace(LESSON, "no name"))


# ---- in a class ----------------------------------------------------------------------------------------------------


def test_the_teacher_sees_of_a_given_lesson_who_is_where_and_what_was_answered(store: Store, opened: Opened) -> None:
    store.lessons.answer(ANN, GUESS, "", 1, given=True)  # before it was given: nobody else's
    assert [one.progress for one in store.lessons.of_class(opened[0].id, opened[1], LESSON)] == [None, None]
    give(store, opened)
    before = store.classes.get(opened[0].id)
    store.lessons.go_to(ANN, LESSON, 2, 4)
    store.lessons.answer(ANN, LessonPlace(LESSON, "note"), "", "half", given=False)
    after = store.classes.get(opened[0].id)
    assert before is not None
    assert after is not None
    assert after.version > before.version
    assert after.news == before.news  # no student's page shows it
    falcon, otter = store.lessons.of_class(opened[0].id, opened[1], LESSON)
    assert (falcon.nickname.raw, falcon.progress, falcon.answers) == ("Falcon", None, {})
    assert (otter.nickname.raw, otter.progress) == ("Otter", LessonProgress(2, 2, 4))
    assert set(otter.answers) == {"guess"}
    assert store.lessons.of_class(opened[0].id, opened[1], "another")[1].progress is None
    with pytest.raises(NotTeacherError):
        store.lessons.of_class(opened[0].id, "wrong", LESSON)


def test_a_draft_shows_the_teacher_nothing(store: Store, opened: Opened) -> None:
    give(store, opened, state="draft")
    store.lessons.go_to(ANN, LESSON, 0, 4)
    assert all(one.progress is None for one in store.lessons.of_class(opened[0].id, opened[1], LESSON))


def test_in_the_round_of_a_lesson_its_runs_train_and_no_others(store: Store, opened: Opened) -> None:
    round_id = give(store, opened)
    store.classes.change(opened[0].id, opened[1], round_only=True)
    place = LessonPlace(LESSON, "large")
    store.runs.create(ANN, CONFIG.replace(learning_rate=3.0), round_id=round_id, place=place)
    for options, words in (
        ({"place": place}, "in its lesson"),
        ({}, "in its lesson"),
        ({"round_id": round_id}, "something else"),
        ({"round_id": round_id, "place": LessonPlace("another", "large")}, "something else"),
    ):
        with pytest.raises(RoundError, match=words):
            store.runs.create(ANN, CONFIG, **options)  # type: ignore[arg-type]
    with pytest.raises(RoundError):
        give(store, opened, "no name")


def test_two_members_merged_have_one_lesson_and_a_deleted_class_takes_it_along(store: Store, opened: Opened) -> None:
    class_id, secret = opened[0].id, opened[1]
    give(store, opened)
    store.lessons.answer(BOB, GUESS, "", 1, given=True)
    store.lessons.go_to(BOB, "mine", 0, 3)
    falcon, otter = (one.id for one in store.classes.members(class_id, secret))
    store.classes.merge(class_id, secret, otter, falcon)
    assert set(store.lessons.state(ANN, LESSON)[1]) == {"guess"}
    store.classes.delete(class_id, secret)
    assert store.lessons.state(ANN, LESSON) == (None, {})
    assert set(store.lessons.progress(BOB)) == {"mine"}


# ---- written ones --------------------------------------------------------------------------------------------------


def test_a_written_lesson_is_read_by_its_id_and_changed_by_its_owner_alone(store: Store) -> None:
    made = store.written_lessons.create(ANN, "My\nlesson", b"one")
    assert store.written_lessons.create(ANN, "again", b"two", made.id) == made
    assert (made.title.raw, made.bytes, made.version) == ("My lesson", 3, 1)
    assert store.written_lessons.data(made.id) == b"one"
    for act in (
        lambda: store.written_lessons.change(made.id, BOB, "x", b"x"),
        lambda: store.written_lessons.delete(made.id, BOB),
    ):
        with pytest.raises(LessonRefusedError):
            act()
    changed = store.written_lessons.change(made.id, ANN, "Better", b"four")
    assert (changed.version, store.written_lessons.get(made.id)) == (2, changed)
    assert store.written_lessons.of_owner(ANN) == [changed]
    assert store.written_lessons.of_owner(BOB) == []
    store.lessons.answer(BOB, LessonPlace(made.lesson, "guess"), "", 1, given=True)
    store.written_lessons.delete(made.id, ANN)
    assert store.written_lessons.get(made.id) is None
    assert store.lessons.state(BOB, made.lesson) == (None, {})
    assert store.written_lessons.data("\0") is None


def test_written_lessons_have_bounds(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(written_lessons, "LESSONS_EACH", 2)
    monkeypatch.setenv("MNIST_LAB_LESSON_MB", "1")
    made = store.written_lessons.create(ANN, "a", bytes(900_000))
    for act, words in (
        (lambda: store.written_lessons.create(BOB, "b", bytes(200_000)), "no room"),
        (lambda: store.written_lessons.change(made.id, ANN, "a", bytes(1_100_000)), "no room"),
        (lambda: store.written_lessons.create(BOB, "b", bytes(written_lessons.LESSON_BYTES + 1)), "at most 4 MB"),
    ):
        with pytest.raises(LessonRefusedError, match=words):
            act()
    store.written_lessons.change(made.id, ANN, "a", bytes(800_000))
    store.written_lessons.create(ANN, "b", b"")
    with pytest.raises(LessonRefusedError, match="2 lessons"):
        store.written_lessons.create(ANN, "c", b"")


def test_a_class_sees_the_lessons_that_it_was_given(store: Store, opened: Opened) -> None:
    made = store.written_lessons.create(TEACHER, "Given", b"one")
    give(store, opened, made.lesson, state="draft")
    assert store.written_lessons.given_to(ANN) == []
    give(store, opened, made.lesson)
    give(store, opened)
    assert store.written_lessons.given_to(ANN) == [made]
    assert store.written_lessons.given_to("e" * 32) == []
