"""What a raw client of the class understands and says, without a server."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from mnist_core.bench.class_clients import Client, student
from mnist_core.web import cookie


class Socket:
    """Keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[Any] = []

    async def send(self, frame: bytes) -> None:
        message = BackMsg()
        message.ParseFromString(frame)
        self.sent.append(message.rerun_script)


def component(fragment: str, **data: Any) -> Any:
    message = ForwardMsg()
    message.delta.fragment_id = fragment
    message.delta.new_element.bidi_component.json = json.dumps(data)
    return message


def drawn(of: int = ForwardMsg.FINISHED_SUCCESSFULLY) -> Any:
    message = ForwardMsg()
    message.script_finished = of
    return message


def test_it_follows_what_the_page_gives_it_until_the_page_is_asked_for_anew() -> None:
    client = Client(4, "http://lab", socket=Socket())
    assert not client.take(component("panel", kind="bar", live={"id": "a", "position": 7, "at": 1}))
    client.take(component("panel", live={"id": "b", "position": 3, "at": 1}, pause=0))
    assert client.take(drawn())
    assert client.followed == {"a": 7, "b": 3}
    assert client.hear([{"id": "a", "to": 8, "from": 7, "at": 2}]) == set()
    assert client.hear([{"id": "b", "to": 4, "from": 3, "at": 2}, {"id": "c", "to": 1, "at": 2}]) == {"panel"}
    assert client.followed == {"a": 8, "b": 4}
    asyncio.run(client.say(fragment="panel"))
    assert client.followed
    asyncio.run(client.say())
    assert not client.followed
    fragment, page = client.socket.sent
    assert (fragment.fragment_id, page.fragment_id, page.page_name) == ("panel", "", "train")
    assert "learning_rate=0.05" in page.query_string


def test_it_knows_messages_that_the_server_names_by_their_hash() -> None:
    client = Client(4, "http://lab")
    message = component("panel", live={"id": "a", "position": 7, "at": 1})
    message.hash, message.metadata.cacheable = "h", True
    client.take(message)
    client.followed.clear()
    again = ForwardMsg()
    again.ref_hash = "h"
    client.take(again)
    assert client.followed == {"a": 7}


def test_it_presses_run_in_its_fragment() -> None:
    client = Client(0, "http://lab", socket=Socket())
    message = ForwardMsg()
    message.delta.fragment_id = "controls"
    message.delta.new_element.button.id = "$$ID-1-run"
    client.take(message)
    asyncio.run(client.say(fragment=client.button_fragment, press=client.button.id))
    (said,) = client.socket.sent
    assert said.fragment_id == "controls"
    assert [(widget.id, widget.trigger_value) for widget in said.widget_states.widgets] == [("$$ID-1-run", True)]


def test_only_the_end_of_the_whole_page_counts_as_drawn() -> None:
    client = Client(0, "http://lab")
    client.take(drawn(ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY))
    assert not client.finished.is_set()
    client.take(drawn())
    assert client.finished.is_set()


def test_each_student_has_a_cookie_that_the_server_takes() -> None:
    names = {cookie.name_in([f"{cookie.COOKIE}={student(number)}"]) for number in range(60)}
    assert len(names - {None}) == 60
