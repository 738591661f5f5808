"""Two servers of pages side by side on one PostgreSQL: a class that is taught at the one and joined at the other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from threading import Barrier
from urllib.parse import urlsplit

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetState

from mnist_core.bench.server import Server, start_server
from mnist_core.class_records import Class
from mnist_core.store import Store, open_store
from mnist_core.ui.teacher import COOKIE as TEACHER
from mnist_core.web.cookie import COOKIE
from tests import postgresql
from tests.browser.socket_session import SocketSession, filled, pressed
from tests.conftest import wait_until
from tests.jobs.servers import LONG

pytestmark = pytest.mark.processes
MEG, ANN = "d" * 32, "a" * 32
CONFIG = LONG.replace(epochs=1)


@pytest.fixture
def address(postgresql: postgresql.Server) -> str:
    """Of a new store in PostgreSQL, whose tables one of the servers makes."""
    return postgresql.new_database(empty=True)


@pytest.fixture
def servers(environment: dict[str, str], address: str, tmp_path: Path) -> Iterator[tuple[Server, Server]]:
    """Two that answer, with one home, as docs/deploy.md wants it: the cluster of the second stands by."""
    own = {**environment, "MNIST_LAB_HOME": str(tmp_path / "other"), "MNIST_LAB_STORE": address}
    pair = start_server(own), start_server(own)
    try:
        wait_until(lambda: all(one.healthy() for one in pair), 60)
        yield pair
    finally:
        for one in pair:
            one.end()


@pytest.fixture
def store(address: str, servers: tuple[Server, Server]) -> Iterator[Store]:
    """The store of both."""
    opened = open_store(address)
    yield opened
    opened.close()


def test_a_class_is_taught_at_one_server_and_joined_at_the_other_which_goes_on_alone(
    servers: tuple[Server, Server], store: Store
) -> None:
    first, second = servers
    opened, secret = open_class(first, store)
    rights = {COOKIE: MEG, TEACHER + opened.id: secret}
    # The other server takes the teacher's cookie, too.
    for server in servers:
        with SocketSession(server.address, rights) as teacher:
            assert opened.code in teacher.draw("classroom", f"class={opened.id}").text
    join(second, opened)
    with SocketSession(first.address, rights) as teacher, SocketSession(second.address, {COOKIE: ANN}) as student:
        assert "Otter" in teacher.draw("classroom", f"class={opened.id}").text
        settings = "&".join(f"{name}={value}" for name, value in CONFIG.to_query().items())
        widgets = teacher.draw("train", settings).widgets
        once = WidgetState(id=widgets["give_runs"], double_value=1.0)
        told = [filled(widgets["give_title"], "Find the edge"), once, pressed(widgets["give_open"])]
        teacher.draw("train", settings, told)
        (given,) = store.rounds.given(opened.id)
        assert given.plan.runs_each == 1
        assert "Find the edge" in student.draw("train", "").text

        # The student presses at both servers at the same moment: one run is made.
        with SocketSession(first.address, {COOKIE: ANN}) as elsewhere:
            both, ready = (student, elsewhere), Barrier(2)
            runs = [session.draw("train", "").widgets["run"] for session in both]

            def press(session: SocketSession, run: str) -> str:
                ready.wait()
                return session.draw("train", "", [pressed(run)]).text

            with ThreadPoolExecutor(2) as pool:
                texts = list(pool.map(press, both, runs))
        assert sorted("You have used the 1 run of this round" in text for text in texts) == [False, True]
        (run_id,) = store.board.run_versions(given.id)

    # The server at which the teacher teaches is killed: the run goes on, and the other one has the board.
    first.process.kill()
    first.process.wait()
    wait_until(lambda: store.runs.get(run_id).outcome == "completed", 60)
    with SocketSession(second.address, rights) as teacher:
        board = teacher.draw("classroom", f"board={opened.code}").text
    assert "Find the edge" in board
    assert run_id in board


def open_class(server: Server, store: Store) -> tuple[Class, str]:
    """Press "Open a class", and take the way that the page sends the browser; returns the class and the secret."""
    with SocketSession(server.address, {COOKIE: MEG}) as session:
        widgets = session.draw("classroom", "").widgets
        drawn = session.draw("classroom", "", [filled(widgets["class_name"], "3b"), pressed(widgets["open_class"])])
    way = re.search(r"teacher\?class=([0-9a-f]{10})&secret=([0-9a-f]{32})", drawn.text)
    assert way is not None
    connection = HTTPConnection(urlsplit(server.address).netloc, timeout=20)
    connection.request("GET", f"/{way[0]}")
    answer = connection.getresponse()
    assert f"{TEACHER}{way[1]}={way[2]}" in str(answer.getheader("Set-Cookie"))
    connection.close()
    opened = store.classes.get(way[1])
    assert opened is not None
    return opened, way[2]


def join(server: Server, opened: Class) -> None:
    """Open the link, and join by a nickname."""
    query = f"class={opened.code}"
    with SocketSession(server.address, {COOKIE: ANN}) as session:
        widgets = session.draw("", query).widgets
        session.draw("", query, [filled(widgets["nickname"], "Otter"), pressed(widgets["join_now"])])
