"""A whole lesson in a real browser: predicted, trained, answered wrongly and rightly, left and found again, finished, reported."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webdriver import WebDriver

from mnist_core import lessons
from mnist_core.lessons_page.lesson_panel import instance
from mnist_core.store import Store
from mnist_core.ui import texts
from tests.browser.browsers import Browsers
from tests.browser.conftest import Lab, Open
from tests.browser.page import Page
from tests.conftest import wait_until
from tests.lessons_page.short import KOREAN, SOURCE

pytestmark = pytest.mark.browser
RATE_AND_LAYERS = """const { training } = document.querySelector(".mnist-lab-plane").view;
    return [training.rate, training.network.sizes.length];"""


def written(page: Page, lab: Lab) -> str:
    """The short lesson, of this browser's student; its name."""
    store = Store(f"sqlite:///{lab.home / 'runs.sqlite'}")
    try:
        return store.written_lessons.create(page.student(), "A short lesson", lessons.packed(SOURCE)).lesson
    finally:
        store.close()


def type_into(page: Page, key: str, text: str) -> None:
    """Write into a field in place of what is there, and leave it."""
    (field,) = wait_until(lambda: page.find(f".st-key-{key} :is(input, textarea)"))
    field.send_keys(Keys.CONTROL, "a")
    field.send_keys(text, Keys.TAB)
    wait_until(page.at_rest)


def said_in(code: str) -> Callable[[str], str]:
    """A text of the page or of the lesson as it stands there in this language, without its asterisks."""

    def said(text: str) -> str:
        translated = KOREAN.get(text) if code == "ko" else text
        return (translated or texts.catalog(code).gettext(text)).replace("**", "")

    return said


@pytest.mark.parametrize("code", ["en", "ko"])
def test_a_whole_lesson_with_wrong_and_right_answers_and_a_reload_in_the_middle(
    open_browser: Open, browsers: Browsers, lab: Lab, tmp_path: Path, code: str
) -> None:
    page = open_browser(language={"en": "en-US", "ko": "ko-KR"}[code])
    page.downloads_to(tmp_path)
    said = said_in(code)
    name = written(page, lab)
    page.open(f"/lessons?lesson={name}")
    guess, run, steps, which, note = (
        instance(name, block) for block in ("guess", "small", "steps", "which", "remember")
    )
    assert not page.can_press("lesson_next")
    assert not page.can_press(f"{run}-run")
    page.choose(f"{guess}-expected", said("breaks"))
    page.press(f"{guess}-say")
    page.press(f"{run}-run")
    page.wait_for(f"{said('Done.')} {said('Train the small network.')}", 90)
    page.wait_for(said("You predicted: **{said}**.").format(said=said("breaks")))
    page.press("lesson_next")
    page.wait_for(said("Now it is trained."))
    page.press("lesson_next")
    page.wait_for(said("How many updates has an epoch?"))
    type_into(page, f"{steps}-answer", "4")
    page.press(f"{steps}-check")
    page.wait_for(said("Divide the images by the batch size."))
    page.open("/lessons")  # another address, and back: what was given stands there
    page.wait_for(said("Step {n} of {all}").format(n=3, all=4))
    page.open(f"/lessons?lesson={name}")
    page.wait_for(said("Divide the images by the batch size."))
    type_into(page, f"{steps}-answer", "5")
    page.press(f"{steps}-check")
    page.wait_for(said("Right."))
    for word, why in (("The rate", "It stayed as it was."), ("The loss", "That is what training is for.")):
        page.find(f".st-key-{which}-answer label")[("The loss", "The rate").index(word) + 1].click()
        page.press(f"{which}-check")
        page.wait_for(said(why))
    page.press("lesson_next")
    page.wait_for(said("What will you remember?"))
    wait_until(lambda: page.find('.mnist-lab-plane[data-verdict="ready"]'))  # an idea, with the settings of the lesson
    page.find(".mnist-lab-plane .one")[0].click()
    wait_until(lambda: page.find('.mnist-lab-plane[data-step="1"]'))
    assert page.browser.execute_script(RATE_AND_LAYERS) == [1, 2]
    type_into(page, f"{note}-note", "<b>Predict</b> first")
    page.press("lesson_finish")
    page.wait_for(said(":material/task_alt: You have finished this lesson.").split(": ")[1])
    file = page.take(said("Report as one HTML file"), tmp_path, "html")
    page.open("/lessons")
    page.wait_for(said("finished"))
    report = opened_from_disk(browsers, file)
    shown = report.find_element(By.TAG_NAME, "main").text
    for text in ("<b>Predict</b> first", said("What fell?"), said("The loss"), said("breaks"), said("Right.")):
        assert text in shown
    assert report.find_element(By.TAG_NAME, "html").get_attribute("lang") == code


def opened_from_disk(browsers: Browsers, file: Path) -> WebDriver:
    """A report in a browser without a network, its charts drawn."""
    browser = browsers.take("en-US", (1400, 1000))
    offline = {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}
    browser.execute_cdp_cmd("Network.enable", {})
    browser.execute_cdp_cmd("Network.emulateNetworkConditions", offline)
    browser.get(file.as_uri())
    wait_until(lambda: browser.find_elements(By.CSS_SELECTOR, ".scatterlayer .trace"), 30)
    return browser
