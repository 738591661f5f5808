"""A real Chromium without a window, with a profile of its own. Also used by the browser tests."""

from __future__ import annotations

import ctypes
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mnist_core.errors import MnistLabError

if TYPE_CHECKING:
    from selenium.webdriver.remote.webdriver import WebDriver

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = (
    "--headless=new",
    "--no-sandbox",  # Chromium refuses to start as root with it, as in a container
    "--disable-dev-shm-usage",
    "--disable-gpu",
    # Nothing but the app: no updates, no telemetry, no first-run pages.
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find() -> tuple[str, str]:
    """Paths of the browser and its driver. Raises MnistLabError, with what to install."""
    browser = next((path for name in NAMES if (path := shutil.which(name))), None)
    driver = shutil.which("chromedriver")
    if not browser or not driver:
        raise MnistLabError(
            "Chromium and its driver are not both installed. On Debian: apt-get install chromium chromium-driver"
        )
    return browser, driver


def _at_usual_priority() -> None:
    """Let the browser take no more of the processor than it would for a user: where it may, as root, some of its processes
    put themselves before all others, and the server that is measured or tested beside it starves."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_CAPBSET_DROP, _CAP_SYS_NICE, 0, 0, 0)


_PR_CAPBSET_DROP, _CAP_SYS_NICE = 24, 23  # prctl(2), capabilities(7)


@contextmanager
def chromium(*, language: str = "en-US", size: tuple[int, int] = (1400, 1000)) -> Iterator[WebDriver]:
    """A browser of its own, closed and forgotten at the end. Raises MnistLabError where one cannot be had."""
    try:
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service
    except ImportError:
        raise MnistLabError("selenium is missing. Install it: python -m pip install -r requirements-dev.txt") from None
    binary, driver = find()
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    # The headless browser has no interface to be translated; pages see this preference.
    options.add_experimental_option("prefs", {"intl.accept_languages": language})
    profile = tempfile.TemporaryDirectory(prefix="mnist-lab-browser-", ignore_cleanup_errors=True)
    with profile as folder:
        sizes = f"--window-size={size[0]},{size[1]}"
        for flag in (*FLAGS, sizes, f"--user-data-dir={folder}", f"--lang={language}"):
            options.add_argument(flag)
        service = Service(driver, popen_kw={"preexec_fn": _at_usual_priority})
        browser = webdriver.Chrome(options=options, service=service)
        try:
            yield browser
        finally:
            browser.quit()
