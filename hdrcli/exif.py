"""What an Exif block, or a file with its tags, tells of the shot but not of its own file (Exif 2.32), to the bit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import BinaryIO

from hdrcli.tiff_directory import (
    LONG,
    SHORT,
    Directory,
    Entry,
    byte_order,
    directory_bytes,
    first_directory,
    nested_directory,
)

EXIF_IFD, GPS_IFD = 0x8769, 0x8825
IMAGE_DESCRIPTION, MAKE, MODEL, ARTIST, COPYRIGHT = 0x010E, 0x010F, 0x0110, 0x013B, 0x8298
EXPOSURE_TIME, F_NUMBER, ISO, DATE_TIME_ORIGINAL, FOCAL_LENGTH = 0x829A, 0x829D, 0x8827, 0x9003, 0x920A
LENS_MAKE, LENS_MODEL = 0xA433, 0xA434

_FIRST_TAGS = {
    *(IMAGE_DESCRIPTION, MAKE, MODEL, ARTIST, COPYRIGHT, 0x0132, 0x013C),  # with DateTime and HostComputer
    *range(0x9C9B, 0x9CA0),  # title, comment, author, keywords and subject as Windows writes them
}
"""All that the first directory says of the shot.

Its other tags tell how that file stores its pixels; those of a RAW file would spoil the picture.
"""

_ABOUT_THE_FILE = {
    *(0x8825, 0x9101, 0x9102, 0x927C),  # GPS pointer, components, compression, MakerNote: its offsets break when moved
    *(0xA005, 0xA301, 0xA302, 0xA40B, 0xA420),  # interoperability, scene type, CFA, device settings, the file's ID
    *(0x9214, 0xA214),  # where in the picture, before Orientation, the subject is
}

_EXIF_TAGS = {
    *(EXPOSURE_TIME, F_NUMBER),
    *range(0x8822, 0x8836),  # program, sensitivities
    *range(0x9000, 0x9300),  # times with their zones, APEX values, flash, focal length, comment
    *range(0x9400, 0x9407),  # weather, depth, pose
    *range(0xA000, 0xA500),  # modes, body, lens
} - _ABOUT_THE_FILE

_GPS_TAGS = range(0x20)

_WANTED = _FIRST_TAGS | _EXIF_TAGS | {EXIF_IFD, GPS_IFD}


@dataclass
class Exif:
    """The first directory, and the Exif and GPS directories by the tags that point to them; `order` is struct's."""

    order: str = "<"
    first: Directory = field(default_factory=dict)
    nested: dict[int, Directory] = field(default_factory=lambda: {EXIF_IFD: {}})

    def __bool__(self) -> bool:
        """Whether there is a tag in it."""
        return bool(self.first) or any(self.nested.values())

    def to_bytes(self) -> bytes:
        """A TIFF structure, without an "Exif\\0\\0" prefix and without a thumbnail."""
        head = b"II*\0\x08\0\0\0" if self.order == "<" else b"MM\0*\0\0\0\x08"
        return head + self.directories(len(head))

    def directories(self, at: int) -> bytes:
        """The directories as they stand in a file from its byte `at` (even) on, the first one first."""
        pointers = {tag: Entry.integer(0, LONG, self.order) for tag in self.nested}
        nested_at = at + len(directory_bytes(self.first | pointers, at, self.order))
        tail = b""
        for tag, directory in self.nested.items():
            pointers[tag] = Entry.integer(nested_at + len(tail), LONG, self.order)
            tail += directory_bytes(directory, nested_at + len(tail), self.order)
        return directory_bytes(self.first | pointers, at, self.order) + tail


def of_shot(stream: BinaryIO) -> Exif:
    """What a TIFF structure (an Exif block, a TIFF, most RAW files) tells of the shot.

    Some RAW formats keep tags of the Exif directory in the first one (TIFF/EP, DNG). Raises ValueError for damage.
    """
    order = byte_order(stream)
    first = first_directory(stream, order, _WANTED)
    exif = {tag: entry for tag, entry in first.items() if tag in _EXIF_TAGS}
    nested = {EXIF_IFD: exif | nested_directory(stream, first, EXIF_IFD, order, _EXIF_TAGS)}
    gps = nested_directory(stream, first, GPS_IFD, order, _GPS_TAGS)
    if gps:
        nested[GPS_IFD] = gps
    return Exif(order, {tag: entry for tag, entry in first.items() if tag in _FIRST_TAGS}, nested)


def of_parts(first: BinaryIO, exif: BinaryIO, gps: BinaryIO | None) -> Exif:
    """The same of three structures with one directory each, all of one byte order. Raises ValueError for damage."""
    whole = of_shot(first)
    whole.nested[EXIF_IFD] = of_shot(exif).nested[EXIF_IFD]
    if gps is not None and byte_order(gps) == whole.order:
        whole.nested[GPS_IFD] = first_directory(gps, whole.order, _GPS_TAGS)
    return whole


def exposure_tags(
    order: str,
    exposure_time: float | None = None,
    f_number: float | None = None,
    iso: float | None = None,
    taken: str | None = None,
    focal_length: float | None = None,
) -> Directory:
    """The tags of what is known: seconds, f-number, ISO, local time as Exif writes it, millimetres."""
    rationals = {EXPOSURE_TIME: exposure_time, F_NUMBER: f_number, FOCAL_LENGTH: focal_length}
    directory = {tag: Entry.rational(number, order) for tag, number in rationals.items() if number}
    if iso:
        directory[ISO] = Entry.integer(min(round(iso), 65535), SHORT, order)
    if taken:
        directory[DATE_TIME_ORIGINAL] = Entry.text(taken)
    return directory
