"""A browser that says to Streamlit what it likes: its connection, without a page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.sync.client import connect

SECONDS = 60.0


@dataclass
class Drawn:
    """What one drawing of a page has: the ids of its widgets by their keys, and everything it was sent."""

    widgets: dict[str, str] = field(default_factory=dict)
    text: str = ""


class SocketSession:
    """One session of Streamlit's."""

    def __init__(self, server: str, cookies: dict[str, str]) -> None:
        host = urlsplit(server).netloc
        cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
        self._connecting = connect(
            f"ws://{host}/_stcore/stream",
            additional_headers={"Cookie": cookie, "Origin": server},
            subprotocols=["streamlit"],  # type: ignore[list-item]
            max_size=None,
        )

    def __enter__(self) -> Self:
        self._socket = self._connecting.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._connecting.__exit__(*error)

    def draw(self, page: str, query: str, states: Iterable[WidgetState] = ()) -> Drawn:
        """Ask for the page, with widgets in these states; returns what it draws."""
        message = BackMsg()
        message.rerun_script.page_name = page
        message.rerun_script.query_string = query
        message.rerun_script.widget_states.widgets.extend(states)
        self._socket.send(message.SerializeToString())
        drawn = Drawn()
        while True:
            told = ForwardMsg.FromString(self._socket.recv(SECONDS))  # type: ignore[arg-type]
            if told.WhichOneof("type") == "delta":
                _note(told.delta, drawn)
            # Else the server draws once more by itself.
            if (
                told.WhichOneof("type") == "script_finished"
                and told.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY
            ):
                return drawn


def _note(delta: Any, drawn: Drawn) -> None:
    drawn.text += str(delta)
    if delta.WhichOneof("type") == "new_element":
        element = getattr(delta.new_element, delta.new_element.WhichOneof("type"))
        identity = getattr(element, "id", "")
        if identity.startswith("$$ID-"):
            drawn.widgets[identity.split("-", 2)[2]] = identity


def pressed(identity: str) -> WidgetState:
    """A button that was pressed."""
    return WidgetState(id=identity, trigger_value=True)


def switched(identity: str) -> WidgetState:
    """A toggle that is on."""
    return WidgetState(id=identity, bool_value=True)


def filled(identity: str, text: str) -> WidgetState:
    """A field or list with this entry."""
    return WidgetState(id=identity, string_value=text)
