"""Photos and files of digits: made photos of every kind that is measured, hand-made files, files that are none."""

from __future__ import annotations

import io
import struct
import zlib
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from mnist_core.bench.photo_kinds import KINDS, photo
from mnist_core.bench.photographs import Digits
from mnist_core.data.digits import draw_digits
from mnist_core.data.drawing import PAD, Stroke, as_drawn, like_mnist, paint, thickened
from mnist_core.data.pictures import Reading, read, read_ink
from mnist_core.errors import DataFileError

SEVEN = paint([Stroke(24, ((80, 60), (200, 60), (140, 220)))])
SMALL = (420, 520)  # pixels, the longer side of the made photos


def encoded(pixels: np.ndarray, kind: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels.astype(np.uint8))
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def alike(image: np.ndarray, expected: np.ndarray) -> float:
    """Correlation of two images, one pixel of shift allowed."""
    shifts = [(down, across) for down in (-1, 0, 1) for across in (-1, 0, 1)]
    moved = (np.roll(image, shift, (0, 1)).ravel().astype(float) for shift in shifts)
    return max(float(np.corrcoef(shifted, expected.ravel())[0, 1]) for shifted in moved)


def as_thick(image: np.ndarray) -> np.ndarray:
    """A digit of 28×28 pixels with lines as thick as a photo's are made."""
    rows, columns = np.flatnonzero((image > 40).any(1)), np.flatnonzero((image > 40).any(0))
    cut = Image.fromarray(image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
    large = cut.resize((8 * cut.width, 8 * cut.height), Image.Resampling.BICUBIC)
    return like_mnist(thickened(np.asarray(large, np.float32) / np.float32(255)))


@pytest.fixture(scope="module")
def digits() -> Digits:
    return Digits(*draw_digits(200, 5))


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("two digits", "blank paper")])
def test_a_photo_of_each_kind_gives_the_ink_that_the_pen_left(kind: str, digits: Digits) -> None:
    sample = photo(kind, digits, np.random.default_rng([1, zlib.crc32(kind.encode())]), SMALL)
    assert alike(like_mnist(read_ink(sample.content)), as_thick(sample.images[0])) > 0.8


@pytest.mark.parametrize(("seed", "longer"), [(49, (800, 1_000)), (227, (500, 600)), (231, (500, 600))])
def test_a_band_of_shadow_across_the_digit_or_beside_it_is_no_digit(
    seed: int, longer: tuple[int, int], digits: Digits
) -> None:
    sample = photo("band of shadow, 65–70 %", digits, np.random.default_rng(seed), longer)
    assert alike(like_mnist(read_ink(sample.content)), as_thick(sample.images[0])) > 0.8


def test_of_two_digits_both_are_found_and_none_is_taken(digits: Digits) -> None:
    sample = photo("two digits", digits, np.random.default_rng(1), SMALL)
    reading = read(sample.content)
    assert len(reading.candidates) == 2
    from_the_left = sorted(reading.candidates, key=lambda candidate: candidate.box[1])
    for candidate, expected in zip(from_the_left, sample.images, strict=True):
        assert alike(like_mnist(candidate.ink), as_thick(expected)) > 0.8
    with pytest.raises(DataFileError, match="2 things in this image could be meant"):
        read_ink(sample.content)


def test_on_blank_paper_in_a_shadow_there_is_no_digit(digits: Digits) -> None:
    for seed in range(3):
        with pytest.raises(
            DataFileError,
            match="Nothing in this image looks like a digit or a drawing",
        ):
            read(photo("blank paper", digits, np.random.default_rng(seed), SMALL).content)


def test_a_page_of_digits_is_too_much(digits: Digits) -> None:
    page = np.full((600, 600), 230)
    for number in range(12):
        image = np.kron(digits.images[number], np.ones((4, 4)))
        down, across = divmod(number, 4)
        page[40 + 180 * down :, 30 + 140 * across :][:112, :112] = 230 - 200 * (image / 255)
    with pytest.raises(DataFileError, match="things in this image could be meant"):
        read(encoded(page))


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_ink_on_paper_in_a_shadow_and_chalk_on_a_board_are_the_same_digit(kind: str) -> None:
    shadow = np.linspace(0.6, 1, PAD)
    for picture in ((235 - 200 * SEVEN) * shadow, 20 + 200 * SEVEN):
        assert alike(like_mnist(read_ink(encoded(picture, kind))), like_mnist(SEVEN)) > 0.97


@pytest.mark.parametrize("margin", [0, 3])
def test_a_digit_that_was_cut_out_tightly(margin: int) -> None:
    rows, columns = np.flatnonzero(SEVEN.any(1)), np.flatnonzero(SEVEN.any(0))
    tight = SEVEN[rows[0] - margin : rows[-1] + 1 + margin, columns[0] - margin : columns[-1] + 1 + margin]
    assert alike(like_mnist(read_ink(encoded(240 - 220 * tight))), like_mnist(SEVEN)) > 0.97


