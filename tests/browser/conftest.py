"""A real server and a real Chromium. In CI a browser test that is skipped is a failure."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.remote.webdriver import WebDriver

from tests.browser.page import Page
from tests.conftest import BESIDE, ROOT, wait_until

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--window-size=1400,1300",
)
Open = Callable[[], Page]


def _browser_or_skip() -> tuple[str, str]:
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if browser and driver:
        return browser, driver
    reason = "chromium and chromedriver are not installed (Debian: apt-get install chromium chromium-driver)"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a server with a home of its own; no process of it is left afterwards."""
    _browser_or_skip()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MNIST_LAB_")}
    environment["MNIST_LAB_HOME"] = str(tmp_path_factory.mktemp("home"))
    if (BESIDE / "MNIST").exists():
        environment["MNIST_LAB_DATA"] = str(BESIDE)
    process = start_server(environment)
    try:
        yield process.address
    finally:
        process.end()


class Server:
    """A running `streamlit run app.py`."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process = process
        self.address = f"http://127.0.0.1:{port}"

    def end(self) -> None:
        """End it, and see that all of its processes end."""
        family = psutil.Process(self.process.pid).children(recursive=True)
        self.process.terminate()
        self.process.wait(20)
        wait_until(lambda: not any(child.is_running() and child.status() != "zombie" for child in family), 20)


def start_server(environment: dict[str, str]) -> Server:
    """Start the app as a user does, on a free port, and wait until it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    process = subprocess.Popen(
        [*command, "--server.headless", "true", "--server.address", "127.0.0.1"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    server = Server(process, port)

    def healthy() -> bool:
        try:
            with urllib.request.urlopen(f"{server.address}/_stcore/health", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    wait_until(healthy, 60)
    return server


@pytest.fixture
def open_browser(server: str, request: pytest.FixtureRequest) -> Iterator[Open]:
    """Opens browsers, each with a profile of its own; leaves a screenshot of each when the test fails."""
    binary, driver = _browser_or_skip()
    opened: list[WebDriver] = []
    profiles: list[str] = []

    def opener() -> Page:
        options = webdriver.ChromeOptions()
        options.binary_location = binary
        profiles.append(tempfile.mkdtemp(prefix="mnist-lab-browser-"))
        for flag in (*FLAGS, f"--user-data-dir={profiles[-1]}", "--lang=en-US"):
            options.add_argument(flag)
        browser = webdriver.Chrome(options=options, service=Service(driver))
        opened.append(browser)
        return Page(browser, server)

    yield opener
    for number, browser in enumerate(opened):
        if getattr(request.node, "failed", False):
            browser.save_screenshot(str(Path(tempfile.gettempdir()) / f"{request.node.name}-{number}.png"))
        browser.quit()
    for profile in profiles:
        shutil.rmtree(profile, ignore_errors=True)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Remember whether the test failed, for the screenshot."""
    outcome = yield
    if outcome.get_result().failed:  # type: ignore[attr-defined]
        item.failed = True  # type: ignore[attr-defined]
