"""The main job in a real browser: run, watch, pause, step, stop, break, reload, and open elsewhere."""

from __future__ import annotations

import pytest
from selenium.webdriver.common.keys import Keys

from tests.browser.conftest import Open
from tests.conftest import wait_until

pytestmark = pytest.mark.browser
LONG = "/train?preset=two-layer-net&epochs=1000"


def test_run_watch_pause_step_resume_stop(open_browser: Open) -> None:
    page = open_browser().open(LONG)
    page.press("run")
    wait_until(lambda: page.points() > 0)
    some = page.points()
    wait_until(lambda: page.points() > some)
    page.press("pause")
    wait_until(lambda: page.can_press("resume"))
    at = page.step()
    assert at > 0
    page.press("step")
    wait_until(lambda: page.step() == at + 1 and page.can_press("resume"))
    page.press("resume")
    wait_until(lambda: page.step() > at + 1)
    page.press("stop")
    page.wait_for("The run was stopped after step")
    stopped_at = page.step()
    wait_until(lambda: page.points() > 0)
    page.browser.refresh()
    page.wait_for("The run was stopped after step")
    wait_until(lambda: page.step() == stopped_at)


def test_settings_that_are_taken_stand_in_the_controls_and_run(open_browser: Open) -> None:
    page = open_browser().open("/train?preset=two-layer-net&epochs=1&train_size=1000")
    page.press("run")
    page.wait_for("completed")
    page.move("c_learning_rate", Keys.ARROW_RIGHT)
    wait_until(lambda: "learning_rate=" in page.address)
    page.press("take")
    wait_until(lambda: "learning_rate=0.5" in page.address and "train_size=1000" in page.address)
    first = page.address
    page.move("c_learning_rate", Keys.ARROW_RIGHT)
    wait_until(lambda: page.address != first and "learning_rate=0.5" not in page.address)
    page.press("take")
    wait_until(lambda: page.address == first)
    page.press("run")
    wait_until(lambda: "run=" in page.address and page.address.split("run=")[1] != first.split("run=")[1])
    page.wait_for("completed")


def test_zoom_and_hidden_curves_survive_updates(open_browser: Open) -> None:
    page = open_browser().open(LONG)
    page.press("run")
    wait_until(lambda: page.points() > 50)
    hidden = "return chart._fullData.filter(t => t.visible === 'legendonly').map(t => t.name)"
    script = "return chart._fullLayout.xaxis.range"
    page.zoom("loss")
    page.toggle("loss", "Test")
    wait_until(lambda: page.of_chart("loss", hidden) == ["Test"])
    zoomed = page.of_chart("loss", script)
    before = int(page.chart("loss", "updates") or 0)
    wait_until(lambda: int(page.chart("loss", "updates") or 0) >= before + 4)
    wait_until(lambda: page.of_chart("loss", script) == zoomed)
    assert page.of_chart("loss", hidden) == ["Test"]
    page.press("stop")
    page.wait_for("The run was stopped after step")


def test_training_goes_on_without_the_page(open_browser: Open) -> None:
    page = open_browser().open(LONG)
    page.press("run")
    wait_until(lambda: page.step() > 0 and "run=" in page.address)
    address, at = page.address, page.step()
    page.open("/data")
    page.wait_for("The images that networks learn from")
    page.open(address)
    wait_until(lambda: page.step() > at)
    other = open_browser().open(address)
    other.wait_for("This is someone else's run.")
    wait_until(lambda: other.points() > 0)
    assert not other.can_press("stop")
    assert not other.says("My runs")
    page.press("stop")
    page.wait_for("The run was stopped after step")
    other.wait_for("The run was stopped after step")


def test_a_rate_that_is_too_high_collapses(open_browser: Open) -> None:
    # On the built-in digits a unit of fifty may survive 1.5, by the last digit of a sum; 3.0 none survives.
    page = open_browser().open("/train?preset=two-layer-net-rate-1.5&epochs=30&learning_rate=3")
    page.press("run")
    page.wait_for("Collapsed.", 90)
    page.wait_for("dead")


def test_a_blown_up_run_is_marked_and_explained(open_browser: Open) -> None:
    page = open_browser().open(
        "/train?preset=two-layer-net&activation=identity&learning_rate=100&epochs=5&loss=squared-error"
    )
    page.press("run")
    page.wait_for("Diverged.", 60)
    page.wait_for("above the chart from step")
    page.wait_for("Try a much lower learning rate, such as 0.09.")


def test_korean(open_browser: Open) -> None:
    page = open_browser().open("/train?lang=ko")
    page.wait_for("학습률")
    page.wait_for("신경망을 훈련하고 학습 과정 지켜보기")


def test_the_layers_are_shown_beneath_the_curves(open_browser: Open) -> None:
    page = open_browser().open("/train?preset=two-layer-net&epochs=1")
    page.press("run")
    page.wait_for("completed")
    page.expand("Inside the layers")
    wait_until(lambda: page.chart("layers_dead_units", "updates") is not None)
    page.wait_for("Layer")


def test_the_controls_leave_no_empty_sidebar_on_the_next_page(open_browser: Open) -> None:
    page = open_browser().open("/train?preset=two-layer-net&epochs=1")
    page.move("c_learning_rate", Keys.ARROW_RIGHT)
    wait_until(lambda: "learning_rate=" in page.address and page.at_rest())
    page.follow("Compare")
    wait_until(lambda: page.says("Compare runs: what did one change do?") and page.at_rest())
    wait_until(lambda: not any(one.is_displayed() for one in page.find("[data-testid=stSidebar]")))
    wait_until(lambda: page.find("[data-testid=stMain]")[0].rect["x"] == 0)
    assert page.says("Compare runs: what did one change do?")


def test_on_a_tablet_beside_the_controls_charts_are_as_wide_as_the_page_and_a_run_has_two_lines(
    open_browser: Open,
) -> None:
    page = open_browser()
    size = {"width": 820, "height": 1180, "deviceScaleFactor": 1, "mobile": False}
    page.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)  # type: ignore[attr-defined]
    page.open("/train?lang=ko&preset=two-layer-net&epochs=1")
    page.press("run")
    page.wait_for("완료")
    parts = """return [...document.querySelectorAll('.stMainBlockContainer :is([data-testid="stImage"], [data-key^="chart_"])')]
        .map(part => part.getBoundingClientRect().width / document.querySelector('.stMainBlockContainer').clientWidth);"""
    wait_until(lambda: len(page.browser.execute_script(parts)) == 3)  # the network, loss, accuracy
    assert min(page.browser.execute_script(parts)) > 0.8
    rows = page.find(".st-key-run_list [data-testid=stHorizontalBlock]")
    assert [row.rect["height"] < 90 for row in rows] == [True]


def test_on_a_telephone_it_is_said_where_the_settings_are(open_browser: Open) -> None:
    page = open_browser()

    def wide(pixels: int) -> None:
        size = {"width": pixels, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        page.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)  # type: ignore[attr-defined]

    wide(390)
    for address in ("/learning_rate", "/train"):
        page.open(address)
        page.wait_for("The settings are in the menu")
        assert not [one for one in page.find("[data-testid=stSidebar] .stSlider") if one.is_displayed()]
    wide(1300)
    page.open("/train")
    wait_until(lambda: page.find("[data-testid=stSidebar] .stSlider") and page.at_rest())
    assert not page.says("The settings are in the menu")
