"""Large type: the switch, the address that keeps it, and the charts that grow with the page."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from mnist_core.ui import large_type
from tests.pages.conftest import Open
from tests.pages.content import components


def chart_height(app: AppTest) -> tuple[int, float]:
    """Height and growth of the first chart on the page."""
    chart = next(data for data in components(app) if "figure" in data)
    return chart["height"], chart["growth"]


def test_the_switch_lets_page_and_charts_grow(open_page: Open) -> None:
    app = open_page("loss_and_gradients")
    height, growth = chart_height(app)
    assert growth == 1.0
    app.toggle(key="large_choice").set_value(True).run()
    assert chart_height(app) == (round(height * large_type.GROWTH), large_type.GROWTH)
    assert app.query_params["large"] == "1"
    app.toggle(key="large_choice").set_value(False).run()
    assert chart_height(app) == (height, 1.0)
    assert "large" not in app.query_params


def test_the_address_opens_large_and_the_train_page_keeps_it(open_page: Open) -> None:
    app = open_page("train", large="1")
    assert app.toggle(key="large_choice").value
    assert app.query_params["large"] == "1"
