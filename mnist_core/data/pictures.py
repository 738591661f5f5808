"""A photo or image file of a digit as ink: read with limits, made gray, searched for the digit.

What a student uploads is not to be trusted: the file is measured before it is unpacked, only common kinds of image are read
at all, and one at a time, so that a class of thirty needs no more memory than one student.
"""

from __future__ import annotations

import io
import threading
import warnings
from dataclasses import dataclass

import numpy as np
from PIL import Image

from mnist_core.data import segmentation
from mnist_core.data.drawing import Ink, thickened
from mnist_core.data.jpeg import MOST_SCANS, has_too_many_scans
from mnist_core.data.segmentation import Box, Gray
from mnist_core.errors import DataFileError
from mnist_core.messages import N_

KINDS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
MOST_BYTES = 10_000_000
MOST_PIXELS = 25_000_000
MOST_WEBP = 8_000_000  # its decoder holds the picture three times, 16 bytes a pixel
SEARCHED = 1_600  # pixels, the longer side that is searched: a digit of 17 mm on a sheet of A4 has 90
ENLARGED = 400  # a picture with a shorter longer side is enlarged to at least that
SHOWN = 480  # pixels, the longer side of what a page shows
FINEST = 280  # pixels, the longer side of a candidate's ink: 28×28 are made of it
MOST_CHOICES = 8
STRIP = 32  # rows of the small picture that are made gray at a time
HEIC = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_ORIENTATIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_one_at_a_time = threading.Lock()


@dataclass(frozen=True, eq=False)
class Candidate:
    """What could be the digit: its box on the picture that was searched, and its ink, 0 (ground) to 1, in that box."""

    box: Box
    ink: Ink

    @property
    def wide(self) -> bool:
        """Whether it is wider than digits are (of MNIST's, turned by up to 15°, one in 120): two may touch each other."""
        top, left, bottom, right = self.box
        return right - left > 1.5 * (bottom - top)


@dataclass(frozen=True, eq=False)
class Reading:
    """What a picture has on it: all that could be the digit meant, the most prominent first, and the picture for the eye.

    `gray`: small, upright, 0 (black) to 255. The candidates' boxes are places on `shape` (height and width that were searched).
    """

    gray: Gray
    shape: tuple[int, int]
    candidates: tuple[Candidate, ...]

    def boxes(self) -> list[Box]:
        """The candidates' boxes on `gray`."""
        scale = self.gray.shape[0] / self.shape[0]
        return [tuple(round(edge * scale) for edge in candidate.box) for candidate in self.candidates]

    def whole(self, candidate: Candidate) -> Ink:
        """The candidate's ink where it lies on the picture, which is widened to a square: SHOWN×SHOWN."""
        scale = SHOWN / max(self.shape)
        top, left, bottom, right = (round(edge * scale) for edge in candidate.box)
        size = (max(1, right - left), max(1, bottom - top))
        small = np.asarray(Image.fromarray(candidate.ink).resize(size, Image.Resampling.BOX))
        page = np.zeros((SHOWN, SHOWN), np.float32)
        down, across = (round((SHOWN - length * scale) / 2) for length in self.shape)
        part = page[top + down :, left + across :][: size[1], : size[0]]
        part[:] = small[: part.shape[0], : part.shape[1]]
        return page


def read(content: bytes) -> Reading:
    """What is on the picture in `content`, at least one candidate. Raises DataFileError."""
    with _one_at_a_time:
        gray = _upright(content)
        cutouts = segmentation.find(np.asarray(gray))
    if not cutouts:
        raise DataFileError(
            N_(
                "Nothing in this image looks like a digit or a drawing. Expected a single one, dark on light paper or light on a dark background. Move closer, or crop the image to it with some paper around it."
            )
        )
    if len(cutouts) > MOST_CHOICES:
        raise DataFileError(
            N_("{count} things in this image could be meant. Crop it to one of them with some paper around it."),
            count=len(cutouts),
        )
    shape = (gray.height, gray.width)
    gray.thumbnail((SHOWN, SHOWN))
    return Reading(np.asarray(gray), shape, tuple(map(_fine, cutouts)))


def read_ink(content: bytes) -> Ink:
    """The ink of the picture's only digit, 0 (ground) to 1. Raises DataFileError, too where there may be several."""
    reading = read(content)
    if len(reading.candidates) > 1:
        raise DataFileError(
            N_("{count} things in this image could be meant. Crop it to one of them with some paper around it."),
            count=len(reading.candidates),
        )
    return reading.candidates[0].ink


def read_whole(content: bytes) -> Gray:
    """The middle square of a picture as 28×28 pixels: 0 is the ground, which is what its border mostly shows; 255 is farthest from it.

    On a light ground what is darker counts, on a dark ground what is lighter.

    Raises DataFileError.
    """
    with _one_at_a_time:
        gray = _upright(content)
    side = min(gray.size)
    left, top = (gray.width - side) // 2, (gray.height - side) // 2
    square = gray.crop((left, top, left + side, top + side))
    small = np.asarray(square.resize((28, 28), Image.Resampling.BOX if side >= 28 else Image.Resampling.BILINEAR))
    border = np.concatenate([small[0], small[-1], small[1:-1, 0], small[1:-1, -1]])
    ground, level = float(np.median(border)), small.astype(np.float32)
    ink = np.clip(ground - level if ground > 127 else level - ground, 0, None)
    return np.asarray((ink * (255 / max(1.0, float(ink.max())))).round(), np.uint8)


