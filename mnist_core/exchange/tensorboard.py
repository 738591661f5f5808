"""Curves as a TensorBoard event file: scalars `loss/train`, `accuracy/test`, …

Written by hand, since TensorBoard's own package would bring ten others along for two small formats: TFRecord frames (length,
masked CRC-32C of both; tensorflow/core/lib/io/record_writer.h) around protocol buffers of the message `Event`
(tensorflow/core/util/event.proto).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np

from mnist_core.records import SPLITS, Curves

_POLYNOMIAL = 0x82F63B78  # CRC-32C (Castagnoli), reflected
_MASK = 0xA282EAD8


def events(curves: Curves, started_at: float) -> bytes:
    """The event file; `started_at` (seconds since the epoch) and each record's training time make its wall time."""
    records = [_event(started_at, 0, _field(3, b"brain.Event:2"))]
    # A part that was never measured (no validation images, a sealed test set) is left out; what broke stands as NaN.
    splits = [split for split in SPLITS if split == "train" or np.isfinite(curves.evaluations[f"{split}_loss"]).any()]
    for row in curves.evaluations:
        values = {f"{kind}/{split}": float(row[f"{split}_{kind}"]) for split in splits for kind in ("loss", "accuracy")}
        records.append(_scalars(started_at + float(row["seconds"]), int(row["step"]), values))
    for row in curves.steps:
        values = {"loss/mini-batches": float(row["loss"]), "learning rate": float(row["learning_rate"])}
        records.append(_scalars(started_at + float(row["seconds"]), int(row["step"]), values))
    return b"".join(map(_frame, records))


def frames(data: bytes) -> Iterator[bytes]:
    """The messages of an event file. Raises ValueError where a check sum is wrong."""
    place = 0
    while place < len(data):
        (length,) = struct.unpack_from("<Q", data, place)
        message = data[place + 12 : place + 12 + length]
        sums = struct.unpack_from("<I", data, place + 8) + struct.unpack_from("<I", data, place + 12 + length)
        if sums != (_masked(data[place : place + 8]), _masked(message)):
            raise ValueError(f"the record at byte {place} is damaged")
        yield message
        place += 16 + length


def _frame(message: bytes) -> bytes:
    length = struct.pack("<Q", len(message))
    return length + struct.pack("<I", _masked(length)) + message + struct.pack("<I", _masked(message))


def _scalars(wall_time: float, step: int, values: dict[str, float]) -> bytes:
    summary = b"".join(
        _field(1, _field(1, tag.encode()) + struct.pack("<Bf", 2 << 3 | 5, value)) for tag, value in values.items()
    )
    return _event(wall_time, step, _field(5, summary))


def _event(wall_time: float, step: int, content: bytes) -> bytes:
    return struct.pack("<Bd", 1 << 3 | 1, wall_time) + bytes([2 << 3]) + _varint(step) + content


def _field(number: int, content: bytes) -> bytes:
    """A field of bytes, text or a message."""
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def _table() -> tuple[int, ...]:
    entries = []
    for value in range(256):
        for _bit in range(8):
            value = value >> 1 ^ (_POLYNOMIAL if value & 1 else 0)
        entries.append(value)
    return tuple(entries)


_TABLE = _table()


def crc32c(data: bytes) -> int:
    """CRC-32C (RFC 3720, appendix B.4)."""
    value = 0xFFFFFFFF
    for byte in data:
        value = _TABLE[(value ^ byte) & 0xFF] ^ value >> 8
    return value ^ 0xFFFFFFFF


def _masked(data: bytes) -> int:
    value = crc32c(data)
    return ((value >> 15 | value << 17) + _MASK) & 0xFFFFFFFF
