"""Images of one's own: read from zips and files that may be hostile, split the same way each time, kept and read again."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from mnist_core import data
from mnist_core.config import RunConfig
from mnist_core.data import own_images
from mnist_core.data.own_images import Collection
from mnist_core.errors import ConfigError, DataFileError, DataMissingError
from mnist_core.image_sets import OwnName

NAME = OwnName("own-" + "0" * 16)


def picture(shape: str, *, dark: bool = True, place: int = 0, kind: str = "PNG") -> bytes:
    """A photo of a bar, upright or lying, dark on light or light on dark."""
    ground, ink = (240, 20) if dark else (15, 235)
    pixels = np.full((90, 120), ground, np.uint8)
    if shape == "upright":
        pixels[15:75, 52 + place : 64 + place] = ink
    else:
        pixels[38 + place : 50 + place, 25:95] = ink
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


def zipped(files: dict[str, bytes], packed: int = zipfile.ZIP_DEFLATED, **more: int) -> bytes:
    """A zip of files by their paths."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            info = zipfile.ZipInfo(path)
            info.compress_type = packed
            info.external_attr = more.get("mode", 0o644) << 16
            archive.writestr(info, content)
    return buffer.getvalue()


def collection(count: int = 5) -> Collection:
    """Two classes of bars."""
    files = {
        f"all/{shape}/{number}.png": picture(shape, place=number)
        for shape in ("upright", "lying")
        for number in range(count)
    }
    gathered = Collection()
    gathered.add_zip(zipped({**files, "__MACOSX/all/upright/._1.png": b"x", "all/.DS_Store": b"x"}), "photo")
    return gathered


def test_a_zip_of_folders_is_classes() -> None:
    gathered = collection()
    assert {name: len(images) for name, images in gathered.images.items()} == {"upright": 5, "lying": 5}
    assert not gathered.refused
    gathered.check()


@pytest.mark.parametrize("how", ["photo", "drawing"])
def test_ink_is_bright_whatever_the_ground_is(how: own_images.How) -> None:
    dark, light = (own_images.made(picture("upright", dark=dark), how) for dark in (True, False))
    for image in (dark, light):
        assert image.shape == (28, 28)
        assert image.max() > 240
        assert (image[0] == 0).all()
        assert image[14].max() > 240
    for axis in (0, 1):
        ends = [np.flatnonzero((image > 100).any(axis))[[0, -1]] for image in (dark, light)]
        assert np.abs(ends[0] - ends[1]).max() <= 1  # the same bar, to a pixel


def bomb() -> bytes:
    return zipped({f"a/{number}.png": b"\0" * 9_000_000 for number in range(12)})


def doubled() -> bytes:
    return zipped({"a/1.png": b"1", "a/2.png": b"2"}).replace(b"a/2.png", b"a/1.png")


def encrypted() -> bytes:
    content = bytearray(zipped({"a/1.png": b"1"}))
    place = content.index(b"PK\x01\x02")
    content[place + 8 : place + 10] = struct.pack("<H", 1)
    return bytes(content)


def broken_lzma() -> bytes:
    content = bytearray(zipped({"a/1.png": b"1" * 1_000}, packed=zipfile.ZIP_LZMA))
    content[45:60] = bytes(15)
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (lambda: b"no zip", "cannot be read"),
        (lambda: zipped({"a/1.png": picture("lying")})[:-30], "cannot be read"),
        (lambda: zipped({}), "no files"),
        (lambda: zipped({"1.png": b"x"}), "“1.png” lies in no folder"),
        (lambda: zipped({"../a/1.png": b"x"}), "leads out of its folder"),
        (lambda: zipped({"/a/1.png": b"x"}), "leads out of its folder"),
        (lambda: zipped({"C:/a/1.png": b"x"}), "leads out of its folder"),
        (lambda: zipped({"a/link": b"/etc/passwd"}, mode=0o120777), "has a link"),
        (bomb, "more than 100 MB"),
        (doubled, "the same name"),
        (encrypted, "without a password"),
        (lambda: zipped({"./.": b"x"}), "lies in no folder"),
        (broken_lzma, "cannot be read"),
        (lambda: zipped({f"a/{number}": b"" for number in range(2_001)}), "at most 2,000 images"),
    ],
)
def test_a_hostile_zip_gets_a_sentence(content: Callable[[], bytes], sentence: str) -> None:
    with pytest.raises(DataFileError, match=sentence):
        Collection().add_zip(content(), "photo")


