"""The Data page in a real browser: every view drawn, the vector played and moved by keyboard, a click on the map."""

from __future__ import annotations

import pytest
from selenium.webdriver.common.keys import Keys

from mnist_core.ideas.data.augmentation.panel import NAMES
from tests.browser.conftest import Open, Put
from tests.browser.page import Page
from tests.conftest import mnist_folder, wait_until

pytestmark = pytest.mark.browser

# The player lives in a shadow root of its own.
PLAYER = """
const find = (root) => {
  for (const node of root.querySelectorAll("*")) {
    if (node.classList.contains("mnist-lab-flatten")) return node;
    const inside = node.shadowRoot && find(node.shadowRoot);
    if (inside) return inside;
  }
  return null;
};
const player = find(document);
"""


def rows(page: Page) -> int:
    """How many rows of the image lie in the vector; -1 without a player."""
    script = PLAYER + "return player ? Number(player.querySelector('canvas').dataset.rows ?? -1) : -1;"
    return int(page.browser.execute_script(script))


def test_the_views_of_the_data_page(open_browser: Open) -> None:
    page = open_browser().open("/data")
    page.wait_for("training images, each 28×28 pixels")
    page.choose("samples_order", "by difficulty")
    page.wait_for("would be taken for another class")
    page.choose("data_view", "Classes")
    page.wait_for("the most frequent class is")
    wait_until(lambda: page.points("balance") == 30)
    page.choose("data_view", "Pixel scaling")
    wait_until(lambda: page.points("two") > 250)
    page.choose("pixel_scaling_scale", "standardized")
    page.wait_for("Condition number 1.")
    page.choose("data_view", "Train, validation and test split")
    wait_until(lambda: page.points("leak") == 42)
    page.wait_for("With 50% of the test images in memory")
    wait_until(lambda: "view=heaps" in page.address)


def test_an_image_becomes_a_vector_by_play_and_by_keyboard(open_browser: Open) -> None:
    page = open_browser().open("/data?view=numbers")
    wait_until(lambda: page.points("numbers") == 100)
    wait_until(lambda: rows(page) == 0)
    press = PLAYER + "player.querySelector('button').click();"
    page.browser.execute_script(press)
    wait_until(lambda: rows(page) == 28)
    slider = page.browser.execute_script(PLAYER + "return player.querySelector('input');")
    slider.send_keys(Keys.HOME)
    wait_until(lambda: rows(page) == 0)
    slider.send_keys(Keys.PAGE_UP)
    wait_until(lambda: 0 < rows(page) < 28)
    script = (
        PLAYER
        + "const one = player.querySelector('canvas'); return [one.dataset.rows, one.getAttribute('aria-label')];"
    )

    def consistent() -> bool:
        count, label = page.browser.execute_script(script)
        return bool(label.endswith(f"in the vector: {28 * int(count)} of 784 values."))

    wait_until(consistent)
    # Who wants no motion is shown row after row: nothing is between two places.
    page.browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-reduced-motion", "value": "reduce"}]}
    )
    page.browser.execute_script(press)
    between = PLAYER + "return Number(player.querySelector('input').value) % 1;"
    before = rows(page)
    wait_until(lambda: rows(page) > before + 1)
    assert page.browser.execute_script(between) == 0


def test_a_click_on_the_map_shows_that_image(open_browser: Open) -> None:
    page = open_browser().open("/data?view=projection")
    wait_until(lambda: page.points("map") == 301)  # 300 images, and the ring
    if mnist_folder():
        page.wait_for("Left: the image (5).")
    page.click_point("map", "class-0", 3)
    page.wait_for("Left: the image (0).")


def test_augmented_digits_come_from_a_worker(open_browser: Open) -> None:
    page = open_browser().open("/data?view=augmentation")
    page.wait_for("Each row starts with the original image, followed by", 90)
    page.choose("augmentation_kind", NAMES["elastic"])
    page.wait_for("alpha 50, sigma 4")
    page.press("augmentation_others")
    page.wait_for("Each row starts with the original image, followed by", 90)


def test_the_page_in_korean_and_narrow(open_browser: Open) -> None:
    page = open_browser(language="ko-KR", size=(420, 1200)).open("/data?view=scales")
    page.wait_for("조건수")
    wait_until(lambda: page.points("surface") > 0)
    wide = page.browser.execute_script("return document.documentElement.scrollWidth - window.innerWidth;")
    assert wide <= 0
    title, buttons = page.browser.execute_script(
        "const of = (name) => document.querySelector(`[data-key$=chart_surface] ${name}`).getBoundingClientRect();"
        "return [of('.gtitle').right, of('.modebar').left]"
    )
    assert title <= buttons


def test_samples_in_the_order_of_ones_own_run(open_browser: Open, put: Put) -> None:
    page = open_browser()
    put(page, epochs=1, train_size=2_000)
    page.open("/data")
    page.choose("samples_order", "by difficulty for one of my runs")
    page.wait_for("of all 10,000 validation images", 60)
    wait_until(lambda: page.find(".stImage img, [data-testid=stImage] img"))
    page.choose("samples_rank_part", "Test")
    page.wait_for("of all 10,000 test images", 60)


def test_on_a_telephone_a_table_of_pixels_leaves_no_empty_height(open_browser: Open) -> None:
    """Its cells are square: half of the height that it has on a desk would be empty."""
    page = open_browser(size=(420, 1400)).open("/data")
    page.choose("data_view", "Pixel values")
    script = """
        const plot = chart.querySelector(".nsewdrag").getBoundingClientRect();
        const around = chart.getBoundingClientRect();
        const below = chart.closest("[data-testid=stVerticalBlock]").getBoundingClientRect();
        return [plot.height / plot.width, around.height < around.width + 80, around.bottom <= below.bottom + 1];
    """
    wait_until(lambda: page.of_chart("numbers", script) == [pytest.approx(1, abs=0.02), True, True])
