"""Bracket numbers and biases of maker notes, in notes built by hand and read by ExifTool too where it is installed."""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from PIL.TiffImagePlugin import IFDRational

from hdrcli import readers
from hdrcli.image import FrameHeader
from tests.readers.samples import exif, jpeg

Entries = dict[int, tuple[int, bytes]]
"""Type of TIFF 6.0 and little-endian value, by tag."""


def shorts(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}h", *values)


def directory(entries: Entries, start: int) -> bytes:
    """A little-endian TIFF directory whose offsets count from `start` bytes before it."""
    table, values = struct.pack("<H", len(entries)), b""
    for tag, (kind, value) in sorted(entries.items()):
        count = len(value) // {3: 2, 4: 4, 10: 8}[kind]
        at = start + 2 + 12 * len(entries) + 4 + len(values)
        table += struct.pack("<HHI", tag, kind, count)
        table += value.ljust(4, b"\0") if len(value) <= 4 else struct.pack("<I", at)
        values += value if len(value) > 4 else b""
    return table + bytes(4) + values


def note(make: str, entries: Entries, at: int) -> bytes:
    """A maker note that lies at byte `at` of its Exif block."""
    if make == "FUJIFILM":
        return b"FUJIFILM" + struct.pack("<I", 12) + directory(entries, 12)
    if make.startswith("NIKON"):
        return b"Nikon\0\2\x10\0\0II" + struct.pack("<HI", 42, 8) + directory(entries, 8)
    label = {"SONY": b"SONY DSC \0\0\0", "Panasonic": b"Panasonic\0\0\0"}.get(make, b"")
    return label + directory(entries, at + len(label))


def written(path: Path, make: str, entries: Entries, *, mode: int = 0, bias: tuple[int, int] | None = None) -> Path:
    """A JPEG with a maker note."""
    more: dict[int, object] = {0xA402: mode, 0x9204: IFDRational(*bias)} if bias else {0xA402: mode}
    found = 0
    for _ in range(2):  # once to find where the note comes to lie
        block = exif(more={**more, 0x927C: note(make, entries, found).ljust(80, b"\0")})
        block[0x010F], block.endian = make, "<"
        found = block.tobytes().index(note(make, entries, found)[:12]) - len(b"Exif\0\0")
    return jpeg(path, exif=block)


def place(header: FrameHeader) -> tuple[str | None, float | None, int | None]:
    return header.exposure_mode, header.exposure_bias, header.bracket_number


SHOT_INFO = [68, *[0] * 15, -1, -32, *[0] * 16]
CASES: dict[str, tuple[str, Entries, tuple[float | None, int | None], dict[str, object]]] = {
    "sony": (
        "SONY",
        {0xB049: (3, shorts(5)), 0xB04A: (3, shorts(3))},
        (None, 3),
        {"ReleaseMode": 5, "SequenceNumber": 3},
    ),
    "canon": (
        "Canon",
        {0x0004: (3, shorts(*SHOT_INFO))},
        (-1.0, None),
        {"AutoExposureBracketing": -1, "AEBBracketValue": -1},
    ),
    "canon file info": (
        "Canon",
        {0x0004: (3, shorts(*SHOT_INFO[:16], 0, 32, *SHOT_INFO[18:])), 0x0093: (3, shorts(16, 0, 0, 1, 0, 0, 0, 0))},
        (1.0, None),
        {"BracketMode": 1, "AEBBracketValue": 1},
    ),
    "nikon": (
        "NIKON CORPORATION",
        {0x0019: (10, struct.pack("<ii", -4, 6)), 0x0089: (3, shorts(0x11))},
        (-4 / 6, None),
        {"ExposureBracketValue": -2 / 3},
    ),
    "panasonic": (
        "Panasonic",
        {0x002A: (3, shorts(2)), 0x002B: (4, struct.pack("<I", 2))},
        (None, 2),
        {"BurstMode": 2, "SequenceNumber": 2},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_place_in_a_bracket(case: str, tmp_path: Path) -> None:
    make, entries, (bias, number), _ = CASES[case]
    assert place(readers.read_header(written(tmp_path / "a.jpg", make, entries))) == ("bracket", bias, number)


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="ExifTool is not installed")
@pytest.mark.parametrize("case", CASES)
def test_exiftool_reads_the_same(case: str, tmp_path: Path) -> None:
    make, entries, _, expected = CASES[case]
    path = written(tmp_path / "a.jpg", make, entries)
    told = subprocess.run(
        ["exiftool", "-j", "-n", *(f"-{tag}" for tag in expected), path], capture_output=True, check=True
    )
    (found,) = json.loads(told.stdout)
    assert {tag: found[tag] for tag in expected} == pytest.approx(expected, abs=1e-6)


def test_fujifilm_numbers_count_in_exposure_brackets_alone(tmp_path: Path) -> None:
    # It numbers the frames of film simulation brackets too.
    entries: Entries = {0x1100: (3, shorts(1)), 0x1101: (3, shorts(2))}
    header = readers.read_header(written(tmp_path / "a.jpg", "FUJIFILM", entries, mode=2, bias=(-2, 3)))
    assert place(header) == ("bracket", pytest.approx(-2 / 3), 2)
    header = readers.read_header(written(tmp_path / "b.jpg", "FUJIFILM", entries))
    assert place(header) == ("auto", None, None)


def test_other_drive_modes_say_nothing(tmp_path: Path) -> None:
    burst = {0xB049: (3, shorts(2)), 0xB04A: (3, shorts(4))}
    assert place(readers.read_header(written(tmp_path / "a.jpg", "SONY", burst))) == ("auto", None, None)
    single = {0x0004: (3, shorts(*SHOT_INFO[:16], 0, 0, *SHOT_INFO[18:]))}
    assert place(readers.read_header(written(tmp_path / "b.jpg", "Canon", single, mode=1))) == ("manual", None, None)


def test_a_note_that_an_editor_moved_says_nothing(tmp_path: Path) -> None:
    # Offsets now point anywhere: Canon's records begin with their length, other notes run out of the file.
    path = written(tmp_path / "a.jpg", "Canon", {0x0004: (3, shorts(*[1] * 34)), 0x0093: (3, shorts(*[1] * 8))})
    assert place(readers.read_header(path)) == ("auto", None, None)
    block = exif(more={0x927C: b"\xff" * 40})
    assert readers.read_header(jpeg(tmp_path / "b.jpg", exif=block)).exposure_time == pytest.approx(1 / 60)


def test_standard_tags(tmp_path: Path) -> None:
    header = readers.read_header(jpeg(tmp_path / "a.jpg", exif=exif(more={0xA402: 2, 0x9204: IFDRational(-13, 10)})))
    assert place(header) == ("bracket", -1.3, None)
