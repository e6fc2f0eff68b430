"""Shoots in which the rules of gap and repetition alone would join brackets, or part them."""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path

import pytest

from hdrcli.grouping import find_brackets
from hdrcli.grouping._frames import Frames
from hdrcli.grouping._shoot import groups_of_shoot
from hdrcli.image import FrameHeader
from tests.readers.samples import exif, jpeg
from tests.readers.test_maker_note import note, shorts
from tests.test_grouping import START, frame, names, shoot, unclear

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


def test_bursts_with_clear_pauses_between(tmp_path: Path) -> None:
    # A test shot 3 s before each bracket, of an exposure that the bracket has not.
    times = [(time, at + start) for start in (0, 4.0, 40) for at, time in enumerate((1 / 250, 1 / 60, 1 / 15))]
    tests = [(1 / 30, -4), (1 / 125, 36)]
    shoot(tmp_path / "s", *sorted([*times, *tests], key=lambda one: one[1]))
    assert counts(tmp_path / "s") == [3, 3, 3]
    taken(tmp_path / "pairs", (0, (0, 2)), (4, (1, 3)), (8, (-1.3, 0.6)))
    assert counts(tmp_path / "pairs") == [2, 2, 2]


def simulated(seed: int, order: tuple[int, ...]) -> tuple[Frames, set[tuple[int, ...]]]:
    """Eight brackets by an automatic exposure that follows the light, singles among them, a clock of whole seconds."""
    draw = random.Random(seed)
    headers: dict[int, FrameHeader] = {}
    truth: set[tuple[int, ...]] = set()
    now, middle = 0.0, 20
    for _ in range(8):
        middle = min(36, max(16, middle + draw.choice([0, 0, 1, -1, 2, -2, 5, -5])))
        single = [middle + draw.choice([-3, -1, 0, 1, 2])] * (draw.random() < 0.3)
        for thirds in ([middle + 6 * place for place in order], single):
            for place in thirds:
                time = 2.0 ** (place / 3 - 13)
                taken = START + timedelta(seconds=now // 1)
                path = Path(f"{len(headers)}.jpg")
                headers[len(headers)] = FrameHeader(path, 9, 9, time, 8, 100, taken, camera="X")
                now += time + draw.uniform(0.15, 0.4)
            truth.add(tuple(range(len(headers) - len(thirds), len(headers))))
            now += draw.choice([2, 3, 8, 20]) if thirds else 0
    return Frames(tuple(one.path for one in headers.values()), headers), {one for one in truth if len(one) > 1}


@pytest.mark.parametrize("order", [(-1, 0, 1), (0, -1, 1), (0, -1, 1, -2, 2)])
def test_simulated_shoots(order: tuple[int, ...]) -> None:
    right = wrong = whole = 0
    for seed in range(40):
        frames, truth = simulated(seed, order)
        groups, _ = groups_of_shoot(frames, None)
        found = {group.frames for group in groups if len(group.frames) > 1 and not group.readings}
        whole, right, wrong = whole + len(truth), right + len(found & truth), wrong + len(found - truth)
    print(f"\n{whole} brackets of {len(order)}: {right} found, {wrong} wrong, the others refused")  # noqa: T201
    assert wrong < 0.03 * whole
    assert right > 0.9 * whole
