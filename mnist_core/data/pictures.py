"""A photo or image file of a digit as ink: read with limits, dark or light ground, shadows taken out. Knows Pillow.

What a student uploads is not to be trusted: the file is measured before it is unpacked, and only common kinds of image
are read at all.
"""

from __future__ import annotations

import io
import warnings

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter, ImageOps, UnidentifiedImageError

from mnist_core.errors import DataFileError
from mnist_core.messages import N_

KINDS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
MOST_BYTES = 10_000_000
MOST_PIXELS = 25_000_000
SIDE = 400  # pixels, the longer side that is worked with
NOISE = 0.25  # of the strongest ink: less is paper, shadow, grain
FAINTEST = 24  # of 255: a picture with less contrast has nothing on it


def read_ink(content: bytes) -> NDArray[np.float32]:
    """The ink of the picture in `content`, height×width, 0 (ground) to 1. Raises DataFileError."""
    if len(content) > MOST_BYTES:
        raise DataFileError(
            N_("The file has {size} MB; at most {most} MB are read. Make the picture smaller."),
            size=f"{len(content) / 1e6:.1f}",
            most=f"{MOST_BYTES / 1e6:.0f}",
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # measured below
        return _ink(_grey(content))


def _grey(content: bytes) -> NDArray[np.float32]:
    """The picture upright, small, in grey on white, 0 (black) to 255."""
    try:
        picture = Image.open(io.BytesIO(content), formats=KINDS)
        if picture.width * picture.height > MOST_PIXELS:
            raise _too_large(picture.width * picture.height)
        picture.draft("L", (SIDE, SIDE))  # a JPEG need not be unpacked in full
        upright = ImageOps.exif_transpose(_small(picture)).convert("RGBA")
    except Image.DecompressionBombError as error:
        raise _too_large(None) from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError) as error:
        raise DataFileError(
            N_("This file is no picture that can be read. Expected a whole file of one of these kinds: {kinds}."),
            kinds=", ".join(KINDS),
        ) from error
    paper = Image.new("RGBA", upright.size, "white")
    flat = Image.alpha_composite(paper, upright).convert("L")
    flat.thumbnail((SIDE, SIDE))
    return np.asarray(flat, np.float32)


def _small(picture: Image.Image) -> Image.Image:
    """The picture with sides of at most 2 × SIDE, what it says of its orientation kept.

    Pillow would copy a picture with transparency as a whole to shrink it (100 MB at the limit): strips of it are shrunk.
    """
    factor = max(picture.size) // (2 * SIDE)
    if factor > 1 and picture.mode in ("LA", "RGBA"):
        size = (-(-picture.width // factor), -(-picture.height // factor))
        shrunk = Image.new(picture.mode, size)
        for top in range(0, picture.height, 32 * factor):
            strip = picture.crop((0, top, picture.width, min(picture.height, top + 32 * factor)))
            shrunk.paste(strip.reduce(factor), (0, top // factor))
        shrunk.info = picture.info
        shrunk.getexif().load(picture.getexif().tobytes())
        picture = shrunk
    picture.thumbnail((2 * SIDE, 2 * SIDE))
    return picture


def _too_large(pixels: int | None) -> DataFileError:
    most = f"{MOST_PIXELS / 1e6:.0f}"
    if pixels is None:
        return DataFileError(N_("The picture has far too many pixels; at most {most} million are read."), most=most)
    return DataFileError(
        N_(
            "The picture has {pixels} million pixels; at most {most} million are read. Make it smaller, or cut the digit out."
        ),
        pixels=f"{pixels / 1e6:.0f}",
        most=most,
    )


def _ink(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """What stands out from the ground: light on dark where the rim is dark, else dark on light."""
    rim = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    dark = 255 - grey if np.median(rim) >= (grey.min() + grey.max()) / 2 else grey
    # The ground varies slowly (a shadow on paper): what a wide minimum leaves of it is taken away.
    size = max(3, min(dark.shape) // 2 * 2 - 1)
    ground = _ground(dark, size)
    ink = dark - ground
    strongest = float(np.percentile(ink, 99.8)) if ink.size else 0.0
    if strongest < FAINTEST:
        raise DataFileError(
            N_(
                "Nothing stands out from the ground of this picture. Expected one dark digit on light paper, or the reverse."
            )
        )
    ink = np.clip(ink / strongest, 0, 1)
    return np.asarray(np.clip((ink - NOISE) / (1 - NOISE), 0, 1), np.float32)


def _ground(dark: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """The slowly varying ground: small, the least of each neighbourhood, smoothed."""
    height, width = dark.shape
    shrunk = (max(1, width // 8), max(1, height // 8))
    small = Image.fromarray(dark.astype(np.uint8)).resize(shrunk, Image.Resampling.BOX)
    reach = max(3, size // 8 // 2 * 2 + 1)
    least = small.filter(ImageFilter.MinFilter(reach)).filter(ImageFilter.BoxBlur(reach / 2))
    return np.asarray(least.resize((width, height), Image.Resampling.BILINEAR), np.float32)
