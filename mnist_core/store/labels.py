"""What a student writes on runs: a name, a note, a star, a color."""

from __future__ import annotations

from typing import Any

from mnist_core import escape
from mnist_core.store.database import Part
from mnist_core.store.rows import change_runs

NAME_LETTERS, NOTE_LETTERS = 80, 2_000


class Labels(Part):
    """Names, notes, stars and colors of runs; a part of `Store`."""

    def write(
        self,
        run_id: str,
        owner: str,
        *,
        name: str | None = None,
        note: str | None = None,
        star: bool | None = None,
        color: int | None = None,
    ) -> None:
        """Write what is given on one's own run; nothing where it is somebody else's.

        Name and note are cut to 80 and 2,000 letters. `color`: number of a color of the charts, from 0; -1: by its place.
        """
        change: dict[str, Any] = {} if star is None else {"star": star}
        if color is not None:
            change["color"] = color if color >= 0 else None
        if name is not None:
            change["name"] = escape.line(name)[:NAME_LETTERS]
        if note is not None:
            change["note"] = escape.lines(note)[:NOTE_LETTERS]
        with self.database.begin() as connection:
            change_runs(connection, [run_id], owner, change)
