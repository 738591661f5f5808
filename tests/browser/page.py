"""What a student does and sees, in the words of the interface."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from selenium.common.exceptions import (
    ElementClickInterceptedException,
    ElementNotInteractableException,
    StaleElementReferenceException,
)
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.actions.action_builder import ActionBuilder
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webdriver import WebDriver

from mnist_core.web.cookie import COOKIE
from tests.conftest import wait_until

# After any other exception there might be two clicks.
NOT_CLICKED = (ElementClickInterceptedException, ElementNotInteractableException, StaleElementReferenceException)


def arrived(folder: Path, ending: str) -> Path | None:
    """The file of this ending that was downloaded to `folder`; None while it is empty or not there."""
    return next((file for file in folder.glob(f"*.{ending}") if file.stat().st_size), None)


class Page:
    """One browser on one server."""

    def __init__(self, browser: WebDriver, server: str) -> None:
        self.browser = browser
        self.server = server
        self._heads: dict[int, float] = {}  # where heads of the table are known to be, by the number of their column

    def open(self, address: str) -> Page:
        """Open `address` (with or without the server) and wait until the page is drawn to its end."""
        self.browser.get(address if address.startswith("http") else self.server + address)
        wait_until(lambda: self.find("h1") and self.at_rest() and self._is_loaded(), 60)
        return self

    def student(self) -> str:
        """Who sits before this browser; somebody new where it has shown no page yet."""
        cookies = self.browser.execute_cdp_cmd("Network.getCookies", {"urls": [self.server]})["cookies"]
        names = [cookie["value"] for cookie in cookies if cookie["name"] == COOKIE]
        if not names:
            names = [secrets.token_hex(16)]
            cookie = {"name": COOKIE, "value": names[0], "url": self.server}
            self.browser.execute_cdp_cmd("Network.setCookie", cookie)
        return str(names[0])

    def at_rest(self) -> bool:
        """Whether the page's script is not running just now."""
        return bool(self.find('[data-testid="stApp"][data-test-script-state="notRunning"]'))

    def _is_loaded(self) -> bool:
        """Whether the code of all that is shown has arrived: the browser fetches it for each kind of element when it first shows one."""
        return not self.find("[data-testid=stSkeleton]")

    def _clicked(self, selector: str, fits: Callable[[Any], bool]) -> None:
        """Click the first element by CSS that `fits`, once it may be clicked.

        While the page is drawn, what is clicked may be replaced before the button is let go, and while an expander opens, what lies
        below moves away under the pointer; in both cases nobody hears of it. So the page must rest, and the element be where it was at
        the last look. On a page that never rests (it plays, say) it is clicked after a while all the same.
        """
        begun, place = time.monotonic(), None

        def clicked() -> bool:
            nonlocal place
            try:
                element = next((one for one in self.find(selector) if fits(one)), None)
                before, place = place, element and element.rect
                is_calm = place == before and self.at_rest()
                if element is None or not (is_calm or time.monotonic() - begun > 5):
                    return False
                element.click()
            except NOT_CLICKED:
                return False  # covered or redrawn, and not clicked: again
            return True

        wait_until(clicked, 20)

    @property
    def address(self) -> str:
        """What the address bar says."""
        return self.browser.current_url

    def find(self, selector: str) -> list[Any]:
        """Elements by CSS."""
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def says(self, text: str) -> bool:
        """Whether the page shows `text` now."""
        try:
            return any(text in element.text for element in self.find("[data-testid=stApp], .stApp"))
        except StaleElementReferenceException:
            return False

    def wait_for(self, text: str, seconds: float = 40) -> None:
        """Wait until the page shows `text`."""
        wait_until(lambda: self.says(text), seconds)

    def press(self, key: str) -> None:
        """Press the button with Streamlit's `key`, once it can be pressed."""
        self._clicked(f".st-key-{key} button", lambda button: button.is_enabled())

    def choose(self, key: str, word: str) -> None:
        """Press the choice `word` of the segmented control with Streamlit's `key`."""
        self._clicked(f".st-key-{key} button", lambda button: button.text == word)

    def move(self, key: str, *keys: str) -> None:
        """Press keys on the slider with Streamlit's `key`."""
        script = (
            "const s = document.querySelector(`.st-key-${arguments[0]} input[type=range]`); s?.focus(); return !!s;"
        )
        wait_until(lambda: self.browser.execute_script(script, key))
        ActionChains(self.browser).send_keys("".join(keys)).perform()

    def switch(self, popover: str, key: str) -> None:
        """Turn the toggle with Streamlit's `key` in the popover of this name."""
        if not self.find(f".st-key-{key}"):
            self.popover(popover)

        def turned() -> bool:
            try:
                self.find(f".st-key-{key} label")[0].click()
            except (*NOT_CLICKED, IndexError):
                return False
            return True

        wait_until(turned, 20)

    def expand(self, label: str) -> None:
        """Open the expander of this name."""
        self._clicked("[data-testid=stExpander] summary", lambda summary: label in summary.text)

    def popover(self, label: str) -> None:
        """Open the popover of this name."""
        self._clicked("[data-testid=stPopover] button", lambda button: label in button.text)

    def press_label(self, label: str) -> None:
        """Press the download button whose label has this text."""
        self._clicked("[data-testid=stDownloadButton] button", lambda button: label in button.text)

    def downloads_to(self, folder: Path) -> None:
        """From now on the browser puts what it downloads there, unasked."""
        where = {"behavior": "allow", "downloadPath": str(folder)}
        self.browser.execute_cdp_cmd("Browser.setDownloadBehavior", where)

    def take(self, label: str, folder: Path, ending: str) -> Path:
        """Press the download button whose label has this text; the file of this ending that lies in `folder` then."""
        self.press_label(label)
        return wait_until(lambda: arrived(folder, ending))

    def press_link(self, label: str) -> None:
        """Press the link that looks like a button and whose label has this text."""
        self._clicked("[data-testid=stLinkButton] a", lambda link: label in link.text)

    def press_page_link(self, label: str) -> None:
        """Press the link to a page of ours whose label has this text."""
        self._clicked("[data-testid=stPageLink] a", lambda link: label in link.text)

    def follow(self, title: str) -> None:
        """Go to the page of this title by the navigation."""
        self._clicked("[data-testid=stTopNavLink]", lambda link: title in link.text)

    def pick(self, key: str, word: str) -> None:
        """Choose one more in the list of several with Streamlit's `key`."""

        def picked() -> bool:
            try:
                field = self.find(f".st-key-{key} input")[0]
                self.browser.execute_script("arguments[0].select()", field)  # what an earlier try left is typed over
                field.send_keys(word)
                wait_until(lambda: any(word in option.text for option in self.find("[role=option]")), 5)
                field.send_keys(Keys.ENTER)
                field.send_keys(Keys.ESCAPE)
            except (*NOT_CLICKED, IndexError, pytest.fail.Exception):
                return False  # redrawn while it was typed into, which swallows letters: again
            return True

        wait_until(picked, 20)

    def column(self, head: str) -> list[str]:
        """What the table shows in the column of this head, from above; nothing where the table has none in sight."""
        script = """
            const grid = document.querySelector("[data-testid=stDataFrame] canvas table");
            const found = [...(grid?.querySelectorAll("th") || [])].find((one) => one.textContent.endsWith(arguments[0]));
            const place = found?.getAttribute("aria-colindex");
            return [...(grid?.querySelectorAll("td") || [])]
                .filter((one) => one.getAttribute("aria-colindex") === place).map((one) => one.textContent);
        """
        return list(self.browser.execute_script(script, head))

    def sort(self, head: str, arrow: str) -> None:
        """Click the head of a column until its `arrow` is ↑ or ↓. The table is one picture: the place of the head is found by
        halving, since each click tells by which column the table is sorted; what was found is remembered for the next time."""
        heads = (
            "return [...document.querySelectorAll('[data-testid=stDataFrame] canvas th')].map((one) => one.textContent)"
        )
        box = """const box = document.querySelector("[data-testid=stDataFrame] canvas").getBoundingClientRect();
            return [box.left, box.top, box.right];"""

        def sorted_by() -> tuple[str, str]:
            """Arrow and head of the column that the table is sorted by; empty where by none."""
            marked = [head for head in self.browser.execute_script(heads) if head[:1] in ("↑", "↓")]
            return (marked[0][0], marked[0][1:].strip()) if marked else ("", "")

        def clicked(x: float) -> bool:
            """Whether a click there sorted the table otherwise; not so between two heads, where a column is made wider."""
            wait_until(self.at_rest, 20)
            before = sorted_by()
            self.click_at(x, self.browser.execute_script(box)[1] + 17)  # what stands above it may have changed since
            try:
                wait_until(lambda: sorted_by() != before, 3)
            except pytest.fail.Exception:
                return False
            return True

        order = [head.lstrip("↑↓ ") for head in self.browser.execute_script(heads)]
        low, _top, high = self.browser.execute_script(box)
        target = order.index(head)
        low = max([low + 60, *(x for place, x in self._heads.items() if place < target)])  # 60: the boxes to tick
        high = min([high, *(x for place, x in self._heads.items() if place > target)])
        while high - low > 8:
            middle = self._heads.get(target, (low + high) / 2)
            # Beside it where that is between two heads, or on the menu that a head has at its end (the next click closes it).
            tried = (middle + shift for shift in (0, 12, -30, -45, 30))
            hit = next((x for x in tried if clicked(x)), None)
            if hit is None:
                raise AssertionError(f"No click near {middle} sorts.")
            x = hit
            for _turn in range(3):  # rising, falling, as it was
                if sorted_by() == (arrow, head):
                    self._heads[target] = x
                    return
                if sorted_by()[1] not in ("", head):
                    break
                clicked(x)
            self._heads[order.index(sorted_by()[1])] = x
            if order.index(sorted_by()[1]) < target:
                low = x
            else:
                high = x
        raise AssertionError(f"There is no head {head} in sight.")

    def tick(self, row: int) -> None:
        """Click the box at the head of a row of the table, 0 the uppermost."""
        left, top = self.browser.execute_script(
            "const box = document.querySelector('[data-testid=stDataFrame] canvas').getBoundingClientRect();"
            "return [box.left, box.top];"
        )
        self.click_at(left + 15, top + 37 * (row + 1) + 18)

    def upload(self, file: Path) -> None:
        """Give the file to the field for files that is open."""
        wait_until(lambda: self.find("[data-testid=stFileUploader] input[type=file]"), 20)
        self.find("[data-testid=stFileUploader] input[type=file]")[-1].send_keys(str(file))

    def can_press(self, key: str) -> bool:
        """Whether there is such a button and it can be pressed."""
        try:
            button = self.find(f".st-key-{key} button")
            return bool(button) and bool(button[0].is_enabled())
        except StaleElementReferenceException:
            return False

    def points(self, kind: str = "loss") -> int:
        """How many points the chart draws."""
        return int(self.chart(kind, "points") or 0)

    def chart(self, kind: str, name: str) -> str | None:
        """A figure that the chart keeps about itself: points, updates, drawn-at."""
        try:
            charts = self.find(f'[data-testid="live-chart"][data-key$="chart_{kind}"]')
            return charts[0].get_attribute(f"data-{name}") if charts else None
        except StaleElementReferenceException:
            return None

    def of_chart(self, kind: str, script: str, *arguments: Any) -> Any:
        """What `script` returns, in which `chart` is the drawn chart; None where there is none just now.

        A chart may be drawn anew at any moment: whoever asks waits for what should be there.
        """
        chart = f"""const chart = document.querySelector('[data-testid="live-chart"][data-key$="chart_{kind}"]');
            if (!chart?._fullLayout) return null;"""
        return self.browser.execute_script(chart + script, *arguments)

    def zoom(self, kind: str) -> None:
        """Drag over the middle third of the chart, as a student zooms."""

        def dragged() -> bool:
            try:
                area = self.find(f'[data-key$="chart_{kind}"] .nsewdrag')[0]
                width = area.size["width"]
                actions = ActionChains(self.browser).move_to_element_with_offset(area, -width // 6, 0).click_and_hold()
                actions.move_by_offset(width // 6, 0).move_by_offset(width // 6, 0).release().perform()
            except (*NOT_CLICKED, IndexError):
                return False  # drawn anew in this moment
            return True

        wait_until(dragged, 20)

    def hidden(self, kind: str) -> list[str]:
        """Names of the curves that are hidden by their entry in the legend."""
        script = "return chart._fullData.filter((one) => one.visible === 'legendonly').map((one) => one.name);"
        return list(self.of_chart(kind, script) or ())

    def axis(self, kind: str, name: str) -> dict[str, Any]:
        """An axis (`xaxis`, `yaxis`) of the chart as it is drawn: its title, type and range, and whether somebody zoomed.

        Each is None where no chart is drawn just now.
        """
        script = """
            const { title, type, range, autorange } = chart._fullLayout[arguments[0]];
            return { title: title.text, type, range: range.map((end) => Number(end.toPrecision(6))), zoomed: !autorange };
        """
        return dict(self.of_chart(kind, script, name) or dict.fromkeys(("title", "type", "range", "zoomed")))

    def toggle(self, kind: str, name: str) -> None:
        """Click a curve's entry in the legend."""

        def clicked() -> bool:
            try:
                for entry in self.find(f'[data-key$="chart_{kind}"] .legend .traces'):
                    if entry.text == name:
                        ActionChains(self.browser).move_to_element(entry).click().perform()
                        return True
            except NOT_CLICKED:
                return False
            return False

        wait_until(clicked, 20)

    def click_point(self, kind: str, trace: str, number: int) -> None:
        """Click a point of the chart, by the uid of its trace and its number in it."""
        script = """
            const trace = chart._fullData.find((one) => one.uid === arguments[0]);
            if (!trace || trace.x.length <= arguments[1]) return null;
            chart.scrollIntoView({ block: "center" });
            const { xaxis, yaxis } = chart._fullLayout;
            const box = chart.getBoundingClientRect();
            const [x, y] = [trace.x[arguments[1]], trace.y[arguments[1]]];
            return [box.left + xaxis._offset + xaxis.d2p(x), box.top + yaxis._offset + yaxis.d2p(y)];
        """
        self.click_in_chart(kind, script, trace, number)

    def click_cell(self, kind: str, row: int, column: int) -> None:
        """Click a cell of the heat map, by its numbers on the axes."""
        script = """
            chart.scrollIntoView({ block: "center" });
            const { xaxis, yaxis } = chart._fullLayout;
            const box = chart.getBoundingClientRect();
            return [box.left + xaxis._offset + xaxis.c2p(arguments[1]), box.top + yaxis._offset + yaxis.c2p(arguments[0])];
        """
        self.click_in_chart(kind, script, row, column)

    def announces(self, kind: str, key: str) -> str:
        """What the chart tells somebody who does not see it, after this key was pressed on it; empty where it stays silent."""
        chart = self.find(f'[data-testid="live-chart"][data-key$="chart_{kind}"]')[0]
        tells = f'[data-key$="chart_{kind}"] + [data-testid="live-chart-announcement"]'
        self.browser.execute_script(
            """
            const [chart, selector] = arguments;
            chart.focus();
            document.querySelector(selector).textContent = "";
        """,
            chart,
            tells,
        )
        chart.send_keys(key)
        try:
            return wait_until(lambda: self.find(tells)[0].get_attribute("textContent"), 5)
        except pytest.fail.Exception:
            return ""

    def click_in_chart(self, kind: str, script: str, *arguments: Any) -> None:
        """Click the place that `script` returns (see `of_chart`), once there is one."""

        def clicked() -> bool:
            if place := self.of_chart(kind, script, *arguments):
                self.click_at(*place)
            return bool(place)

        wait_until(clicked, 20)

    def click_at(self, x: float, y: float) -> None:
        """Click a place of the window, in its pixels."""
        actions = ActionBuilder(self.browser)
        actions.pointer_action.move_to_location(round(x), round(y)).click()
        actions.perform()

    def step(self) -> int:
        """The step that the progress line tells."""
        script = """const m = document.body.innerText.match(/step ([\\d,]+) of/); return m ? m[1] : null;"""
        number = self.browser.execute_script(script)
        return int(number.replace(",", "")) if number else -1
