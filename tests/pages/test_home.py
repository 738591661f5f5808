"""The Home page and the frame around every page."""

from __future__ import annotations

import pytest

from mnist_core.home_page.recorded import CONFIG, EXPERIMENTS, RATES
from mnist_core.presets import PRESETS
from mnist_core.store import Store
from tests.pages.conftest import Open
from tests.pages.content import component, texts


def test_home_says_what_this_is(open_page: Open) -> None:
    app = open_page()
    assert app.title[0].value == "See how neural networks train"
    assert "Break it" in [heading.value for heading in app.subheader]
    assert (
        "at **0.5** it reads 97% of new digits correctly; at **1.5** training is unstable; at **3** it only guesses"
        in texts(app)
    )
    chart = component(app, "home_rates")
    assert [curve["name"] for curve in chart["curves"]] == [f"{rate:g}" for rate in RATES]
    for experiment in EXPERIMENTS:
        assert "<polyline" in component(app, f"home_{experiment}")["html"]


def test_the_network_that_breaks_is_told_from_that_of_the_picture(open_page: Open) -> None:
    (hidden,) = PRESETS[EXPERIMENTS[1]].config.hidden_layers
    assert hidden != CONFIG.hidden_layers[0]
    assert f"Another network, with {hidden} hidden units" in texts(open_page())


def test_one_press_trains_the_eight_of_the_picture(open_page: Open, store: Store) -> None:
    app = open_page()
    (button,) = [button for button in app.button if button.key == "home_train"]
    assert button.proto.type == "primary"
    button.click().run()
    assert app.title[0].value.startswith("Learning rate")
    (sweep,) = store.sweeps.newest(app.session_state["student"])
    assert sweep.rates == RATES
    runs = store.runs.of_group(sweep.id)
    assert sorted(run.config.learning_rate for run in runs) == list(RATES)
    assert app.session_state["shown_sweep"] == sweep.id
    assert (
        app.session_state["draft"]["hidden_layers"] == CONFIG.hidden_layers
    )  # the controls beside it show this network


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_the_picture_speaks_the_language_of_the_page(open_page: Open, lang: str) -> None:
    chart = component(open_page(lang=lang), "home_rates")
    assert chart["pause"] == {"en": "Pause", "ko": "일시 정지"}[lang]


def test_the_language_can_be_changed(open_page: Open) -> None:
    app = open_page(lang="ko")
    assert app.title[0].value != "See how neural networks train"
