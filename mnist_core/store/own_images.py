"""Images of one's own: their owner sees, uses and deletes them; a class does, too, with which its teacher has shared them."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence

import sqlalchemy as sa

from mnist_core import escape, settings
from mnist_core.config import RunConfig
from mnist_core.errors import LimitError, OwnImagesError
from mnist_core.escape import UserText
from mnist_core.image_sets import own_id
from mnist_core.messages import N_
from mnist_core.records import OwnImages, PackedImages
from mnist_core.store.class_rows import class_of, for_teacher
from mnist_core.store.database import Part, next_order, wait_for_others
from mnist_core.store.rows import as_id, readable
from mnist_core.store.tables import own_images, runs

SETS_EACH = 10  # of one student
BYTES_EACH = 10 * 2**20
TITLE_LETTERS = 60
_COLUMNS = [column for column in own_images.c if column.name != "data"]


class OwnImagesStore(Part):
    """Images of students' own; a part of `Store`."""

    def create(
        self, owner: str, title: str, classes: Sequence[str], packed: PackedImages, images_id: str | None = None
    ) -> OwnImages:
        """Keep new images. `images_id`: 16 random hexadecimal digits (default: new ones); the same twice makes them once.

        Raises OwnImagesError where there is no room.
        """
        images_id = images_id or secrets.token_hex(8)
        with self.database.begin() as connection:
            wait_for_others(connection)
            if (row := _row(connection, images_id)) is not None:
                if row.owner != owner:
                    raise _gone()
                return _to_images(row)
            _check_room(connection, owner, len(packed.data))
            new = {
                "id": images_id,
                "owner": owner,
                "title": escape.line(title)[:TITLE_LETTERS],
                "classes": json.dumps([escape.line(name) for name in classes]),
                "train": packed.train,
                "test": packed.test,
                "data": packed.data,
                "bytes": len(packed.data),
                "created_order": next_order(connection),
            }
            connection.execute(sa.insert(own_images).values(new))
            row = _row(connection, images_id)
            assert row is not None
            return _to_images(row)

    def of_student(self, student: str) -> list[OwnImages]:
        """The student's own, and those that are shared with his class, newest first."""
        with self.database.begin(write=False) as connection:
            query = sa.select(*_COLUMNS).where(_may_use(connection, student))
            return [_to_images(row) for row in connection.execute(query.order_by(own_images.c.created_order.desc()))]

    def get(self, images_id: str, student: str) -> OwnImages | None:
        """What is known of the images; None where they are gone, or not for this student."""
        with self.database.begin(write=False) as connection:
            row = _row(connection, images_id, _may_use(connection, student))
            return None if row is None else _to_images(row)

    def packed(self, images_id: str, student: str | None = None) -> PackedImages:
        """The images themselves, for this student; None: for a worker, which does what was allowed when it was put into the queue.

        Raises OwnImagesError.
        """
        with self.database.begin(write=False) as connection:
            allowed = sa.true() if student is None else _may_use(connection, student)
            query = sa.select(own_images).where(own_images.c.id == as_id(images_id), allowed)
            row = connection.execute(query).one_or_none()
        if row is None:
            raise _gone()
        return PackedImages(len(json.loads(row.classes)), row.train, row.test, row.data)

    def delete(self, images_id: str, owner: str) -> None:
        """Delete one's own images. Runs that were trained on them stay, with their curves. Raises OwnImagesError."""
        with self.database.begin() as connection:
            _own(connection, images_id, owner)
            connection.execute(sa.delete(own_images).where(own_images.c.id == images_id))

    def share(self, images_id: str, owner: str, class_id: str | None, secret: str) -> None:
        """Share one's own images with a class whose teacher one is; None: with nobody any more.

        Raises OwnImagesError, NotTeacherError.
        """
        with self.database.begin() as connection:
            _own(connection, images_id, owner)
            if class_id is not None:
                for_teacher(connection, class_id, secret)
            change = sa.update(own_images).where(own_images.c.id == images_id).values(class_id=class_id)
            connection.execute(change)


def merge_images(connection: sa.Connection, class_id: str, kept: str, other: str) -> None:
    """Images of the student `other`, whose runs in this class are `kept`'s by now: those that they were trained on follow them."""
    of_class = sa.select(runs).where(runs.c.class_id == class_id, runs.c.owner == kept)
    used = {own_id(run.config.dataset) for run in readable(connection.execute(of_class))}
    own = own_images.c.owner == other, own_images.c.id.in_(used - {None})
    connection.execute(sa.update(own_images).where(*own).values(owner=kept))


def check_use(connection: sa.Connection, student: str, dataset: str) -> sa.Row[tuple[object, ...]] | None:
    """See that this student may use the images that are called so; returns their row, None of a known data set. Raises LimitError."""
    images_id = own_id(dataset)
    if images_id is None:
        return None
    row = _row(connection, images_id, _may_use(connection, student))
    if row is None:
        raise LimitError(_gone().message.template)
    return row


def check_images(connection: sa.Connection, student: str, config: RunConfig) -> None:
    """See that a run may be trained on its images, where these are somebody's own. Raises LimitError."""
    row = check_use(connection, student, config.dataset)
    if row is None:
        return
    if config.classes != len(json.loads(row.classes)) or config.train_size + config.validation_size > row.train:
        raise LimitError(
            N_("These images are {classes} classes with {train} images to train and choose with. Choose them again."),
            classes=len(json.loads(row.classes)),
            train=row.train,
        )


def _may_use(connection: sa.Connection, student: str) -> sa.ColumnElement[bool]:
    mine = own_images.c.owner == student
    class_id = class_of(connection, student)
    return mine if class_id is None else sa.or_(mine, own_images.c.class_id == class_id)


def _row(
    connection: sa.Connection, images_id: str, allowed: sa.ColumnElement[bool] | None = None
) -> sa.Row[tuple[object, ...]] | None:
    query = sa.select(*_COLUMNS).where(own_images.c.id == as_id(images_id))
    return connection.execute(query if allowed is None else query.where(allowed)).one_or_none()


def _own(connection: sa.Connection, images_id: str, owner: str) -> None:
    row = _row(connection, images_id)
    if row is None or row.owner != owner:
        raise _gone()


def _gone() -> OwnImagesError:
    return OwnImagesError(N_("These images are no longer here, or they belong to someone else."))


def _check_room(connection: sa.Connection, owner: str, more: int) -> None:
    mine = own_images.c.owner == owner
    count, used = connection.execute(
        sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(own_images.c.bytes), 0)).where(mine)
    ).one()
    if count >= SETS_EACH or used + more > BYTES_EACH:
        raise OwnImagesError(
            N_("You have {count} set of images with {used} MB already. Delete it first.")
            if count == 1
            else N_("You have {count} sets of images with {used} MB already. Delete one of them."),
            count=count,
            used=f"{used / 2**20:.1f}",
        )
    everybody = connection.execute(sa.select(sa.func.coalesce(sa.func.sum(own_images.c.bytes), 0))).scalar_one()
    if everybody + more > settings.limit("MNIST_LAB_IMAGES_MB") << 20:
        raise OwnImagesError(N_("This server has no room for more images. Tell the server's administrator."))


def _to_images(row: sa.Row[tuple[object, ...]]) -> OwnImages:
    classes = tuple(UserText(str(name)) for name in json.loads(row.classes))
    return OwnImages(row.id, row.owner, UserText(row.title), classes, row.train, row.test, row.bytes, row.class_id)
