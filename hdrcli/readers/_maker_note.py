"""What cameras say of a bracket in their maker notes: that a frame is of one, which one, and how far from the middle.

exifread decodes whole notes, in a third of a second for some cameras; a shoot of thousands of frames wants these few
values only. The tags are those of ExifTool's tables (exiftool.org/TagNames: Canon, FujiFilm, Nikon, Panasonic, Sony).
Olympus and Pentax say the same in the standard ExposureMode and ExposureBiasValue.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from hdrcli.tiff_directory import size_of

_MOST_ENTRIES = 1000
_UNKNOWN = 65535


@dataclass(frozen=True)
class Marks:
    """A frame's place in a bracket of exposures: `number` from 1, `bias` in stops; None for what is not said."""

    is_bracketed: bool = False
    number: int | None = None
    bias: float | None = None


@dataclass(frozen=True)
class _Directory:
    """A TIFF directory in a stream: position and size in bytes of each value, by tag; offsets count from `base`."""

    stream: BinaryIO
    order: str
    base: int
    places: dict[int, tuple[int, int]]

    @classmethod
    def at(cls, stream: BinaryIO, order: str, start: int, base: int = 0) -> _Directory:
        stream.seek(start)
        (count,) = struct.unpack(f"{order}H", stream.read(2))
        table = stream.read(12 * min(count, _MOST_ENTRIES))
        entries = struct.iter_unpack(f"{order}HHII", table[: len(table) // 12 * 12])
        places = {}
        for at, (tag, kind, values, offset) in enumerate(entries):
            size = size_of(kind, values)
            places[tag] = (start + 10 + 12 * at if size <= 4 else base + offset, size)
        return cls(stream, order, base, places)

    def value(self, tag: int, form: str, index: int = 0) -> int | None:
        """One integer of a tag by struct's letter for its type; None when it is not there."""
        position, size = self.places.get(tag, (0, 0))
        width = struct.calcsize(form)
        if size < width * (index + 1):
            return None
        self.stream.seek(position + width * index)
        return int(struct.unpack(f"{self.order}{form}", self.stream.read(width))[0])


def read(stream: BinaryIO, make: str | None) -> Marks:
    """The marks in the maker note of a TIFF structure at the start of `stream`.

    A broken note raises what struct, seek and read raise (struct.error, OSError, ValueError, OverflowError).
    """
    maker = (make or "").split()[:1]
    decode = _MAKERS.get(maker[0].upper()) if maker else None
    stream.seek(0)
    head = stream.read(8)
    order = {b"II": "<", b"MM": ">"}.get(head[:2])
    if decode is None or order is None or len(head) < 8:
        return Marks()
    image = _Directory.at(stream, order, struct.unpack_from(f"{order}I", head, 4)[0])
    offset = image.value(0x8769, "I")
    note, size = _Directory.at(stream, order, offset).places.get(0x927C, (0, 0)) if offset else (0, 0)
    return decode(stream, order, note) if size >= 24 else Marks()


def _canon(stream: BinaryIO, order: str, note: int) -> Marks:
    tags = _Directory.at(stream, order, note)
    shot = _canon_value(tags, 0x0004, 16) or 0  # ShotInfo, AutoExposureBracketing: on (-1), off, shot 1 to 3
    if shot not in (-1, 1, 2, 3) and _canon_value(tags, 0x0093, 3) != 1:  # FileInfo, BracketMode: exposures
        return Marks()
    bias = _canon_value(tags, 0x0004, 17)
    return Marks(True, shot if shot > 0 else None, None if bias is None else bias / 32)


def _canon_value(tags: _Directory, tag: int, index: int) -> int | None:
    """A value of a record that begins with its length in bytes; without it, an editor has moved the note."""
    return tags.value(tag, "h", index) if tags.value(tag, "H") == tags.places.get(tag, (0, 0))[1] else None


def _fujifilm(stream: BinaryIO, order: str, note: int) -> Marks:
    # Always little-endian, offsets from the note. It also brackets film simulations: ExposureMode tells which.
    stream.seek(note + 8)
    tags = _Directory.at(stream, "<", note + struct.unpack("<I", stream.read(4))[0], note)
    return Marks(False, _counted(tags.value(0x1101, "H")) if tags.value(0x1100, "H") == 1 else None)


def _nikon(stream: BinaryIO, order: str, note: int) -> Marks:
    # A TIFF structure of its own behind "Nikon", 0, the version and two bytes.
    stream.seek(note)
    head = stream.read(18)
    own = {b"II": "<", b"MM": ">"}.get(head[10:12])
    if head[:7] != b"Nikon\0\2" or own is None:
        return Marks()
    tags = _Directory.at(stream, own, note + 10 + struct.unpack_from(f"{own}I", head, 14)[0], note + 10)
    if not (tags.value(0x0089, "H") or 0) & 0x10:  # ShootingMode: exposure bracketing
        return Marks()
    steps, unit = tags.value(0x0019, "i", 0), tags.value(0x0019, "i", 1)
    return Marks(True, None, None if steps is None or not unit else steps / unit)


def _panasonic(stream: BinaryIO, order: str, note: int) -> Marks:
    tags = _Directory.at(stream, order, note + 12)
    if tags.value(0x002A, "H") != 2:  # BurstMode: exposure bracketing
        return Marks()
    return Marks(True, _counted(tags.value(0x002B, "I")))


def _sony(stream: BinaryIO, order: str, note: int) -> Marks:
    stream.seek(note)
    is_labelled = stream.read(4) == b"SONY"
    tags = _Directory.at(stream, order, note + 12 * is_labelled)
    if tags.value(0xB049, "H") != 5:  # ReleaseMode: exposure bracketing
        return Marks()
    return Marks(True, _counted(tags.value(0xB04A, "H")))


def _counted(number: int | None) -> int | None:
    return number if number is not None and 0 < number < _UNKNOWN else None


_MAKERS: dict[str, Callable[[BinaryIO, str, int], Marks]] = {
    "CANON": _canon,
    "FUJIFILM": _fujifilm,
    "NIKON": _nikon,
    "PANASONIC": _panasonic,
    "SONY": _sony,
}
