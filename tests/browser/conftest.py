"""A real server and a real Chromium. In CI a browser test that is skipped is a failure."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from mnist_core.bench import browser
from mnist_core.bench.server import draw_digits, start_server, wait_until
from mnist_core.errors import MnistLabError
from tests.browser.page import Page
from tests.conftest import mnist_folder

Open = Callable[..., Page]
FAILED = pytest.StashKey[bool]()


@pytest.fixture(scope="session")
def chromium() -> None:
    """Skips where there is no browser to test with; fails in CI."""
    try:
        browser.find()
    except MnistLabError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def server(chromium: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a server with a home of its own; fails where a process of it is left afterwards."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MNIST_LAB_")}
    environment["MNIST_LAB_HOME"] = str(tmp_path_factory.mktemp("home"))
    if folder := mnist_folder():
        environment["MNIST_LAB_DATA"] = str(folder)
    else:
        draw_digits(environment)
    running = start_server(environment)
    try:
        wait_until(running.healthy, "the server's first answer")
        yield running.address
    finally:
        running.end()


@pytest.fixture
def open_browser(server: str, request: pytest.FixtureRequest) -> Iterator[Open]:
    """Opens browsers (`open_browser(language="ko-KR", size=(1400, 1000))`), each with a profile of its own.

    Leaves a screenshot of each in the folder for temporary files when the test fails.
    """
    with ExitStack() as stack:
        pages: list[Page] = []

        def opener(*, language: str = "en-US", size: tuple[int, int] = (1400, 1300)) -> Page:
            opened = stack.enter_context(browser.chromium(language=language, size=size))
            pages.append(Page(opened, server))
            return pages[-1]

        yield opener
        for page in pages:
            told = [one["message"] for one in page.browser.get_log("browser")]
            assert not [
                one for one in told if "custom component" in one
            ]  # no part of a page breaks, or stays when it is left
        if request.node.stash.get(FAILED, False):
            for number, page in enumerate(pages):
                screenshot(page, f"{request.node.name}-{number}")


def screenshot(page: Page, name: str) -> Path:
    """Save what the browser shows; returns the file, and says where it is."""
    file = Path(tempfile.gettempdir()) / f"mnist-lab-{name}.png"
    page.browser.save_screenshot(str(file))
    print(f"Screenshot: {file}")
    return file


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember a failure for the screenshot; in CI turn a skipped browser test into one."""
    report = yield
    if report.skipped and os.environ.get("CI") and not hasattr(report, "wasxfail"):
        reason = call.excinfo.value if call.excinfo else "skipped"
        report.outcome = "failed"
        report.longrepr = f"Skipped, which CI does not accept: {reason}"
    if report.failed:
        item.stash[FAILED] = True
    return report
