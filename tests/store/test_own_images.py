"""Images of students' own in the store: whose they are, who may use them, and how much room they have."""

from __future__ import annotations

import pytest

from mnist_core.config import RunConfig
from mnist_core.errors import LimitError, NotTeacherError, OwnImagesError
from mnist_core.records import Curves, OwnImages, PackedImages, Progress
from mnist_core.store import Store
from mnist_core.store import own_images as rules
from mnist_core.store.tables import metadata

PACKED = PackedImages(2, 40, 10, b"bytes")


@pytest.fixture
def kept(store: Store) -> OwnImages:
    """Images of Otter's."""
    return store.own_images.create("otter", " two\nthings ", ["cup", "<b>spoon</b>"], PACKED)


def run_on(images: OwnImages, **more: object) -> RunConfig:
    settings = {"classes": 2, "train_size": 32, "validation_size": 8, "batch_size": 8, **more}
    return RunConfig.from_dict({"dataset": images.name, **settings})


def test_kept_as_they_are(store: Store, kept: OwnImages) -> None:
    assert (kept.title.plain, [name.raw for name in kept.classes]) == ("two things", ["cup", "<b>spoon</b>"])
    assert store.own_images.of_student("otter") == [kept]
    assert store.own_images.packed(kept.id, "otter") == PACKED
    assert (
        store.own_images.create("otter", "again", ["a", "b"], PACKED, kept.id) == kept
    )  # one press that arrives twice


def test_nobody_else_sees_uses_or_deletes_them(store: Store, kept: OwnImages) -> None:
    assert store.own_images.of_student("badger") == []
    assert store.own_images.get(kept.id, "badger") is None
    for forbidden in (
        lambda: store.own_images.packed(kept.id, "badger"),
        lambda: store.own_images.delete(kept.id, "badger"),
        lambda: store.own_images.share(kept.id, "badger", None, ""),
        lambda: store.own_images.create("badger", "mine", ["a", "b"], PACKED, kept.id),
    ):
        with pytest.raises(OwnImagesError, match="belong to someone else"):
            forbidden()
    with pytest.raises(LimitError, match="belong to someone else"):
        store.runs.create("badger", run_on(kept))
    assert store.runs.create("otter", run_on(kept))


@pytest.mark.parametrize("more", [{"classes": 3}, {"train_size": 33}])
def test_a_run_must_fit_the_images(store: Store, kept: OwnImages, more: dict[str, int]) -> None:
    with pytest.raises(LimitError, match="2 classes with 40 images"):
        store.runs.create("otter", run_on(kept, **more))


def test_what_is_kept_by_class_is_what_students_are_told() -> None:
    """A table that is new here wants a word on the Classroom page, where one joins, and in docs/classroom.md."""
    kept = {table.name for table in metadata.sorted_tables if "class_id" in table.c}
    assert kept == {
        *("members", "teachers"),  # nicknames and personal codes
        *("runs", "sweeps", "analyses"),
        "rounds",  # predictions, by their assignments
        "lesson_progress",  # and the answers in these lessons
        "reports",
        "own_images",  # which stay when the class goes
    }


def test_deleted_they_are_gone(store: Store, kept: OwnImages) -> None:
    run_id = store.runs.create("otter", run_on(kept))
    store.own_images.delete(kept.id, "otter")
    with pytest.raises(OwnImagesError):
        store.own_images.packed(kept.id)
    assert store.runs.get(run_id).config.dataset == kept.name  # its curves stay


def test_rooms(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "SETS_EACH", 2)
    for _time in range(2):
        store.own_images.create("otter", "one", ["a", "b"], PACKED)
    with pytest.raises(OwnImagesError, match="You have 2 sets"):
        store.own_images.create("otter", "one", ["a", "b"], PACKED)
    monkeypatch.setenv("MNIST_LAB_IMAGES_MB", "1")
    with pytest.raises(OwnImagesError, match="no room for more images"):
        store.own_images.create("badger", "one", ["a", "b"], PackedImages(2, 1, 1, b"x" * 2**20))


def test_the_teacher_alone_shares_with_the_class(store: Store, kept: OwnImages) -> None:
    opened, secret = store.classes.open("7b", "otter")
    store.classes.join(opened.code, "badger", "Badger")
    with pytest.raises(NotTeacherError):
        store.own_images.share(kept.id, "otter", opened.id, "0" * 32)
    assert store.own_images.of_student("badger") == []
    store.own_images.share(kept.id, "otter", opened.id, secret)
    assert [images.id for images in store.own_images.of_student("badger")] == [kept.id]
    assert store.runs.create("badger", run_on(kept))
    with pytest.raises(OwnImagesError):
        store.own_images.delete(kept.id, "badger")
    store.own_images.share(kept.id, "otter", None, "")
    assert store.own_images.get(kept.id, "badger") is None


def test_a_run_goes_on_only_where_its_owner_may_still_use_the_images(store: Store, kept: OwnImages) -> None:
    opened, secret = store.classes.open("7b", "otter")
    store.classes.join(opened.code, "badger", "Badger")
    store.own_images.share(kept.id, "otter", opened.id, secret)
    paused = store.runs.create("badger", run_on(kept))
    store.commands.send(paused, "badger", "pause")
    progress = Progress(0, run_on(kept).total_steps)
    imported = store.runs.add_finished("badger", run_on(kept), Curves(), "failed", {}, progress)
    store.own_images.share(kept.id, "otter", None, "")
    for run_id in (paused, imported):
        before = store.runs.get(run_id)
        with pytest.raises(LimitError, match="belong to someone else"):
            store.commands.send(run_id, "badger", "resume")
        assert store.runs.get(run_id) == before
    store.own_images.share(kept.id, "otter", opened.id, secret)
    for run_id in (paused, imported):
        store.commands.send(run_id, "badger", "resume")
        assert store.runs.get(run_id).state == "queued"


def test_they_follow_their_runs_when_two_members_become_one(store: Store, kept: OwnImages) -> None:
    opened, secret = store.classes.open("3b", "teacher")
    badger = store.classes.join(opened.code, "badger", "Badger")
    otter = store.classes.join(opened.code, "otter", "Otter")
    unused = store.own_images.create("otter", "others", ["a", "b"], PACKED)
    run_id = store.runs.create("otter", run_on(kept))
    store.commands.send(run_id, "otter", "pause")
    store.classes.merge(opened.id, secret, badger.id, otter.id)
    assert [images.id for images in store.own_images.of_student("badger")] == [kept.id]
    assert [images.id for images in store.own_images.of_student("otter")] == [unused.id]
    store.commands.send(run_id, "badger", "resume")
    assert store.runs.get(run_id).state == "queued"  # type: ignore[union-attr]
