"""Shots that lie in a folder, or beside it, in several files."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
from PIL import Image

from hdrcli.grouping import find_brackets
from tests.readers.samples import dng
from tests.test_grouping import frame, names, only, shoot

TIMES = ((1, 250), (1, 60), (1, 15))


def raws(folder: Path) -> None:
    folder.mkdir(parents=True)
    for number, time in enumerate(TIMES):
        at = f"2024:05:17 12:00:0{number}"
        dng(folder / f"img{number}.dng", np.full((32, 32), 0.5), exposure_time=time, taken=at)


def test_raw_wins_over_what_was_made_of_it(tmp_path: Path) -> None:
    raws(tmp_path / "s")
    for number in range(3):
        Image.fromarray(np.zeros((32, 32, 3), np.uint8)).save(tmp_path / "s" / f"IMG{number}.tif")
        shutil.copy(tmp_path / "s" / f"img{number}.dng", tmp_path / "s" / f"img{number}.NEF")
    found = find_brackets([tmp_path / "s"])
    assert [header.path.suffix for header in only(found).headers] == [".dng"] * 3
    assert len(found.left) == 6
    assert "Other files of shots that are there as RAW are left" in found.notes[0]


def test_raw_wins_over_jpegs_in_a_folder_beside_it(tmp_path: Path) -> None:
    raws(tmp_path / "RAW")
    shoot(tmp_path / "JPG", *[(one / other, at) for at, (one, other) in enumerate(TIMES)])
    for number in (3, 2, 1):
        (tmp_path / "JPG" / f"img{number}.jpg").rename(tmp_path / "JPG" / f"IMG{number - 1}.JPG")
    names_now = sorted(path.name for path in (tmp_path / "JPG").iterdir())
    assert names_now == ["IMG0.JPG", "IMG1.JPG", "IMG2.JPG"]
    found = find_brackets([tmp_path])
    assert names(found) == [("RAW", 3)]
    assert {path.parent.name for path in found.left} == {"JPG"}
    assert "there as RAW files too" in found.notes[0]


def test_copies_are_left(tmp_path: Path) -> None:
    shoot(tmp_path, (1 / 250, 0), (1 / 60, 1), (1 / 15, 2))
    for number, name in enumerate(("img1 copy.jpg", "Copy of img2.jpg", "img3 (1).jpg"), 1):
        shutil.copy(tmp_path / f"img{number}.jpg", tmp_path / name)
    found = find_brackets([tmp_path])
    assert [header.path.name for header in only(found).headers] == ["img1.jpg", "img2.jpg", "img3.jpg"]
    assert len(found.left) == 3
    assert "Copies of other frames are left" in found.notes[0]


def test_frames_that_are_alike_are_no_copies(tmp_path: Path) -> None:
    # Nine frames of a clock that stands still, of nothing.
    for number in range(9):
        frame(tmp_path / f"img{number}.jpg", 4.0 ** (number % 3 - 4), 0)
    assert [count for _, count in names(find_brackets([tmp_path]))] == [3, 3, 3]
