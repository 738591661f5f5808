"""What the address bar says is what is shown: after sliders, runs, views, and the browser's Back and Forward."""

from __future__ import annotations

import math
from urllib.parse import parse_qs, urlsplit

import pytest
from selenium.webdriver.common.keys import Keys

from tests.browser.conftest import Open
from tests.browser.page import Page
from tests.conftest import wait_until

pytestmark = pytest.mark.browser
KNOB = ".st-key-c_learning_rate input[type=range]"
SMALL = "preset=two-layer-net&epochs=1&train_size=1000&validation_size=1000"


def query(page: Page) -> dict[str, str]:
    """The parameters of the address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(page.address).query).items()}


def rate(page: Page) -> str | None:
    """The learning rate that the slider shows, where the page is at rest and the address says the same; else None."""
    knobs = page.find(KNOB)
    value = knobs[0].get_attribute("aria-valuetext") if knobs and page.at_rest() else None
    return value if value == query(page).get("learning_rate", "0.5") else None


def lower_rate(page: Page, times: int = 1) -> str:
    """Press the key for a smaller learning rate so often; the rate that the slider and the address then come to."""
    before = settled_rate(page)
    page.move("c_learning_rate", *[Keys.ARROW_LEFT] * times)
    return settled_rate(page, below=float(before) / 1.2**times * 1.05)


def settled_rate(page: Page, below: float = math.inf) -> str:
    """The learning rate that slider and address come to, which is below that."""
    return str(wait_until(lambda: (now := rate(page)) and float(now) < below and now, 30))


def state(page: Page) -> tuple[str | None, str | None, str | None]:
    """The run whose curves are drawn, the one that the address names, and the learning rate of both."""
    return page.chart("loss", "subject"), query(page).get("run"), rate(page)


def entries(page: Page) -> int:
    """Entries in the history of this tab."""
    return int(page.browser.execute_script("return history.length"))


def run_once(page: Page) -> str:
    """Press Run; the run that the address then has."""
    before = query(page).get("run")
    page.press("run")
    wait_until(lambda: query(page).get("run") not in (None, before), 30)
    return query(page)["run"]


def test_a_setting_that_is_moved_back_leaves_the_address(open_browser: Open) -> None:
    page = open_browser().open(f"/train?{SMALL}")
    wait_until(lambda: rate(page) == "0.5", 30)
    lower_rate(page)
    page.move("c_learning_rate", Keys.ARROW_RIGHT)
    wait_until(lambda: rate(page) == "0.5" and "learning_rate" not in query(page), 30)
    assert query(page)["epochs"] == "1"


def test_twenty_key_presses_make_no_entry_in_the_history(open_browser: Open) -> None:
    page = open_browser().open("/").open(f"/train?{SMALL}")
    wait_until(lambda: rate(page) == "0.5", 30)
    before = entries(page)
    last = lower_rate(page, 20)
    assert entries(page) == before
    page.browser.back()
    wait_until(lambda: urlsplit(page.address).path == "/" and page.at_rest(), 30)
    page.browser.forward()
    wait_until(lambda: rate(page) == last, 30)
    another = open_browser().open(page.address)
    wait_until(lambda: rate(another) == last, 30)


def test_a_setting_that_is_the_experiments_again_leaves_the_address(open_browser: Open) -> None:
    page = open_browser().open(f"/train?{SMALL}")
    wait_until(lambda: rate(page) == "0.5", 30)
    lower_rate(page)
    page.move("c_learning_rate", Keys.ARROW_RIGHT)
    wait_until(lambda: rate(page) == "0.5" and "learning_rate" not in query(page), 30)


def test_back_shows_the_run_that_the_address_names_with_its_controls(open_browser: Open) -> None:
    page = open_browser().open(f"/train?{SMALL}")
    wait_until(lambda: rate(page) == "0.5", 30)
    first = run_once(page)
    wait_until(lambda: state(page) == (first, first, "0.5"), 40)
    of_first = lower_rate(page)
    second = run_once(page)
    wait_until(lambda: state(page) == (second, second, of_first), 40)
    of_second = lower_rate(page)
    page.browser.back()
    wait_until(lambda: state(page) == (first, first, of_first), 40)
    page.browser.forward()
    wait_until(lambda: state(page) == (second, second, of_second), 40)


def test_back_shows_the_view_that_the_address_names(open_browser: Open) -> None:
    page = open_browser().open("/why")
    wait_until(lambda: len(page.find(".st-key-why_view button")) > 1 and "view" in query(page), 30)
    start = query(page)["view"]
    names = [button.text for button in page.find(".st-key-why_view button")]
    page.choose("why_view", names[1])
    wait_until(lambda: query(page)["view"] != start, 30)
    view = query(page)["view"]

    def chosen() -> list[str]:
        return [button.text for button in page.find('.st-key-why_view button[aria-checked="true"]')]

    wait_until(lambda: chosen() == names[1:2], 30)
    page.browser.back()
    wait_until(lambda: query(page)["view"] == start and chosen() == names[:1], 30)
    page.browser.forward()
    wait_until(lambda: query(page)["view"] == view and chosen() == names[1:2], 30)


def test_another_run_of_a_panel_is_an_entry_wherever_the_panel_stands(open_browser: Open) -> None:
    page = open_browser().open("/why?view=bowl")
    wait_until(lambda: page.at_rest() and page.browser.execute_script("return history.mnistLab"), 30)  # address.js runs
    before = entries(page)
    write = "history.pushState(history.state, '', `/why?view=bowl&b1-${arguments[0]}=${arguments[1]}`)"
    for name, value, more in (("seed", "1", 0), ("run", "one", 1), ("run", "two", 2), ("seed", "2", 3)):
        page.browser.execute_script(write, name, value)
        assert entries(page) == before + more, name  # the last takes the run away: that is another place, too


def test_ways_that_stay_on_the_page_are_in_the_address(open_browser: Open) -> None:
    """A link to what the address said was not written into it, and one without parameters led nowhere: a reload showed something else."""
    page = open_browser().open("/lessons")

    def comes_to(title: str, **parameters: str) -> None:
        def is_there() -> bool:
            return page.at_rest() and query(page) == parameters and [one.text for one in page.find("h1")] == [title]

        wait_until(is_there, 40)

    comes_to("Lessons")
    page.press_page_link("Write a lesson")
    comes_to("Write a lesson", write="new")
    page.browser.refresh()
    comes_to("Write a lesson", write="new")
    page.press("all_lessons_above")
    comes_to("Lessons")
    for _time in range(2):  # as soon again as one can click
        page.press_page_link("What a network sees")
        comes_to("What a network sees", lesson="1-what-a-network-sees", step="1")
        page.press("all_lessons_above")
        comes_to("Lessons")
    page.browser.back()
    comes_to("What a network sees", lesson="1-what-a-network-sees", step="1")
