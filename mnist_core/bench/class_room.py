"""A class on one machine: many browsers on the Train page, each with a run just begun, beside the server on the same cores.

Most are raw clients (class_clients.py), a process whose own CPU is told, too; the first few are real Chromiums. Five lessons, each
with a server and a home of its own: a class that *watches* runs that train all the while, with one worker; a class that presses Run on short
runs *at once*; a short run while somebody else's long ones have every worker; a *round* of a class with the board open; and the
server's *start* beside that of a bare page of Streamlit's.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil

from mnist_core.bench import browser as browsers
from mnist_core.bench.class_clients import student
from mnist_core.bench.report import Figure, Report, median
from mnist_core.bench.server import ROOT, Server, home, start_script, start_server, wait_until
from mnist_core.bench.ui import LISTEN, RUN, WAITED, press
from mnist_core.config import DatasetName
from mnist_core.errors import MnistLabError
from mnist_core.presets import PRESETS

if TYPE_CHECKING:
    from selenium.webdriver.remote.webdriver import WebDriver

    from mnist_core.store import Store

REAL = 3  # Chromiums among them
SECONDS = 60.0  # that the class watches
LONGEST = 300.0  # until all runs are done, say
AT_ONCE = 30  # students who press Run on a short run
SHORT_EPOCHS, LONG_EPOCHS = 20, 1_000  # of 100 updates each
STARTS = 5
INTERACTION, SHOWN, CPU, MEMORY, WORKER, LAST, AMONG_LONG, ON_BOARD, START = (
    0.1,
    0.3,
    40.0,
    350.0,
    0.85,
    10.0,
    3.0,
    1.0,
    1.15,
)

# Notes the time of each drawing and the last step that it shows.
NOTE = """
window.benchDrawn = [];
const chart = document.querySelector('[data-testid="live-chart"][data-key="chart_loss"]');
new MutationObserver(() => {
  const trace = (chart._fullData || []).find((one) => one.uid === 'train');
  if (trace && trace.x.length) window.benchDrawn.push([Date.now() / 1000, Number(trace.x[trace.x.length - 1])]);
}).observe(chart, { attributes: true, attributeFilter: ['data-updates'] });
"""


# Notes when a run first stands on the board as one that is over.
NOTE_ENDS = """
window.benchEnded = {};
const chart = document.querySelector('[data-testid="live-chart"][data-key="chart_board"]');
new MutationObserver(() => {
  for (const trace of chart._fullData || [])
    if (trace.uid !== 'training') for (const id of trace.meta || []) window.benchEnded[id] ??= Date.now() / 1000;
}).observe(chart, { attributes: true, attributeFilter: ['data-updates'] });
"""


def measure(
    *, count: int = 60, real: int = REAL, seconds: float = SECONDS, data: Path | None = None, only: str = ""
) -> Report:
    """Measure it with `count` browsers, `real` of them Chromiums; `only` one lesson. Raises MnistLabError where it cannot be done."""
    lessons: dict[str, Callable[[dict[str, Any]], list[Figure]]] = {
        "watching": lambda samples: _watching(samples, count, real, seconds, data),
        "at-once": lambda samples: _at_once(samples, min(AT_ONCE, count), data),
        "among-long": lambda samples: _among_long(samples, data),
        "round": lambda samples: _round(samples, count, seconds, data),
        "start": lambda samples: _starts(samples, data),
    }
    if only not in ("", *lessons):
        raise MnistLabError("There is no lesson “{name}”. Choose one of: {names}.", name=only, names=", ".join(lessons))
    figures: list[Figure] = []
    samples: dict[str, Any] = {}
    for name, lesson in lessons.items():
        if only in ("", name):
            figures += lesson(samples)
    return Report(figures, samples)


# ---- a class that watches ----------------------------------------------------------------------------------------------------


def _watching(samples: dict[str, Any], count: int, real: int, seconds: float, data: Path | None) -> list[Figure]:
    """Long runs and one worker; afterwards the same runs with nobody before the page."""
    with _school(data, MNIST_LAB_WORKERS="1") as (server, store), _chromiums(real) as chromiums:
        for number, chromium in enumerate(chromiums):
            _open(chromium, server, 0.01 * (number + 1), LONG_EPOCHS)
        with _clients(server, count - real, seconds, LONG_EPOCHS) as clients:
            for chromium in chromiums:
                chromium.execute_script(LISTEN)
                press(chromium, RUN)
            clients.told()  # all have pressed Run
            for chromium in chromiums:
                wait_until(lambda chromium=chromium: "run=" in chromium.current_url, "the run")  # type: ignore[misc]
            shown = _Shown(store, chromiums, real)
            usage = _Usage({"page": server.process.pid, "clients": clients.process.pid})
            work = _Work(store)
            told = clients.told()
            speed, used = work.updates_per_second(), usage.end()
            late = shown.end()
        for chromium in chromiums:
            chromium.get("about:blank")
        alone = _Work(store)
        time.sleep(seconds / 2)  # a measurement lasts
        idle_speed = alone.updates_per_second()
    samples["watching"] = {**told, **used, "late": late, "updates_per_second": [speed, idle_speed]}
    title = f"{count} browsers that watch"
    waits = told["interactions"]
    return [
        _percentile(f"interaction, 95th percentile of {len(waits)}", waits, 95, title, most=INTERACTION),
        _percentile("interaction, median", waits, 50, title),
        _percentile(f"Compare opened, median of {len(told['compare'])}", told["compare"], 50, title),
        _percentile(f"store to screen, 95th percentile of {len(late)}", late, 95, title, most=SHOWN),
        _percentile(f"stroke on the pad to its answer, median of {len(told['draw'])}", told["draw"], 50, title),
        _percentile("store to screen, median", late, 50, title),
        Figure("page's process", float(np.mean(used["page"])), "% of a core", most=CPU, group=title),
        Figure("its memory, most", max(used["page_memory"]), "MB", most=MEMORY, group=title),
        Figure("raw clients' own process", float(np.mean(used["clients"])), "% of a core", group=title),
        Figure(
            "one worker's updates beside them / beside an idle page",
            speed / idle_speed,
            "×",
            minimum=WORKER,
            group=title,
        ),
    ]


class _Shown:
    """How long after the store has a record it is on the screens of the Chromiums."""

    def __init__(self, store: Store, chromiums: list[WebDriver], real: int) -> None:
        self._store, self._chromiums = store, chromiums
        self._runs = [chromium.current_url.split("run=")[1].split("&")[0] for chromium in chromiums]
        for chromium in chromiums:
            chromium.execute_script(NOTE)
        self._stored: list[list[tuple[float, int]]] = [[] for _run in self._runs]  # (when it was seen there, step)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        versions: dict[str, int | None] = {}
        while not self._ended.wait(0.02):
            for run_id, seen in zip(self._runs, self._stored, strict=True):
                version = self._store.runs.version(run_id)
                if version != versions.get(run_id):
                    versions[run_id] = version
                    after = seen[-1][1] if seen else -1
                    steps = self._store.record_reader.curves(run_id, after, after).evaluations["step"]
                    seen += [(time.time(), int(step)) for step in steps[-1:]]

    def end(self) -> list[float]:
        """Seconds of each record that was drawn."""
        self._ended.set()
        self._thread.join()
        late = []
        for chromium, stored in zip(self._chromiums, self._stored, strict=True):
            drawn = chromium.execute_script("return window.benchDrawn")
            for moment, step in stored[1:]:
                shown = next((when for when, last in drawn if last >= step), None)
                if shown is not None:
                    late.append(max(0.0, shown - moment))
        return late


class _Work:
    """Updates of all runs from now on."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._since, self._before = time.monotonic(), self._updates()

    def updates_per_second(self) -> float:
        """So far."""
        return (self._updates() - self._before) / (time.monotonic() - self._since)

    def _updates(self) -> int:
        training, waiting = self._store.queue.overview()
        return sum(run.progress.step for run in (*training, *waiting))


