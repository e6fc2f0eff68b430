"""TIFF directories as raw entries, so that tags are carried from file to file to the bit (TIFF 6.0, section 2).

Going through a library's numbers would change types and lose 0/0 rationals and accents, which cameras do write.
"""

from __future__ import annotations

import struct
from collections.abc import Container
from dataclasses import dataclass
from fractions import Fraction

ASCII, SHORT, LONG, RATIONAL, UNDEFINED = 2, 3, 4, 5, 7

_SIZES = {1: 1, ASCII: 1, SHORT: 2, LONG: 4, RATIONAL: 8, 6: 1, UNDEFINED: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
"""Bytes of one value, by the number of its type."""


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
        return Entry(kind, 1, struct.pack(order + {SHORT: "H", LONG: "I"}[kind], number))

    @staticmethod
    def rational(number: float, order: str) -> Entry:
        """One RATIONAL: a number >= 0 as the fraction a camera would write, such as 1/250."""
        near = Fraction(min(number, 2**32 - 1)).limit_denominator(100_000)
        return Entry(RATIONAL, 1, struct.pack(order + "II", near.numerator, near.denominator))


Directory = dict[int, Entry]


def byte_order(block: bytes) -> str:
    """ "<" or ">", as struct names the byte order of a TIFF structure. Raises ValueError for anything else."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(block[:4])
    if order is None:
        raise ValueError("it is not a TIFF structure")
    return order


def read_directory(block: bytes, at: int, order: str, wanted: Container[int]) -> Directory:
    """The entries of the directory at byte `at` whose tags are `wanted`.

    Raises ValueError or struct.error when the directory or a wanted value does not lie within the block.
    """
    (number,) = struct.unpack_from(order + "H", block, at)
    directory = {}
    for place in range(at + 2, at + 2 + 12 * number, 12):
        tag, kind, count = struct.unpack_from(order + "HHI", block, place)
        if tag not in wanted:
            continue
        size = count * _SIZES.get(kind, 0)
        start = place + 8 if size <= 4 else struct.unpack_from(order + "I", block, place + 8)[0]
        values = block[start : start + size]
        if not size or len(values) != size:
            raise ValueError(f"tag {tag:#06x} has no values within the block")
        directory[tag] = Entry(kind, count, values)
    return directory


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
