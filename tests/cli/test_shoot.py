"""A whole shoot in one folder, grouped as a photographer took it, without options."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL.TiffImagePlugin import IFDRational

from tests.cli.conftest import Run
from tests.readers.samples import dng, exif, jpeg

START = datetime(2024, 5, 17, 10, 0, 0)
SHORT, MIDDLE, LONG = "1/60", "1/15", "1/4"


def raw(folder: Path, number: int, time: str, at: int) -> Path:
    """IMG_<number>.dng, exposed for `time` seconds, taken `at` seconds from START."""
    taken = (START + timedelta(seconds=at)).strftime("%Y:%m:%d %H:%M:%S")
    scene = np.linspace(0.1, 0.9, 32 * 32).reshape(32, 32)
    folder.mkdir(exist_ok=True)
    ratio = Fraction(time).as_integer_ratio()
    return dng(folder / f"IMG_{number}.dng", scene, exposure_time=ratio, taken=taken)


def grouped(run: Run, folder: str, *options: str) -> dict[str, int]:
    """Names of the brackets and the number of their frames, as `fuse --dry-run` plans them."""
    brackets = run("fuse", folder, "--dry-run", "--json", "-m", "mertens", *options).json["brackets"]
    return {bracket["name"]: len(bracket["inputs"]) for bracket in brackets}


@pytest.mark.parametrize("slow", [0, 1, 2])
@pytest.mark.parametrize("long", [(SHORT, MIDDLE, "8"), ("1/2", "2", "8"), (SHORT, "8", LONG)])
def test_three_brackets_a_single_and_a_pair(long: tuple[str, ...], slow: int, run: Run, tmp_path: Path) -> None:
    """Starts at 0, 10 and 14 s: two seconds between brackets, and 8 s of exposure in one, part and join nothing."""
    times = [(SHORT, MIDDLE, LONG)] * 3
    times[slow] = long  # type: ignore[call-overload]
    number = 0
    for start, bracket in zip((0, 10, 14), times, strict=True):
        for later, time in enumerate(bracket):
            number += 1
            raw(tmp_path / "shoot", number, time, start + later)
    raw(tmp_path / "shoot", 10, "1/125", 60)
    pair = raw(tmp_path / "shoot", 11, "1/30", 120)
    jpeg(pair.with_suffix(".JPG"), exif=exif())
    outcome = run("fuse", "shoot", "--dry-run", "--json", "-m", "mertens")
    assert outcome.status == 0
    found = {bracket["name"]: len(bracket["inputs"]) for bracket in outcome.json["brackets"]}
    assert found == {"IMG_1-IMG_3": 3, "IMG_4-IMG_6": 3, "IMG_7-IMG_9": 3}
    assert sorted(outcome.json["left"]) == ["shoot/IMG_10.dng", "shoot/IMG_11.JPG", "shoot/IMG_11.dng"]
    table = run("fuse", "shoot", "--dry-run", "-m", "mertens")
    rows = [line.split()[:2] for line in table.out.splitlines() if line.startswith("IMG_")]
    assert rows == [["IMG_1-IMG_3", "3"], ["IMG_4-IMG_6", "3"], ["IMG_7-IMG_9", "3"]]
    assert "JPEGs beside RAW files of the same name are left: shoot/IMG_11.JPG." in table.err
    assert "Frames that belong to no bracket are left: shoot/IMG_10.dng, shoot/IMG_11.dng." in table.err


def test_inspect_says_why_brackets_end(run: Run, tmp_path: Path) -> None:
    for number, at in enumerate((0, 1, 2, 4, 5, 6, 60, 61, 62)):
        raw(tmp_path / "shoot", number, (SHORT, MIDDLE, LONG)[number % 3], at)
    assert [bracket["ends"] for bracket in run("inspect", "shoot", "--json", "-m", "mertens").json["brackets"]] == [
        "its exposures repeat",
        "a pause of 54 s follows",
        "",
    ]
    assert "  ends here because a pause of 54 s follows" in run("inspect", "shoot", "-m", "mertens").out


SONY_COUNTS = bytes.fromhex("0200 49b0 0300 01000000 05000000 4ab0 0300 01000000")
"""A directory of two shorts: ReleaseMode, exposure bracketing, and SequenceNumber, without its value."""

CAMERA_COUNTS = [  # exposure time, ISO, bias in tenths of a stop, ExposureMode, number, seconds
    *[("1/4", 3200, 0, 0, 0, 63), ("1/4", 3200, 0, 0, 0, 66), ("1/4", 2500, 0, 0, 0, 90)],
    *[("1/15", 6400, 0, 2, 1, 102), ("1/25", 6400, -7, 2, 2, 102)],
    *[("1/20", 6400, 0, 2, 1, 110), ("1/30", 6400, -7, 2, 2, 110), ("1/13", 6400, 7, 2, 3, 110)],
    *[("1/30", 4000, -13, 2, 4, 110), ("1/8", 6400, 13, 2, 5, 111)],
    *[("1/20", 6400, 0, 2, 1, 129), ("1/30", 6400, -7, 2, 2, 129), ("1/13", 6400, 7, 2, 3, 130)],
    *[("1/30", 4000, -13, 2, 4, 130), ("1/8", 6400, 13, 2, 5, 130)],
]
"""A Sony DSC-RX100M6 in the hand of its owner: three singles, a bracket of five stopped after two, two whole ones."""


@pytest.mark.parametrize("is_numbered", [True, False])
def test_what_the_camera_counts_is_a_bracket(is_numbered: bool, run: Run, tmp_path: Path) -> None:
    (tmp_path / "shoot").mkdir()
    for place, (time, iso, bias, mode, number, at) in enumerate(CAMERA_COUNTS):
        taken = (START + timedelta(seconds=at)).strftime("%Y:%m:%d %H:%M:%S")
        more: dict[int, object] = {0x9204: IFDRational(bias, 10), 0xA402: mode}
        if is_numbered and number:
            more[0x927C] = b"SONY DSC \0\0\0" + bytes.fromhex(
                f"020049b003000100000005000000 4ab0030001000000{number:02x}000000"
            )
        block = exif(Fraction(time).as_integer_ratio(), (32, 10), iso, taken, camera="DSC-RX100M6", more=more)
        block[0x010F], block.endian = "SONY", "<"
        jpeg(tmp_path / "shoot" / f"DSC{8191 + place}.JPG", exif=block)
    assert grouped(run, "shoot") == {"DSC8194-DSC8195": 2, "DSC8196-DSC8200": 5, "DSC8201-DSC8205": 5}
    outcome = run("fuse", "shoot", "--dry-run", "-m", "mertens")
    assert "left: shoot/DSC8191.JPG, shoot/DSC8192.JPG, shoot/DSC8193.JPG." in outcome.err
    assert ("DSC8194-DSC8195 (2 of 5)" in outcome.err) == is_numbered
    assert set(grouped(run, "shoot", "--size", "3").values()) == {3}


def test_a_shoot_that_can_be_read_in_two_ways(run: Run, tmp_path: Path) -> None:
    """The clear brackets are planned; of the other both readings are told, and what to type settles it."""
    for number, (time, at) in enumerate(
        [
            (SHORT, 0),
            (MIDDLE, 1),
            (LONG, 9),
            (SHORT, 60),
            (MIDDLE, 61),
            (LONG, 62),
            (SHORT, 90),
            (MIDDLE, 91),
            (LONG, 92),
        ]
    ):
        raw(tmp_path / "shoot", number, time, at)
    outcome = run("fuse", "shoot", "--dry-run", "-m", "mertens")
    assert outcome.status == 1
    error, hint = outcome.err.splitlines()[-2:]
    assert error == (
        "Error: shoot/IMG_0.dng … IMG_2.dng can be read in 2 ways: IMG_0-IMG_1 (2 frames), IMG_2; or IMG_0-IMG_2 "
        "(3 frames); neither the times nor the exposures decide."
    )
    assert (
        hint == "Hint: Pass --gap 8 for one bracket or --gap 5 to part them, or give the files of one bracket by name."
    )
    rows = [line.split()[0] for line in outcome.out.splitlines() if "planned" in line]
    assert rows == ["IMG_3-IMG_5", "IMG_6-IMG_8"]
    assert grouped(run, "shoot", "--gap", "8") == {"IMG_0-IMG_2": 3, "IMG_3-IMG_5": 3, "IMG_6-IMG_8": 3}
    assert grouped(run, "shoot", "--gap", "5") == {"IMG_0-IMG_1": 2, "IMG_3-IMG_5": 3, "IMG_6-IMG_8": 3}
