"""The benchmark of sliders moves what is really on the pages."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest

from mnist_core.bench.sliders import SLIDERS, Slider
from tests.conftest import mnist_folder
from tests.pages.conftest import Open
from tests.pages.content import components


@pytest.mark.parametrize("slider", SLIDERS, ids=lambda slider: slider.slider)
def test_the_slider_and_its_chart_are_on_the_page(
    open_page: Open, slider: Slider, monkeypatch: pytest.MonkeyPatch
) -> None:
    if folder := mnist_folder():
        monkeypatch.setenv("MNIST_LAB_DATA", str(folder))
    elif any(word in slider.address for word in ("/data", "convolution", "noise")):
        pytest.skip("no MNIST; MNIST_LAB_DATA may name a folder that has it")
    address = urlsplit(slider.address)
    app = open_page(address.path.strip("/"), **dict(parse_qsl(address.query)))
    sliders = {element.key for element in [*app.slider, *app.select_slider]}
    charts = {data.get("key") for data in components(app)}
    assert slider.slider in sliders
    assert slider.chart in charts