class _Usage:
    """Looks at processes once a second until its end."""

    def __init__(self, processes: Mapping[str, int]) -> None:
        self._processes = {name: psutil.Process(pid) for name, pid in processes.items()}
        self._ended = threading.Event()
        self._seen: dict[str, list[float]] = {}
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        for process in self._processes.values():
            process.cpu_percent()
        while not self._ended.wait(1.0):
            for name, process in self._processes.items():
                if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                    self._seen.setdefault(name, []).append(process.cpu_percent())
                    self._seen.setdefault(f"{name}_memory", []).append(process.memory_info().rss / 1e6)

    def end(self) -> dict[str, list[float]]:
        """What was seen: % of a core, and MB."""
        self._ended.set()
        self._thread.join()
        return self._seen


# ---- at once, among long ones, start ------------------------------------------------------------------------------------------


def _at_once(samples: dict[str, Any], count: int, data: Path | None) -> list[Figure]:
    """Everybody presses Run on a short run within five seconds, each with a rate of his own."""
    with _school(data) as (server, store):
        _warm(store, data)
        with _clients(server, count, SECONDS, SHORT_EPOCHS) as clients:
            last_click = max(clients.told()["clicked"])
            wait_until(lambda: _ended(store, count), "the end of all runs", LONGEST)
            ends = [run.finished_at or 0.0 for number in range(count) for run in store.runs.newest(student(number), 1)]
            clients.told()
    samples["at-once"] = [end - last_click for end in ends]
    title = f"{count} short runs at once"
    return [
        Figure("last curve after the last click", max(ends) - last_click, "s", most=LAST, group=title),
        median("a curve after the last click", [end - last_click for end in ends], "s", group=title),
    ]


