"""The app on a host with 1 GB of memory, as Streamlit Community Cloud may be: one worker, a LeNet, a sweep, and all pages.

Where this account may make control groups, the server and all that it starts get one with that limit; what is measured is the memory
that all of them have together, a few times a second: what is in no file, and pages of files that any of them has mapped, each page of them
once. What other programs share of these counts in full: on a host of its own the app has nobody to share with.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import psutil

from mnist_core import settings
from mnist_core.bench import browser as browsers
from mnist_core.bench.report import Figure, Report
from mnist_core.bench.server import Server, home, start_server, wait_until
from mnist_core.bench.ui import press
from mnist_core.records import Run
from mnist_core.store import Store, open_store

LIMIT_BYTES = 10**9  # of the host
BOUND_MB = 900.0
SAMPLE_SECONDS = 0.3
RUN_SECONDS = 240.0
TRAIN = "/train?preset=lenet-fast&train_size=10000&epochs=1&lang=en"
SWEEP = "/learning_rate?preset=two-layer-net&epochs=5&train_size=10000&lang=en"


def measure(data: Path | None = None) -> Report:
    """Measure it. Raises MnistLabError where something needed is missing or does not happen."""
    with home(data) as environment, browsers.chromium() as browser:
        server = start_server({**environment, "MNIST_LAB_WORKERS": "1"})
        with _limited(server) as limited, _Memory(server) as memory:
            try:
                wait_until(server.healthy, "the server's first answer")
                store = open_store(f"sqlite:///{environment['MNIST_LAB_HOME']}/runs.sqlite")
                for page, button in ((TRAIN, "run"), (SWEEP, "sweep")):
                    before = len(_runs(store))
                    browser.get(server.address + page)
                    press(browser, f".st-key-{button} button")
                    wait_until(partial(_has_more_runs, store, before), "a run in the queue")
                    wait_until(lambda: not any(store.queue.overview()), "the end of what was started", RUN_SECONDS)
                pages = sorted(file.stem for file in (settings.APP / "pages").glob("*.py") if file.stem != "home")
                for page in ("", *pages):
                    browser.get(f"{server.address}/{page}")
                    wait_until(lambda: browser.execute_script("return !!document.querySelector('h1')"), f"/{page}")
                trained = _runs(store)
                store.close()
            finally:
                server.end()
    figures = [
        Figure("Memory of all processes, at most", memory.most, "MB", most=BOUND_MB, note=memory.parts),
        Figure("Runs that lost their worker", float(sum(run.attempts > 1 for run in trained)), "", most=0),
        Figure("Runs trained", float(len(trained)), "", minimum=2),
        _limit_figure(limited),
    ]
    return Report(figures, {"memory": memory.samples})


def _runs(store: Store) -> list[Run]:
    with store.transfer.snapshot() as snapshot:
        return store.runs.of_ids(snapshot.run_ids())


def _has_more_runs(store: Store, than: int) -> bool:
    return len(_runs(store)) > than


def _is_empty(group: Path) -> bool:
    return not (group / "cgroup.procs").read_text().strip()


def _limit_figure(limited: bool) -> Figure:
    note = "" if limited else "no control group can be made here"
    return Figure("Limit that the system held", LIMIT_BYTES / 1e6 if limited else None, "MB", note=note)


class _Memory:
    """Samples of what a server's processes take together, in MB, for as long as the context lasts."""

    def __init__(self, server: Server) -> None:
        self._process = psutil.Process(server.process.pid)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample)
        self.samples: list[float] = []
        self.parts = ""  # of the greatest: what each process took, in MB

    def __enter__(self) -> _Memory:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._thread.join()

    @property
    def most(self) -> float:
        """At most, in MB."""
        return max(self.samples, default=0.0)

    def _sample(self) -> None:
        while not self._over.wait(SAMPLE_SECONDS):
            with suppress(psutil.Error):
                parts = sorted(_shares([self._process, *self._process.children(recursive=True)]), reverse=True)
                if sum(parts) > self.most:
                    self.parts = " + ".join(f"{part:.0f}" for part in parts if part >= 1)
                self.samples.append(sum(parts))


def _shares(family: list[psutil.Process]) -> list[float]:
    """The memory of each process in MB; pages of a file that several have are the first one's."""
    of_files: dict[str, int] = {}  # the most that one of them has of each
    shares = []
    for process in family:
        own = 0
        with suppress(psutil.Error):
            for mapping in process.memory_maps():
                own += mapping.anonymous
                pages, counted = mapping.rss - mapping.anonymous, of_files.get(mapping.path, 0)
                own += max(0, pages - counted)
                of_files[mapping.path] = max(pages, counted)
        shares.append(own / 1e6)
    return shares


@contextmanager
def _limited(server: Server) -> Iterator[bool]:
    """A control group with the limit around the server, which has just been started; False: none can be made."""
    for root, name in (("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")):
        group = Path(root) / "mnist-lab-bench"
        try:
            group.mkdir()
            (group / name).write_text(str(LIMIT_BYTES))
            (group / "cgroup.procs").write_text(str(server.process.pid))
        except OSError:
            with suppress(OSError):
                group.rmdir()
            continue
        try:
            yield True
        finally:
            with suppress(OSError):
                wait_until(partial(_is_empty, group), "an empty group", 10)
                group.rmdir()
        return
    yield False
