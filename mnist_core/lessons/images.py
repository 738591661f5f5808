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
from mnist_core.messages import N_, Message, message

MOST_IMAGES = 20  # of one lesson
MOST_BYTES = 1_000_000  # of one
MOST_PIXELS = 4_000_000  # of one
TOO_MANY = N_("This lesson has {count} pictures, but at most {most} are possible.")
KINDS = {"png": "PNG", "jpg": "JPEG", "jpeg": "JPEG", "webp": "WEBP"}


def check(images: Mapping[str, bytes], faults: Faults) -> None:
    """Tell what is wrong with the images of a lesson."""
    if len(images) > MOST_IMAGES:
        faults.add(0, TOO_MANY, count=len(images), most=MOST_IMAGES)
        return
    for name, content in images.items():
        if (fault := fault_of(name, content)) is not None:
            faults.tell(0, fault)


def fitting_names(file: str, others: Collection[str]) -> tuple[str, str | None]:
    """A name that a picture may have, made of any file's with an ending of a picture's; none of the others, capitals or not.
    Beside it the one of the others that has the name which it would have had."""
    words, _dot, ending = file.rpartition(".")
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", words).lstrip("-_")[:50].rstrip("-")
    first = [stem] if stem else []
    numbered = (f"{stem or 'image'}-{number}" for number in count(2 if stem else 1))
    taken = {other.lower(): other for other in others}
    names = (f"{name}.{ending.lower()}" for name in chain(first, numbered))
    wished = f"{stem}.{ending}".lower()
    return next(name for name in names if name.lower() not in taken), taken.get(wished)


def fault_of(name: str, content: bytes) -> Message | None:
    """What is wrong with an image of a lesson; None where nothing is."""
    if not PICTURE.fullmatch(name):
        template = N_(
            "The file {name} has no name for a picture: Latin letters, digits, - and _, then .png, .jpg or .webp."
        )
        return message(template, name=shown(name))
    if len(content) > MOST_BYTES:
        template = N_("The picture {name} has {size} MB, but at most {most} MB are possible.")
        return message(template, name=name, size=f"{len(content) / 1e6:.1f}", most=MOST_BYTES // 1_000_000)
    if has_too_many_scans(content):
        template = N_("The picture {name} has more than {most} scans. Save it anew, as a PNG or a plain JPEG.")
        return message(template, name=name, most=MOST_SCANS)
    return _inner_fault(name, content)


def _inner_fault(name: str, content: bytes) -> Message | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of large pictures, measured below, and of odd files
            picture = Image.open(io.BytesIO(content), formats=[KINDS[name.rpartition(".")[2]]])
            if picture.width * picture.height > MOST_PIXELS:
                template = N_(
                    "The picture {name} has {pixels} million pixels, but at most {most} million are possible."
                )
                pixels = f"{picture.width * picture.height / 1e6:.1f}"
                return message(template, name=name, pixels=pixels, most=MOST_PIXELS // 1_000_000)
            picture.load()
    except Exception:  # what a damaged file makes a decoder raise is written down nowhere
        template = N_(
            "The file {name} is damaged, or it is no picture of the kind that its name says. Save the picture anew."
        )
        return message(template, name=name)
    return None
