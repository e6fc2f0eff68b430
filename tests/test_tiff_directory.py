"""Directories of TIFF that are damaged, hostile or odd."""

from __future__ import annotations

import io
import math
import struct

import pytest

from hdrcli.tiff_directory import Entry, byte_order, directory_bytes, first_directory


def file(entries: list[tuple[int, int, int, bytes]], rest: bytes = b"") -> io.BytesIO:
    table = b"".join(struct.pack("<HHI4s", *entry) for entry in entries)
    return io.BytesIO(b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + table + b"\0\0\0\0" + rest)


def test_entries_without_values_or_of_no_known_type_are_none() -> None:
    found = first_directory(file([(1, 2, 0, b""), (2, 99, 1, b""), (3, 3, 1, b"\7\0")]), "<", range(9))
    assert found == {3: Entry(3, 1, b"\7\0")}


@pytest.mark.parametrize(
    "stream",
    [
        io.BytesIO(b"II*\0"),
        io.BytesIO(b"II*\0\xff\xff\xff\xff"),
        file([(1, 2, 5, b"\xff\xff\0\0")]),
        file([(1, 2, 2**32 - 1, b"\0\0\0\0")]),
        file([(tag, 2, 1 << 20, b"\0\0\0\0") for tag in range(17)], b"x" * (1 << 20)),
    ],
)
def test_what_does_not_lie_within_the_file_is_an_error(stream: io.BytesIO) -> None:
    with pytest.raises(ValueError, match=r"directory|within"):
        first_directory(stream, "<", range(99))


@pytest.mark.parametrize(("head", "order"), [(b"II*\0", "<"), (b"MM\0*", ">"), (b"IIU\0", "<"), (b"IIRO", "<")])
def test_tiff_and_what_follows_it(head: bytes, order: str) -> None:
    assert byte_order(io.BytesIO(head)) == order


def test_words_and_numbers() -> None:
    assert Entry(2, 9, b"A. B\0 C\0\0").words() == "A. B, C"
    assert Entry(2, 3, "ü".encode("latin-1")).words() == "ü"
    assert Entry(3, 2, b"\0\1\0\2").numbers(">") == [1, 2]
    assert Entry(10, 1, struct.pack("<ii", -1, 2)).numbers("<") == [-0.5]
    assert math.isnan(Entry(5, 1, bytes(8)).numbers("<")[0])
    assert Entry(2, 1, b"x").numbers("<") == []


def test_what_is_written_is_read() -> None:
    directory = {0x010F: Entry.text("odd"), 0x829A: Entry.rational(1 / 60, ">"), 0x9999: Entry(129, 3, "ü\0".encode())}
    stream = io.BytesIO(b"MM\0*\0\0\0\x08" + directory_bytes(directory, 8, ">"))
    assert first_directory(stream, ">", range(2**16)) == directory
