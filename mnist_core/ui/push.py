"""The connection of a tab: a WebSocket of our own, over which a browser is told what is new of what it follows.

One thread of the page's process, the *watcher*, asks the store for the versions of all runs that anybody follows, in one query,
and makes anew what has changed (`live.py`). The event loop then sends each connection what it has not got, one message on its way
at a time: to a slow browser several changes go as one.
"""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import time
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

if TYPE_CHECKING:
    from mnist_core.ui import live

LOG = logging.getLogger("mnist_lab")
PATH = "live"
CONNECTIONS = 2_000  # of everybody
TABS = 40  # connections of one student
FOLLOWED = 100  # items of a connection
MESSAGE_LETTERS = 8_000
MESSAGES = 50  # of a browser within ten seconds
PAUSE = 0.12  # seconds between two looks of the watcher, at least
SHARE = 0.4  # of a core that the watcher takes, at most
TICK_SECONDS = 1.0
ALIVE_SECONDS = 15.0  # a connection on which nothing is new says so
REFUSED, BUSY = 1008, 1013


def routes() -> list[BaseRoute]:
    """The route, where the app stands, and at the root, where a proxy takes the base path away."""
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return [WebSocketRoute(f"/{path}", serve) for path in dict.fromkeys((PATH, f"{base}/{PATH}".strip("/")))]


class Connection:
    """A tab: what it follows, and up to which position it has it. Belongs to the event loop."""

    def __init__(self, websocket: WebSocket, student: str) -> None:
        self.websocket = websocket
        self.student = student
        self.positions: dict[str, int | None] = {}
        self.news = asyncio.Event()

    def messages(self, sealed: bool) -> list[str]:
        """What the tab has not got, and from now on has. Test figures are kept from who has sealed them."""
        from mnist_core.ui import live

        found = []
        for item_id, position in list(self.positions.items()):
            item = live.find(item_id)
            if item is None or (sealed and not item.sealed) or item.told.value == live.GONE:
                del self.positions[item_id]
                found.append(json.dumps({"id": item_id, "gone": True}))
            elif (told := item.told).position != position:
                self.positions[item_id] = told.position
                found.append(told.message(item_id, position))
        return found


_connections: set[Connection] = set()
_tabs: Counter[str] = Counter()
_wake = threading.Event()
_started = False


async def serve(websocket: WebSocket) -> None:
    """Serve one tab until it goes."""
    from streamlit.web.server.starlette import starlette_websocket

    from mnist_core.web import cookie

    # Browsers send an origin with every WebSocket: without one it is no page of ours.
    origin, host = websocket.headers.get("origin"), websocket.headers.get("host")
    student = cookie.name_in(websocket.headers.getlist("cookie"))
    if not origin or not starlette_websocket._is_origin_allowed(origin, host) or student is None:
        await websocket.close(REFUSED)
        return
    if len(_connections) >= CONNECTIONS or _tabs[student] >= TABS:
        await websocket.close(BUSY)
        return
    connection = Connection(websocket, student)
    _connections.add(connection)
    _tabs[student] += 1
    try:
        await websocket.accept()
        _start_watcher()
        sender = asyncio.create_task(_send(connection))
        try:
            await _receive(connection)
        finally:
            sender.cancel()
    finally:
        _connections.discard(connection)
        _tabs[student] -= 1
        if not _tabs[student]:
            del _tabs[student]


async def _receive(connection: Connection) -> None:
    """Hear what the tab follows; ends the connection of one that says anything else, or too much."""
    heard: list[float] = []
    try:
        while True:
            text = await connection.websocket.receive_text()
            now = time.monotonic()
            heard = [*(moment for moment in heard if now - moment < 10), now]
            positions = _positions(text)
            if positions is None or len(heard) > MESSAGES:
                await connection.websocket.close(REFUSED)
                return
            connection.positions = positions
            connection.news.set()
            _wake.set()
    except (WebSocketDisconnect, RuntimeError, KeyError):  # it is gone, or sends bytes
        return