def _ended(store: Store, count: int) -> bool:
    runs = [run for number in range(count) for run in store.runs.newest(student(number), 1)]
    return len(runs) == count and all(run.state == "finished" for run in runs)


def _among_long(samples: dict[str, Any], data: Path | None) -> list[Figure]:
    """First point of short runs, one after the other, while somebody else's long ones have every worker."""
    waits = []
    with _school(data) as (server, store), _chromiums(1) as (chromium,):
        _warm(store, data)
        config = PRESETS["two-layer-net"].config.replace(epochs=LONG_EPOCHS)
        long = [config.replace(dataset=_dataset(data), batch_size=config.batch_size + number) for number in range(4)]
        ids = [store.runs.create("f" * 32, one) for one in long]
        wait_until(lambda: len(store.queue.overview()[0]) >= 2, "the long runs' start")
        for number in range(5):
            _open(chromium, server, 0.01 * (number + 1), SHORT_EPOCHS)
            chromium.execute_script(LISTEN)
            press(chromium, RUN)
            wait_until(lambda: chromium.execute_script(WAITED) is not None, "the first point", LONGEST)
            waits.append(float(chromium.execute_script(WAITED)) / 1000)
            mine = store.runs.newest(_cookie(chromium), 1)[0].id
            wait_until(lambda mine=mine: store.runs.get(mine).state == "finished", "its end", LONGEST)  # type: ignore[misc]
        assert all(store.runs.get(run_id).state != "finished" for run_id in ids)
    samples["among-long"] = waits
    title = "a short run while somebody else's long ones have every worker"
    return [Figure("click to first point, longest of 5", max(waits), "s", most=AMONG_LONG, group=title)]


def _round(samples: dict[str, Any], count: int, seconds: float, data: Path | None) -> list[Figure]:
    """A class's members do a round, each with a rate of his own, while the board is on a screen."""
    from mnist_core.escape import UserText
    from mnist_core.rounds import Plan

    config = PRESETS["two-layer-net"].config.replace(epochs=SHORT_EPOCHS, dataset=_dataset(data))
    plan = Plan(UserText("Find the edge"), config=config, free={"learning_rate": (0.01, 10.0)}, runs_each=2)
    with _school(data) as (server, store), _chromiums(1) as (board,):
        _warm(store, data)
        opened, secret = store.classes.open("Benchmark", "d" * 32)
        for number in range(count - 1):
            store.classes.join(opened.code, student(number), f"Student {number}")
        given = store.rounds.give(opened.id, secret, plan)
        store.rounds.change(opened.id, secret, given.id, board_shown=True)
        board.get(f"{server.address}/classroom?board={opened.code}")
        wait_until(lambda: board.find_elements("css selector", '[data-key="chart_board"]'), "the board")
        board.execute_script(NOTE_ENDS)
        with _clients(server, count - 1, seconds, 0) as clients:
            clients.told()
            usage = _Usage({"page": server.process.pid})
            told = clients.told()
            used = usage.end()
            wait_until(lambda: _ended(store, count - 1), "the end of all runs", LONGEST)
        runs = [run for number in range(count - 1) for run in store.runs.newest(student(number), 1)]
        assert store.board.run_versions(given.id).keys() == {run.id for run in runs}
        wait_until(lambda: len(_on_board(board)) >= len(runs), "all runs on the board")
        shown = _on_board(board)
    late = [max(0.0, shown[run.id] - (run.finished_at or 0.0)) for run in runs]
    samples["round"] = {**told, **used, "late": late}
    title = f"a round of {count} browsers, one of them the board"
    return [
        _percentile(
            f"interaction, 95th percentile of {len(told['interactions'])}",
            told["interactions"],
            95,
            title,
            most=INTERACTION,
        ),
        _percentile("interaction, median", told["interactions"], 50, title),
        _percentile(f"end of a run to the board, 95th percentile of {len(late)}", late, 95, title, most=ON_BOARD),
        _percentile("end of a run to the board, median", late, 50, title),
        Figure("page's process", float(np.mean(used["page"])), "% of a core", group=title),
        Figure("its memory, most", max(used["page_memory"]), "MB", group=title),
    ]


