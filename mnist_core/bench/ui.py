"""How long a student waits: start of the server, and from the click on Run to the first point in the browser.

Every server has a new home folder (with the digits already in it), so that nothing is warm by accident. The click and
the first point are both timed by the browser's own clock: the page's click event, and the moment that the chart has
drawn a point of the new run (`data-drawn-at`). *Cold* is a click as soon as the page is drawn after a start; *warm*
is a click when the workers have trained before.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil

from mnist_core.bench import browser as browsers
from mnist_core.bench.report import Figure, Report
from mnist_core.bench.server import Server, home, start_server, wait_until

if TYPE_CHECKING:
    from selenium.webdriver.remote.webdriver import WebDriver

PAGE = "/train"
RUN, STOP = ".st-key-run button", ".st-key-stop button"
# Targets, in seconds and in millions of bytes.
START, COLD, SWEEP, MEMORY = 3.0, 6.0, 4.0, 250.0
WARM = {50: 0.30, 95: 0.60}
# Eight rates of the two-layer network for 2,000 iterations each, and the sentence that ends such a sweep.
SWEEP_PAGE, SWEEP_RATES, SWEEP_ENDS = (
    "/learning_rate?preset=two-layer-net&epochs=20&lang=en",
    8,
    "that still trains lies",
)
SWEEPS = 3
HEAVY = ("/torch/", "/torchvision/", "/distributed/")

LISTEN = "document.addEventListener('click', () => { window.benchClicked = Date.now(); }, true);"
WAITED = """
const chart = document.querySelector('[data-testid="live-chart"][data-key="chart_loss"]');
const drawn = chart && Number(chart.dataset.drawnAt || 0);
return drawn && drawn >= window.benchClicked ? drawn - window.benchClicked : null;
"""
_READY = "const b = document.querySelector(arguments[0]); return Boolean(b) && !b.disabled;"


def measure(*, clicks: int = 20, starts: int = 3, data: Path | None = None) -> Report:
    """Measure it all. Raises MnistLabError where something needed is missing or does not happen."""
    samples: dict[str, list[float]] = {"start": [], "cold": [], "warm": [], "sweep": [], "memory": []}
    heavy: list[str] | None = []
    for number in range(starts):
        with home(data) as environment, browsers.chromium() as browser:
            start, server = _start(browser, environment)
            try:
                samples["start"].append(start)
                samples["cold"].append(_cold(browser, server))
                if number == starts - 1:
                    samples["warm"] = [_click(browser) for _number in range(clicks + 1)][1:]
                    samples["sweep"] = [_sweep(browser, server) for _number in range(SWEEPS)]
                    samples["memory"].append(_memory(server))
                    heavy = _heavy_maps(server)
            finally:
                server.end()
    return Report(_figures(samples, heavy), samples)


def _figures(samples: dict[str, list[float]], heavy: list[str] | None) -> list[Figure]:
    figures = [
        Figure("Start of the server to the page drawn, median", _percentile(samples["start"], 50), "s", most=START)
    ]
    for name, targets in (("cold", {50: COLD, 95: COLD}), ("warm", WARM)):
        for fraction, target in targets.items():
            label = f"Click on Run to the first point, {name}, p{fraction} of {len(samples[name])}"
            figures.append(Figure(label, _percentile(samples[name], fraction), "s", most=target))
    label = f"Click to the last point of a sweep: {SWEEP_RATES} rates, 2,000 iterations, median of {SWEEPS}"
    figures.append(Figure(label, _percentile(samples["sweep"], 50), "s", most=SWEEP))
    figures.append(Figure("Memory of the page's process after the clicks", samples["memory"][-1], "MB", most=MEMORY))
    mapped = None if heavy is None else float(len(heavy))
    figures.append(Figure("Files of torch in the page's process", mapped, "files", most=0))
    return figures


def _percentile(values: list[float], fraction: int) -> float:
    return float(np.percentile(values, fraction))


def _start(browser: WebDriver, environment: dict[str, str]) -> tuple[float, Server]:
    """Seconds from the start of the process until the first page is drawn."""
    before = time.monotonic()
    server = start_server(environment)
    try:
        wait_until(server.healthy, "the server's first answer")
        browser.get(server.address)
        wait_until(lambda: _text(browser, "h1"), "the first page's heading")
    except BaseException:
        server.end()
        raise
    return time.monotonic() - before, server


def _cold(browser: WebDriver, server: Server) -> float:
    browser.get(server.address + PAGE)
    wait_until(lambda: _script(browser, _READY, RUN), "the Run button")
    return _click(browser)


def _click(browser: WebDriver) -> float:
    """Seconds from a click on Run to the first point of its curve; the run is stopped afterwards."""
    _script(browser, "if (!window.benchClicked) {" + LISTEN + "}")
    press(browser, RUN)
    wait_until(lambda: _script(browser, WAITED) is not None, "the first point of the curve")
    waited = float(_script(browser, WAITED)) / 1000
    press(browser, STOP)
    wait_until(lambda: not _script(browser, _READY, STOP), "the end of the run")
    return waited


def _sweep(browser: WebDriver, server: Server) -> float:
    """Seconds from the click on Train until the page says what all runs of a sweep have come to."""
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    button, slider = ".st-key-sweep button", ".st-key-rates_count input[type=range]"
    browser.get(server.address + SWEEP_PAGE)
    wait_until(lambda: _script(browser, _READY, button), "the button of the sweep")
    wait_until(lambda: _script(browser, "return document.querySelector(arguments[0]) !== null;", slider), "the slider")
    count = int(_script(browser, "return document.querySelector(arguments[0]).value;", slider))
    key = Keys.ARROW_LEFT if count > SWEEP_RATES else Keys.ARROW_RIGHT
    _script(browser, "document.querySelector(arguments[0]).focus();", slider)
    ActionChains(browser).send_keys(key * abs(count - SWEEP_RATES)).perform()
    wait_until(lambda: f"{SWEEP_RATES} " in _text(browser, button), "the number of rates")
    before = time.monotonic()
    press(browser, button)
    wait_until(lambda: SWEEP_ENDS in _text(browser, "[data-testid=stMain]"), "the end of the sweep")
    return time.monotonic() - before


def press(browser: WebDriver, selector: str) -> None:
    """Click it, once it can be clicked."""
    from selenium.common.exceptions import (
        ElementClickInterceptedException,
        ElementNotInteractableException,
        NoSuchElementException,
        StaleElementReferenceException,
    )

    # All of these are raised before anything is clicked; after any other there might be two clicks.
    not_yet = (
        ElementClickInterceptedException,
        ElementNotInteractableException,
        NoSuchElementException,
        StaleElementReferenceException,
    )

    def pressed() -> bool:
        try:
            browser.find_element("css selector", selector).click()
        except not_yet:
            return False  # not there yet, or redrawn just now
        return True

    wait_until(pressed, f"a click on {selector}")


def _text(browser: WebDriver, selector: str) -> str:
    return str(_script(browser, "return document.querySelector(arguments[0])?.innerText || '';", selector))


def _script(browser: WebDriver, script: str, *values: str) -> Any:
    return browser.execute_script(script, *values)


def _memory(server: Server) -> float:
    """Resident memory of the page's process, in MB."""
    return float(psutil.Process(server.process.pid).memory_info().rss) / 1e6


def _heavy_maps(server: Server) -> list[str] | None:
    """Files of torch and its kin that the page's process has mapped; None where the system does not tell."""
    process = psutil.Process(server.process.pid)
    if not hasattr(process, "memory_maps"):
        return None
    paths = {mapped.path for mapped in process.memory_maps(grouped=True)}
    return sorted(path for path in paths if any(part in path for part in HEAVY))
