"""TIFF directories as raw entries, so that tags are carried from file to file to the bit (TIFF 6.0, section 2).

Going through a library's numbers would change types and lose 0/0 rationals and accents, which cameras do write.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Container
from dataclasses import dataclass
from fractions import Fraction
from typing import BinaryIO

BYTE, ASCII, SHORT, LONG, RATIONAL, UNDEFINED = 1, 2, 3, 4, 5, 7

_CODES = {1: "B", 2: "c", 3: "H", 4: "I", 5: "II", 6: "b", 7: "c", 8: "h", 9: "i", 10: "ii", 11: "f", 12: "d"} | {
    13: "I",  # a pointer to a directory (TIFF Technical Note 1)
    129: "c",  # UTF-8 (Exif 3.0)
}
"""struct's code of one value, by the number of its type."""

_SIZES = {kind: struct.calcsize("=" + code) for kind, code in _CODES.items()}

_LONGEST = 1 << 24
"""Bytes of all values of a directory; no more are read, whatever a damaged one says."""

_MAGIC = {b"II*\0": "<", b"MM\0*": ">", b"IIU\0": "<", b"IIRO": "<", b"IIRS": "<", b"MMOR": ">"}
"""struct's byte order by the first bytes of TIFF, and of the RAW formats of Panasonic and Olympus, which follow it."""


@dataclass(frozen=True)
class Entry:
    """The values of one tag: their type's number, how many, and their bytes in the byte order of the file."""

    kind: int
    count: int
    values: bytes

    @staticmethod
    def text(text: str) -> Entry:
        """Text, as UTF-8."""
        values = text.encode() + b"\0"
        return Entry(ASCII, len(values), values)

    @staticmethod
    def integer(number: int, kind: int, order: str) -> Entry:
        """One SHORT or LONG."""
        return Entry(kind, 1, struct.pack(order + _CODES[kind], number))

    @staticmethod
    def rational(number: float, order: str) -> Entry:
        """One RATIONAL: a number >= 0 as the fraction a camera would write, such as 1/250."""
        near = Fraction(min(number, 2**32 - 1)).limit_denominator(100_000)
        return Entry(RATIONAL, 1, struct.pack(order + "II", near.numerator, near.denominator))

    def words(self) -> str:
        """The text, without the zeros that end its parts (Copyright has two); UTF-8, or else Latin-1."""
        parts = [part.strip() for part in self.values.split(b"\0") if part.strip()]
        try:
            return ", ".join(part.decode() for part in parts)
        except UnicodeDecodeError:
            return ", ".join(part.decode("latin-1") for part in parts)

    def numbers(self, order: str) -> list[float]:
        """The values as floats; x/0 is NaN. Empty for text and bytes without a type."""
        code = _CODES[self.kind]
        if code == "c":
            return []
        values = struct.iter_unpack(order + code, self.values)
        return [float(one[0]) if len(one) == 1 else one[0] / one[1] if one[1] else math.nan for one in values]


Directory = dict[int, Entry]


def size_of(kind: int, count: int) -> int:
    """Bytes of so many values of a type; 0 for a type that there is not."""
    return count * _SIZES.get(kind, 0)


def byte_order(stream: BinaryIO) -> str:
    """ "<" or ">", as struct names the byte order of a TIFF structure. Raises ValueError for anything else."""
    stream.seek(0)
    order = _MAGIC.get(stream.read(4))
    if order is None:
        raise ValueError("it is not a TIFF structure")
    return order


def read_directory(stream: BinaryIO, at: int, order: str, wanted: Container[int]) -> Directory:
    """The entries of the directory at byte `at` whose tags are `wanted`; those without values are none.

    Raises ValueError when the directory or a wanted value does not lie within the file, or is too large for one.
    """
    (number,) = struct.unpack(order + "H", _part(stream, at, 2))
    table = _part(stream, at + 2, 12 * number)
    directory: Directory = {}
    left = _LONGEST
    for place, (tag, kind, count, pointer) in enumerate(struct.iter_unpack(order + "HHII", table)):
        if tag not in wanted or kind not in _CODES or not count:
            continue
        size = count * _SIZES[kind]
        left -= size
        if left < 0:
            raise ValueError(f"a directory has more than {_LONGEST >> 20} MB")
        if size <= 4:
            directory[tag] = Entry(kind, count, table[12 * place + 8 : 12 * place + 8 + size])
            continue
        try:
            directory[tag] = Entry(kind, count, _part(stream, pointer, size))
        except ValueError as error:
            raise ValueError(f"tag {tag:#06x} has no values within it") from error
    return directory


def first_directory(stream: BinaryIO, order: str, wanted: Container[int]) -> Directory:
    """The entries of the first directory, of the `wanted` tags. Raises ValueError as `read_directory`."""
    return read_directory(stream, _pointer(_part(stream, 4, 4), order), order, wanted)


def nested_directory(stream: BinaryIO, first: Directory, pointer: int, order: str, wanted: Container[int]) -> Directory:
    """The same of the directory whose place the tag `pointer` of `first` tells; empty where it has no such tag."""
    if pointer not in first:
        return {}
    return read_directory(stream, _pointer(first[pointer].values.ljust(4, b"\0"), order), order, wanted)


def _pointer(field: bytes, order: str) -> int:
    at: int = struct.unpack_from(order + "I", field)[0]
    return at


def _part(stream: BinaryIO, at: int, size: int) -> bytes:
    stream.seek(at)
    part = stream.read(size)
    if len(part) < size:
        raise ValueError("it ends within a directory")
    return part


def directory_bytes(directory: Directory, at: int, order: str) -> bytes:
    """A directory for byte `at` (even) of a file: its entries in ascending order, then the longer values."""
    table = struct.pack(order + "H", len(directory))
    values = b""
    values_at = at + 2 + 12 * len(directory) + 4
    for tag, entry in sorted(directory.items()):
        table += struct.pack(order + "HHI", tag, entry.kind, entry.count)
        if len(entry.values) <= 4:
            table += entry.values.ljust(4, b"\0")
        else:
            table += struct.pack(order + "I", values_at + len(values))
            values += entry.values + b"\0" * (len(entry.values) % 2)
    return table + b"\0\0\0\0" + values
