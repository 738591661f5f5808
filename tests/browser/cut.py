"""A connection that can be cut: what a browser's bytes go through on their way to a server."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress


class Cable:
    """Passes connections to `port` of this machine on, until it is cut, and again when it is mended."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._whole = True
        self._pairs: list[socket.socket] = []
        self._door = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._door.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """End all connections, and refuse new ones."""
        self._whole = False
        for end in self._pairs:
            _shut(end)
        self._pairs.clear()

    def mend(self) -> None:
        """Let connections through again."""
        self._whole = True

    def close(self) -> None:
        """Cut for good."""
        self.cut()
        self._door.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near = self._door.accept()[0]
                if not self._whole:
                    _shut(near)
                    continue
                far = socket.create_connection(("127.0.0.1", self._port))
                self._pairs += [near, far]
                for ends in ((near, far), (far, near)):
                    threading.Thread(target=_pass_on, args=ends, daemon=True).start()


def _pass_on(start: socket.socket, end: socket.socket) -> None:
    with suppress(OSError):
        while piece := start.recv(65_536):
            end.sendall(piece)
    _shut(start)
    _shut(end)


def _shut(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
