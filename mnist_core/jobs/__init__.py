"""The cluster that trains: a process of its own beside the server.

`ensure_cluster()` starts it once per server, and anew where it has died (`keeper` asks once a second). Its standard input is
a pipe whose write end is a bare file descriptor of the server: only the server's end closes it while the cluster lives,
however that comes about, and then the cluster goes, too. Its standard output is a pipe on which it gives signs of life.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO, Any

from mnist_core import settings
from mnist_core.errors import JobsError, system_reason
from mnist_core.messages import N_

# Streamlit may drop our modules and import them anew; the environment of the process stays. JSON: see `_start`.
_MARK = "MNIST_LAB_CLUSTER"
QUICK_SECONDS = 10.0  # who dies within so many seconds of his start dies of it
QUICK_DEATHS = 3  # so many in a row, and the next start waits …
WAIT_SECONDS, LONGEST_SECONDS = 15.0, 60.0  # … so long after the last one, twice as long each time, at most so long
_lock = threading.Lock()
_signs: dict[int, int] = {}  # by the process id of a cluster: how often it was heard of


def ensure_cluster() -> None:
    """See that the cluster of this server's process lives; start it where it does not. Cheap when it does.

    Raises JobsError where it dies again and again right after its start, and is not tried yet again.
    """
    if _alive():
        return
    with _lock:
        if _alive():
            return
        _note_death()
        if _too_early():
            raise _start_failed()
        _start()


def cluster_pid() -> int | None:
    """Process id of the cluster that this process started, if it lives."""
    return _mark().get("pid") if _alive() else None


def signs_of_life() -> int:
    """How often the cluster was heard of; 0: never yet."""
    return _signs.get(_mark().get("pid", 0), 0)


def _mark() -> dict[str, Any]:
    """What is known of the cluster that this process started last."""
    mark: dict[str, Any] = json.loads(os.environ.get(_MARK) or "{}")
    # A child process inherits the mark, but not the cluster.
    return mark if mark.get("owner") == os.getpid() else {}


def _alive() -> bool:
    pid: int | None = _mark().get("pid")
    if pid is None:
        return False
    if sys.platform == "win32":
        import psutil

        return bool(psutil.pid_exists(pid))
    try:
        ended, _status = os.waitpid(pid, os.WNOHANG)  # also buries it
    except ChildProcessError:
        return False
    return ended == 0


def _note_death() -> None:
    """Close what is left of a cluster that has died, and count the deaths that come right after a start."""
    mark = _mark()
    if mark.get("pid") is None:
        return
    os.close(mark["pipe"])
    _signs.pop(mark["pid"], None)
    quick = time.monotonic() - mark["started"] < QUICK_SECONDS
    _remember(pid=None, started=mark["started"], deaths=mark["deaths"] + 1 if quick else 0)


def _remember(**fields: Any) -> None:
    os.environ[_MARK] = json.dumps({"owner": os.getpid(), **fields})


def _too_early() -> bool:
    """Whether it died right after its start several times, and the next try is still to come."""
    mark = _mark()
    more = mark.get("deaths", 0) - QUICK_DEATHS
    wait = min(LONGEST_SECONDS, WAIT_SECONDS * 2 ** min(more, 9))
    return bool(more >= 0 and time.monotonic() - mark["started"] < wait)


def _start_failed() -> JobsError:
    return JobsError(
        N_("The training process exits right after it starts. The reason is in {log}. It is restarted every minute."),
        log=str(log_file()),
    )


def _start() -> None:
    settings.scheduler_tls()
    home = settings.home()
    try:
        settings.make_home()
        log = os.fdopen(settings.open_private(log_file()), "ab")
    except OSError as error:
        raise JobsError(
            N_("The folder {folder} is not writable ({reason}). Set MNIST_LAB_HOME to another folder."),
            folder=str(home),
            reason=system_reason(error),
        ) from error
    deaths = _mark().get("deaths", 0)
    with log:
        try:
            process, pipe = _spawn(log)
        except OSError as error:
            log.write(f"The training process cannot be started: {error}\n".encode())
            _remember(pid=None, started=time.monotonic(), deaths=deaths + 1)
            raise _start_failed() from error
    process.returncode = 0  # silences Popen's warning: the process is buried by `_alive`
    _remember(pid=process.pid, pipe=pipe, started=time.monotonic(), deaths=deaths)


def _spawn(log: IO[bytes]) -> tuple[subprocess.Popen[bytes], int]:
    """The cluster's process, and the write end of the pipe that it lives by. Raises OSError."""
    read_end, write_end = os.pipe()  # neither is inherited; the write end stays open as long as this process lives
    sign_read_end, sign_write_end = os.pipe()
    try:
        process = subprocess.Popen(
            # -P: nothing is imported from the folder that the server happens to be started in.
            [sys.executable, "-P", "-m", "mnist_core.jobs"],
            stdin=read_end,
            stdout=sign_write_end,
            stderr=log,
            env=child_environment(),
            # Ctrl+C in the terminal ends the server; the cluster goes by its closed input, in order.
            start_new_session=sys.platform != "win32",
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
    except OSError:
        os.close(write_end)
        os.close(sign_read_end)
        raise
    finally:
        os.close(read_end)
        os.close(sign_write_end)
    threading.Thread(target=_hear, args=(process.pid, sign_read_end), daemon=True).start()
    return process, write_end


def child_environment() -> dict[str, str]:
    """The environment of a process of ours, which finds this package wherever it is started."""
    root = str(Path(__file__).parents[2])
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))}


def _hear(pid: int, pipe: int) -> None:
    """Count the cluster's signs of life until it is gone."""
    while os.read(pipe, 64):
        _signs[pid] = _signs.get(pid, 0) + 1
    os.close(pipe)


def log_file() -> Path:
    """What the cluster and its workers say."""
    return settings.home() / "cluster.log"
