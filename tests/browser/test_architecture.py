"""The page Architecture in a real browser: a grid that fills while it trains, a cell that opens its run, a played window."""

from __future__ import annotations

import pytest
from selenium.webdriver.common.keys import Keys

from tests.browser.conftest import Open
from tests.browser.page import Page
from tests.conftest import wait_until

pytestmark = pytest.mark.browser


def cells(page: Page) -> list[list[str]]:
    """What stands in the cells now."""
    script = (
        "return chart.data[0].text.map((row, i) => row.map((_, j) => chart.data.map((one) => one.text[i][j]).join('')))"
    )
    return page.of_chart("grid", script) or []


def test_numbers_at_an_axis_are_written_as_in_texts(open_browser: Open) -> None:
    """20k stood there beside 79,510."""
    page = open_browser().open("/architecture?view=layers")

    def ticks() -> list[str]:
        script = "return [...chart.querySelectorAll('.ytick text')].map((text) => text.textContent)"
        return page.of_chart("sizes", script) or []

    wait_until(lambda: ticks() == ["0", "20,000", "40,000", "60,000", "80,000"])


def test_the_grid_fills_and_a_cell_opens_its_run(open_browser: Open) -> None:
    page = open_browser().open("/architecture?view=grid")
    for depth in ("2", "3"):
        page.choose("depth_and_width_depths", depth)
    page.choose("depth_and_width_widths", "256")
    page.move("depth_and_width_images", Keys.HOME)
    page.wait_for("Train all 3")
    page.press("depth_and_width_start")
    wait_until(lambda: cells(page) and cells(page)[0][0])  # the cells are there before their values
    wait_until(lambda: "group=" in page.address)
    page.wait_for("3 of 3 runs are done", 90)
    wait_until(lambda: all("%" in text and "…" not in text for row in cells(page) for text in row))
    wait_until(lambda: [len(row) for row in cells(page)] == [2, 2])
    (linear, same), (narrow, wide) = cells(page)
    assert linear == same  # one run without hidden layers for both columns
    assert len({linear, narrow, wide}) == 3
    page.wait_for("Best: ")
    page.choose("depth_and_width_measure", "Parameters")
    parameters = [["7,850"] * 2, ["12,730", "50,890"]]
    wait_until(lambda: cells(page) == parameters)
    wait_until(lambda: "measure=" in page.address)  # which is told at the end of the drawing

    other = open_browser().open(page.address)  # found again by its address, with what is shown of it
    wait_until(lambda: cells(other) == parameters)
    other.choose("depth_and_width_measure", "Validation accuracy")
    wait_until(lambda: cells(other) == [[linear, same], [narrow, wide]])
    other.wait_for("Someone else's runs: you can watch them.")

    script = """
        chart.scrollIntoView({ block: "center" });
        const { xaxis, yaxis } = chart._fullLayout, box = chart.getBoundingClientRect();
        return [box.left + xaxis._offset + xaxis.l2p(0), box.top + yaxis._offset + yaxis.l2p(1)];
    """

    def opened() -> bool:
        if page.says("Train a network and watch it learn"):
            return True
        if place := page.of_chart("grid", script):
            page.click_at(*place)
        return False

    wait_until(opened)
    page.wait_for("784-16-10")


def test_a_window_slides_over_a_digit(open_browser: Open) -> None:
    page = open_browser().open("/architecture?view=convolution")
    page.wait_for("Row 7, column 12")
    wait_until(lambda: page.points("slide") == 28 * 28 + 26 * 26)
    page.move("convolution_stride", Keys.ARROW_RIGHT)
    page.wait_for("⌊(28 + 2 · 0 − 3) / 2⌋ + 1 = 13")
    wait_until(lambda: page.points("slide") == 28 * 28 + 13 * 13)
    page.press("convolution_play")
    page.wait_for("Pause")
    # It goes on by itself into the next rows, perhaps more than one between two looks.
    wait_until(lambda: any(page.says(f"Row {row}, column ") for row in range(8, 13)), 40)

    def stopped() -> bool:
        """It draws all the time, and a click into a drawing may be lost: pressed again, as a student would."""
        page.press("convolution_play")
        try:
            page.wait_for("Play", 5)
        except pytest.fail.Exception:
            return False
        return True

    wait_until(stopped, 40)
    page.choose("architecture_view", "Optimizer trajectories")
    wait_until(lambda: page.points("paths") > 5 * 61)
    wait_until(lambda: "view=valley" in page.address)


def test_both_maps_of_a_convolution_are_read_by_keyboard(open_browser: Open) -> None:
    page = open_browser().open("/architecture?view=convolution")
    wait_until(lambda: page.points("slide") == 28 * 28 + 26 * 26)
    assert page.announces("slide", Keys.END).startswith("0, 0: ")  # the first key begins
    assert page.announces("slide", Keys.END).startswith("27, 27: ")
    assert page.announces("slide", Keys.ARROW_DOWN).startswith("0, 0: ")  # over the edge, to the output
    assert page.announces("slide", Keys.END).startswith("25, 25: ")
    page.find("[data-key=convolution_chart_slide]")[0].send_keys(Keys.ENTER)
    page.wait_for("Row 25, column 25")


def test_two_networks_with_as_many_parameters_and_a_race(open_browser: Open) -> None:
    page = open_browser().open("/architecture?view=equal")
    for key in ("mlp_or_cnn_images", "mlp_or_cnn_epochs"):
        page.move(key, Keys.HOME)
    page.press("mlp_or_cnn_start")
    page.wait_for("2 of 2 runs are done", 90)
    wait_until(lambda: "pair=" in page.address)
    page.choose("architecture_view", "Comparing optimizers")
    for key in ("optimizer_race_images", "optimizer_race_epochs"):
        page.move(key, Keys.HOME)
    page.press("optimizer_race_start")
    page.wait_for("5 of 5 runs are done", 90)

    def five_curves() -> bool:
        script = "return document.querySelector('[data-key$=\"group_loss\"]')?.dataset.points"
        return int(page.browser.execute_script(script) or 0) >= 5 * 2

    wait_until(five_curves)  # five curves of two points at least
