"""A whole lesson in a real browser: predicted, trained, answered wrongly and rightly, left and found again, finished."""

from __future__ import annotations

import pytest
from selenium.webdriver.common.keys import Keys

from mnist_core import lessons
from mnist_core.lessons_page.lesson_panel import instance
from mnist_core.store import Store
from tests.browser.conftest import Lab, Open
from tests.browser.page import Page
from tests.conftest import wait_until
from tests.lessons_page.short import SOURCE

pytestmark = pytest.mark.browser


def written(page: Page, lab: Lab) -> str:
    """The short lesson, of this browser's student; its name."""
    store = Store(f"sqlite:///{lab.home / 'runs.sqlite'}")
    try:
        return store.written_lessons.create(page.student(), "A short lesson", lessons.packed(SOURCE)).lesson
    finally:
        store.close()


def type_into(page: Page, key: str, text: str) -> None:
    """Write into a field in place of what is there, and leave it."""
    (field,) = page.find(f".st-key-{key} :is(input, textarea)")
    field.send_keys(Keys.CONTROL, "a")
    field.send_keys(text, Keys.TAB)
    wait_until(page.at_rest)


def test_a_whole_lesson_with_wrong_and_right_answers_and_a_reload_in_the_middle(open_browser: Open, lab: Lab) -> None:
    page = open_browser()
    name = written(page, lab)
    page.open(f"/lessons?lesson={name}")
    guess, run, steps, which, note = (
        instance(name, block) for block in ("guess", "small", "steps", "which", "remember")
    )
    assert not page.can_press("lesson_next")
    assert not page.can_press(f"{run}-run")
    page.choose(f"{guess}-expected", "breaks")
    page.press(f"{guess}-say")
    page.press(f"{run}-run")
    page.wait_for("Done. Train the small network.", 90)
    page.wait_for("You predicted: breaks.")
    page.press("lesson_next")
    page.wait_for("Now it is trained.")
    page.press("lesson_next")
    page.wait_for("How many updates has an epoch?")
    type_into(page, f"{steps}-answer", "4")
    page.press(f"{steps}-check")
    page.wait_for("Divide the images by the batch size.")
    page.open("/lessons")  # another address, and back: what was given stands there
    page.wait_for("Step 3 of 4")
    page.open(f"/lessons?lesson={name}")
    page.wait_for("Divide the images by the batch size.")
    type_into(page, f"{steps}-answer", "5")
    page.press(f"{steps}-check")
    page.wait_for("Right.")
    for word, said in (("The rate", "It stayed as it was."), ("The loss", "That is what training is for.")):
        page.find(f".st-key-{which}-answer label")[("The loss", "The rate").index(word) + 1].click()
        page.press(f"{which}-check")
        page.wait_for(said)
    page.press("lesson_next")
    page.wait_for("What will you remember?")
    type_into(page, f"{note}-note", "<b>Predict</b> first")
    page.press("lesson_finish")
    page.wait_for("You have finished this lesson.")
    page.open("/lessons")
    page.wait_for("finished")
