"""One chart in a page of another site, as slides and learning platforms have it: no cookie comes there, and nothing can be started."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import pytest

from mnist_core.config import RunConfig
from mnist_core.jobs import run_job, worker_store
from mnist_core.store import Store, open_store
from tests import built_in
from tests.browser.browsers import Browsers
from tests.browser.conftest import Lab, lab_in
from tests.browser.page import Page
from tests.conftest import mnist_folder, wait_until

pytestmark = pytest.mark.browser
CHART = "return document.querySelector('[data-testid=live-chart]')?._fullData?.map((trace) => [...(trace.y ?? [])]).flat().join() || ''"


class Slides(BaseHTTPRequestHandler):
    """A page of somebody else's: `/<address>` shows that address in a frame."""

    def do_GET(self) -> None:
        page = f'<h1>Slides</h1><iframe src="{unquote(self.path[1:])}" width="900" height="900"></iframe>'.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


@pytest.fixture
def slides() -> Iterator[str]:
    """The address of another site: `localhost` is none of 127.0.0.1's."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Slides) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()


@pytest.fixture
def framed(chromium: None, drawn: Path, slides: str, tmp_path: Path) -> Iterator[Lab]:
    """A server that lets the other site show it; this process trains, as its worker would."""
    nobody = "tcp://127.0.0.1:9"
    with lab_in(tmp_path / "lab", drawn, MNIST_LAB_FRAME_ANCESTORS=slides, MNIST_LAB_SCHEDULER=nobody) as running:
        yield running


def train(run: str, store: Store, home: Path, digits: Path) -> None:
    """What a worker does with a run."""
    if mnist_folder():  # else the server has them already
        built_in.laid(digits, home)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MNIST_LAB_HOME", str(home))
        patch.setitem(worker_store._stores, store.url, store)
        run_job.execute([run], store.url, 1)


def shown(page: Page, slides: str, address: str) -> None:
    """Show the address in a frame of the other site, and look into it."""
    page.browser.switch_to.default_content()
    page.browser.get(f"{slides}/{address}")
    page.browser.switch_to.frame(page.browser.find_element("css selector", "iframe"))
    page.wait_for("Read-only")
    wait_until(page.at_rest)


def test_a_chart_in_another_sites_page_can_be_read_and_moved_and_nothing_else(
    framed: Lab, slides: str, browsers: Browsers, drawn: Path
) -> None:
    store = open_store(f"sqlite:///{framed.home / 'runs.sqlite'}")
    config = RunConfig(dataset="built-in", train_size=1_000, validation_size=500, hidden_layers=(8,), epochs=2)
    run = store.runs.create("ann", config)
    page = Page(browsers.take("en-US", (1000, 1100)), framed.address)
    shown(page, slides, f"{framed.address}/loss_and_gradients?view=binary&embed=true")
    before = wait_until(lambda: page.browser.execute_script(CHART))
    page.choose("binary_cross_entropy_target", "no")
    wait_until(lambda: page.browser.execute_script(CHART) not in ("", before))
    assert page.browser.execute_script("return document.cookie") == ""
    assert not page.find("h1, [data-testid=stTopNavLink], .st-key-view")
    assert f"{framed.address}/loss_and_gradients?" in page.find("a[href*=loss_and_gradients]")[0].get_attribute("href")
    # The curve of a run, whosesoever it is, while it trains.
    shown(page, slides, f"{framed.address}/train?run={run}&embed=true")
    assert not page.says("completed")
    train(run, store, framed.home, drawn)
    page.wait_for("completed")
    before = wait_until(lambda: page.browser.execute_script(CHART))
    page.choose("chart", "Accuracy")
    wait_until(lambda: page.browser.execute_script(CHART) not in ("", before))
    assert len(page.find("[data-testid=live-chart]")) == 1
    # What would train is refused.
    shown(page, slides, f"{framed.address}/architecture?view=race&embed=true")
    page.press("optimizer_race_start")
    page.wait_for("Nothing can be started inside another page")
    assert "embed=true" in page.browser.execute_script(
        "return window.location.search"
    )  # for whoever finds another session
    with store.transfer.snapshot() as snapshot:
        assert snapshot.run_ids() == {run}
    shown(page, slides, f"{framed.address}/classroom?embed=true")
    page.wait_for("cannot be shown inside another page")
    store.close()
    browsers.give_back()
