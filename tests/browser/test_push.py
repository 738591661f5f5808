"""What is new of a run reaches the page over a connection of its own, or, where none comes, by polls that say nothing of it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from mnist_core.store import Store, open_store
from tests.browser.conftest import Lab, Open, lab_in
from tests.browser.cut import Cable
from tests.browser.page import Page
from tests.conftest import wait_until

pytestmark = pytest.mark.browser
RUN = "/train?preset=two-layer-net&epochs=10"
LONG = "/train?preset=two-layer-net&epochs=1000&train_size=50000"  # minutes, on a fast machine too
CUT_SECONDS = 20.0
# Counts what the page says to Streamlit, and over how many connections of ours it is told what is new.
COUNT = """
window.asked = 0; window.opened = 0; window.told = 0;
const Plain = window.WebSocket;
window.WebSocket = class extends Plain {
  constructor(address, ...more) {
    const live = new URL(address).pathname.endsWith("/live");
    if (live && window.withoutLive) address = String(address).replace(/live$/, "nothing");
    super(address, ...more);
    this.live = live;
    if (live) this.addEventListener("open", () => (window.opened += 1));
    if (live) this.addEventListener("message", (event) => (window.told += event.data !== "[]"));
  }
  send(data) {
    if (!this.live) window.asked += 1;
    super.send(data);
  }
};
"""


def counting(page: Page, more: str = "") -> Page:
    page.browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": more + COUNT})
    return page


def number(page: Page, name: str) -> int:
    return int(page.browser.execute_script(f"return window.{name}"))


def drawn(page: Page) -> list[int]:
    """The steps at which the chart draws a point of the training part."""
    script = "const t = chart._fullData.find((one) => one.uid === 'train'); return t ? [...t.x].map(Number) : [];"
    return [round(step) for step in page.of_chart("loss", script) or ()]


def recorded(store: Store, page: Page) -> list[int]:
    """The steps at which the page's run was evaluated."""
    run_id = page.address.split("run=")[1].split("&")[0]
    return [int(step) for step in store.record_reader.curves(run_id).evaluations["step"]]


@pytest.fixture
def store(lab: Lab) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{lab.home / 'runs.sqlite'}")
    yield opened
    opened.close()


def test_while_a_run_trains_the_page_asks_for_nothing(open_browser: Open, store: Store) -> None:
    page = counting(open_browser()).open(LONG)
    page.press("run")
    wait_until(lambda: page.step() > 0 and number(page, "told") > 2 and page.at_rest())
    asked, told, points = number(page, "asked"), number(page, "told"), page.points()
    wait_until(lambda: page.points() > points and number(page, "told") > told + 4, 60)
    assert number(page, "asked") == asked
    assert number(page, "opened") == 1
    page.press("stop")
    page.wait_for("The run was stopped after step")
    wait_until(lambda: drawn(page) == recorded(store, page))


def test_a_slow_machine_draws_the_newest_and_stays_usable(open_browser: Open, store: Store) -> None:
    page = counting(open_browser()).open(LONG)
    page.press("run")
    wait_until(lambda: page.points() > 0 and "run=" in page.address)
    page.browser.execute_cdp_cmd("Emulation.setCPUThrottlingRate", {"rate": 6})  # a telephone beside a desktop
    drawings, told = int(page.chart("loss", "updates") or 0), number(page, "told")
    wait_until(lambda: number(page, "told") > told + 30, 60)
    assert int(page.chart("loss", "updates") or 0) - drawings < number(page, "told") - told
    page.press("stop")
    page.wait_for("The run was stopped after step", 60)
    wait_until(lambda: drawn(page) and drawn(page)[-1] == recorded(store, page)[-1], 60)


@pytest.mark.parametrize(
    ("address", "start", "chart", "end"),
    [
        ("/train?preset=optimizer-race&epochs=500", "run_all", "group_loss", "stop_all"),
        ("/learning_rate?preset=two-layer-net&epochs=500", "sweep", "chart_sweep", "stop_sweep"),
    ],
)
def test_while_many_train_the_page_asks_for_nothing(
    open_browser: Open, store: Store, address: str, start: str, chart: str, end: str
) -> None:
    page = counting(open_browser()).open(address)
    page.press(start)

    def points() -> int:
        (found,) = page.find(f"[data-testid=live-chart][data-key$={chart}]")
        return int(found.get_attribute("data-points"))

    def all_train() -> bool:
        """What is drawn anew when a run begins or is through its first epoch is there."""
        runs = store.runs.newest(page.student(), 50, of_sweeps=True)
        return len(runs) > 1 and all(run.progress.epoch >= 1 for run in runs)

    wait_until(all_train, 120)
    told = number(page, "told")
    wait_until(lambda: number(page, "told") > told + 3 and page.at_rest() and points() > 20, 60)
    asked, told, seen = number(page, "asked"), number(page, "told"), points()
    wait_until(lambda: points() > seen and number(page, "told") > told + 4, 60)
    assert number(page, "asked") == asked
    page.press(end)
    wait_until(lambda: not page.can_press(end), 60)


