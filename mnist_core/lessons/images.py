"""The images of a lesson: few, small, and whole files of the three kinds that every browser shows."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Collection, Mapping
from itertools import chain, count

from PIL import Image

from mnist_core.data.jpeg import MOST_SCANS, has_too_many_scans
from mnist_core.lessons.faults import Faults, shown
from mnist_core.lessons.markdown import PICTURE
from mnist_core.messages import N_

MOST_IMAGES = 20  # of one lesson
MOST_BYTES = 1_000_000  # of one
MOST_PIXELS = 4_000_000  # of one
TOO_MANY = N_("This lesson has {count} pictures, but at most {most} are possible.")
_KINDS = {"png": "PNG", "jpg": "JPEG", "jpeg": "JPEG", "webp": "WEBP"}


def check(images: Mapping[str, bytes], faults: Faults) -> None:
    """Tell what is wrong with the images of a lesson."""
    if len(images) > MOST_IMAGES:
        faults.add(0, TOO_MANY, count=len(images), most=MOST_IMAGES)
        return
    for name, content in images.items():
        _check(name, content, faults)


def fitting_name(file: str, others: Collection[str]) -> str:
    """A name that a picture may have, made of any file's with an ending of a picture's; none of the others, capitals or not."""
    words, _dot, ending = file.rpartition(".")
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", words).lstrip("-_")[:50].rstrip("-")
    first = [stem] if stem else []
    numbered = (f"{stem or 'image'}-{number}" for number in count(2 if stem else 1))
    taken = {other.lower() for other in others}
    names = (f"{name}.{ending.lower()}" for name in chain(first, numbered))
    return next(name for name in names if name.lower() not in taken)


def _check(name: str, content: bytes, faults: Faults) -> None:
    if not PICTURE.fullmatch(name):
        template = N_(
            "The file {name} has no name for a picture: Latin letters, digits, - and _, then .png, .jpg or .webp."
        )
        faults.add(0, template, name=shown(name))
    elif len(content) > MOST_BYTES:
        template = N_("The picture {name} has {size} MB, but at most {most} MB are possible.")
        faults.add(0, template, name=name, size=f"{len(content) / 1e6:.1f}", most=MOST_BYTES // 1_000_000)
    elif has_too_many_scans(content):
        template = N_("The picture {name} has more than {most} scans. Save it anew, as a PNG or a plain JPEG.")
        faults.add(0, template, name=name, most=MOST_SCANS)
    else:
        _look_into(name, content, faults)


def _look_into(name: str, content: bytes, faults: Faults) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of large pictures, measured below, and of odd files
            picture = Image.open(io.BytesIO(content), formats=[_KINDS[name.rpartition(".")[2]]])
            if picture.width * picture.height > MOST_PIXELS:
                template = N_(
                    "The picture {name} has {pixels} million pixels, but at most {most} million are possible."
                )
                pixels = f"{picture.width * picture.height / 1e6:.1f}"
                faults.add(0, template, name=name, pixels=pixels, most=MOST_PIXELS // 1_000_000)
            else:
                picture.load()
    except Exception:  # what a damaged file makes a decoder raise is written down nowhere
        faults.add(0, N_("The file {name} is no whole picture of the kind that its name says."), name=name)
