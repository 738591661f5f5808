"""JPEGs that keep their reader busy, and those that only look like them."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from mnist_core.data.jpeg import MOST_SCANS, has_too_many_scans
from mnist_core.data.pictures import read
from mnist_core.errors import DataFileError
from tests.lessons.pictures import PNG, picture, with_scans

SCAN = b"\xff\xda"


def test_a_photo_that_goes_over_its_pixels_too_often_is_refused() -> None:
    with pytest.raises(DataFileError, match="more than 30 scans"):
        read(with_scans(MOST_SCANS + 1))


@pytest.mark.parametrize(
    "filler", [b"\xff" * 9, b"\xff\x00", b"\xff\x02\xff\xff", b"\xff\xd0\xff\xff", b"\xff\x01\xff\xff"]
)
def test_scans_are_counted_behind_what_has_no_length(filler: bytes) -> None:
    content = with_scans(MOST_SCANS + 1)
    first = content.index(SCAN)
    assert has_too_many_scans(content[:first] + filler + content[first:])


def test_what_is_no_scan_is_not_counted() -> None:
    plain, many = picture("JPEG"), SCAN * 200
    notes = b"\xff\xfe" + (len(many) + 2).to_bytes(2, "big") + many
    assert not has_too_many_scans(with_scans(MOST_SCANS))
    assert not has_too_many_scans(plain[:2] + notes + plain[2:])
    assert not has_too_many_scans(plain + many)  # a film behind a photo
    assert not has_too_many_scans(PNG + many)
    Image.open(io.BytesIO(plain[:2] + notes + plain[2:])).load()