def test_what_is_no_picture_is_left_out_and_named() -> None:
    gathered = Collection()
    gathered.add(
        "cup", [("cup.png", picture("lying")), ("note.txt", b"hello"), ("half.png", picture("lying")[:100])], "photo"
    )
    assert len(gathered.images["cup"]) == 1
    assert [name for name, _why in gathered.refused] == ["note.txt", "half.png"]


def test_what_is_left_out_of_a_zip_is_named_with_its_folder() -> None:
    gathered = Collection()
    gathered.add_zip(zipped({"all/cup/1.png": b"x", "all/jug/1.png": b"x"}), "photo")
    assert [name for name, _why in gathered.refused] == ["cup/1.png", "jug/1.png"]


def test_what_is_missing_is_said() -> None:
    gathered = Collection()
    with pytest.raises(DataFileError, match="the name of their class"):
        gathered.add(" \n ", [], "photo")
    gathered.add("one", [("1", picture("lying"))] * 3, "photo")
    with pytest.raises(DataFileError, match="At least two classes"):
        gathered.check()
    gathered.add("two", [("1", picture("upright"))], "photo")
    with pytest.raises(DataFileError, match="“two” has 1 image, and at least 3"):
        gathered.check()
    gathered.images |= {str(number): [] for number in range(8)}
    with pytest.raises(DataFileError, match="at most 10 classes"):
        gathered.add("eleventh", [], "photo")


def test_the_split_is_the_same_each_time_and_fair() -> None:
    gathered = collection(25)
    packed = own_images.pack(gathered.images)
    backwards = own_images.pack({name: images[::-1] for name, images in gathered.images.items()})
    assert packed == backwards
    assert (packed.classes, packed.train, packed.test) == (2, 40, 10)
    dataset = own_images.unpack(NAME, packed)
    assert np.bincount(dataset.test_labels).tolist() == [5, 5]
    for cut in (8, 20, 32):
        assert abs(int(dataset.train_labels[:cut].sum()) - cut / 2) <= 1
    together = np.concatenate([dataset.train_images, dataset.test_images])
    assert len({image.tobytes() for image in together}) == len(
        {image.tobytes() for images in gathered.images.values() for image in images}
    )


def test_damaged_bytes_are_refused() -> None:
    packed = own_images.pack(collection().images)
    for damaged in (
        type(packed)(2, packed.train + 1, packed.test, packed.data),
        type(packed)(2, packed.train, packed.test, b"x"),
        type(packed)(1, packed.train, packed.test, packed.data),
    ):
        with pytest.raises(DataFileError, match="damaged"):
            own_images.unpack(NAME, damaged)


def test_a_run_says_how_many_classes_it_has() -> None:
    config = RunConfig(dataset=NAME, classes=2, train_size=32, validation_size=8, batch_size=8)
    assert RunConfig.from_json(config.to_json()) == config
    assert RunConfig.from_query(config.to_query()) == config
    with pytest.raises(ConfigError, match="classes must be 10"):
        RunConfig(classes=2)
    with pytest.raises(ConfigError, match="classes must be from 2 to 10"):
        RunConfig(dataset=NAME, classes=11)
    dataset = own_images.unpack(NAME, own_images.pack(collection(25).images))
    assert len(data.split(dataset, config).validation) == 8
    with pytest.raises(DataMissingError, match="2 classes with 40 images"):
        data.split(dataset, config.replace(classes=3))
