"""The connection for what is new, without a browser: who is let in, what is heard of it, and what it is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from mnist_core.config import RunConfig
from mnist_core.records import Curves, Report
from mnist_core.store import Store, open_store
from mnist_core.ui import live, push, seal, session, texts, watch
from tests.conftest import wait_until

STUDENT = "a" * 32
CONFIG = RunConfig()


@pytest.fixture
def store(home: Any) -> Iterator[Store]:
    opened = open_store()
    yield opened
    opened.close()


class Client:
    """Connects to a server that has our route alone."""

    def __init__(self, address: str) -> None:
        self.address = address

    def connect(self, student: str = STUDENT, **changes: str | None) -> ClientConnection:
        headers = {"Cookie": f"{session.COOKIE}={student}", "Origin": f"http://{self.address}"} | changes
        given = {name: value for name, value in headers.items() if value is not None}
        return connect(f"ws://{self.address}/live", additional_headers=given)


@pytest.fixture
def client(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    monkeypatch.setattr(push, "_started", False)  # each server has an event loop of its own
    config = uvicorn.Config(
        Starlette(routes=push.routes()), host="127.0.0.1", port=0, log_level="error", ws="websockets-sansio"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    wait_until(lambda: server.started)
    yield Client(f"127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}")
    server.should_exit = True
    thread.join(20)
    assert not thread.is_alive()


def steps_of(run_id: str) -> Any:
    run = watch.look(run_id).run
    return {"step": run.progress.step, "test": run.result.get("test_accuracy"), "state": run.state}


def follow(run_id: str, *, sealed: bool = False) -> live.Followed:
    """As a page that draws the run."""
    with texts.speaking("en"), seal.seen(sealed=sealed):
        _value, followed = live.follow([watch.look(run_id)], "steps", lambda: steps_of(run_id))
    assert followed is not None
    return followed


def tell(socket: ClientConnection, *followed: live.Followed) -> None:
    socket.send(json.dumps({"follow": {one.id: one.position for one in followed}}))


def heard(socket: ClientConnection) -> list[Any]:
    messages: list[Any] = json.loads(socket.recv(20))
    return messages


def running(store: Store) -> str:
    run_id = store.runs.create(STUDENT, CONFIG)
    assert store.queue.claim(run_id, "worker", 1) is not None
    return run_id


def report(store: Store, run_id: str, step: int) -> None:
    run = store.runs.get(run_id)
    assert store.record_writer.publish([Report(run_id, replace(run.progress, step=step), Curves(), token=run.token)])


def test_what_changes_is_told_from_the_position_on(client: Client, store: Store) -> None:
    run_id = running(store)
    followed = follow(run_id)
    with client.connect() as socket:
        tell(socket, followed)
        report(store, run_id, 5)
        (message,) = heard(socket)
        assert (message["id"], message["from"]) == (followed.id, followed.position)
        assert message["patch"] == ["{", {"step": ["=", 5]}, []]
        report(store, run_id, 7)
        (more,) = heard(socket)
        assert (more["from"], more["patch"]) == (message["to"], ["{", {"step": ["=", 7]}, []])


def test_who_comes_back_is_told_what_came_meanwhile_and_that_once(client: Client, store: Store) -> None:
    run_id = running(store)
    followed = follow(run_id)
    with client.connect() as socket:
        tell(socket, followed)
        report(store, run_id, 5)
        heard(socket)
    report(store, run_id, 9)
    with client.connect() as socket:
        tell(socket, followed)
        seen = {"step": 0}
        position = followed.position
        while seen["step"] != 9:
            for message in heard(socket):
                assert message.get("from", position) == position
                position = message["to"]
                seen = message["value"] if "value" in message else {"step": message["patch"][1]["step"][1]}
        report(store, run_id, 10)
        (last,) = heard(socket)
        assert (last["from"], last["patch"][1]) == (position, {"step": ["=", 10]})


def test_what_nobody_knows_any_more_is_asked_of_the_page(client: Client, store: Store) -> None:
    with client.connect() as socket:
        tell(socket, live.Followed("0" * 16, 1, 1))
        assert heard(socket) == [{"id": "0" * 16, "gone": True}]


def test_a_deleted_run_is_asked_of_the_page(client: Client, store: Store) -> None:
    run_id = running(store)
    followed = follow(run_id)
    with client.connect() as socket:
        tell(socket, followed)
        store.runs.delete(run_id, STUDENT)
        assert heard(socket) == [{"id": followed.id, "gone": True}]


def test_test_figures_stay_here_for_who_has_sealed_them(client: Client, store: Store) -> None:
    """Also those of a page that was drawn before, in another tab."""
    run_id = running(store)
    open_item, sealed_item = follow(run_id), follow(run_id, sealed=True)
    assert open_item.id != sealed_item.id
    seal._keep(STUDENT, {"sealed": True, "opened": 0})
    try:
        with client.connect() as socket:
            tell(socket, open_item, sealed_item)
            assert heard(socket) == [{"id": open_item.id, "gone": True}]
            run = store.runs.get(run_id)
            store.record_writer.finish(run_id, "completed", {"test_accuracy": 0.987}, token=run.token)
            text = str(socket.recv(20))
        assert sealed_item.id in text
        assert open_item.id not in text
        assert "0.987" not in text
    finally:
        seal._states.pop(STUDENT)


def test_who_waits_for_the_store_lets_nobody_else_wait(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The event loop is that of all browsers. Who waits is told what he follows when the wait is over, and that once."""
    asked, answered = threading.Event(), threading.Event()

    def sealed_by(student: str) -> bool:
        if student == STUDENT:
            asked.set()
            answered.wait(20)
        return False

    monkeypatch.setattr(seal, "sealed_by", sealed_by)
    first, second = live.Followed("1" * 16, 1, 1), live.Followed("2" * 16, 1, 1)
    with client.connect() as gone, client.connect() as waiting, client.connect("b" * 32) as other:
        try:
            tell(gone, first)
            tell(waiting, first)
            assert asked.wait(20)
            gone.close()
            tell(waiting, second)
            tell(other, second)
            assert heard(other) == [{"id": second.id, "gone": True}]
            assert not answered.is_set()
        finally:
            answered.set()
        told: list[Any] = []
        while {"id": second.id, "gone": True} not in told:
            told += heard(waiting)
        tell(waiting, first)
        assert heard(waiting) == [{"id": first.id, "gone": True}]
    wait_until(lambda: not push._connections and not push._tabs)


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "http://elsewhere"}, {"Origin": None}, {"Cookie": None}, {"Cookie": f"{session.COOKIE}=nobody"}],
)
def test_other_pages_and_strangers_are_refused(client: Client, headers: dict[str, str | None]) -> None:
    with pytest.raises(InvalidStatus), client.connect(**headers):
        pass


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "[]",
        "{}",
        '{"follow": []}',
        '{"follow": {"a": "b"}}',
        '{"follow": {"a": [1]}}',
        "[" * 5_000,
        '{"follow": {' + ",".join(f'"{n}":1' for n in range(push.FOLLOWED + 1)) + "}}",
        " " * (push.MESSAGE_LETTERS + 1),
    ],
)
def test_anything_else_ends_the_connection(client: Client, text: str) -> None:
    with client.connect() as socket:
        socket.send(text)
        with pytest.raises(ConnectionClosed):
            socket.recv(20)


