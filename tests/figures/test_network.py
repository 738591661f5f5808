"""The drawing of a network, and the sheet of digits."""

from __future__ import annotations

import base64
import io
import xml.etree.ElementTree as ET
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from mnist_core.config import RunConfig
from mnist_core.figures.digits import image_sheet, labeled_sheet
from mnist_core.figures.network import network_svg
from mnist_core.networks.models import describe

SVG = "{http://www.w3.org/2000/svg}"


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
    labels = [element.text for element in root.iter(f"{space}text")]
    for units in config.hidden_layers:
        assert f"{units:,}" in labels
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


def opened(sheet: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(sheet)))


def test_each_image_is_in_its_place_with_a_gap_between() -> None:
    images = np.full((5, 28, 28), 255, np.uint8)
    picture = opened(image_sheet(images, 3, 1))
    assert picture.shape == (60, 90)  # two rows of 28 + 2, three columns of 28 + 2
    assert (picture[:28, 28:30] == 255).all()  # the gap is paper
    assert (picture[30:58, 30:58] == 0).all()  # the fifth image
    assert (picture[30:, 60:] == 255).all()  # nothing in the sixth place


def test_every_pixel_is_drawn_scale_times() -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, 28, 28), dtype=np.uint8)
    small, large = opened(image_sheet(images, 2, 1)), opened(image_sheet(images, 2, 3))
    assert (large == small.repeat(3, 0).repeat(3, 1)).all()


def test_labels_stand_beneath_and_leave_the_images_alone() -> None:
    images = np.full((2, 28, 28), 200, np.uint8)
    root = ET.fromstring(labeled_sheet(images, 2, 2, labels=["7", "<b>앵클 부츠</b> · 99"]))
    (image,) = root.iter(f"{SVG}image")
    picture = opened(base64.b64decode(image.attrib["href"].partition(",")[2]))
    assert picture.shape == ((28 + 2 + 9) * 2, 60 * 2)
    assert (picture[:56, :56] == 55).all()
    assert (picture[58:] == 255).all()
    seven, long = root.iter(f"{SVG}text")
    assert (seven.text, long.text) == ("7", "<b>앵클 부츠</b> · 99")
    assert float(seven.attrib["y"]) > 56
    assert float(seven.attrib["x"]) < 60 < float(long.attrib["x"])
    alone = ET.fromstring(labeled_sheet(images[:1], 2, 2, labels=["7"])).find(f".//{SVG}text")
    assert alone is not None
    assert float(long.attrib["font-size"]) == float(seven.attrib["font-size"]) < float(alone.attrib["font-size"])


def test_a_sheet_without_images_is_empty_paper() -> None:
    assert (opened(image_sheet(np.empty((0, 28, 28), np.uint8), 4, 1)) == 255).all()


def test_stacks_of_images_get_smaller_with_the_image() -> None:
    root = ET.fromstring(network_svg(describe(RunConfig(model="cnn")), str))
    sides = [float(rect.attrib["width"]) for rect in root.iter("{http://www.w3.org/2000/svg}rect")]
    distinct = list(dict.fromkeys(sides))
    assert distinct == sorted(distinct, reverse=True)
    assert distinct[0] / distinct[1] == pytest.approx(2, abs=0.1)  # 28 and 14


@pytest.mark.parametrize("filters", [(16,), (16, 32), (8, 16, 32, 64)])
def test_labels_of_neighbors_do_not_touch(filters: tuple[int, ...]) -> None:
    root = ET.fromstring(network_svg(describe(RunConfig(model="cnn", filters=filters, hidden_layers=(128, 64))), str))
    texts = [t for t in root.iter("{http://www.w3.org/2000/svg}text") if "×" in (t.text or "")]
    rows: dict[str, list[tuple[float, float]]] = {}
    for text in texts:
        half = 0.74 * float(text.attrib["font-size"]) * len(text.text or "") / 2  # bold digits, about
        rows.setdefault(text.attrib["y"], []).append((float(text.attrib["x"]) - half, float(text.attrib["x"]) + half))
    for row in rows.values():
        assert all(left[1] <= right[0] for left, right in pairwise(sorted(row)))
