"""Filled shapes on an even ground are one thing each, of any size; what has lines, holes or light is left to the search for ink."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from mnist_core.data import own_images, segmentation
from mnist_core.data.segmentation import solid
from mnist_core.errors import DataFileError

Draw = Callable[[ImageDraw.ImageDraw, float, int], None]


def disk(draw: ImageDraw.ImageDraw, side: float, ink: int) -> None:
    draw.ellipse((0.25 * side, 0.2 * side, 0.75 * side, 0.7 * side), fill=ink)


def square(draw: ImageDraw.ImageDraw, side: float, ink: int) -> None:
    draw.rectangle((0.15 * side, 0.2 * side, 0.8 * side, 0.85 * side), fill=ink)


def triangle(draw: ImageDraw.ImageDraw, side: float, ink: int) -> None:
    draw.polygon([(0.5 * side, 0.15 * side), (0.2 * side, 0.8 * side), (0.8 * side, 0.8 * side)], fill=ink)


def painted(*shapes: Draw, side: int = 300, ground: int = 255, ink: int = 0) -> Image.Image:
    picture = Image.new("L", (side, side), ground)
    for shape in shapes:
        shape(ImageDraw.Draw(picture), side, ink)
    return picture


def content(picture: Image.Image, kind: str) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize("side", [64, 300, 1_000])
@pytest.mark.parametrize("colors", [(255, 0), (0, 255), (200, 60)])
def test_a_filled_shape_is_one_thing(kind: str, side: int, colors: tuple[int, int]) -> None:
    """36 of 36 disks, squares and triangles of 300 pixels were refused: two things could be meant."""
    ground, ink = colors
    shares = []
    for shape in (triangle, disk, square):
        picture = painted(shape, side=side, ground=ground, ink=ink)
        (cutout,) = segmentation.find(np.asarray(picture))
        box = Image.fromarray((np.asarray(picture) != ground).astype(np.uint8)).getbbox()
        assert box is not None
        left, top, right, bottom = box
        assert np.abs(np.array(cutout.box) - (top, left, bottom, right)).max() <= 1 + side // 100
        image = own_images.made(content(picture, kind), "drawing")
        shares.append(float((image > 127)[image.any(1)][:, image.any(0)].mean()))
    assert shares == sorted(shares)  # the triangle fills half of its box, the square all of it
    assert shares[0] < 0.65
    assert shares[2] > 0.9


def beside(draw: ImageDraw.ImageDraw, side: float, ink: int) -> None:
    draw.ellipse((0.8 * side, 0.75 * side, 0.95 * side, 0.9 * side), fill=ink)


def seven(draw: ImageDraw.ImageDraw, side: float, ink: int) -> None:
    draw.text((0.35 * side, 0.2 * side), "7", fill=255 - ink, font=ImageFont.load_default(0.5 * side))


def test_two_shapes_are_two_things() -> None:
    assert solid.find(np.asarray(painted(disk, beside))) is None
    with pytest.raises(DataFileError, match="things in this image could be meant"):
        own_images.made(content(painted(disk, beside), "PNG"), "drawing")


def test_a_digit_on_a_card_is_not_the_card() -> None:
    picture = np.asarray(painted(square, seven, ground=0, ink=255))
    assert solid.find(picture) is None
    (cutout,) = segmentation.find(picture)
    assert cutout.box[2] - cutout.box[0] < 0.5 * len(picture)


@pytest.mark.parametrize("stroke", [30, 60, 80])
def test_a_sheet_in_a_dark_frame_is_not_the_digit(stroke: int) -> None:
    """Ink that is nearly as dark as the frame: parts of it are holes of the sheet."""
    picture = painted(square, ground=20, ink=128)
    ImageDraw.Draw(picture).line((150, 90, 130, 180, 160, 230), fill=stroke, width=9)
    noisy = np.asarray(picture) + np.random.default_rng(2).normal(0, 3, (300, 300))
    assert solid.find(noisy.clip(0, 255).astype(np.uint8)) is None


def test_light_that_is_not_even_and_lines_are_left_to_the_search_for_ink() -> None:
    lit = np.asarray(painted(disk)).astype(float) * np.linspace(1, 0.7, 300)
    assert solid.find(lit.astype(np.uint8)) is None
    line = painted(lambda draw, side, ink: draw.line((100, 40, 140, 260), fill=ink, width=20))
    assert solid.find(np.asarray(line)) is None
    assert len(segmentation.find(np.asarray(line))) == 1
    assert solid.find(np.asarray(painted(disk, ground=128, ink=100))) is None  # too faint to be sure
    assert solid.find(np.full((40, 40), 255, np.uint8)) is None