@pytest.mark.parametrize("most", [65_535, 4_095])
def test_sixteen_bits_and_twelve_of_sixteen(most: int) -> None:
    deep = ((0.9 - 0.8 * SEVEN) * most).astype(np.uint16)
    assert alike(like_mnist(read_ink(encoded(Image.fromarray(deep)))), like_mnist(SEVEN)) > 0.97


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_is_held_as_its_file_says(orientation: int) -> None:
    back = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # what undoes each, in Pillow's numbers
    picture = Image.fromarray((240 - 200 * SEVEN).astype(np.uint8))
    if orientation > 1:
        picture = picture.transpose(Image.Transpose(back[orientation]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert alike(like_mnist(read_ink(encoded(picture, "JPEG", exif=exif))), like_mnist(SEVEN)) > 0.97


def test_a_large_picture_with_transparency_is_the_small_one() -> None:
    large = Image.new("RGBA", (2_900, 2_330))
    ImageDraw.Draw(large).line([(700, 500), (1_800, 500), (1_200, 1_900)], fill="black", width=150)
    inks = [like_mnist(read_ink(encoded(picture))) for picture in (large, large.resize((580, 466)))]
    assert alike(*inks) > 0.98


def test_a_card_with_dark_and_light_of_its_own_on_transparent_ground() -> None:
    card = Image.new("RGBA", (PAD, PAD))
    card.paste(Image.fromarray((240 - 200 * SEVEN).astype(np.uint8)), (0, 0), Image.new("L", (PAD, PAD), 0))
    ImageDraw.Draw(card).rounded_rectangle([20, 20, 260, 260], 20, fill="white")
    ImageDraw.Draw(card).line([(80, 60), (200, 60), (140, 220)], fill="black", width=24)
    assert alike(like_mnist(read_ink(encoded(card))), like_mnist(SEVEN)) > 0.9


def test_what_is_not_to_be_centered_stays_where_it_lies() -> None:
    page = np.full((300, 600), 240)
    page[40:180, 60:76] = 30  # a one, in the left half of a wide picture
    reading = read(encoded(page))
    image = as_drawn(reading.whole(reading.candidates[0]))
    rows, columns = np.nonzero(image > 60)
    assert abs(columns.mean() - 28 * 68 / 600) < 1
    assert abs(rows.mean() - (7 + 28 * 110 / 600)) < 1  # widened to a square above and below


def test_the_boxes_lie_on_the_picture_that_is_shown() -> None:
    page = np.full((1_200, 900), 240)
    page[300:900, 400:440] = 30
    reading = read(encoded(page))
    (box,) = reading.boxes()
    assert max(reading.gray.shape) == 480
    assert box == pytest.approx((120, 160, 360, 176), abs=3)


# ---- files that are no pictures --------------------------------------------------------------------------------


def header(width: int, height: int) -> bytes:
    """A PNG that says it is so large, and has next to nothing in it."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    size = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"no picture", "This file cannot be read as an image"),
        (b"", "This file cannot be read as an image"),
        (
            encoded(np.zeros((50, 50)))[:60],
            "This file cannot be read as an image",
        ),
        (header(100, 100), "This file cannot be read as an image"),
        (header(8_000, 6_250), "50 million pixels"),
        (header(30_000, 30_000), "far too many pixels"),
        (b"0" * 10_000_001, "10.0 MB"),
        (
            encoded(np.full((40, 40), 200)),
            "Nothing in this image looks like a digit or a drawing",
        ),
        (
            encoded(np.full((1, 1), 200)),
            "Nothing in this image looks like a digit or a drawing",
        ),
        (
            encoded(np.full((3, 2_000), 200)),
            "Nothing in this image looks like a digit or a drawing",
        ),
        (
            b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(50),
            "This is a HEIC file, the iPhone's photo format",
        ),
        (
            b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic" + bytes(50),
            "This is a HEIC file, the iPhone's photo format",
        ),
        (
            b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif" + bytes(50),
            "This file cannot be read as an image",
        ),
    ],
    ids=["text", "empty", "cut", "hollow", "50 MP", "bomb", "large", "blank", "1", "line", "HEIC", "HEIF", "AVIF"],
)
def test_what_is_no_digit_gets_a_sentence(content: bytes, sentence: str) -> None:
    with pytest.raises(DataFileError, match=sentence):
        read(content)


def sentence_or_reading(content: bytes) -> None:
    with suppress(DataFileError):  # its sentence is formatted when it is made
        assert isinstance(read(content), Reading)


SMALL_SEVEN = Image.fromarray((240 - 200 * SEVEN).astype(np.uint8)).resize((48, 60))
FILES = [encoded(SMALL_SEVEN, kind) for kind in ("JPEG", "PNG", "WEBP", "GIF", "BMP")] + [
    encoded(SMALL_SEVEN.convert(mode), kind)
    for mode, kind in (("P", "PNG"), ("1", "PNG"), ("LA", "PNG"), ("RGBA", "WEBP"), ("CMYK", "JPEG"), ("I;16", "PNG"))
]


@settings(max_examples=80, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(FILES), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=6))
def test_a_damaged_file_gives_a_sentence_or_a_reading(content: bytes, changes: list[tuple[float, int]]) -> None:
    damaged = bytearray(content)
    for where, value in changes:
        damaged[int(where * (len(damaged) - 1))] = value
    sentence_or_reading(bytes(damaged))
    sentence_or_reading(bytes(damaged[: int(changes[0][0] * len(damaged))]))


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 2**32), st.sampled_from([0, 1, 3, 200]))
def test_any_pixels_give_a_sentence_or_a_reading(height: int, width: int, seed: int, shades: int) -> None:
    """Noise, patches and lines of any size."""
    random = np.random.default_rng(seed)
    pixels = random.integers(0, shades + 1, (height, width)) * (255 // max(shades, 1))
    for _patch in range(4):
        top, left = random.integers(height), random.integers(width)
        pixels[top : top + random.integers(1, 30), left : left + random.integers(1, 30)] = random.integers(256)
    sentence_or_reading(encoded(pixels))
