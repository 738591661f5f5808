"""Runs of a round as one zip: what goes out comes in again, and what was made by somebody else is bounded."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from mnist_core.errors import ImportedFileError
from mnist_core.escape import UserText
from mnist_core.exchange import Imported, StudentRun, archive, bundle, packed, packed_runs, unpacked, unpacked_all
from mnist_core.networks import forward
from mnist_core.networks.weights import Snapshot
from mnist_core.records import DTYPES, Curves, Run
from tests.exchange.test_exchange import CONFIG, curves


def run(number: int) -> Run:
    config = CONFIG.replace(seed=number)
    name = UserText(f"=ann{number} · </script>")
    return Run(f"{number:010x}", "owner", config, "finished", 1, 0.0, outcome="diverged", name=name)


def rows(count: int) -> list[tuple[StudentRun, Curves]]:
    return [(StudentRun(UserText(f"=ann{number}"), run(number)), curves()) for number in range(count)]


def zipped(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def test_all_runs_come_back_as_they_were() -> None:
    sent = rows(3)
    came = list(unpacked_all(packed_runs(sent)))
    assert [imported.name for imported in came] == [row.run.name.raw for row, _curves in sent]
    assert [imported.config.seed for imported in came] == [0, 1, 2]
    for imported in came:
        assert all(getattr(imported.curves, name).tobytes() == getattr(curves(), name).tobytes() for name in DTYPES)
        assert imported.outcome == "diverged"


def test_people_find_a_table_of_all_and_each_run_opens_alone() -> None:
    with zipfile.ZipFile(io.BytesIO(packed_runs(rows(2)))) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        table = archive.read("runs.csv").decode("utf-8-sig")
        alone = unpacked(archive.read(names[1]))
    assert names == ["runs.csv", "001-0000000000.zip", "002-0000000001.zip"]
    assert len(table.splitlines()) == 3
    assert "\n=" not in table
    assert alone.config == run(0).config


def test_the_zip_of_one_run_is_one() -> None:
    (imported,) = unpacked_all(packed(run(7), curves()))
    assert imported.config.seed == 7


def test_a_run_that_has_zips_beside_it_is_one_run() -> None:
    content = packed(run(7), curves())
    file = io.BytesIO(content)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("more.zip", content)
    assert len(list(unpacked_all(file.getvalue()))) == 1


def damaged(content: bytes) -> bytes:
    place = content.index(b"run.json") + 20
    return content[:place] + bytes([content[place] ^ 255]) + content[place + 1 :]


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: b"no zip", "not a readable zip"),
        (lambda: zipped({"a.txt": b""}), "run.json"),
        (lambda: zipped({"a.zip": b"no zip"}), "not a readable zip"),
        (lambda: zipped({"a.zip": zipped({"b.zip": packed(run(0), curves())})}), "run.json"),  # no zips in zips in zips
        (lambda: packed_runs(rows(2))[:-30], "not a readable zip"),
        (lambda: damaged(packed_runs(rows(2))), "not a readable zip"),
        (lambda: zipped({"a.zip": b"\0" * (1 << 22)}), "too large for a run"),  # 4 MB in 4 kB
        (lambda: zipped({f"{number}.zip": b"PK\x01\x02" * 65 for number in range(101)}), "readable"),
        (lambda: zipped({f"{number}.zip": packed(run(0), curves()) for number in range(101)}), "at most 100 runs"),
    ],
)
def test_what_is_no_zip_of_runs_gets_a_sentence(make: Callable[[], bytes], sentence: str) -> None:
    with pytest.raises(ImportedFileError, match=sentence):
        list(unpacked_all(make()))


def test_all_runs_together_have_a_room(monkeypatch: pytest.MonkeyPatch) -> None:
    size = sum(getattr(curves(), name).nbytes for name in DTYPES)
    monkeypatch.setattr(bundle, "MOST_BYTES", 2 * size)
    content = packed_runs(rows(3))
    came = unpacked_all(content)
    next(came), next(came)
    with pytest.raises(ImportedFileError, match="at once"):
        next(came)


def test_a_name_that_is_too_long_is_cut_not_refused() -> None:
    row, records = rows(1)[0]
    long = replace(row.run, name=UserText("x" * 500))
    (imported,) = unpacked_all(packed_runs([(replace(row, run=long), records)]))
    assert imported.name.startswith("xxx")


def test_weights_count_before_the_next_run_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Zeros are packed a thousandfold: a zip of 6 MB can hold weights of 6 GB."""
    shapes = forward.shapes(CONFIG)
    snapshot = Snapshot(1, {name: np.zeros(shape, np.float32) for name, shape in shapes.items()})
    unpacked_runs: list[Imported] = []

    def counted(content: bytes) -> Imported:
        unpacked_runs.append(unpacked(content))
        return unpacked_runs[-1]

    monkeypatch.setattr(archive, "unpacked", counted)
    of_one = sum(array.nbytes for array in snapshot.weights.values())
    monkeypatch.setattr(bundle, "MOST_BYTES", 5 * of_one)
    content = packed(run(0), curves(), {"last": snapshot, "best": snapshot})
    assert len(list(unpacked_all(zipped({f"{number}.zip": content for number in range(2)})))) == 2
    unpacked_runs.clear()
    with pytest.raises(ImportedFileError, match="more than can be imported at once"):
        list(unpacked_all(zipped({f"{number}.zip": content for number in range(9)})))
    assert len(unpacked_runs) == 3
