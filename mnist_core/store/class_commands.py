"""What a teacher does about the runs of a class: stop some or all, let none begin. Each is the store's to allow."""

from __future__ import annotations

import sqlalchemy as sa

from mnist_core.store.class_rows import for_teacher, member_row, raise_news
from mnist_core.store.database import Part
from mnist_core.store.retention import end_all
from mnist_core.store.rows import as_id, lock_rows
from mnist_core.store.tables import runs


class ClassCommands(Part):
    """Requests of a teacher; a part of `Store`."""

    def stop(self, class_id: str, secret: str, *, run_id: str | None = None, member_id: str | None = None) -> int:
        """Stop one run of the class, those of one member, or all; returns how many were not over.

        Their students are told who did. Raises NotTeacherError, ClassError.
        """
        with self.database.begin() as connection:
            for_teacher(connection, class_id, secret, write=True)
            which = sa.and_(runs.c.class_id == class_id, runs.c.state != "finished")
            if run_id is not None:
                which = sa.and_(which, runs.c.id == as_id(run_id))
            if member_id is not None:
                which = sa.and_(which, runs.c.owner == member_row(connection, class_id, member_id).student)
            ids = lock_rows(connection, runs, which)
            these = runs.c.id.in_(ids)
            connection.execute(sa.update(runs).where(these).values(stopped_by_teacher=True, version=runs.c.version + 1))
            end_all(connection, these)
            raise_news(connection, class_id)
        return len(ids)

    def pause(self, class_id: str, secret: str, *, paused: bool) -> None:
        """Let none of the class's runs that wait begin, until this is taken back; those that train go on. Raises NotTeacherError."""
        with self.database.begin() as connection:
            for_teacher(connection, class_id, secret, write=True)
            raise_news(connection, class_id, paused=paused)