def _positions(text: str) -> dict[str, int | None] | None:
    """Id → position of what a tab follows; None where the message is none of ours."""
    if len(text) > MESSAGE_LETTERS:
        return None
    try:
        follow = json.loads(text)["follow"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    if not isinstance(follow, dict) or len(follow) > FOLLOWED:
        return None
    if not all(position is None or isinstance(position, int) for position in follow.values()):
        return None
    return follow


async def _send(connection: Connection) -> None:
    """Tell the tab what is new, whenever something is; and now and then that nothing is."""
    from mnist_core.ui import seal

    try:
        while True:
            try:
                await asyncio.wait_for(connection.news.wait(), ALIVE_SECONDS)
            except TimeoutError:
                await connection.websocket.send_text("[]")
                continue
            connection.news.clear()
            # The store may have to be asked, and may let wait: not in the event loop, which serves everybody.
            sealed = await run_in_threadpool(seal.sealed_by, connection.student)
            if messages := connection.messages(sealed):  # of what the tab follows by now
                await connection.websocket.send_text(f"[{','.join(messages)}]")
    except (WebSocketDisconnect, RuntimeError):
        return
    except Exception as error:  # the store is out of reach, say: the browser comes again
        LOG.warning("%s", error)
        await connection.websocket.close(BUSY)


# ---- the watcher -----------------------------------------------------------------------------------------------


def _start_watcher() -> None:
    global _started
    if not _started:
        _started = True
        threading.Thread(target=_watch, args=(asyncio.get_running_loop(),), name="watcher", daemon=True).start()


def _watch(loop: asyncio.AbstractEventLoop) -> None:
    from mnist_core.ui import live

    watcher = Watcher()
    while not loop.is_closed():
        _wake.clear()  # before what is followed is read, else a tab that says it just then is not heard
        followed = {item_id for connection in list(_connections) for item_id in list(connection.positions)}
        begun = time.monotonic()
        try:
            changed = watcher.look([item for item_id in followed if (item := live.find(item_id))])
            live.forget_unused(followed)
        except Exception as error:
            LOG.warning("%s", error)
            time.sleep(1)
            continue
        if changed and not loop.is_closed():
            loop.call_soon_threadsafe(_tell, changed)
        took = time.monotonic() - begun
        if followed:
            time.sleep(max(PAUSE, took / SHARE - took))
        else:
            _wake.wait()


def _tell(changed: Iterable[str]) -> None:
    """In the event loop: let those who follow one of these items know."""
    items = set(changed)
    for connection in _connections:
        if not items.isdisjoint(connection.positions):
            connection.news.set()


class Watcher:
    """Makes anew what has changed of what is followed."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, ...]] = {}  # id of an item → versions of its runs that it was made of
        self._told: dict[str, live.Told] = {}  # id → what those who follow it were last said to have
        self._ticked = 0.0

    def look(self, items: Iterable[live.Item]) -> list[str]:
        """Ids of those of the items that are others than at the last look."""
        from mnist_core.ui import board, watch

        items = list(items)
        now = time.monotonic()
        ticking = now - self._ticked >= TICK_SECONDS
        if ticking:
            self._ticked = now
        versions = watch.read({run_id for item in items for run_id in item.runs})
        versions |= watch.read_analyses({one for item in items for one in item.analyses})
        versions |= watch.read_classes({one for item in items for one in item.classes})
        versions |= board.read({one for item in items for one in item.rounds})
        seen, told = {}, {}
        for item in items:
            seen[item.id] = item.made_of(versions)
            # What a page has just drawn of the same versions need not be made again.
            drawn = item.id not in self._seen and item.told.at == item.at(versions)
            if not drawn and (self._seen.get(item.id) != seen[item.id] or (ticking and item.ticks)):
                item.renew(versions)
            told[item.id] = item.told
        # Not only what was made here: one tab's page may have drawn what another tab is yet to be told.
        changed = [item_id for item_id, value in told.items() if self._told.get(item_id) is not value]
        self._seen, self._told = seen, told
        return changed
