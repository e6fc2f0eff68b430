"""The Exif block of an output: what the reference frame's says of the shot, but not of its own file (Exif 2.32)."""

from __future__ import annotations

import logging
import struct
from dataclasses import dataclass, field

from hdrcli.contracts import OutputInfo
from hdrcli.writers._directory import (
    LONG,
    SHORT,
    UNDEFINED,
    Directory,
    Entry,
    byte_order,
    directory_bytes,
    read_directory,
)

_log = logging.getLogger(__name__)

_EXIF_IFD, _GPS_IFD = 0x8769, 0x8825
_ORIENTATION, _SOFTWARE = 0x0112, 0x0131
_EXPOSURE_TIME, _F_NUMBER, _ISO, _DATE_TIME_ORIGINAL = 0x829A, 0x829D, 0x8827, 0x9003
_EXIF_VERSION, _COLOR_SPACE, _PIXEL_X, _PIXEL_Y = 0x9000, 0xA001, 0xA002, 0xA003

_FIRST_TAGS = frozenset({0x010E, 0x010F, 0x0110, 0x0132, 0x013B, 0x013C, 0x8298})
"""ImageDescription, Make, Model, DateTime, Artist, HostComputer, Copyright: all the first directory says of the shot.

Its other tags tell how that file stores its pixels; those of a RAW file would spoil the picture.
"""

_EXPOSURE_TAGS = frozenset({_EXPOSURE_TIME, _F_NUMBER, 0x8822, _ISO, _DATE_TIME_ORIGINAL, 0x9204, 0x9207, 0x920A})
"""What some RAW formats keep in the first directory (TIFF/EP): these, program, bias, metering and focal length."""

_ABOUT_THE_FILE = frozenset({0x8825, 0x9101, 0x9102, 0x927C, 0xA005, 0xA301, 0xA302, 0xA40B})
"""GPS pointer, components, compression, MakerNote (its offsets break when moved), interoperability, scene type, CFA
pattern, device settings."""

_EXIF_TAGS = (_EXPOSURE_TAGS | frozenset(range(0x8822, 0xA500))) - _ABOUT_THE_FILE
_GPS_TAGS = range(0x20)


@dataclass
class Exif:
    """The first directory, and the Exif and GPS directories by the tags that point to them; `order` is struct's."""

    order: str = "<"
    first: Directory = field(default_factory=dict)
    nested: dict[int, Directory] = field(default_factory=lambda: {_EXIF_IFD: {}})

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


def output_exif(info: OutputInfo, width: int, height: int) -> Exif:
    """The Exif of an output of `width` x `height` pixels.

    Orientation is 1, for the pixels are upright; size, colour space and software are the output's own. A block that
    cannot be read is left out with a warning in the log.
    """
    exif = Exif()
    if info.exif:
        try:
            exif = _carried(info.exif.removeprefix(b"Exif\0\0"))
        except (ValueError, struct.error) as error:
            _log.warning("The Exif block of the reference frame is damaged and is left out: %s.", error)
    order = exif.order
    exif.first[_ORIENTATION] = Entry.integer(1, SHORT, order)
    exif.first[_SOFTWARE] = Entry.text(str(info.attributes.get("software", "hdrcli")))
    exif.nested[_EXIF_IFD] = {
        _EXIF_VERSION: Entry(UNDEFINED, 4, b"0232"),
        **_exposure(info, order),
        **exif.nested[_EXIF_IFD],
        _COLOR_SPACE: Entry.integer(1, SHORT, order),
        _PIXEL_X: Entry.integer(width, LONG, order),
        _PIXEL_Y: Entry.integer(height, LONG, order),
    }
    return exif


def _carried(block: bytes) -> Exif:
    """The tags of `block` that tell of the shot. Raises ValueError or struct.error for a damaged block."""
    order = byte_order(block)
    (start,) = struct.unpack_from(order + "I", block, 4)
    first = read_directory(block, start, order, _FIRST_TAGS | _EXPOSURE_TAGS | {_EXIF_IFD, _GPS_IFD})
    exif = {tag: first[tag] for tag in first if tag in _EXPOSURE_TAGS}
    nested = {_EXIF_IFD: exif | _nested(block, first, _EXIF_IFD, order)}
    gps = _nested(block, first, _GPS_IFD, order)
    if gps:
        nested[_GPS_IFD] = gps
    return Exif(order, {tag: first[tag] for tag in first if tag in _FIRST_TAGS}, nested)


def _nested(block: bytes, first: Directory, pointer: int, order: str) -> Directory:
    if pointer not in first:
        return {}
    (at,) = struct.unpack_from(order + "I", first[pointer].values.ljust(4, b"\0"))
    return read_directory(block, at, order, _EXIF_TAGS if pointer == _EXIF_IFD else _GPS_TAGS)


def _exposure(info: OutputInfo, order: str) -> Directory:
    """What is known of the reference frame's exposure without an Exif block."""
    directory = {}
    if info.exposure_time:
        directory[_EXPOSURE_TIME] = Entry.rational(info.exposure_time, order)
    if info.f_number:
        directory[_F_NUMBER] = Entry.rational(info.f_number, order)
    if info.iso:
        directory[_ISO] = Entry.integer(min(round(info.iso), 65535), SHORT, order)
    if info.taken:
        directory[_DATE_TIME_ORIGINAL] = Entry.text(info.taken)
    return directory
