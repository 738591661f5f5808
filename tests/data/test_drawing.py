"""Drawings and photos to MNIST's pixels, against MNIST's own statistics and hand-made pictures."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from mnist_core.data import load_dataset
from mnist_core.data.drawing import BOX, PAD, Stroke, as_drawn, like_mnist, paint
from mnist_core.data.pictures import read_ink
from mnist_core.errors import DataFileError

SEVEN = Stroke(24, ((20, 30), (120, 30), (60, 150)))
ONE = Stroke(20, ((200, 40), (180, 260)))


def box(image: np.ndarray) -> tuple[int, int]:
    """Height and width of what has ink."""
    rows, columns = np.flatnonzero(image.any(1)), np.flatnonzero(image.any(0))
    return int(rows[-1] - rows[0] + 1), int(columns[-1] - columns[0] + 1)


def centre(image: np.ndarray) -> np.ndarray:
    """Centre of mass, row and column."""
    grid = np.indices(image.shape)
    return np.asarray((grid * image).sum((1, 2)) / image.sum())


def test_paint_draws_a_pen_of_the_given_width() -> None:
    ink = paint([Stroke(20, ((100, 140), (180, 140)))])
    assert ink[:, 140].sum() == pytest.approx(20, abs=0.5)
    assert ink.sum() == pytest.approx(80 * 20 + np.pi * 10**2, rel=0.01)
    assert paint([Stroke(20, ((140, 140),))]).sum() == pytest.approx(np.pi * 10**2, rel=0.02)
    assert not paint([Stroke(20, ((-500, -500), (900, -500))), Stroke(20, ())]).any()


@pytest.mark.parametrize("stroke", [SEVEN, ONE], ids=["seven", "one"])
def test_the_box_and_the_centre_of_mass(stroke: Stroke) -> None:
    image = like_mnist(paint([stroke]))
    assert max(box(image)) == BOX
    np.testing.assert_allclose(centre(image), [14, 14], atol=0.55)  # whole pixels are moved
    drawn = as_drawn(paint([stroke]))
    assert np.abs(centre(drawn) - 14).max() > 3


def test_where_it_is_drawn_and_how_large_makes_no_difference() -> None:
    far = Stroke(SEVEN.width, tuple((x + 100, y + 100) for x, y in SEVEN.points))
    assert np.array_equal(like_mnist(paint([SEVEN])), like_mnist(paint([far])))
    assert not like_mnist(np.zeros((PAD, PAD), np.float32)).any()


def test_mnist_itself_has_this_box_and_this_centre(mnist: Path) -> None:
    images = load_dataset("mnist", mnist).test_images[:2_000]
    assert np.mean([max(box(image)) == BOX for image in images]) > 0.95
    centres = np.array([centre(image) for image in images])
    np.testing.assert_allclose(centres.mean(0), [14, 14], atol=0.15)
    # A digit of MNIST, drawn larger and elsewhere, comes back as it was, to the blur of the way.
    large = np.zeros((PAD, PAD), np.float32)
    large[100:240, 30:170] = np.kron(images[0], np.ones((5, 5))) / 255
    again = like_mnist(large).astype(float)
    assert np.corrcoef(again.ravel(), images[0].ravel())[0, 1] > 0.98


def encoded(grey: np.ndarray, kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(grey.astype(np.uint8)).save(buffer, kind)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_ink_on_paper_in_a_shadow_and_chalk_on_a_board_are_the_same_digit(kind: str) -> None:
    ink = paint([Stroke(24, ((80, 60), (200, 60), (140, 220)))])
    shadow = np.linspace(0.6, 1, PAD)
    paper, board = (235 - 200 * ink) * shadow, 20 + 200 * ink
    wanted = like_mnist(ink).astype(float)
    for picture in (paper, board):
        found = like_mnist(read_ink(encoded(picture, kind))).astype(float)
        assert np.corrcoef(found.ravel(), wanted.ravel())[0, 1] > 0.97


def header(width: int, height: int) -> bytes:
    """A PNG that says it is so large, and has next to nothing in it."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    size = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"no picture", "no picture"),
        (b"", "no picture"),
        (encoded(np.zeros((50, 50)))[:60], "no picture"),
        (header(100, 100), "no picture"),
        (header(8_000, 6_250), "50 million pixels"),
        (header(30_000, 30_000), "far too many pixels"),
        (b"0" * 10_000_001, "10.0 MB"),
        (encoded(np.full((40, 40), 200)), "Nothing stands out"),
    ],
    ids=["text", "empty", "cut", "hollow", "50 MP", "bomb", "large file", "blank"],
)
def test_what_is_no_digit_gets_a_sentence(content: bytes, said: str) -> None:
    with pytest.raises(DataFileError, match=said):
        read_ink(content)


def test_a_picture_of_few_pixels() -> None:
    tiny = np.full((3, 3), 255)
    tiny[1, 1] = 0
    assert read_ink(encoded(tiny)).shape == (3, 3)


def test_a_large_picture_with_transparency_is_the_small_one_turned_as_it_says() -> None:
    large = Image.new("RGBA", (2_900, 2_330))
    ImageDraw.Draw(large).line([(700, 500), (1_800, 500), (1_200, 1_900)], fill="black", width=150)
    turn = Image.Exif()
    turn[0x0112] = 6  # to be turned by a quarter, clockwise
    inks = []
    for picture in (large, large.resize((580, 466))):
        buffer = io.BytesIO()
        picture.save(buffer, "PNG", exif=turn)
        inks.append(like_mnist(read_ink(buffer.getvalue())).astype(float).ravel())
    assert np.corrcoef(*inks)[0, 1] > 0.99
    rows, columns = np.nonzero(inks[0].reshape(28, 28) > 128)
    assert columns[rows == rows.max()].min() > 14  # the bar of the seven stands upright at the right