def test_without_a_connection_the_page_polls_and_says_nothing(open_browser: Open, store: Store) -> None:
    page = counting(open_browser(), "window.withoutLive = true;").open(LONG)
    page.press("run")
    wait_until(lambda: page.points() > 0)
    points, asked = page.points(), number(page, "asked")
    wait_until(lambda: page.points() > points and number(page, "asked") > asked)
    page.press("stop")
    page.wait_for("The run was stopped after step")
    assert number(page, "opened") == 0
    wait_until(lambda: drawn(page) == recorded(store, page))
    assert not page.find("[data-testid=stAlertContentError]")


def test_after_a_cut_no_point_is_lost_or_drawn_twice(open_browser: Open, lab: Lab, store: Store) -> None:
    cable = Cable(int(lab.address.rpartition(":")[2]))
    try:
        page = counting(open_browser())
        page.server = cable.address
        page.open(LONG)
        page.press("run")
        wait_until(lambda: len(drawn(page)) > 1 and number(page, "told") > 2)
        cable.cut()
        before, until = recorded(store, page), time.monotonic() + CUT_SECONDS
        wait_until(lambda: time.monotonic() > until and len(recorded(store, page)) > len(before), CUT_SECONDS + 40)
        cable.mend()
        wait_until(lambda: len(drawn(page)) > len(before) + 1 and number(page, "opened") > 1, 60)
        points = drawn(page)
        assert points == sorted(set(points))
        wait_until(lambda: page.can_press("stop") and page.at_rest(), 60)
        page.press("stop")
        page.wait_for("The run was stopped after step", 60)
        wait_until(lambda: drawn(page) == recorded(store, page))
    finally:
        cable.close()


NGINX = """
daemon off; pid {folder}/pid; error_log {folder}/errors; worker_processes 1;
events {{ }}
http {{
  access_log off;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  server {{
    listen 127.0.0.1:{port};
    location /mnist/ {{
      proxy_pass http://{target};
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
{upgrade}
    }}
    location /mnist/_stcore/stream {{
      proxy_pass http://{target};
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection "upgrade";
    }}
  }}
}}
"""
UPGRADE = 'proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";'


@pytest.fixture(scope="module")
def behind(
    chromium: None, drawn: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, Callable[[str], str]]]:
    """The home of a server with a base path, and what starts nginx in front of it and returns the address."""
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("nginx is not installed")
    started: list[subprocess.Popen[bytes]] = []
    home = tmp_path_factory.mktemp("home")
    with lab_in(home, drawn, STREAMLIT_SERVER_BASE_URL_PATH="mnist") as server:
        target = urlsplit(server.address).netloc

        def start(upgrade: str) -> str:
            folder = tmp_path_factory.mktemp("nginx")
            port = _free_port()
            file = folder / "nginx.conf"
            file.write_text(NGINX.format(folder=folder, port=port, target=target, upgrade=upgrade))
            started.append(subprocess.Popen([program, "-c", str(file), "-e", str(folder / "errors")]))
            return f"http://127.0.0.1:{port}"

        try:
            yield home, start
        finally:
            for process in started:
                process.send_signal(signal.SIGTERM)
                process.wait(20)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.mark.parametrize(("upgrade", "opened"), [(UPGRADE, 1), ("", 0)], ids=["whole", "without-ours"])
def test_behind_a_proxy_with_a_base_path(
    open_browser: Open, behind: tuple[Path, Callable[[str], str]], upgrade: str, opened: int
) -> None:
    home, start = behind
    page = counting(open_browser())
    page.server = start(upgrade)
    wait_until(lambda: _answers(page.server))
    page.open("/mnist" + RUN)
    page.press("run")
    page.wait_for("completed", 60)
    assert number(page, "opened") == opened
    store = open_store(f"sqlite:///{home / 'runs.sqlite'}")
    wait_until(lambda: drawn(page) == recorded(store, page))
    store.close()


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/mnist/_stcore/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
