"""Sessions end a minute after their browser is gone; uploads have a bound."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.runtime import Runtime
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from mnist_core.ui import visits
from mnist_core.ui.visits import Visits


class Server:
    """What of Streamlit's server is asked: who is connected, and that a session be closed."""

    def __init__(self) -> None:
        self.uploaded_file_mgr = MemoryUploadedFileManager("/upload")
        self.connected: set[str] = set()
        self.closed: list[str] = []

    def is_active_session(self, session_id: str) -> bool:
        return session_id in self.connected

    def clear_user_info_for_session(self, session_id: str) -> None:
        self.closed.append(session_id)
        self.uploaded_file_mgr.remove_session_files(session_id)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def watched(server: Server, clock: Clock) -> Visits:
    return Visits(server, clock)


def upload(server: Server, session: str, file: str, size: int = 10) -> None:
    server.uploaded_file_mgr.add_file(session, UploadedFileRec(file, "a.zip", "application/zip", bytes(size)))


def uploads(server: Server) -> list[tuple[str, str]]:
    storage = server.uploaded_file_mgr.file_storage
    return [(session, file) for session, files in storage.items() for file in files]


def test_what_is_asked_of_streamlit_is_there() -> None:
    for name in ("uploaded_file_mgr", "is_active_session", "clear_user_info_for_session"):
        assert hasattr(Runtime, name)
    assert "closed on" in (Runtime.clear_user_info_for_session.__doc__ or "")


def test_a_session_is_closed_a_minute_after_its_browser_is_gone(server: Server, clock: Clock, watched: Visits) -> None:
    for session in ("here", "gone", "back"):
        server.connected.add(session)
        watched.note(session)
        upload(server, session, "file")
    server.connected = {"here"}
    for seconds in range(10, 60, 10):
        clock.now = seconds
        if seconds == 40:
            server.connected.add("back")
        watched.look()
        assert server.closed == []
    server.connected.remove("back")
    clock.now = 60
    watched.look()
    assert server.closed == ["gone"]
    clock.now = 109
    watched.look()
    assert server.closed == ["gone"]
    clock.now = 110  # it was seen at 50
    watched.look()
    assert server.closed == ["gone", "back"]
    assert uploads(server) == [("here", "file")]
    clock.now = 1_000
    watched.look()
    assert server.closed == ["gone", "back"]


@pytest.mark.usefixtures("watched")
def test_a_session_has_its_last_few_files(server: Server) -> None:
    for number in range(100):
        upload(server, "ann", str(number), 1_000_000)  # 40 MB of one session
        upload(server, "bob", "one", 5)
        upload(server, "cid", str(number), 5)  # so many files of one session
    files = sorted(uploads(server), key=lambda entry: (entry[0], entry[1].zfill(3)))
    assert files == [
        *(("ann", str(number)) for number in range(60, 100)),
        ("bob", "one"),
        *(("cid", str(number)) for number in range(100 - visits.MOST_FILES, 100)),
    ]


@pytest.mark.usefixtures("watched")
def test_all_sessions_have_a_bound_together(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visits, "MOST_BYTES", 100)
    for number in range(50):
        upload(server, f"session {number}", "file", 30)
    assert uploads(server) == [(f"session {number}", "file") for number in (47, 48, 49)]
    server.uploaded_file_mgr.remove_file("session 48", "file")  # read, or its student removed it
    upload(server, "another", "file", 30)
    assert uploads(server) == [("session 47", "file"), ("session 49", "file"), ("another", "file")]
    upload(server, "another", "file", 90)  # the same, larger
    assert [session for session, _file in uploads(server)] == ["another"]
    upload(server, "large", "file", 500)  # the server's own limit for one file counts
    assert [session for session, _file in uploads(server)] == ["large"]


@pytest.mark.usefixtures("watched")
def test_the_session_with_most_gives_first(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visits, "MOST_BYTES", 100)
    upload(server, "ann", "one", 20)
    for number in range(4):
        upload(server, "bob", str(number), 20)
    upload(server, "cid", "one", 20)
    assert uploads(server) == [("ann", "one"), *(("bob", str(number)) for number in (1, 2, 3)), ("cid", "one")]
    upload(server, "cid", "large", 90)  # all but what has just come
    assert uploads(server) == [("cid", "large")]


def test_a_test_without_a_server_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def begin(*_given: Any) -> None:
        pytest.fail("a thread was started")

    monkeypatch.setattr(visits.threading.Thread, "start", begin)
    visits.note()
