"""The cluster that trains: a process of its own beside the server. Importing this imports neither Dask nor torch.

`ensure_cluster()` starts it once per server. Its standard input is a pipe whose write end is a bare file descriptor
of the server: only the server's end closes it, however that comes about, and then the cluster goes, too.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO

from mnist_core import settings
from mnist_core.errors import JobsError
from mnist_core.messages import N_

# Streamlit may drop our modules and import them anew; the environment of the process stays.
_MARK = "MNIST_LAB_CLUSTER"
_QUICK_DEATHS = "MNIST_LAB_CLUSTER_DEATHS"
QUICK_SECONDS = 10.0
_lock = threading.Lock()


def ensure_cluster() -> None:
    """See that the cluster of this server's process lives; start it where it does not. Cheap when it does.

    Raises JobsError where it dies again and again right after its start.
    """
    if _alive():
        return
    with _lock:
        if not _alive():
            _start()


def cluster_pid() -> int | None:
    """Process id of the cluster that this process started, if it lives."""
    return _pid() if _alive() else None


def _pid() -> int | None:
    owner, _colon, rest = os.environ.get(_MARK, "").partition(":")
    # A child process inherits the mark, but not the cluster.
    return int(rest.split("@")[0]) if owner == str(os.getpid()) and rest else None


def _alive() -> bool:
    pid = _pid()
    if pid is None:
        return False
    if sys.platform == "win32":
        import psutil

        return psutil.pid_exists(pid)
    try:
        ended, _status = os.waitpid(pid, os.WNOHANG)  # also buries it
    except ChildProcessError:
        return False
    return ended == 0


def _stillborn() -> JobsError:
    return JobsError(
        N_(
            "The training process ends right after its start. Its reason is in {log}; restart the app after mending it."
        ),
        log=str(log_file()),
    )


def _start() -> None:
    deaths = _deaths()
    if deaths >= 3:
        raise _stillborn()
    settings.scheduler_tls()
    home = settings.home()
    try:
        settings.make_home()
        log = os.fdopen(settings.open_private(log_file()), "ab")
    except OSError as error:
        raise JobsError(
            N_("The folder {folder} cannot be written ({reason}). Set MNIST_LAB_HOME to another folder."),
            folder=str(home),
            reason=error.strerror or str(error),
        ) from error
    with log:
        process = _spawn(log)
    process.returncode = 0  # silences Popen's warning: the process is buried by `_alive`
    os.environ[_MARK] = f"{os.getpid()}:{process.pid}@{time.time()}"
    os.environ[_QUICK_DEATHS] = str(deaths)


def _spawn(log: IO[bytes]) -> subprocess.Popen[bytes]:
    root = str(Path(__file__).parents[2])
    path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    read_end, write_end = os.pipe()  # neither is inherited; the write end stays open as long as this process lives
    try:
        return subprocess.Popen(
            # -P: nothing is imported from the folder that the server happens to be started in.
            [sys.executable, "-P", "-m", "mnist_core.jobs"],
            stdin=read_end,
            stdout=log,
            stderr=log,
            env={**os.environ, "PYTHONPATH": path},
            # Ctrl+C in the terminal ends the server; the cluster goes by its closed input, in order.
            start_new_session=sys.platform != "win32",
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
    except OSError as error:
        os.close(write_end)
        log.write(f"The training process cannot be started: {error}\n".encode())
        raise _stillborn() from error
    finally:
        os.close(read_end)


def _deaths() -> int:
    """How often in a row the cluster died within a few seconds of its start."""
    mark = os.environ.get(_MARK, "")
    if not mark.startswith(f"{os.getpid()}:"):
        return 0
    quick = time.time() - float(mark.rpartition("@")[2]) < QUICK_SECONDS
    return int(os.environ.get(_QUICK_DEATHS, "0")) + 1 if quick else 0


def log_file() -> Path:
    """What the cluster and its workers say."""
    return settings.home() / "cluster.log"
