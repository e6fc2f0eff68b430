"""Shoots in which the rules of gap and repetition alone would join brackets, or part them."""

from __future__ import annotations

from pathlib import Path

import pytest

from hdrcli.grouping import find_brackets
from tests.readers.samples import exif, jpeg
from tests.readers.test_maker_note import note, shorts
from tests.test_grouping import frame, names, shoot, unclear

SET = (-2.0, 0.0, 2.0)
"""Stops of a bracket of three."""


def taken(folder: Path, *brackets: tuple[float, tuple[float, ...]], every: float = 1, middle: float = 1 / 60) -> None:
    """Brackets of (start in seconds, stops of the frames), a frame `every` so many seconds."""
    shoot(
        folder, *[(middle * 2.0**stops, at + every * n) for at, bracket in brackets for n, stops in enumerate(bracket)]
    )


def counts(folder: Path) -> list[int]:
    return [count for _, count in names(find_brackets([folder]))]


def test_a_long_exposure_in_the_last_bracket(tmp_path: Path) -> None:
    # Brackets 2 s apart, none of whose exposures repeat: the first two are of the same steps.
    times = [(1 / 250, 0), (1 / 60, 1), (1 / 15, 2), (1 / 250, 10), (1 / 60, 11), (1 / 15, 12), (1 / 8, 14), (1, 15)]
    shoot(tmp_path, *times, (8, 16))
    assert counts(tmp_path) == [3, 3, 3]


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 1, 0), (1, 2, 0)])
def test_brackets_that_follow_the_light(order: tuple[int, ...], tmp_path: Path) -> None:
    # The camera meters anew for each, and no exposure repeats.
    brackets = [(3 * n, tuple(SET[place] + n / 3 for place in order)) for n in range(4)]
    taken(tmp_path, *brackets)
    assert counts(tmp_path) == [3, 3, 3, 3]
    taken(tmp_path / "far", (0, SET), (4, tuple(stops + 5.3 for stops in SET)))
    assert counts(tmp_path / "far") == [3, 3]


@pytest.mark.parametrize("longer", [(0, -2, 2, -4, 4), (-4, -2, 0, 2, 4), (0, -1, 1, -2, 2, -3, 3, -4, 4)])
def test_longer_brackets_that_begin_as_others_do(longer: tuple[float, ...], tmp_path: Path) -> None:
    taken(tmp_path, (0, longer[:3]), (60, longer))
    assert counts(tmp_path) == [3, len(longer)]


def test_singles_close_to_brackets(tmp_path: Path) -> None:
    taken(tmp_path / "within", (0, SET), (5, (-1,)), (60, SET))
    assert names(find_brackets([tmp_path / "within"])) == [("img1-img3", 3), ("img5-img7", 3)]
    taken(tmp_path / "between", (0, SET), (5, (-1,)), (8, SET))
    assert names(find_brackets([tmp_path / "between"])) == [("img1-img3", 3), ("img5-img7", 3)]
    taken(tmp_path / "beyond", (0, SET), (5, (-6,)), (60, SET))
    assert names(find_brackets([tmp_path / "beyond"])) == [("img1-img3", 3), ("img5-img7", 3)]
    # Without a pause, and with a step of the bracket's own, it may as well be part of one.
    taken(tmp_path / "on", (0, SET), (60, (*SET, 4)))
    assert counts(tmp_path / "on") == [3, 4]


def test_fractions_of_seconds_tell_shorter_pauses(tmp_path: Path) -> None:
    # Without them, 1/15 may be the first of the second bracket or the last of the first.
    times = [(1 / 60, 0.1), (1 / 250, 0.3), (1 / 15, 1.6), (1 / 60, 1.8), (1 / 250, 2.0)]
    shoot(tmp_path / "told", *times)
    assert counts(tmp_path / "told") == [2, 3]
    shoot(tmp_path / "untold", *[(time, at // 1) for time, at in times])
    unclear(find_brackets([tmp_path / "untold"]))


def test_two_cameras_at_once(tmp_path: Path) -> None:
    for number, time in enumerate((1 / 250, 1 / 60, 1 / 15)):
        frame(tmp_path / f"a{number}.jpg", time, number)
        frame(tmp_path / f"b{number}.jpg", time, number, camera="X-T5")
    found = find_brackets([tmp_path])
    assert names(found) == [("a0-a2", 3), ("b0-b2", 3)]
    assert [bracket.ends for bracket in found.brackets] == ["the camera changes", ""]


def test_dark_frames_after_long_exposures(tmp_path: Path) -> None:
    # 15 s and 15 s for the dark frame, 4 s and 4 s, 60 s and 60 s.
    night = [(15, 0), (4, 31), (60, 40)]
    shoot(tmp_path / "with", *night, *[(time, at + 300) for time, at in night])
    assert counts(tmp_path / "with") == [3, 3]
    # A camera that has not paused so after each long exposure has paused for something else.
    shoot(tmp_path / "without", (15, 0), (4, 31), (60, 36), (15, 98), (4, 129), (60, 134))
    assert counts(tmp_path / "without") == [3, 2]


def sony(folder: Path, *frames: tuple[int, float]) -> None:
    """Frames of (SequenceNumber, exposure time), a second from each to the next, bracketed by the camera."""
    folder.mkdir()
    for at, (number, time) in enumerate(frames):
        counted = note("SONY", {0xB049: (3, shorts(5)), 0xB04A: (3, shorts(number))}, 0).ljust(80, b"\0")
        block = exif((1, round(1 / time)), taken=f"2024:05:17 12:30:{at:02}", more={0xA402: 2, 0x927C: counted})
        block[0x010F], block.endian = "SONY", "<"
        jpeg(folder / f"img{at + 1}.jpg", exif=block)


def test_counts_that_run_on_or_never_advance(tmp_path: Path) -> None:
    times = (1 / 60, 1 / 250, 1 / 15) * 2
    sony(tmp_path / "on", *enumerate(times, 1))
    assert counts(tmp_path / "on") == [3, 3]
    sony(tmp_path / "still", *[(1, time) for time in times])
    assert counts(tmp_path / "still") == [3, 3]
    sony(tmp_path / "limit", (1, 1 / 8000), (2, 1 / 8000), (3, 1 / 2000))
    assert counts(tmp_path / "limit") == [3]
