"""How much the headers of an OpenEXR file claim, looked at before the library reads them (OpenEXR File Layout)."""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from hdrcli import limits
from hdrcli.readers._file import check_channels, too_many_parts, too_much_metadata

_LONGEST_NAME = 256
_MANY_PARTS = 0x1000
_CHANNEL = 16
"""Bytes that follow the name of a channel."""


def check(path: Path, stream: BinaryIO) -> None:
    """Raise ReadError for more metadata or channels than `limits` allow; what is broken is left for the library."""
    with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        for number, (kind, at, size) in enumerate(_attributes(data)):
            if number >= limits.PARTS:
                raise too_many_parts(path)
            if at + size > limits.METADATA:
                raise too_much_metadata(path)
            if kind == b"chlist":
                check_channels(path, sum(1 for _ in islice(_channels(data, at, at + size), limits.PARTS)))


def _attributes(data: mmap.mmap) -> Iterator[tuple[bytes, int, int]]:
    """Type, place and bytes of the value of each attribute of all parts."""
    if len(data) < 8:
        return
    has_parts = struct.unpack_from("<I", data, 4)[0] & _MANY_PARTS
    at = 8
    while (end := data.find(b"\0", at, at + _LONGEST_NAME)) >= 0:
        if end == at:  # the header of a part ends
            if not has_parts or data[at + 1 : at + 2] in (b"", b"\0"):
                return
            at += 1
            continue
        kind_end = data.find(b"\0", end + 1, end + 1 + _LONGEST_NAME)
        if kind_end < 0 or kind_end + 5 > len(data):
            return
        size = int.from_bytes(data[kind_end + 1 : kind_end + 5], "little")
        yield data[end + 1 : kind_end], kind_end + 5, size
        at = kind_end + 5 + size


def _channels(data: mmap.mmap, at: int, end: int) -> Iterator[int]:
    """The place of each channel of a list."""
    while (name_end := data.find(b"\0", at, min(end, at + _LONGEST_NAME))) > at:
        yield at
        at = name_end + 1 + _CHANNEL
