"""A report that is opened from the disk: nothing that was typed runs, nothing is asked for, charts are drawn, and it prints."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webdriver import WebDriver

from mnist_core.report import written
from tests.browser.browsers import Browsers
from tests.browser.elsewhere import Elsewhere
from tests.conftest import wait_until
from tests.report import sample

pytestmark = pytest.mark.browser


def opened(browser: WebDriver, folder: Path, content: bytes) -> WebDriver:
    """The file in a browser that is in no network, its charts drawn."""
    file = folder / "report.html"
    file.write_bytes(content)
    browser.execute_cdp_cmd("Network.enable", {})
    browser.get(file.as_uri())
    wait_until(lambda: browser.find_elements(By.CSS_SELECTOR, ".scatterlayer .trace"), 30)
    return browser


@pytest.fixture
def browser(browsers: Browsers) -> Iterator[WebDriver]:
    yield browsers.take("en-US", (1400, 1000))
    browsers.give_back()


def hacked(browser: WebDriver) -> Any:
    return browser.execute_script("return document.documentElement.dataset.hacked ?? null")


def test_nothing_typed_runs_and_nothing_is_asked_for(browser: WebDriver, tmp_path: Path, elsewhere: Elsewhere) -> None:
    text = sample.typed(elsewhere.address)
    opened(browser, tmp_path, written(sample.report(text)))
    shown = browser.find_element(By.TAG_NAME, "main").text
    assert shown.count("<img src=") >= 6  # where it was typed, letter by letter
    assert "&lt;i&gt;" in shown
    for name in browser.find_elements(By.CSS_SELECTOR, ".legendtext, .gtitle"):
        assert not name.find_elements(By.TAG_NAME, "a")
    legend = [name.text for name in browser.find_elements(By.CSS_SELECTOR, ".legendtext")]
    assert any("<img src=" in name and "javascript:" in name for name in legend)
    hover(browser)
    wait_until(lambda: "<img src=" in browser.find_element(By.CSS_SELECTOR, ".hoverlayer").text, 10)
    assert not browser.find_elements(By.CSS_SELECTOR, "main img, .hoverlayer a, .js-plotly-plot image")
    assert hacked(browser) is None
    assert elsewhere.asked == []
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []


def hover(browser: WebDriver) -> None:
    browser.execute_script(
        "Plotly.Fx.hover(document.querySelector('.js-plotly-plot'), [{curveNumber: 0, pointNumber: 3}])"
    )


def test_the_policy_stops_what_a_mistake_of_ours_would_let_through(
    browser: WebDriver, tmp_path: Path, elsewhere: Elsewhere
) -> None:
    """Text put into the page as markup: as if it had not been escaped."""
    text = sample.typed(elsewhere.address)
    markup = f"<div><img src='{elsewhere.address}/a.png' onerror='{sample.HACK}'><script>{sample.HACK}</script></div>"
    content = written(sample.report(text)).replace(b"</main>", markup.encode() + b"</main>")
    opened(browser, tmp_path, content)
    browser.execute_async_script(
        "const done = arguments[arguments.length - 1]; fetch(arguments[0]).catch(() => 0).then(() => done())",
        f"{elsewhere.address}/fetched",
    )
    blocked = [
        entry["message"] for entry in browser.get_log("browser") if "Content Security Policy" in entry["message"]
    ]
    assert len(blocked) >= 3
    assert hacked(browser) is None
    assert elsewhere.asked == []


def test_a_table_is_sorted_by_its_header(browser: WebDriver, tmp_path: Path) -> None:
    opened(browser, tmp_path, written(sample.report("zoe")))
    names = lambda: [cell.text for cell in browser.find_elements(By.CSS_SELECTOR, "tbody th")]  # noqa: E731
    rate = browser.find_elements(By.CSS_SELECTOR, "thead [role=button]")[1]
    rate.click()
    assert names() == ["cem", "zoe", "ann", "bob"]
    assert browser.find_elements(By.CSS_SELECTOR, "thead th")[1].get_attribute("aria-sort") == "ascending"
    rate.send_keys(Keys.ENTER)
    assert names() == ["bob", "ann", "zoe", "cem"]


def emulate(browser: WebDriver, scheme: str, width: int) -> None:
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def ink(browser: WebDriver) -> Any:
    return browser.execute_script("return document.querySelector('.js-plotly-plot')?.layout?.font?.color")


@pytest.mark.parametrize("width", [400, 1400])
def test_it_follows_light_and_dark_and_fits_the_screen(browser: WebDriver, tmp_path: Path, width: int) -> None:
    emulate(browser, "dark", width)
    opened(browser, tmp_path, written(sample.report("ann")))
    wait_until(lambda: ink(browser) == "#E6E8EB", 10)
    emulate(browser, "light", width)
    wait_until(lambda: ink(browser) == "#262730", 10)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    label = browser.find_element(By.CSS_SELECTOR, ".js-plotly-plot").get_attribute("aria-label")
    assert label is not None
    assert "ann 0" in label


# What a page is while it is printed, only the page itself can tell: this hears of it after the report's own script.
ON_PAPER = """addEventListener("beforeprint", async () => {
  for (let turn = 0; turn < 50; turn++) await 0;
  const chart = document.querySelector(".js-plotly-plot");
  window.onPaper = [chart.layout.font.color, chart._fullLayout.width, getComputedStyle(document.body).backgroundColor];
})"""


def test_it_is_printed_on_white_and_as_wide_as_the_paper(browser: WebDriver, tmp_path: Path) -> None:
    emulate(browser, "dark", 1400)
    opened(browser, tmp_path, written(sample.report("ann")))
    wait_until(lambda: ink(browser) == "#E6E8EB", 10)
    browser.execute_script(ON_PAPER)
    browser.execute_cdp_cmd("Page.printToPDF", {})
    color, width, ground = browser.execute_script("return window.onPaper")
    assert color == "#262730"
    assert 600 < width < 720
    assert ground == "rgb(255, 255, 255)"
    wait_until(lambda: ink(browser) == "#E6E8EB", 10)  # and then as before
