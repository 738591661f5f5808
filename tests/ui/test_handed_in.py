"""The zip of a class's reports: for its teacher alone, each report as it was handed in, names that every system unpacks."""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from starlette.applications import Starlette

from mnist_core.class_records import Class, HandedIn
from mnist_core.escape import UserText
from mnist_core.report import without_script, written
from mnist_core.store import Store, open_store
from mnist_core.ui import handed_in, report_zip, session, teacher, times
from tests.report import sample
from tests.web.exchanges import Answer, request, send_to

ANN, BOB = "a" * 32, "b" * 32
REPORT = written(sample.report("Ann"))
Opened = tuple[Class, str]


@pytest.fixture
def store(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    opened = open_store()
    monkeypatch.setattr(session, "store", lambda: opened)
    yield opened
    opened.close()


@pytest.fixture
def opened(store: Store) -> Opened:
    """A class with two students, of whom one has handed in twice, and its secret."""
    found, secret = store.classes.open("3b", "t" * 32)
    for student, nickname in ((ANN, "수달 <b>"), (BOB, "../Falcon")):
        store.classes.join(found.code, student, nickname)
    for student, title in ((ANN, "One"), (BOB, "784-50-10 · SGD 0.5"), (ANN, "One")):
        store.reports.hand_in(student, title, *without_script(REPORT))
    return found, secret


def ask(class_id: str, secret: str | None, path: str = "/reports", zone: str = "") -> Answer:
    """What the server answers to a browser with that cookie."""
    headers = [] if secret is None else [(b"cookie", f"a=b; {teacher.COOKIE}{class_id}={secret}".encode())]
    scope = request(path, query=f"class={class_id}&zone={zone}".encode(), headers=headers)
    scope |= {"scheme": "http", "server": ("lab", 80), "root_path": "", "asgi": {"spec_version": "2.4"}}
    return asyncio.run(send_to(Starlette(routes=handed_in.routes()), scope))


def test_the_teacher_gets_each_report_as_it_was(opened: Opened) -> None:
    answer = ask(opened[0].id, opened[1])
    assert (answer.status, answer.headers[b"cache-control"]) == (200, b"no-store")
    assert b"attachment" in answer.headers[b"content-disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["01-수달-b-One.html", "02-Falcon-784-50-10-SGD-0.5.html", "03-수달-b-One.html"]
        assert {archive.read(name) for name in archive.namelist()} == {REPORT}


@pytest.mark.parametrize("zone", ["Asia/Seoul", "America/Los_Angeles"])
def test_a_file_is_dated_on_the_teachers_clock(store: Store, opened: Opened, zone: str) -> None:
    with times.read_in(zone):
        assert handed_in.link(opened[0].id) == f"reports?class={opened[0].id}&zone={zone.replace('/', '%2F')}"
    answer = ask(opened[0].id, opened[1], zone=zone)
    with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
        dated = {datetime(*one.date_time, tzinfo=ZoneInfo(zone)).timestamp() // 2 for one in archive.infolist()}
    assert dated == {one.handed_in_at // 2 for one in store.reports.of_class(opened[0].id, opened[1])}


@pytest.mark.parametrize("zone", ["nowhere", "..%2F..%2Fetc%2Flocaltime"])
def test_a_zone_that_nobody_knows_changes_nothing(opened: Opened, zone: str) -> None:
    assert ask(opened[0].id, opened[1], zone=zone).status == 200


@pytest.mark.parametrize("secret", [None, "0" * 32, "", "another"])
def test_nobody_else_gets_any(store: Store, opened: Opened, secret: str | None) -> None:
    _other, others_secret = store.classes.open("4a", "u" * 32)
    answer = ask(opened[0].id, others_secret if secret == "another" else secret)
    assert answer.status == 403
    assert b"PK" not in answer.body


def test_a_report_that_is_gone_meanwhile_is_left_out(store: Store, opened: Opened) -> None:
    found = store.reports.of_class(opened[0].id, opened[1])
    gone = HandedIn("0" * 10, UserText("gone"), UserText("ann"), 1.75e9)
    content = b"".join(report_zip.zipped(opened[0].id, opened[1], [found[0], gone, found[1]], ""))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert [name[:2] for name in archive.namelist()] == ["01", "03"]


@pytest.mark.parametrize(
    ("nickname", "title", "name"),
    [
        ("Otter", "My run (0.5)", "07-Otter-My-run-0.5.html"),
        ("../../etc/passwd", "C:\\evil.exe", "07-etc-passwd-C-evil.exe.html"),
        ("CON", "..", "07-CON.html"),
        ("수달", "a" * 300, f"07-수달-{'a' * 40}.html"),
        ("\u202egpj.exe", "<script>", "07-gpj.exe-script.html"),
        ("😀", "", "07.html"),
    ],
)
def test_what_was_typed_names_a_file_and_nothing_else(nickname: str, title: str, name: str) -> None:
    assert report_zip.file_name(HandedIn("a", UserText(title), UserText(nickname), 1.75e9), 7) == name
