"""Exif and XMP as items of an AVIF, which its encoder does not write (ISO/IEC 14496-12, 8.11; 23008-12, annex A)."""

from __future__ import annotations

import logging
import struct
from collections.abc import Iterator

_log = logging.getLogger(__name__)

_FULL = 12
"""Bytes of a box's size, type, version and flags."""

_PICTURE = 1
_SIZES = 0x4400
"""Offsets and lengths of 4 bytes, no base offsets: how the encoder writes an item location box of version 0."""

_LOCATION = struct.Struct(">HHHII")
"""Item, data reference, count of extents, offset and length of the only one."""


def with_metadata(file: bytes, exif: bytes, packet: bytes) -> bytes:
    """The file with an Exif block (a TIFF structure) and an XMP packet that describe its picture.

    They come before the picture, where OpenCV looks for them, which refuses files that have them farther on.
    """
    at, whole = next((at, box) for at, box in _boxes(file) if box[4:8] == b"meta")
    inside = {box[4:8]: box for _, box in _boxes(whole, _FULL)}
    located, informed = inside[b"iloc"], inside[b"iinf"]
    if struct.unpack_from(">IH", located, 8) != (0, _SIZES):
        _log.warning("The AVIF is of an unknown kind, and is written without its metadata.")
        return file
    contents = (b"\0\0\0\0" + exif, packet)  # where the TIFF structure begins behind these four bytes
    first = max(item for item, *_ in _LOCATION.iter_unpack(located[16:])) + 1
    items = (_item(first, b"Exif"), _item(first + 1, b"mime", b"application/rdf+xml\0"))
    references = _box(b"iref", bytes(4) + b"".join(_describes(first + n) for n in range(len(items))))
    informed = _with_more(informed, items)
    new = {b"iinf": informed + references, b"iloc": located + bytes(_LOCATION.size * len(items))}
    media = _box(b"mdat", b"".join(contents))
    growth = sum(len(new[kind]) - len(inside[kind]) for kind in new)
    moved = growth + len(media)
    places = [(item, *rest, offset + moved, size) for item, *rest, offset, size in _LOCATION.iter_unpack(located[16:])]
    offset = at + len(whole) + growth + 8
    for number, content in enumerate(contents):
        places.append((first + number, 0, 1, offset, len(content)))
        offset += len(content)
    head = located[8:14] + struct.pack(">H", len(places))
    new[b"iloc"] = _box(b"iloc", head + b"".join(_LOCATION.pack(*place) for place in places))
    meta = _box(b"meta", whole[8:_FULL] + b"".join(new.get(kind, box) for kind, box in inside.items()))
    return file[:at] + meta + media + file[at + len(whole) :]


def _boxes(data: bytes, at: int = 0) -> Iterator[tuple[int, bytes]]:
    """The boxes one after the other from a byte on, with where they begin."""
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big") or len(data) - at
        yield at, data[at : at + size]
        at += size


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


def _item(number: int, kind: bytes, content_type: bytes = b"") -> bytes:
    """An item information entry of version 2, without a name."""
    return _box(b"infe", struct.pack(">IHH4s", 2 << 24, number, 0, kind) + b"\0" + content_type)


def _describes(number: int) -> bytes:
    return _box(b"cdsc", struct.pack(">HHH", number, 1, _PICTURE))


def _with_more(informed: bytes, items: tuple[bytes, ...]) -> bytes:
    (count,) = struct.unpack_from(">H", informed, _FULL)
    entries = informed[_FULL + 2 :] + b"".join(items)
    return _box(b"iinf", informed[8:_FULL] + struct.pack(">H", count + len(items)) + entries)