def _on_board(board: WebDriver) -> dict[str, float]:
    shown: dict[str, float] = board.execute_script("return window.benchEnded")
    return shown


def _cookie(chromium: WebDriver) -> str:
    cookie = chromium.get_cookie("mnist_lab_student")
    assert cookie is not None, "the page has set its cookie"
    return str(cookie["value"])


def _starts(samples: dict[str, Any], data: Path | None) -> list[Figure]:
    """From the start of the process to the heading in the browser: the app's, and that of a script with a heading alone."""
    seconds: dict[str, list[float]] = {"app": [], "bare": []}
    with tempfile.TemporaryDirectory() as folder, _chromiums(1) as (chromium,):
        bare = Path(folder) / "bare.py"
        bare.write_text('import streamlit as st\n\nst.title("Bare")\n')
        for number in range(STARTS + 1):
            for name, script in (("bare", str(bare)), ("app", "app.py")):
                with home(data) as environment:
                    environment.pop("PYTHONDONTWRITEBYTECODE", None)
                    environment["PYTHONPYCACHEPREFIX"] = folder
                    before = time.monotonic()
                    server = start_script(script, environment)
                    try:
                        wait_until(server.healthy, "the server's first answer")
                        chromium.get(server.address)
                        wait_until(lambda: chromium.find_elements("css selector", "h1"), "the heading")
                        if number:  # the first one compiles what it imports, of both
                            seconds[name].append(time.monotonic() - before)
                    finally:
                        server.end()
    samples["start"] = seconds
    title = "start of the server to the page drawn"
    ratios = [app / plain for app, plain in zip(seconds["app"], seconds["bare"], strict=True)]
    return [
        median("the app", seconds["app"], "s", group=title),
        median("a bare page of Streamlit's", seconds["bare"], "s", group=title),
        median("the app / bare", ratios, "×", most=START, group=title),
    ]


# ---- parts ------------------------------------------------------------------------------------------------------------------


@contextmanager
def _school(data: Path | None, **settings: str) -> Iterator[tuple[Server, Store]]:
    """A server that answers, in a new home, and its store."""
    from mnist_core.store import open_store

    with home(data) as environment:
        server = start_server(environment | settings)
        try:
            wait_until(server.healthy, "the server's first answer")
            store = open_store(f"sqlite:///{environment['MNIST_LAB_HOME']}/runs.sqlite")
            try:
                yield server, store
            finally:
                store.close()
        finally:
            server.end()


@contextmanager
def _chromiums(count: int) -> Iterator[list[WebDriver]]:
    from contextlib import ExitStack

    with ExitStack() as stack:
        yield [stack.enter_context(browsers.chromium()) for _number in range(count)]


def _open(chromium: WebDriver, server: Server, rate: float, epochs: int) -> None:
    chromium.get(f"{server.address}/train?preset=two-layer-net&epochs={epochs}&learning_rate={rate:.2f}")
    wait_until(lambda: chromium.find_elements("css selector", RUN), "the Run button")


def _dataset(data: Path | None) -> DatasetName:
    return "mnist" if data is not None else "built-in"


def _warm(store: Store, data: Path | None) -> None:
    """Let each worker train once: the first run of a process waits for its libraries."""
    config = PRESETS["two-layer-net"].config.replace(epochs=1, dataset=_dataset(data))
    ids = [store.runs.create("e" * 32, config.replace(batch_size=100 + number)) for number in range(4)]
    wait_until(lambda: all(store.runs.get(run_id).state == "finished" for run_id in ids), "the first runs", LONGEST)


class _Clients:
    """The process of the raw clients."""

    def __init__(self, server: Server, count: int, seconds: float, epochs: int) -> None:
        words = [server.address, str(count), str(seconds), str(epochs)]
        command = [sys.executable, "-m", "mnist_core.bench.class_clients", *words]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)

    def told(self) -> dict[str, list[float]]:
        """The next line that it tells."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise MnistLabError("The raw clients failed. {reason}", reason=str(self.process.wait()))
        lists: dict[str, list[float]] = json.loads(line)
        return lists


@contextmanager
def _clients(server: Server, count: int, seconds: float, epochs: int) -> Iterator[_Clients]:
    clients = _Clients(server, count, seconds, epochs)
    try:
        yield clients
    finally:
        clients.process.kill()
        clients.process.wait()


def _percentile(name: str, values: list[float], fraction: int, group: str, most: float | None = None) -> Figure:
    value = float(np.percentile(values, fraction)) if values else None
    return Figure(name, value, "s", most=most, group=group)
