"""Runs of a round as one zip that another installation imports: the zip of each, and a table of all for people.

What comes in may have been made by anybody: runs are unpacked one after the other, each within the bounds of one run.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence

from mnist_core.errors import ImportedFileError
from mnist_core.exchange import archive
from mnist_core.exchange.archive import Imported
from mnist_core.exchange.run_table import StudentRun, runs_csv
from mnist_core.messages import N_
from mnist_core.records import DTYPES, Curves

RUNS_PER_BUNDLE = 100  # without weights at most 100 kB each, so that a zip of so many can be imported (10 MB)
MOST_BYTES = 1 << 27  # of the records and weights of all runs in a zip, unpacked
TABLE = "runs.csv"
_ENDING = ".zip"


def packed_runs(rows: Sequence[tuple[StudentRun, Curves]]) -> bytes:
    """The zip of finished runs with their records, `RUNS_PER_BUNDLE` at most; none has its weights.

    Each is called as its `Run.name` says: who puts runs of several students together puts nicknames there.
    """
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as bundle:
        bundle.writestr(TABLE, runs_csv([row for row, _curves in rows]), zipfile.ZIP_DEFLATED)
        for number, (row, curves) in enumerate(rows):
            content = archive.packed(row.run, curves, for_people=False)
            bundle.writestr(f"{number + 1:03}-{row.run.id}{_ENDING}", content)
    return file.getvalue()


def unpacked_all(content: bytes) -> Iterator[Imported]:
    """The run in a zip, or all runs of a zip of such zips. Raises ImportedFileError with a sentence where one is not whole."""
    if content.count(archive.ENTRY) > RUNS_PER_BUNDLE * archive.MOST_MEMBERS:
        raise _unreadable()  # before they are listed
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as bundle:
            if min((entry.header_offset for entry in bundle.infolist()), default=0):
                raise zipfile.BadZipFile("something before it")  # a zip that was cut off shows the last one inside it
            names = [name for name in bundle.namelist() if name.endswith(_ENDING)]
            if archive.RUN in bundle.namelist():
                names = []
            parts = (archive.member(bundle, name, len(content)) for name in names)
            yield from _within(parts) if names else [archive.unpacked(content)]
    except archive.BROKEN as error:
        raise _unreadable() from error


def _within(parts: Iterator[bytes]) -> Iterator[Imported]:
    """The runs in these zips, as long as they are no more and no larger than those of a round can be."""
    size = 0
    for number, part in enumerate(parts):
        imported = archive.unpacked(part)
        size += sum(getattr(imported.curves, name).nbytes for name in DTYPES)
        size += sum(array.nbytes for snapshot in imported.weights.values() for array in snapshot.weights.values())
        if number >= RUNS_PER_BUNDLE or size > MOST_BYTES:
            raise ImportedFileError(
                N_("This zip holds more than can be imported at once: at most {runs} runs of usual size."),
                runs=RUNS_PER_BUNDLE,
            )
        yield imported


def _unreadable() -> ImportedFileError:
    return ImportedFileError(
        N_("This file is not a readable zip. Choose one that was saved with “Export” in MNIST Lab.")
    )
