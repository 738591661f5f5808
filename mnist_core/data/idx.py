"""IDX files, the format of MNIST: read as memory maps, checked; written whole or not at all.

Format (LeCun, Cortes, Burges, "The MNIST database of handwritten digits"): two zero bytes, a type byte (8: uint8), the
number of dimensions, each dimension as a big-endian 32-bit integer, then the values. A checksum is not asked for:
copies exist whose pixels differ in the last bit. What can be told from the content is.
"""

from __future__ import annotations

import os
import stat
import struct
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mnist_core.errors import DataFileError, DataFolderError, system_reason
from mnist_core.messages import N_, Message, message

U8 = NDArray[np.uint8]


def read(path: Path, shape: tuple[int, ...]) -> U8:
    """The values of an IDX file of exactly `shape`, memory-mapped and read-only.

    Raises DataFileError where the file is missing, truncated, too long or something else than its name says.
    """
    size = 4 + 4 * len(shape)
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise _unreadable(path, message(N_("it is no ordinary file")))  # a pipe would be waited for without end
        with path.open("rb") as file:
            header = file.read(size)
            length = os.fstat(file.fileno()).st_size
    except OSError as error:
        raise _unreadable(path, system_reason(error)) from error
    _check_header(path, header, shape)
    _check_length(path, length, size + int(np.prod(shape)))
    return np.memmap(path, np.uint8, "r", offset=size, shape=shape)


def _unreadable(path: Path, reason: Message) -> DataFileError:
    return DataFileError(
        N_("The file {file} cannot be read ({reason}). Make it readable, or copy it again."),
        file=str(path),
        reason=reason,
    )


def _check_length(path: Path, length: int, expected: int) -> None:
    if length != expected:
        template = (
            N_("The file {file} is incomplete: {length} of {expected} bytes. Delete it and download or copy it again.")
            if length < expected
            else N_(
                "The file {file} is too large: {length} bytes instead of {expected}. Delete it and download or copy it again."
            )
        )
        raise DataFileError(template, file=str(path), length=f"{length:,}", expected=f"{expected:,}")


def _check_header(path: Path, header: bytes, shape: tuple[int, ...]) -> None:
    if header[:2] == b"\x1f\x8b":
        raise DataFileError(
            N_(
                "The file {file} is still compressed with gzip. Decompress it with gunzip, or delete it and download it again."
            ),
            file=str(path),
        )
    if len(header) < 4 or header[:3] != b"\x00\x00\x08":
        raise DataFileError(
            N_(
                "The file {file} is not an MNIST file (expected an IDX file of bytes). Delete it and download or copy it again."
            ),
            file=str(path),
        )
    if header[3] != len(shape):
        template = (
            N_("The file {file} contains labels instead of images. If two files were swapped, give each its own name.")
            if len(shape) == 3
            else N_(
                "The file {file} contains images instead of labels. If two files were swapped, give each its own name."
            )
        )
        raise DataFileError(template, file=str(path))
    dimensions = struct.unpack(f">{len(shape)}I", header[4:].ljust(4 * len(shape), b"\0"))
    if dimensions != shape:
        raise DataFileError(
            N_(
                "The file {file} contains {found} values instead of {expected}. If training and test files were swapped, give each its own name; otherwise download them again."
            ),
            file=str(path),
            found="×".join(map(str, dimensions)),
            expected="×".join(map(str, shape)),
        )


def check_content(images_path: Path, images: U8, labels_path: Path, labels: U8) -> None:
    """Raises DataFileError where labels are no digits or a digit is missing, or images are empty."""
    if labels.max() > 9:
        raise DataFileError(
            N_(
                "The file {file} is damaged: expected labels from 0 to 9, but it contains {label}. Download or copy it again."
            ),
            file=str(labels_path),
            label=int(labels.max()),
        )
    counts = np.bincount(labels, minlength=10)
    if counts.min() < len(labels) // 25 or counts.max() > len(labels) // 5:
        raise DataFileError(
            N_(
                "The labels in {file} do not match MNIST: every digit should occur about equally often, but the counts are {counts}. Download or copy the file again."
            ),
            file=str(labels_path),
            counts=", ".join(map(str, counts.tolist())),
        )
    sample = images[:: max(1, len(images) // 100)]
    blank = int((sample.reshape(len(sample), -1).max(axis=1) == 0).sum())
    if blank > len(sample) // 10:
        raise DataFileError(
            N_("The file {file} is damaged: many of its images are empty. Download or copy it again."),
            file=str(images_path),
        )


def write(path: Path, values: U8) -> None:
    """Write `values` as an IDX file: under a temporary name beside its place, then moved there.

    Raises DataFolderError where the folder cannot be written; an older file stays as it is then.
    """
    header = struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(header)
                file.write(np.ascontiguousarray(values).data)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise DataFolderError(
            N_(
                "The folder {folder} is not writable ({reason}). Free some space, make it writable, or set MNIST_LAB_HOME to another folder."
            ),
            folder=str(path.parent),
            reason=system_reason(error),
        ) from error
