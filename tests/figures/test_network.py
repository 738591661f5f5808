"""The drawing of a network, and the sheet of digits."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from mnist_core.config import RunConfig
from mnist_core.figures.digits import image_sheet
from mnist_core.figures.network import network_svg
from mnist_core.models import describe


@pytest.mark.parametrize(
    "config",
    [
        RunConfig(),
        RunConfig(hidden_layers=()),
        RunConfig(hidden_layers=(2048, 1, 7, 8, 50, 3)),
        RunConfig(model="cnn", filters=(1, 2, 3, 256), hidden_layers=(10,) * 6),
    ],
    ids=["mlp", "linear", "deep", "cnn"],
)
@pytest.mark.parametrize("dark", [False, True])
def test_draws_every_layer_inside_the_picture(config: RunConfig, dark: bool) -> None:
    root = ET.fromstring(network_svg(describe(config), str, dark=dark))
    space = "{http://www.w3.org/2000/svg}"
    said = [element.text for element in root.iter(f"{space}text")]
    for units in config.hidden_layers:
        assert f"{units:,}" in said
    width, height = (int(root.attrib[name]) for name in ("width", "height"))
    for circle in root.iter(f"{space}circle"):
        assert 0 < float(circle.attrib["cx"]) < width
        assert 0 < float(circle.attrib["cy"]) < height - 40


def test_names_sizes_in_order() -> None:
    root = ET.fromstring(network_svg(describe(RunConfig(model="cnn")), str))
    assert root.attrib["aria-label"] == "28×28 → 16 @ 28×28 → 16 @ 14×14 → 32 @ 14×14 → 32 @ 7×7 → 128 → 10"


def test_a_sheet_has_ink_dark_on_light() -> None:
    images = np.zeros((3, 28, 28), np.uint8)
    images[0, 10, 10] = 255
    picture = Image.open(io.BytesIO(image_sheet(images, 2, 1)))
    assert picture.size == (60, 60)
    assert picture.getpixel((10, 10)) == 0
    assert picture.getpixel((40, 40)) == 255
