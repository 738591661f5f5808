"""A real server and real Chromiums, the same for all tests. In CI a browser test that is skipped is a failure."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from mnist_core.bench import browser
from mnist_core.bench.server import start_server, wait_until
from mnist_core.errors import MnistLabError
from mnist_core.store import Store, open_store
from tests import built_in
from tests.browser.browsers import Browsers
from tests.browser.elsewhere import Elsewhere
from tests.browser.page import Page
from tests.browser.trained_runs import TrainedRuns
from tests.conftest import mnist_folder

Open = Callable[..., Page]
Put = Callable[..., str]
FAILED = pytest.StashKey[bool]()


@pytest.fixture(scope="session")
def chromium() -> None:
    """Skips where there is no browser to test with; fails in CI."""
    try:
        browser.find()
    except MnistLabError as error:
        pytest.skip(str(error))


@dataclass(frozen=True)
class Lab:
    """A running server and its home."""

    address: str
    home: Path


@contextmanager
def lab_in(home: Path, digits: Path, **more: str) -> Iterator[Lab]:
    """A server with this home, which has the digits, and `more` in its environment; fails where a process of it is left."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MNIST_LAB_")}
    environment |= {"MNIST_LAB_HOME": str(home), **more}
    if folder := mnist_folder():
        environment["MNIST_LAB_DATA"] = str(folder)
    else:
        built_in.laid(digits, home)
    running = start_server(environment)
    try:
        wait_until(running.healthy, "the server's first answer")
        yield Lab(running.address, home)
    finally:
        running.end()


@pytest.fixture(scope="session")
def lab(chromium: None, drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """The server of all tests."""
    with lab_in(tmp_path_factory.mktemp("home"), drawn) as running:
        yield running


@pytest.fixture
def store(lab: Lab) -> Iterator[Store]:
    """The server's store; no class is left in it."""
    opened = open_store(f"sqlite:///{lab.home / 'runs.sqlite'}")
    yield opened
    with opened.database.begin() as connection:
        for table in ("assignments", "rounds", "classes", "attempts"):
            connection.exec_driver_sql(f"DELETE FROM {table}")
    opened.close()


@pytest.fixture(scope="session")
def trained_runs(lab: Lab, drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrainedRuns]:
    """Puts runs into the server's store."""
    runs = TrainedRuns(tmp_path_factory.mktemp("trained"), drawn, mnist_folder(), lab.home)
    yield runs
    runs.close()


@pytest.fixture
def put(trained_runs: TrainedRuns) -> Put:
    """Gives the student of a page a run that was trained before: `put(page, epochs=3)`; returns its id."""
    return lambda page, **changes: trained_runs.put(page.student(), **changes)


@pytest.fixture(scope="session")
def browsers(chromium: None) -> Iterator[Browsers]:
    """The browsers of all tests."""
    with Browsers() as kept:
        yield kept


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    """A server of somebody else's, and what it was asked for."""
    with Elsewhere() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def open_browser(
    lab: Lab, trained_runs: TrainedRuns, browsers: Browsers, request: pytest.FixtureRequest
) -> Iterator[Open]:
    """Opens browsers (`open_browser(language="ko-KR", size=(1400, 1000))`), each that of a new student.

    Leaves a screenshot of each in the folder for temporary files when the test fails.
    """
    pages: list[Page] = []

    def opener(*, language: str = "en-US", size: tuple[int, int] = (1400, 1300)) -> Page:
        pages.append(Page(browsers.take(language, size), lab.address))
        return pages[-1]

    yield opener
    if request.node.stash.get(FAILED, False):
        for number, page in enumerate(pages):
            screenshot(page, f"{request.node.name}-{number}")
    told = [one["message"] for page in pages for one in page.browser.get_log("browser")]
    browsers.give_back()
    trained_runs.stop_all()
    assert not [one for one in told if "custom component" in one]  # no part of a page breaks, or stays when it is left
    assert not [one for one in told if "Content Security Policy" in one]  # the pages need no more than they are allowed


def screenshot(page: Page, name: str) -> Path:
    """Save what the browser shows; returns the file, and says where it is."""
    file = Path(tempfile.gettempdir()) / f"mnist-lab-{name}.png"
    page.browser.save_screenshot(str(file))
    print(f"Screenshot: {file}")
    return file


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A browser and its server need the machine."""
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker("processes")


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
