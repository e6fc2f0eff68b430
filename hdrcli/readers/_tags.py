"""The values of the Exif tags that tell of an exposure, by name: "EXIF FNumber", "Image Make".

A whole structure is read by its directories. What is not whole, or no plain TIFF structure, is for exifread, which
makes the best of anything but goes through every tag there is: it takes ten times as long, which thousands of frames
would feel.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, BinaryIO

from hdrcli import limits
from hdrcli.exif import EXIF_IFD
from hdrcli.tiff_directory import ASCII, UNDEFINED, Entry, byte_order, first_directory, nested_directory

Tags = Mapping[str, Any]
"""Values by name, as exifread gives them: text (bytes where it is no UTF-8), or a list of numbers."""

_NAMES = {
    **{0x010F: "Make", 0x0110: "Model", 0x0112: "Orientation", 0x0132: "DateTime"},
    **{0x829A: "ExposureTime", 0x829D: "FNumber", 0x9201: "ShutterSpeedValue", 0x9202: "ApertureValue"},
    **{0x8827: "ISOSpeedRatings", 0x8831: "StandardOutputSensitivity", 0x8832: "RecommendedExposureIndex"},
    **{0x8833: "ISOSpeed", 0x9003: "DateTimeOriginal", 0x9004: "DateTimeDigitized"},
    **{0x9290: "SubSecTime", 0x9291: "SubSecTimeOriginal", 0x9292: "SubSecTimeDigitized"},
    **{0x9204: "ExposureBiasValue", 0x920A: "FocalLength", 0xA001: "ColorSpace"},
    **{0xA402: "ExposureMode", 0xA434: "LensModel"},
}
"""Those of the first directory and of Exif's (Exif 2.32, 4.6)."""

_INTEROPERABILITY, _INDEX = 0xA005, 1
_WANTED = {*_NAMES, EXIF_IFD, _INTEROPERABILITY}

_PER_READ = 100
"""Bytes that take as long as the reading of any."""

_MOST = 1000
"""Values of one tag; exifread reads none of more, nor do these tags have more than a few."""


def read(stream: BinaryIO) -> Tags | None:
    """The tags of a TIFF structure (an Exif block, a TIFF, most RAW files); None where there are none.

    Raises whatever exifread does for hostile ones.
    """
    stream.seek(0)
    if stream.read(4) in (b"II*\0", b"MM\0*"):
        with suppress(ValueError):
            return _of_directories(stream)
    return _by_exifread(stream)


def _of_directories(stream: BinaryIO) -> Tags:
    """Raises ValueError for a structure that is not whole."""
    order = byte_order(stream)
    first = first_directory(stream, order, _WANTED)
    exif = nested_directory(stream, first, EXIF_IFD, order, _WANTED)
    index = nested_directory(stream, first | exif, _INTEROPERABILITY, order, {_INDEX})
    tags = {f"Image {_NAMES[tag]}": _values(entry, order) for tag, entry in first.items() if tag in _NAMES}
    tags |= {f"EXIF {_NAMES[tag]}": _values(entry, order) for tag, entry in exif.items() if tag in _NAMES}
    if _INDEX in index:
        tags["Interoperability InteroperabilityIndex"] = _values(index[_INDEX], order)
    return tags


def _values(entry: Entry, order: str) -> Any:
    if entry.kind == ASCII:
        text = entry.values.split(b"\0", 1)[0]
        with suppress(UnicodeDecodeError):
            return text.decode()
        return text
    return list(entry.values) if entry.kind == UNDEFINED else entry.numbers(order) if entry.count < _MOST else []


class _Metered:
    """A stream that ends in a ValueError when more is read of it than there is of metadata.

    exifread follows every pointer to a directory: a few kilobytes that point at one another keep it busy for ever.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._left = limits.METADATA
        self.seek, self.tell = stream.seek, stream.tell

    def read(self, size: int = -1) -> bytes:
        part = self._stream.read(min(size, self._left) if size >= 0 else self._left)
        self._left -= len(part) + _PER_READ
        if self._left < 0:
            raise ValueError("it has tags without end")
        return part


def _by_exifread(stream: BinaryIO) -> Tags | None:
    import exifread

    logging.getLogger("exifread").setLevel(logging.CRITICAL)
    tags = exifread.process_file(_Metered(stream), details=False)
    return {name: getattr(tag, "values", None) for name, tag in tags.items()} or None
