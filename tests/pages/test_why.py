"""The page Why it breaks."""

from __future__ import annotations

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from tests.pages.test_train import texts

Open = Callable[..., AppTest]


def test_the_bowl_answers_to_its_sliders(open_page: Open) -> None:
    app = open_page("why")
    assert "It arrives from one side" in texts(app)
    assert "the edge is at a rate of 2." in texts(app)
    app.select_slider(key="bowl_rate").set_value(2.0).run()
    assert "This is the edge" in texts(app)
    app.select_slider(key="bowl_rate").set_value(2.5).run()
    assert "each step is 1.5 times as far out" in texts(app)
    app.slider(key="bowl_momentum").set_value(0.5).run()
    assert "It overshoots, and arrives all the same" in texts(app)
    assert "2 (1 + β) / a" in texts(app)
    app.select_slider(key="bowl_curvature").set_value(10.0).run()
    assert "the edge at a rate of 0.3 " in texts(app)


def test_one_step_and_playing(open_page: Open) -> None:
    app = open_page("why")
    app.button(key="bowl_one").click().run()
    assert app.slider(key="bowl_steps").value == 11
    app.button(key="bowl_play").click().run()
    assert app.slider(key="bowl_steps").value < 11
    app.run()
    app.button(key="bowl_play").click().run()
    at = app.slider(key="bowl_steps").value
    app.run()
    assert app.slider(key="bowl_steps").value == at
    assert not app.exception


def test_two_weights(open_page: Open) -> None:
    app = open_page("why")
    app.segmented_control(key="bowl_weights").set_value(2).run()
    assert not app.exception
