"""Keeps the cluster alive from within the server: a thread that starts it where there is none, and ends one that hangs.

So runs that wait go on without a page, after a restart of the server, too, and after the cluster has died by itself.
"""

from __future__ import annotations

import logging
import subprocess
import sys
import threading

from mnist_core import data, jobs, settings
from mnist_core.errors import JobsError
from mnist_core.jobs.liveness import Watch

LOG = logging.getLogger("mnist_lab")
NAME = "mnist-lab-keeper"
LOOK_SECONDS = 1.0
HANG_SECONDS = 60.0  # a cluster that has given no sign of life for so long is ended
_drawn = threading.Event()  # the digits were asked for, once
_over = threading.Event()  # set by tests alone: the thread ends with the process


def keep_cluster() -> None:
    """See that the cluster lives, now and from now on. Cheap where it does. Raises JobsError as `ensure_cluster`.

    Where there is no memory for one, the digits are drawn, once, and nothing else.
    """
    if not settings.can_train():
        _draw_digits()
        return
    if not is_kept():
        threading.Thread(target=_keep, name=NAME, daemon=True).start()
    jobs.ensure_cluster()


def _draw_digits() -> None:
    """Have something to show. In a process, which takes what it needed of the memory along."""
    if _drawn.is_set() or data.available(data.preferred()):
        return
    _drawn.set()
    LOG.warning("there is no memory for a training process: nothing is trained here")
    command = [sys.executable, "-P", "-m", "mnist_core", "data", "--built-in"]
    subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=jobs.child_environment())


def is_kept() -> bool:
    """Whether something has asked for it in this process."""
    # By its name: Streamlit may have imported this module anew.
    return any(thread.name == NAME for thread in threading.enumerate())


def _keep() -> None:
    watch: Watch[int] = Watch()
    last_warning = ""
    while not _over.is_set():
        try:
            jobs.ensure_cluster()
            _end_where_it_hangs(watch)
            last_warning = ""
        except JobsError as error:
            if str(error) != last_warning:
                last_warning = str(error)
                LOG.warning("%s", last_warning)
        except Exception:
            LOG.exception("the cluster could not be seen to")
        _over.wait(LOOK_SECONDS)


def _end_where_it_hangs(watch: Watch[int]) -> None:
    pid, signs = jobs.cluster_pid(), jobs.signs_of_life()
    # None yet: it starts, or an earlier import of this package hears it.
    if pid is None or not signs:
        return
    if watch.look({pid: signs})[pid] >= HANG_SECONDS:
        LOG.warning("the cluster hangs and is ended")
        end_with_children(pid)


def end_with_children(pid: int) -> None:
    """Kill a process and all below it, which a process that is stopped cannot do itself."""
    import psutil

    family = [*psutil.Process(pid).children(recursive=True), psutil.Process(pid)]
    for process in family:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
