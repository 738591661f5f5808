"""The app as a user starts it: a real server process of its own, on a free port. Also used by the browser tests."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil

from mnist_core import settings
from mnist_core.data import load_dataset
from mnist_core.errors import MnistLabError

ROOT = settings.APP
START_SECONDS = 60.0
END_SECONDS = 20.0


class Server:
    """A running `streamlit run app.py` and the processes that it started."""

    def __init__(self, process: subprocess.Popen[bytes], address: str) -> None:
        self.process = process
        self.address = address

    def healthy(self) -> bool:
        """Whether it answers."""
        try:
            with urllib.request.urlopen(f"{self.address}/_stcore/health", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def end(self) -> None:
        """End it as a user does. Raises MnistLabError where a process of it stays (and kills that)."""
        family = psutil.Process(self.process.pid).children(recursive=True) if self.process.poll() is None else []
        self.process.terminate()
        try:
            self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        _gone, survivors = psutil.wait_procs(family, timeout=END_SECONDS)
        for orphan in survivors:
            orphan.kill()
        if survivors:
            raise MnistLabError("Processes of the server outlived it: {processes}.", processes=survivors)


def start_server(environment: Mapping[str, str]) -> Server:
    """Start the app on a free port of this machine; does not wait until it answers."""
    return start_script("app.py", environment)


def start_script(script: str, environment: Mapping[str, str]) -> Server:
    """The same with any script of Streamlit's."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = {"server.port": port, "server.headless": "true", "server.address": "127.0.0.1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", script]
        + [word for name, value in options.items() for word in (f"--{name}", str(value))],
        cwd=ROOT,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    base = environment.get("STREAMLIT_SERVER_BASE_URL_PATH", "")
    return Server(process, f"http://127.0.0.1:{port}/{base}".rstrip("/"))


def draw_digits(environment: Mapping[str, str]) -> None:
    """Put the built-in digits into the home folder that `environment` names, so that no run waits for them."""
    command = [sys.executable, "-m", "mnist_core", "data", "--built-in"]
    ended = subprocess.run(command, cwd=ROOT, env=dict(environment), capture_output=True, text=True)
    if ended.returncode:
        raise MnistLabError("The built-in digits could not be drawn. {reason}", reason=ended.stderr.strip())


def wait_until(condition: Callable[[], object], event: str, seconds: float = START_SECONDS) -> None:
    """Wait until `condition()` is true. Raises MnistLabError, which says that `event` did not happen."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise MnistLabError("After {seconds:g} s: {what} did not happen.", what=event, seconds=seconds)
        time.sleep(0.02)


@contextmanager
def home(data: Path | None) -> Iterator[dict[str, str]]:
    """Environment of a server with a new home that has digits already."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MNIST_LAB_")}
    with tempfile.TemporaryDirectory(prefix="mnist-lab-bench-", ignore_cleanup_errors=True) as folder:
        environment["MNIST_LAB_HOME"] = folder
        if data is None:
            draw_digits(environment)
        else:
            environment["MNIST_LAB_DATA"] = str(load_dataset("mnist", data.resolve()).source)
        yield environment


@contextmanager
def serving(data: Path | None) -> Iterator[Server]:
    """A server that answers, with a new home that has digits already; ended afterwards."""
    with home(data) as environment:
        server = start_server(environment)
        try:
            wait_until(server.healthy, "the server's first answer")
            yield server
        finally:
            server.end()