def test_bytes_and_floods_end_the_connection(client: Client) -> None:
    with client.connect() as socket:
        socket.send(b"x")
    with client.connect() as socket:
        for _ in range(push.MESSAGES + 1):
            socket.send('{"follow": {}}')
        with pytest.raises(ConnectionClosed):
            socket.recv(20)
    wait_until(lambda: not push._connections and not push._tabs)


def test_a_student_has_so_many_tabs(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(push, "TABS", 1)
    with client.connect():
        with pytest.raises(InvalidStatus), client.connect():
            pass
        with client.connect("b" * 32):
            pass


def test_one_query_for_all_that_is_watched(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = [running(store) for _ in range(5)]
    items = [live.find(follow(run_id).id) for run_id in ids]
    watcher = push.Watcher()
    found = [item for item in items if item is not None]
    watcher.look(found)
    asked: list[set[str]] = []
    read = watch.read
    monkeypatch.setattr(watch, "read", lambda run_ids: asked.append(set(run_ids)) or read(run_ids))
    made: list[str] = []
    renew = live.Item.renew
    monkeypatch.setattr(live.Item, "renew", lambda item, versions: made.append(item.id) or renew(item, versions))
    report(store, ids[2], 3)
    assert watcher.look(found) == [found[2].id]
    assert asked == [set(ids)]
    assert made == [found[2].id]
    assert watcher.look(found) == []


def test_what_one_tab_has_just_drawn_is_told_to_the_others(store: Store) -> None:
    run_id = running(store)
    item = live.find(follow(run_id).id)
    assert item is not None
    watcher = push.Watcher()
    watcher.look([item])
    report(store, run_id, 5)
    assert follow(run_id).id == item.id  # the other tab's page is quicker than the watcher
    assert watcher.look([item]) == [item.id]


def test_what_many_look_at_is_made_once_for_each_version(store: Store) -> None:
    run_id = running(store)
    made: list[int] = []

    def make() -> Any:
        made.append(watch.look(run_id).run.progress.step)
        return steps_of(run_id)

    def seen() -> Any:
        with texts.speaking("en"), seal.seen(sealed=False):
            value, followed = live.follow([watch.look(run_id)], "made once", make)
        assert followed is not None
        item = live.find(followed.id)
        assert item is not None
        assert (item.told.value, item.told.position) == (value, followed.position)
        return value["step"]

    assert [seen(), seen(), seen()] == [0, 0, 0]
    report(store, run_id, 5)
    assert [seen(), seen()] == [5, 5]
    assert made == [0, 5]


def test_a_tab_that_comes_while_the_watcher_sees_that_nobody_is_there_is_seen(
    client: Client, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = running(store)
    followed = follow(run_id)
    empty: list[object] = []

    class Connections(set[push.Connection]):
        def __iter__(self) -> Iterator[push.Connection]:
            if threading.current_thread().name == "watcher" and not empty:
                empty.append(self)
                wait_until(lambda: any(connection.positions for connection in set.__iter__(self)))
                push._wake.set()
                return iter(())
            return super().__iter__()

    monkeypatch.setattr(push, "_connections", Connections())
    with client.connect() as socket:
        tell(socket, followed)
        report(store, run_id, 5)
        (message,) = heard(socket)
        assert message["id"] == followed.id
    assert empty


def test_who_follows_a_class_hears_of_each_who_joins(client: Client, store: Store) -> None:
    opened, secret = store.classes.open("3b", STUDENT)
    with texts.speaking("en"), seal.seen(sealed=False):
        value, followed = live.follow([opened], "members", lambda: watch.class_version(opened.id))
    assert value == 1
    assert followed is not None
    with client.connect() as socket:
        tell(socket, followed)
        store.classes.join(opened.code, "b" * 32, "Otter")
        (message,) = heard(socket)
        assert (message["from"], message["patch"]) == (followed.position, ["=", 2])
        store.classes.delete(opened.id, secret)
        (message,) = heard(socket)
        assert message["patch"] == ["=", None]
