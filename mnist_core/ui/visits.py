"""What the server keeps for a browser: its session until a minute after it is gone, and its last few uploaded files.

Streamlit keeps a session that was left for two minutes, and then until another one is left and Python collects it; each holds
an event loop (three file descriptors) and all that was uploaded, however much. Here sessions end on time, and uploads have a
bound, of one session and of all together.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from streamlit import runtime
from streamlit.runtime import Runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

SESSION_SECONDS = 60  # within which a browser that was cut off finds all as it left it
LOOK_SECONDS = 10
MOST_FILES = 64  # of one session: as many photos of a class are given at once
SESSION_BYTES = 40_000_000  # of one session
MOST_BYTES = 200_000_000  # of all sessions
_THREAD = "mnist-lab-visits"
_lock = threading.Lock()


class Visits:
    """The sessions of a server, and their uploads."""

    def __init__(self, server: Any, clock: Callable[[], float] = time.monotonic) -> None:
        self._server = server
        self._clock = clock
        self._seen: dict[str, float] = {}  # when each session was last known to have a browser
        self._files: dict[tuple[str, str], int] = {}  # sizes by session and file, the oldest first
        self._lock = threading.Lock()
        self._manager = server.uploaded_file_mgr
        self._add_file = self._manager.add_file
        self._manager.add_file = self.add_file

    def note(self, session_id: str) -> None:
        """A session is at work."""
        with self._lock:
            self._seen[session_id] = self._clock()

    def look(self) -> None:
        """Close the sessions whose browsers have been gone for SESSION_SECONDS."""
        with self._lock:
            session_ids = list(self._seen)
        for session_id in session_ids:
            if self._server.is_active_session(session_id):
                self.note(session_id)
            elif self._clock() - self._seen[session_id] >= SESSION_SECONDS:
                # Of all that may be called from any thread, this closes a session that nobody is connected to.
                self._server.clear_user_info_for_session(session_id)
                with self._lock:
                    del self._seen[session_id]

    def add_file(self, session_id: str, file: Any) -> None:
        """Keep an uploaded file, and as many of the older ones as there is room for; in place of Streamlit's own."""
        with self._lock:
            key = (session_id, file.file_id)
            self._files.pop(key, None)
            for other in [other for other in self._files if not self._manager.get_files(other[0], [other[1]])]:
                del self._files[other]
            self._files[key] = len(file.data)
            self._add_file(session_id, file)
            own = [other for other in self._files if other[0] == session_id]
            for other in own[:-MOST_FILES]:
                self._remove(other)
            own = own[-MOST_FILES:]
            while len(own) > 1 and sum(self._files[other] for other in own) > SESSION_BYTES:
                self._remove(own.pop(0))
            while sum(self._files.values()) > MOST_BYTES and len(self._files) > 1:
                self._remove(self._first_to_go(key))

    def _first_to_go(self, new: tuple[str, str]) -> tuple[str, str]:
        """The oldest file of the session that has most, but not the new one."""
        sizes: Counter[str] = Counter()
        for (session_id, _file), size in self._files.items():
            sizes[session_id] += size
        return max((key for key in self._files if key != new), key=lambda key: sizes[key[0]])

    def _remove(self, key: tuple[str, str]) -> None:
        del self._files[key]
        self._manager.remove_file(*key)

    def stay(self) -> None:
        """Look every now and then, as long as the server runs."""
        while True:
            time.sleep(LOOK_SECONDS)
            self.look()


def note() -> None:
    """The session of this script is at work; the first of a server begins to watch over all."""
    context = get_script_run_ctx()
    server = runtime.get_instance() if runtime.exists() else None
    if context is None or type(server) is not Runtime:  # a test's
        return
    with _lock:
        # Kept by its thread: modules may be imported anew.
        thread: Any = next((thread for thread in threading.enumerate() if thread.name == _THREAD), None)
        if thread is None:
            visits = Visits(server)
            thread = threading.Thread(target=visits.stay, name=_THREAD, daemon=True)
            thread.visits = visits
            thread.start()
    thread.visits.note(context.session_id)


def forget(file: Any) -> None:
    """Remove an uploaded file that was read."""
    context = get_script_run_ctx()
    if context is not None and runtime.exists():
        manager: Any = runtime.get_instance().uploaded_file_mgr
        manager.remove_file(context.session_id, file.file_id)
