"""Raw clients of a class: `python -m mnist_core.bench.class_clients ADDRESS COUNT SECONDS EPOCHS`, a process of its own.
With 0 epochs they are a class's members, who do the round that is open.

Each speaks Streamlit's protocol (protobuf messages over its WebSocket) and that of our own connection (ui/push.py) as a browser
does, without drawing: opens the Train page with a rate of its own, presses Run within five seconds, follows what the page gives
it to follow, asks for a redrawing where the page would, moves a slider now and then, opens Compare once, and draws on the pad once. When
all have pressed Run a line of JSON goes to standard output, and another with what they waited for at the end.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

WITHIN = 5.0  # seconds in which all press Run
BETWEEN = 10.0  # seconds between two things that a student does
STARTED = 40.0  # seconds within which a page must be drawn
STROKE = {"w": 18, "p": [80, 60, 200, 60, 170, 140, 140, 220]}  # a seven
PAGE, FRAGMENT = 0, 3  # what has been drawn: Streamlit's ForwardMsg.ScriptFinishedStatus


def student(number: int) -> str:
    """The cookie of the client with this number."""
    return f"{number + 1:032x}"


@dataclass
class Client:
    """One browser's side of the protocol."""

    number: int
    address: str
    epochs: int = 20
    page: str = "train"  # asked for by name until the server has told its hash
    page_hash: str = ""
    query: str = ""
    button: Any = None
    button_fragment: str = ""
    slider: Any = None
    slider_fragment: str = ""
    pad: str = ""  # its id
    pad_fragment: str = ""
    followed: dict[str, int] = field(default_factory=dict)  # id → position of what the page gave to follow
    kept: dict[str, Any] = field(default_factory=dict)  # messages by their hash, which the server may name later
    links: dict[str, str] = field(default_factory=dict)  # id of what asks for a redrawing → its fragment
    finished: asyncio.Event = field(default_factory=asyncio.Event)
    started: asyncio.Event = field(default_factory=asyncio.Event)  # the address names the run
    awaited: int = PAGE
    messages: int = 0
    bytes: int = 0
    told: int = 0
    told_bytes: int = 0
    socket: Any = None
    live: Any = None
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        rate = f"learning_rate={0.01 * (self.number % 30 + 1):.2f}"
        self.query = self.query or (f"preset=two-layer-net&epochs={self.epochs}&{rate}" if self.epochs else rate)

    @property
    def headers(self) -> dict[str, str]:
        """What a browser sends along."""
        return {"Cookie": f"mnist_lab_student={student(self.number)}", "Origin": self.address}

    async def connect(self) -> None:
        """Open both connections and begin to listen."""
        from websockets.asyncio.client import connect

        base = self.address.replace("http", "ws", 1)
        self.socket = await connect(
            f"{base}/_stcore/stream",
            subprotocols=["streamlit"],  # type: ignore[list-item]
            additional_headers=self.headers,
            max_size=None,
        )
        self.live = await connect(f"{base}/live", additional_headers=self.headers, max_size=None)
        self.tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._hear())]

    async def close(self) -> None:
        """End both."""
        for task in self.tasks:
            task.cancel()
        for socket in (self.socket, self.live):
            if socket is not None:
                await socket.close()

    async def drawn(self) -> None:
        """Wait until the page is drawn. Raises what ended the listening, or TimeoutError."""
        waiting = asyncio.create_task(self.finished.wait())
        await asyncio.wait({waiting, *self.tasks}, timeout=STARTED, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        for task in self.tasks:
            if task.done():
                task.result()
        if not self.finished.is_set():
            raise TimeoutError(f"Student {self.number}: {self.page} was not drawn.")

    async def _listen(self) -> None:
        """Take in what Streamlit sends, until it or we close the connection."""
        from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

        async for frame in self.socket:
            message = ForwardMsg()
            message.ParseFromString(frame)
            self.messages, self.bytes = self.messages + 1, self.bytes + len(frame)
            if self.take(message):
                await self.live.send(json.dumps({"follow": self.followed}))

    def take(self, message: Any) -> bool:
        """Take in a message; whether the page is drawn, and what it gave to follow is to be said."""
        if message.metadata.cacheable:
            self.kept[message.hash] = message
        kind = message.WhichOneof("type")
        if kind == "ref_hash":  # said before
            return self.take(self.kept[message.ref_hash])
        if kind == "page_info_changed":
            self.query = message.page_info_changed.query_string
            if "run=" in self.query:
                self.started.set()
        elif kind == "navigation":  # only here is it that of the page that is drawn
            self.page_hash = message.navigation.page_script_hash
        elif kind == "script_finished":
            if message.script_finished in (PAGE, self.awaited):  # a fragment may be drawn with all of the page
                self.finished.set()
            return bool(self.followed)
        elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            self._take_element(message.delta.new_element, message.delta.fragment_id)
        return False

    def _take_element(self, element: Any, fragment: str) -> None:
        kind = element.WhichOneof("type")
        if kind == "button" and element.button.id.endswith("-run"):
            self.button, self.button_fragment = element.button, fragment
        elif kind == "slider" and element.slider.id.endswith("-c_learning_rate"):
            self.slider, self.slider_fragment = element.slider, fragment
        elif kind == "bidi_component" and element.bidi_component.json:
            data = json.loads(element.bidi_component.json)
            if "strokes" in data:
                self.pad, self.pad_fragment = element.bidi_component.id, fragment
            if live := data.get("live"):
                self.followed[live["id"]] = live["position"]
                if "pause" in data:
                    self.links[live["id"]] = fragment

    async def _hear(self) -> None:
        """Take in what is new; ask for a redrawing where a link changes."""
        async for text in self.live:
            self.told, self.told_bytes = self.told + 1, self.told_bytes + len(text)
            for fragment in self.hear(json.loads(text)):
                if self.page_hash:  # else it is on its way to another page
                    await self.say(fragment=fragment)

    def hear(self, messages: list[dict[str, Any]]) -> set[str]:
        """The fragments that are to be drawn anew for these messages."""
        fragments = set()
        for message in messages:
            if message["id"] not in self.followed:
                continue
            if "to" in message:
                self.followed[message["id"]] = message["to"]
            if message["id"] in self.links:
                fragments.add(self.links[message["id"]])
        return fragments

    async def say(self, *, fragment: str = "", press: str = "", move: int = 0, stroke: bool = False) -> None:
        """Ask for a rerun: of the page or a fragment, by pressing a button, moving the slider or a stroke on the pad."""
        from streamlit.proto.BackMsg_pb2 import BackMsg

        if not fragment:  # the page is drawn anew
            self.followed.clear()
            self.links.clear()
        message = BackMsg()
        state = message.rerun_script
        state.query_string, state.fragment_id, state.page_script_hash = self.query, fragment, self.page_hash
        if not self.page_hash:
            state.page_name = self.page
        if press:
            state.widget_states.widgets.add(id=press, trigger_value=True)
        if self.slider is not None and move:
            low, high, step = self.slider.min, self.slider.max, self.slider.step or 1
            value = min(high, low + step * (move % 5))
            state.widget_states.widgets.add(id=self.slider.id).double_array_value.data.append(value)
        if stroke:
            state.widget_states.widgets.add(id=self.pad, json_value=json.dumps({"strokes": [STROKE]}))
        await self.socket.send(message.SerializeToString())

    async def timed(self, **what: Any) -> float:
        """Seconds from what is said until the page, or the fragment, is drawn anew."""
        self.finished.clear()
        self.awaited = FRAGMENT if what.get("fragment") else PAGE
        before = time.monotonic()
        await self.say(**what)
        await self.drawn()
        return time.monotonic() - before

    async def go(self, page: str, query: str) -> float:
        """Seconds until another page is drawn."""
        self.followed.clear()
        self.links.clear()
        self.page, self.query, self.page_hash = page, query, ""
        return await self.timed()

    async def compare(self) -> float:
        """Seconds until Compare is drawn; back on the page before afterwards."""
        page, query = self.page, self.query
        seconds = await self.go("compare", "")
        await self.go(page, query)
        return seconds

    async def draw(self) -> float | None:
        """Seconds from a stroke on the pad until what the student's network says of it is drawn; back afterwards.

        None where the run has not trained yet: there is no pad then.
        """
        page, query = self.page, self.query
        run_id = query.split("run=")[1].split("&")[0]
        await self.go("inspect", f"view=draw&run={run_id}")
        seconds = await self.timed(fragment=self.pad_fragment, stroke=True) if self.pad else None
        await self.go(page, query)
        return seconds


async def _student(client: Client, ready: asyncio.Barrier, clicked: asyncio.Barrier, plan: Plan) -> None:
    await client.connect()
    try:
        await client.say()
        await client.drawn()
        await ready.wait()
        share = client.number / plan.count
        await asyncio.sleep(WITHIN * share)
        assert client.button is not None, "no Run button was sent"
        await client.say(fragment=client.button_fragment, press=client.button.id)
        plan.told["clicked"].append(time.time())
        await asyncio.wait_for(client.started.wait(), STARTED)
        await clicked.wait()
        end, done = time.monotonic() + plan.seconds, 0
        turns = max(2, round(plan.seconds / BETWEEN))
        compare = round(
            (turns - 1) * share
        )  # after so many things this one opens Compare; a draw is half a lesson away
        draw = (compare + turns // 2) % turns
        await asyncio.sleep(BETWEEN * (client.number * 0.618 % 1))
        while time.monotonic() < end:
            if done == compare:
                plan.told["compare"].append(await client.compare())
            if done == draw:
                drawn = await client.draw()
                plan.told["draw"] += [] if drawn is None else [drawn]
            done += 1
            plan.told["interactions"].append(await client.timed(fragment=client.slider_fragment, move=done))
            await asyncio.sleep(BETWEEN)
        plan.told["messages"].append(client.messages)
        plan.told["bytes"].append(client.bytes)
        plan.told["told"].append(client.told)
        plan.told["told_bytes"].append(client.told_bytes)
    finally:
        await client.close()


@dataclass
class Plan:
    """What the class does, and what it has waited for: seconds, and times on the machine's clock."""

    address: str
    count: int
    seconds: float  # for which it watches after the last click
    epochs: int
    told: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))


async def attend(plan: Plan) -> None:
    """Play it."""
    ready = asyncio.Barrier(plan.count)

    async def all_clicked() -> None:
        print(json.dumps({"clicked": plan.told["clicked"]}), flush=True)

    clicked = _Once(plan.count, all_clicked)
    clients = [Client(number, plan.address, plan.epochs) for number in range(plan.count)]
    await asyncio.gather(*[_student(client, ready, clicked, plan) for client in clients])


class _Once(asyncio.Barrier):
    """A barrier that does something when all have come."""

    def __init__(self, parties: int, then: Any) -> None:
        super().__init__(parties)
        self._then = then

    async def wait(self) -> int:
        place = await super().wait()
        if place == 0:
            await self._then()
        return place


if __name__ == "__main__":
    arguments = sys.argv[1:]
    played = Plan(arguments[0], int(arguments[1]), float(arguments[2]), int(arguments[3]))
    asyncio.run(attend(played))
    print(json.dumps(played.told))
