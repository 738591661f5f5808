"""The page Loss in a real browser: charts drawn, the address names the view, a question answered."""

from __future__ import annotations

import pytest
from selenium.webdriver.common.keys import Keys

from tests.browser.conftest import Open
from tests.conftest import wait_until

pytestmark = pytest.mark.browser


def test_the_views_of_the_loss_page(open_browser: Open) -> None:
    page = open_browser().open("/loss_and_gradients")
    page.wait_for("This is the AND")
    wait_until(lambda: page.chart("map", "updates"))
    page.choose("perceptron_picture", "Surface")
    wait_until(lambda: page.chart("surface", "updates"))
    page.choose("loss_and_gradients_view", "From logits to loss")
    page.wait_for("0.417")
    wait_until(lambda: "view=classes" in page.address)
    wait_until(lambda: page.points("softmax") == 3)
    page.choose("cross_entropy_answer_0", "(0.5, 2, 0.3)")
    page.wait_for("Right: 0.417 against 1.841.")
    address = page.address
    other = open_browser().open(address)
    other.wait_for("Which has the higher loss?")
    other.choose("loss_and_gradients_view", "Binary cross-entropy: confident and wrong")
    wait_until(lambda: other.points("binary") > 1_000)


def test_a_network_from_scratch_trains_beside_the_engine(open_browser: Open) -> None:
    page = open_browser().open("/loss_and_gradients?view=scratch")
    page.press("from_scratch_train")
    page.wait_for("Maximum difference: ", 60)
    page.wait_for("The curves coincide. They differ only in the last digits of float32")
    wait_until(lambda: page.points("beside") >= 900)
    page.expand("The code behind it")
    page.wait_for("class SoftmaxWithLoss")


def test_a_chart_is_read_by_keyboard(open_browser: Open) -> None:
    page = open_browser().open("/loss_and_gradients?view=classes")
    wait_until(lambda: page.points("softmax") == 3)
    chart = page.find('[data-key="cross_entropy_chart_softmax"]')[0]
    live_text = page.find('[data-testid="live-chart-announcement"]')[0]

    def press(key: str, text_after: str) -> None:
        chart.send_keys(key)
        wait_until(lambda: (live_text.get_attribute("textContent") or "") == text_after, 5)

    page.browser.execute_script("arguments[0].focus()", chart)
    press(Keys.ARROW_RIGHT, "0: 0.6590")
    press(Keys.ARROW_RIGHT, "1: 0.2424")
    press(Keys.END, "2: 0.0986")
    press(Keys.HOME, "0: 0.6590")
    press(Keys.ARROW_LEFT, "0: 0.6590")  # there is nothing before the first point
    press(Keys.ESCAPE, "")


def test_a_contour_is_read_by_keyboard(open_browser: Open) -> None:
    page = open_browser().open("/loss_and_gradients")
    wait_until(lambda: page.chart("map", "drawn-at"))
    assert page.announces("map", Keys.ARROW_RIGHT) == "-1.00, -1.00: 0"
    assert page.announces("map", Keys.ARROW_UP) == "-1.00, -0.93: 0"
    assert page.announces("map", Keys.END) == "2.00, 2.00: 1"
    assert page.announces("map", Keys.ARROW_LEFT) == "1.92, 2.00: 1"


def test_a_round_of_training_is_stepped_through(open_browser: Open) -> None:
    page = open_browser().open("/loss_and_gradients?view=backprop")
    wait_until(lambda: page.chart("graph", "updates"))

    def reads(text: str) -> bool:
        script = """return [...document.querySelectorAll('[data-key="backpropagation_chart_graph"] .annotation-text')]
            .some((note) => note.textContent.includes(arguments[0]));"""
        return bool(page.browser.execute_script(script, text))

    wait_until(lambda: reads("z₁ 0.400"))
    assert not reads("∂")
    for _press in range(4):
        before = page.chart("graph", "updates")
        page.press("backpropagation_next")
        wait_until(lambda before=before: page.chart("graph", "updates") != before)  # type: ignore[misc]
    wait_until(lambda: reads("0.859"))
    page.press("backpropagation_next")
    wait_until(lambda: reads("∂ −0.576"))
    page.press("backpropagation_back")
    wait_until(lambda: not reads("∂"))
    wait_until(lambda: page.find(".st-key-backpropagation_formula .katex"))


def test_on_a_telephone_the_graph_stands_upright_and_nothing_moves_sideways(open_browser: Open) -> None:
    page = open_browser(size=(500, 1000))
    heights = "return [chart.clientWidth, chart._fullLayout.height];"
    sideways = """const main = document.querySelector('[data-testid="stMain"]');
        const chart = document.querySelector('[data-key="backpropagation_chart_graph"]');
        let wider = [];
        for (let one = chart; one && one !== main.parentElement; one = one.parentElement)
            if (one.scrollWidth > one.clientWidth + 1) wider.push(one.className);
        return wider;"""

    def wide(pixels: int) -> None:
        size = {"width": pixels, "height": 1000, "deviceScaleFactor": 1, "mobile": False}
        page.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)  # type: ignore[attr-defined]

    wide(420)
    page.open("/loss_and_gradients?view=backprop")
    wait_until(lambda: page.chart("graph", "updates") not in (None, "0"))

    def size() -> tuple[int, int]:
        width, height = page.of_chart("graph", heights) or (0, 0)
        return width, height

    wait_until(lambda: 0 < size()[0] < 420 and size()[1] > size()[0])  # upright
    upright = size()
    assert page.browser.execute_script(sideways) == []
    wide(1400)
    wait_until(lambda: size()[0] > size()[1])
    wide(420)
    wait_until(lambda: size() == upright)


def test_the_numerical_gradient_and_its_price(open_browser: Open) -> None:
    page = open_browser().open("/loss_and_gradients?view=check")
    page.wait_for("With the 79,510 parameters of 784-100-10")
    wait_until(lambda: page.points("difference") >= 10)
    wait_until(lambda: page.chart("time", "updates"))