def _fine(cutout: segmentation.Cutout) -> Candidate:
    """The candidate with ink of FINEST pixels at most, 0 to 1, its lines as thick as MNIST's."""
    ink = Image.fromarray(cutout.ink)
    factor = max(ink.size) / FINEST
    if factor > 1:
        ink = ink.resize((max(1, round(ink.width / factor)), max(1, round(ink.height / factor))), Image.Resampling.BOX)
    return Candidate(cutout.box, thickened(np.asarray(ink, np.float32) / np.float32(255)))


# ---- from the file to gray -------------------------------------------------------------------------------------


def _upright(content: bytes) -> Image.Image:
    """The picture in gray on white (mode L), the longer side SEARCHED at most."""
    if len(content) > MOST_BYTES:
        raise DataFileError(
            N_("The file is {size} MB, but at most {most} MB can be read. Make the image smaller."),
            size=f"{len(content) / 1e6:.1f}",
            most=f"{MOST_BYTES / 1e6:.0f}",
        )
    if content[4:8] == b"ftyp" and content[8:12] in HEIC and b"avif" not in content[8:64]:
        raise DataFileError(
            N_(
                "This is a HEIC file, the iPhone's photo format, which cannot be read here. Upload a JPEG: on the iPhone, set Settings, Camera, Formats to Most Compatible and take the photo again, or upload a screenshot of the photo."
            )
        )
    if has_too_many_scans(content):
        raise DataFileError(
            N_("This JPEG has more than {most} scans. Save it anew, as a PNG or a plain JPEG."), most=MOST_SCANS
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of large pictures, measured below, and of odd files
            picture = Image.open(io.BytesIO(content), formats=KINDS)
            most = MOST_WEBP if picture.format == "WEBP" else MOST_PIXELS
            if picture.width * picture.height > most:
                raise _too_large(picture.width * picture.height, most)
            picture.draft("L", (SEARCHED, SEARCHED))  # a JPEG need not be unpacked in full
            gray = _sized(_gray(picture))
            return _oriented(gray, picture)
    except DataFileError:
        raise
    except Image.DecompressionBombError as error:
        raise _too_large(None, MOST_PIXELS) from error
    except Exception as error:  # what a damaged file makes a decoder raise is written down nowhere
        raise DataFileError(
            N_("This file cannot be read as an image. Expected a complete file in one of these formats: {kinds}."),
            kinds=", ".join(KINDS),
        ) from error


def _too_large(pixels: int | None, limit: int) -> DataFileError:
    most = f"{limit / 1e6:.0f}"
    if pixels is None:
        return DataFileError(N_("The image has far too many pixels; at most {most} million can be read."), most=most)
    return DataFileError(
        N_(
            "The image has {pixels} million pixels, but at most {most} million can be read. Make it smaller, or crop it."
        ),
        pixels=f"{pixels / 1e6:.0f}",
        most=most,
    )


def _gray(picture: Image.Image) -> Image.Image:
    """In gray, at most twice the size that is searched: strip by strip, since Pillow would convert the picture as a whole
    (100 MB at the limit)."""
    factor = max(1, max(picture.size) // SEARCHED)
    size = (-(-picture.width // factor), -(-picture.height // factor))
    gray = Image.new("L", size)
    opaque = Image.new("L", size) if picture.has_transparency_data else None
    deep = picture.mode[0] in "IF"
    most = max(float(picture.getextrema()[1]), 1e-9) if deep else 255.0  # type: ignore[arg-type]
    for top in range(0, picture.height, STRIP * factor):
        strip = picture.crop((0, top, picture.width, min(picture.height, top + STRIP * factor)))
        place = (0, top // factor)
        if deep:
            levels = np.clip(np.asarray(strip, np.float32) * (255 / most), 0, 255)
            strip = Image.fromarray(levels.astype(np.uint8))
        if opaque is not None:
            strip = strip.convert("RGBA")
            opaque.paste(strip.getchannel("A").reduce(factor), place)
        gray.paste(strip.convert("L").reduce(factor), place)
    return gray if opaque is None else _on_ground(np.asarray(gray), np.asarray(opaque))


def _on_ground(gray: Gray, opaque: Gray) -> Image.Image:
    """A picture with transparent places: what is opaque is the ink, unless it has light and dark of its own."""
    visible = gray[opaque > 200]
    if not visible.size or float(visible.std()) < 25 or visible.size < 0.2 * gray.size:
        return Image.fromarray(255 - opaque)
    fraction = opaque.astype(np.float32) / 255
    return Image.fromarray((gray * fraction + np.float32(np.median(visible)) * (1 - fraction)).astype(np.uint8))


def _sized(gray: Image.Image) -> Image.Image:
    """Of the size that is searched: large ones smaller, and tiny ones larger."""
    longer = max(gray.size)
    if longer < ENLARGED:
        factor = min(16, -(-ENLARGED // longer))
        return gray.resize((gray.width * factor, gray.height * factor), Image.Resampling.BICUBIC)
    if longer > SEARCHED:
        size = [max(1, round(length * SEARCHED / longer)) for length in gray.size]
        return gray.resize((size[0], size[1]), Image.Resampling.BILINEAR)
    return gray


def _oriented(gray: Image.Image, picture: Image.Image) -> Image.Image:
    """As its file says that it is to be held, where that can be read."""
    try:
        orientation = _ORIENTATIONS.get(picture.getexif().get(0x0112, 1))
    except Exception:  # a damaged note of a whole picture
        orientation = None
    return gray if orientation is None else gray.transpose(orientation)
