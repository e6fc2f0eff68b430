"""What the directories of a TIFF claim, looked at before tifffile reads all of it (TIFF 6.0, section 2; BigTIFF)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from hdrcli import limits
from hdrcli.errors import ReadError
from hdrcli.readers._file import too_much_metadata
from hdrcli.tiff_directory import size_of

MOST_PAGES = 16
"""Directories that are looked at, of a chain or within another: a damaged file can have a ring or a million of them."""

_MOST_TAGS = 4096
"""Of a directory; tifffile refuses more."""

_SEGMENTS = (273, 279, 324, 325)
"""StripOffsets, StripByteCounts, TileOffsets, TileByteCounts."""

_LAYERS = 37724
"""ImageSourceData, in which Photoshop keeps all layers; it is left in the file."""

_FORMS = {b"II*\0": ("<", 4), b"MM\0*": (">", 4), b"II+\0": ("<", 8), b"MM\0+": (">", 8)}
"""struct's byte order, and the bytes of a pointer, by the first bytes of a file."""


def check(path: Path, stream: BinaryIO) -> None:
    """Raise ReadError for more strips, tiles or metadata than `limits` allow; what is broken is left for tifffile."""
    stream.seek(0)
    form = _FORMS.get(stream.read(4))
    if form is None:
        return
    end = stream.seek(0, 2)
    segments = dict.fromkeys(_SEGMENTS, 0)
    metadata = 0
    for tag, size, count, at in _tags(stream, *form):
        if tag in _SEGMENTS:
            segments[tag] += count
        elif tag != _LAYERS and at + size <= end:  # values that are not there are not read
            metadata += size
        if (most := max(segments.values())) > limits.SEGMENTS:
            raise ReadError(
                f"{path} claims {most} strips or tiles, more than {limits.SEGMENTS}.", "Save it with larger ones."
            )
        if metadata > limits.METADATA:
            raise too_much_metadata(path)


def _tags(stream: BinaryIO, order: str, width: int) -> Iterator[tuple[int, int, int, int]]:
    """Tag, bytes of its values, their number and place, of the first directories; ends where one is not whole."""
    pointer, short = ("I", "H") if width == 4 else ("Q", "Q")
    entry = struct.Struct(f"{order}HH{pointer}{pointer}")
    try:
        stream.seek(width)
        for _ in range(MOST_PAGES):
            (at,) = struct.unpack(order + pointer, stream.read(width))
            if not at:
                return
            stream.seek(at)
            (number,) = struct.unpack(order + short, stream.read(struct.calcsize(order + short)))
            if number > _MOST_TAGS:
                return
            for tag, kind, count, place in entry.iter_unpack(stream.read(entry.size * number)):
                size = size_of(kind, count)
                yield tag, size, count, place if size > width else at
            stream.seek(at + struct.calcsize(order + short) + entry.size * number)
    except (struct.error, OSError, OverflowError, ValueError):
        return
