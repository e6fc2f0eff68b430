from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from hdrcli.errors import ReadError, UsageError
from hdrcli.grouping import FoundBracket, Grouping, find_brackets
from tests.readers.samples import dng

START = datetime(2024, 5, 17, 12, 0, 0)


def frame(
    path: Path, time: float | None = None, at: float | None = None, *, size: tuple[int, int] = (16, 12),
    camera: str = "X100", f_number: float = 4, iso: int = 100, focal_length: float = 23,
    mode: int | None = None, bias: float | None = None,
) -> Path:  # fmt: skip
    """A small JPEG exposed for `time` seconds, taken `at` seconds from START."""
    block = Image.Exif()
    block[0x010F], block[0x0110] = "Fuji", camera
    photo = block.get_ifd(0x8769)
    photo[0x829D], photo[0x8827], photo[0x920A] = IFDRational(f_number), iso, IFDRational(focal_length)
    if time is not None:
        photo[0x829A] = IFDRational(time).limit_rational(100000)
        photo[0x829A] = IFDRational(*photo[0x829A])
    if mode is not None:
        photo[0xA402] = mode
    if bias is not None:
        photo[0x9204] = IFDRational(round(10 * bias), 10)
    if at is not None:
        taken = START + timedelta(seconds=at)
        photo[0x9003], photo[0x9291] = taken.strftime("%Y:%m:%d %H:%M:%S"), f"{taken.microsecond // 10000:02d}"
    path.parent.mkdir(parents=True, exist_ok=True)
    options = {} if time is None and at is None else {"exif": block}
    Image.fromarray(np.full((size[1], size[0], 3), 99, np.uint8)).save(path, "JPEG", **options)
    return path


def shoot(folder: Path, *frames: tuple[float, float]) -> None:
    """img1.jpg, img2.jpg, … of (exposure time, seconds from START)."""
    for number, (time, at) in enumerate(frames, 1):
        frame(folder / f"img{number}.jpg", time, at)


def auto_bracket(folder: Path, *frames: tuple[float, float, float]) -> None:
    """img1.jpg, img2.jpg, … of (exposure time, seconds from START, bias), in the camera's automatic bracketing."""
    for number, (time, at, bias) in enumerate(frames, 1):
        frame(folder / f"img{number}.jpg", time, at, mode=2, bias=bias)


def unclear(grouping: Grouping) -> str:
    """The error of the only bracket that can be read in several ways."""
    (problem,) = [found.error for found in grouping.brackets if found.error]
    assert "neither the times nor the exposures decide" in problem.message
    return problem.message


def names(grouping: Grouping) -> list[tuple[str, int]]:
    """Names and counts of the brackets that are none of them refused."""
    assert not any("neither the times nor" in str(bracket.error) for bracket in grouping.brackets)
    return [(bracket.name, len(bracket.headers)) for bracket in grouping.brackets]


def only(grouping: Grouping) -> FoundBracket:
    assert len(grouping.brackets) == 1
    return grouping.brackets[0]


def error(grouping: Grouping) -> str:
    problem = only(grouping).error
    assert problem is not None
    assert problem.hint
    return problem.message


def test_folder_is_one_bracket_in_natural_order(tmp_path: Path) -> None:
    for number, time in ((10, 1 / 4), (2, 1 / 60), (1, 1 / 15)):
        frame(tmp_path / "view" / f"img{number}.jpg", time, number)
    (tmp_path / "view" / "notes.txt").write_text("x")
    (tmp_path / "view" / "img1.xmp").write_text("x")
    bracket = only(find_brackets([tmp_path / "view"]))
    assert (bracket.name, bracket.folder, bracket.error) == ("view", tmp_path / "view", None)
    assert [header.path.name for header in bracket.headers] == ["img1.jpg", "img2.jpg", "img10.jpg"]
    assert bracket.files == tuple(header.path for header in bracket.headers)


def test_without_times_one_bracket(tmp_path: Path) -> None:
    for name in "abcdef":
        frame(tmp_path / "view" / f"{name}.jpg")
    assert names(find_brackets([tmp_path / "view"])) == [("view", 6)]


def test_shoot_is_split_where_exposures_repeat(tmp_path: Path) -> None:
    # HDRMerge by time gap alone makes one set of the first two brackets, which follow at once.
    shoot(
        tmp_path, (1 / 60, 0), (1 / 15, 1), (1 / 4, 2), (1 / 60, 3), (1 / 15, 4), (1 / 4, 5), (1 / 60, 60), (1 / 4, 61)
    )
    assert names(find_brackets([tmp_path])) == [("img1-img3", 3), ("img4-img6", 3), ("img7-img8", 2)]


def test_gap_is_from_the_end_of_an_exposure(tmp_path: Path) -> None:
    shoot(tmp_path, (30, 0), (8, 31), (2, 40), (1 / 60, 100), (1 / 15, 101), (1 / 8, 140), (1 / 30, 141))
    assert names(find_brackets([tmp_path / "."], gap=10)) == [("img1-img3", 3), ("img4-img5", 2), ("img6-img7", 2)]


def test_brackets_of_other_exposures_close_by(tmp_path: Path) -> None:
    # A camera in automatic exposure: no exposure repeats, the f-number changes, 8 s pass.
    folder = tmp_path / "shoot"
    for number, (time, at, f_number) in enumerate([(1 / 15, 0, 4), (1 / 25, 0, 4), (1 / 20, 8, 2.8), (1 / 30, 8, 2.8)]):
        frame(folder / f"img{number}.jpg", time, at, f_number=f_number)
    assert names(find_brackets([folder])) == [("img0-img1", 2), ("img2-img3", 2)]


def test_a_bracket_set_by_hand_may_take_its_time(tmp_path: Path) -> None:
    folder = tmp_path / "view"
    shoot(folder, (13, 432), (10, 347), (4, 0), (1, 36), (0.3, 84), (1 / 60, 125))
    found = find_brackets([folder])
    assert names(found) == [("view", 6)]
    assert "none repeats" in found.notes[0]
    # An explicit gap is meant as it is said.
    assert names(find_brackets([folder], gap=60))[0] == ("img3-img6", 4)


@pytest.mark.parametrize("change", [{"camera": "X-T5"}, {"size": (12, 16)}, {"focal_length": 50}])
def test_a_change_of_setup_starts_a_bracket(change: dict[str, object], tmp_path: Path) -> None:
    for number, time in enumerate((1 / 60, 1 / 15)):
        frame(tmp_path / f"a{number}.jpg", time, number)
        frame(tmp_path / f"b{number}.jpg", time / 5, 2 + number, **change)  # type: ignore[arg-type]
    assert names(find_brackets([tmp_path])) == [("a0-a1", 2), ("b0-b1", 2)]


def test_iso_and_f_number_count_as_exposure(tmp_path: Path) -> None:
    for number, iso in enumerate((100, 400, 1600)):
        frame(tmp_path / "view" / f"{number}.jpg", 1 / 60, number, iso=iso)
    assert names(find_brackets([tmp_path / "view"])) == [("view", 3)]


def test_rounded_times_repeat(tmp_path: Path) -> None:
    shoot(tmp_path, (1 / 60, 0), (1 / 15, 1), (1 / 59, 2), (1 / 15, 3))
    assert names(find_brackets([tmp_path])) == [("img1-img2", 2), ("img3-img4", 2)]


def test_biases_repeat_where_exposures_follow_the_light(tmp_path: Path) -> None:
    # The light grows by a third of a stop, and no exposure repeats; a second passes between all frames.
    auto_bracket(
        tmp_path, (1 / 60, 0, 0), (1 / 250, 1, -2), (1 / 15, 2, 2), (1 / 80, 3, 0), (1 / 320, 4, -2), (1 / 20, 5, 2)
    )
    assert names(find_brackets([tmp_path])) == [("img1-img3", 3), ("img4-img6", 3)]


def test_exposures_at_the_cameras_limit_repeat_within_a_bracket(tmp_path: Path) -> None:
    auto_bracket(tmp_path / "view", (1 / 8000, 0, 0), (1 / 8000, 1, -2), (1 / 2000, 2, 2))
    assert names(find_brackets([tmp_path / "view"])) == [("view", 3)]


def test_automatic_bracketing_may_wait_for_its_next_frame(tmp_path: Path) -> None:
    steps = ((1 / 60, 0.0), (1 / 250, -2.0), (1 / 15, 2.0)) * 2
    auto_bracket(tmp_path, *((time, 15 * number, bias) for number, (time, bias) in enumerate(steps)))
    assert names(find_brackets([tmp_path])) == [("img1-img3", 3), ("img4-img6", 3)]
    # An explicit gap is meant as it is said.
    assert "no two of them make a bracket" in error(find_brackets([tmp_path], gap=5))


def test_biases_set_by_hand_repeat_too(tmp_path: Path) -> None:
    for number, (time, bias) in enumerate([(1 / 60, 0), (1 / 250, -2), (1 / 15, 2), (1 / 80, 0), (1 / 320, -2)]):
        frame(tmp_path / f"img{number}.jpg", time, number, mode=0, bias=bias)
    assert names(find_brackets([tmp_path])) == [("img0-img2", 3), ("img3-img4", 2)]


def test_a_switch_to_automatic_bracketing_starts_a_bracket(tmp_path: Path) -> None:
    frame(tmp_path / "a.jpg", 1 / 30, 0, mode=0, bias=0)
    for number, (time, bias) in enumerate([(1 / 60, 0), (1 / 250, -2), (1 / 15, 2)]):
        frame(tmp_path / f"b{number}.jpg", time, 1 + number, mode=2, bias=bias)
    found = find_brackets([tmp_path])
    assert names(found) == [("b0-b2", 3)]
    assert found.left == (tmp_path / "a.jpg",)
    assert [bracket.ends for bracket in found.brackets] == [""]


def test_times_that_the_camera_chose_make_no_bracket(tmp_path: Path) -> None:
    for number, time in enumerate((1 / 60, 1 / 125, 1 / 30)):
        frame(tmp_path / f"{number}.jpg", time, 60 * number, mode=0, bias=0)
    assert "no two of them make a bracket" in error(find_brackets([tmp_path]))


def test_a_single_just_before_or_after_a_bracket(tmp_path: Path) -> None:
    # Of 1/15 | 1/60 1/250 1/15, nothing tells whether the first or the last is the single …
    shoot(tmp_path / "s", (1 / 15, 0), (1 / 60, 1), (1 / 250, 2), (1 / 15, 3))
    assert "img1-img3 (3 frames), img4; or img1, img2-img4 (3 frames)" in unclear(find_brackets([tmp_path / "s"]))
    shoot(tmp_path / "r", (1 / 60, 0), (1 / 250, 1), (1 / 15, 2), (1 / 60, 3))
    assert "in 2 ways: img1-img3 (3 frames), img4; or img1, img2-img4 (3 frames);" in unclear(
        find_brackets([tmp_path / "r"])
    )
    # … but a clear pause does, and so does another bracket of the same order.
    shoot(tmp_path / "p", (1 / 15, 0), (1 / 60, 4), (1 / 250, 5), (1 / 15, 6))
    assert names(find_brackets([tmp_path / "p"])) == [("img2-img4", 3)]
    shoot(
        tmp_path / "o", (1 / 15, 0), (1 / 60, 1), (1 / 250, 2), (1 / 15, 3), (1 / 80, 99), (1 / 320, 100), (1 / 20, 101)
    )
    assert names(find_brackets([tmp_path / "o"])) == [("img2-img4", 3), ("img5-img7", 3)]


def test_a_bracket_broken_off_before_a_whole_one(tmp_path: Path) -> None:
    first, second, third = 1 / 60, 1 / 250, 1 / 15
    shoot(tmp_path / "a", (first, 0), (second, 1), (first, 2), (second, 3), (third, 4))
    assert names(find_brackets([tmp_path / "a"])) == [("img1-img2", 2), ("img3-img5", 3)]
    times = (first, second, third, first, second, first, second, third)
    shoot(tmp_path / "b", *zip(times, (0, 1, 2, 3, 4, 60, 61, 62), strict=True))
    assert names(find_brackets([tmp_path / "b"])) == [("img1-img3", 3), ("img4-img5", 2), ("img6-img8", 3)]


def test_more_frames_than_the_brackets_elsewhere(tmp_path: Path) -> None:
    # Nine even steps up are a bracket of nine, or three of three as taken before.
    ladder = [(2.0**step / 512, 100 + step) for step in range(9)]
    shoot(tmp_path, (1 / 60, 0), (1 / 15, 1), (1 / 4, 2), *ladder)
    found = find_brackets([tmp_path])
    message = unclear(found)
    assert "img4-img12 (9 frames); or img4-img6 (3 frames), img7-img9 (3 frames), img10-img12 (3 frames)" in message
    assert found.brackets[0].error is None
    assert "--size 3" in str(found.brackets[1].error.hint)  # type: ignore[union-attr]
    assert len(find_brackets([tmp_path], size=3).brackets) == 4


def test_brackets_of_two_lengths(tmp_path: Path) -> None:
    # Four steps up, twice: not two pairs each, though there is a pair of steps up as well.
    four = [2.0**step / 64 for step in range(4)]
    times = (*four, *four, *four[:2])
    shoot(tmp_path, *zip(times, (0, 1, 2, 3, 50, 51, 52, 53, 90, 91), strict=True))
    assert names(find_brackets([tmp_path])) == [("img1-img4", 4), ("img5-img8", 4), ("img9-img10", 2)]


def test_longer_brackets_that_recur(tmp_path: Path) -> None:
    three, six = [2.0**step / 64 for step in range(3)], [2.0**step / 64 for step in range(6)]
    taken = [(t, 60 * n + at) for n, times in enumerate((three, three, three, six, six)) for at, t in enumerate(times)]
    shoot(tmp_path, *taken)
    assert [count for _, count in names(find_brackets([tmp_path]))] == [3, 3, 3, 6, 6]


def test_pauses_against_exposures(tmp_path: Path) -> None:
    # Two by two with a pause, or four steps set by hand.
    shoot(tmp_path / "s", (1 / 100, 0), (1 / 50, 1), (1 / 25, 20), (1 / 12, 21))
    found = find_brackets([tmp_path / "s"])
    assert "img1-img2 (2 frames), img3-img4 (2 frames); or img1-img4 (4 frames)" in unclear(found)
    assert [header.path.name for header in found.brackets[0].headers] == [f"img{n}.jpg" for n in (1, 2, 3, 4)]
    assert names(find_brackets([tmp_path / "s"], gap=19)) == [("s", 4)]
    assert names(find_brackets([tmp_path / "s"], gap=5)) == [("img1-img2", 2), ("img3-img4", 2)]
    # The same steps over the same range are two brackets; so are frames minutes apart.
    shoot(tmp_path / "t", (1 / 60, 0), (1 / 15, 1), (1 / 4, 2), (1 / 80, 20), (1 / 20, 21), (1 / 5, 22))
    assert names(find_brackets([tmp_path / "t"])) == [("img1-img3", 3), ("img4-img6", 3)]
    shoot(tmp_path / "u", (1 / 100, 0), (1 / 50, 1), (1 / 25, 200), (1 / 12, 201))
    assert names(find_brackets([tmp_path / "u"])) == [("img1-img2", 2), ("img3-img4", 2)]


def test_singles_are_left_and_said(tmp_path: Path) -> None:
    shoot(tmp_path, (1 / 60, 0), (1 / 60, 20), (1 / 15, 21), (1 / 60, 60))
    found = find_brackets([tmp_path])
    assert names(found) == [("img2-img3", 2)]
    assert [path.name for path in found.left] == ["img1.jpg", "img4.jpg"]
    assert "img1.jpg" in found.notes[0]
    assert "img4.jpg" in found.notes[0]


def test_only_singles_is_an_error(tmp_path: Path) -> None:
    shoot(tmp_path, (1 / 60, 0), (1 / 60, 20), (1 / 60, 60))
    assert "holds 3 frames, but no two of them make a bracket" in error(find_brackets([tmp_path]))


def test_a_fixed_size_cuts(tmp_path: Path) -> None:
    shoot(tmp_path / "s", *[(1 / 60, number) for number in range(6)])
    assert names(find_brackets([tmp_path / "s"], size=3)) == [("img1-img3", 3), ("img4-img6", 3)]
    assert names(find_brackets([tmp_path / "s"], size=6)) == [("s", 6)]
    assert "holds 6 frames, which is no multiple of 4" in error(find_brackets([tmp_path / "s"], size=4))
    files = sorted((tmp_path / "s").iterdir())
    assert names(find_brackets(files, size=2)) == [("img1-img2", 2), ("img3-img4", 2), ("img5-img6", 2)]


def test_a_sidecar_makes_a_folder_one_bracket(tmp_path: Path) -> None:
    shoot(tmp_path / "s", (1 / 60, 0), (1 / 60, 100), (1 / 60, 200))
    (tmp_path / "s" / "exposure.txt").write_text("0\n2\n4\n")
    assert names(find_brackets([tmp_path / "s"])) == [("s", 3)]


def test_folder_of_folders(tmp_path: Path) -> None:
    for name in ("b10", "b9"):
        for number in range(2):
            frame(tmp_path / name / f"{number}.jpg")
    frame(tmp_path / "b9" / "deeper" / "x.jpg")
    frame(tmp_path / "lone.jpg")
    (tmp_path / "texts").mkdir()
    (tmp_path / ".hidden").mkdir()
    frame(tmp_path / ".hidden" / "x.jpg")
    found = find_brackets([tmp_path])
    assert names(found) == [("b9", 2), ("b10", 2)]
    assert set(found.left) == {tmp_path / "b9" / "deeper", tmp_path / "lone.jpg"}
    assert len(found.notes) == 2


def test_frames_beside_folders_are_their_own_bracket(tmp_path: Path) -> None:
    root = tmp_path / "root"
    for path in (root / "x1.jpg", root / "x2.jpg", root / "sub" / "y1.jpg", root / "sub" / "y2.jpg"):
        frame(path)
    assert names(find_brackets([root])) == [("root", 2), ("sub", 2)]


def test_files_are_one_bracket_in_the_order_given(tmp_path: Path) -> None:
    files = [frame(tmp_path / "b" / "x.jpg", 1, 0), frame(tmp_path / "a" / "y.jpg", 1, 900)]
    bracket = only(find_brackets(files))
    assert (bracket.name, bracket.folder, bracket.error) == ("x-y", None, None)
    assert [header.path for header in bracket.headers] == files
    found = find_brackets([*files, files[0], tmp_path / "b" / ".." / "a" / "y.jpg"])
    assert names(found) == [("x-y", 2)]
    assert "twice" in found.notes[0]


def test_files_that_look_like_several_brackets_are_said_to(tmp_path: Path) -> None:
    shoot(tmp_path, *[(4.0 ** (n % 3 - 4), n + 60 * (n // 3)) for n in range(6)])
    found = find_brackets(sorted(tmp_path.iterdir()))
    assert names(found) == [("img1-img6", 6)]
    assert found.notes == ("The 6 files given by name are taken as one bracket; their folder would be read as 2.",)
    assert find_brackets(sorted(tmp_path.iterdir())[:3]).notes == ()


def test_ground_truth_and_hidden_files_are_left(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg", "truth.jpg", "Reference.jpg", "._a.jpg"):
        frame(tmp_path / "s" / name)
    found = find_brackets([tmp_path / "s"])
    assert names(found) == [("s", 2)]
    assert {path.name for path in found.left} == {"truth.jpg", "Reference.jpg", "._a.jpg"}


def test_formats_that_are_not_read_are_said(tmp_path: Path) -> None:
    frame(tmp_path / "s" / "a.jpg")
    frame(tmp_path / "s" / "b.jpg")
    (tmp_path / "s" / "c.HEIC").write_bytes(b"x")
    found = find_brackets([tmp_path / "s"])
    assert found.left == (tmp_path / "s" / "c.HEIC",)
    assert "c.HEIC is of a format that is not read" in found.notes[0]


def test_raw_wins_over_its_jpeg(tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    for number, exposure_time in enumerate(((1, 60), (1, 15))):
        dng(tmp_path / "s" / f"IMG_{number}.dng", np.full((32, 32), 0.5), exposure_time=exposure_time)
        frame(tmp_path / "s" / f"img_{number}.JPG", exposure_time[0] / exposure_time[1], number)
    found = find_brackets([tmp_path / "s"])
    assert [header.is_raw for header in only(found).headers] == [True, True]
    assert [path.suffix for path in found.left] == [".JPG", ".JPG"]
    assert "JPEGs beside RAW" in found.notes[0]
    assert names(find_brackets(sorted((tmp_path / "s").iterdir()))) == [("IMG_0-IMG_1", 2)]


def test_sizes_that_differ(tmp_path: Path) -> None:
    files = [frame(tmp_path / "a.jpg"), frame(tmp_path / "b.jpg", size=(20, 20))]
    expected = f"{files[0]} is 16x12 but {files[1]} is 20x20."
    assert error(find_brackets([tmp_path])) == expected
    assert error(find_brackets(files)) == expected


def test_too_few_frames(tmp_path: Path) -> None:
    path = frame(tmp_path / "s" / "a.jpg")
    assert error(find_brackets([tmp_path / "s"])) == f"{tmp_path / 's'} holds one frame only."
    assert error(find_brackets([path])) == f"{path} is one frame only."
    (tmp_path / "empty").mkdir()
    assert error(find_brackets([tmp_path / "empty"])) == f"{tmp_path / 'empty'} holds no frames that can be read."
    assert "does not exist" in error(find_brackets([tmp_path / "missing"]))
    (tmp_path / "notes.txt").write_text("x")
    assert "of no format that can be read" in error(find_brackets([tmp_path / "notes.txt", path]))


def test_frames_too_deep_are_named_in_the_cure(tmp_path: Path) -> None:
    deep = frame(tmp_path / "a" / "b" / "c.jpg").parent
    found = find_brackets([tmp_path])
    assert str(deep) in only(found).error.hint  # type: ignore[union-attr]
    assert found.left == (deep,)


def test_one_damaged_frame_spoils_its_bracket_alone(tmp_path: Path) -> None:
    shoot(tmp_path, (1 / 60, 0), (1 / 15, 1), (1 / 4, 2), (1 / 60, 30), (1 / 15, 31), (1 / 4, 32))
    (tmp_path / "img5.jpg").write_bytes(b"")
    good, bad = find_brackets([tmp_path]).brackets
    assert (good.name, good.error) == ("img1-img3", None)
    assert (bad.name, len(bad.headers), len(bad.files)) == ("img4-img6", 2, 3)
    assert bad.error is not None
    assert "img5.jpg is empty" in bad.error.message


def test_a_damaged_frame_at_the_border_goes_to_the_shorter(tmp_path: Path) -> None:
    shoot(tmp_path, (1 / 60, 0), (1 / 15, 1), (1 / 4, 2), (1 / 60, 30), (1 / 15, 31), (1 / 4, 32))
    (tmp_path / "img4.jpg").write_bytes(b"")
    good, bad = find_brackets([tmp_path]).brackets
    assert (good.name, good.error, bad.name) == ("img1-img3", None, "img4-img6")
    assert bad.error is not None


def test_some_frames_without_times(tmp_path: Path) -> None:
    shoot(tmp_path / "s", (1 / 60, 0), (1 / 15, 1))
    frame(tmp_path / "s" / "img3.jpg")
    found = find_brackets([tmp_path / "s"])
    assert names(found) == [("s", 3)]
    assert "img3.jpg has no exposure time" in found.notes[0]
    frame(tmp_path / "s" / "img4.jpg", 1 / 60, 50)
    assert "img3.jpg has no exposure time" in error(find_brackets([tmp_path / "s"]))


def test_names_are_unique(tmp_path: Path) -> None:
    for place in ("x/view", "y/View"):
        frame(tmp_path / place / "1.jpg")
        frame(tmp_path / place / "2.jpg")
    first, second = find_brackets([tmp_path / "x" / "view", tmp_path / "y" / "View"]).brackets
    assert first.error is None
    assert second.error is not None
    assert str(tmp_path / "x" / "view") in second.error.message
    assert str(tmp_path / "y" / "View") in second.error.message
    assert "-o" in second.error.hint


def test_excluded_outputs_and_links(tmp_path: Path) -> None:
    frames = [frame(tmp_path / "frames" / f"{number}.jpg") for number in range(2)]
    (tmp_path / "root").mkdir()
    for path in frames:
        (tmp_path / "root" / path.name).symlink_to(path)
    frame(tmp_path / "root" / "fused" / "a.jpg")
    frame(tmp_path / "root" / "fused" / "b.jpg")
    found = find_brackets([tmp_path / "root"], exclude=[tmp_path / "root" / "fused"])
    assert names(found) == [("root", 2)]


def test_options_that_cannot_be_meant(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        find_brackets([tmp_path], size=1)
    with pytest.raises(UsageError):
        find_brackets([tmp_path], gap=-1)
    with pytest.raises(UsageError):
        find_brackets([tmp_path], gap=float("nan"))


def test_a_frame_of_another_size_is_told_not_left_out(tmp_path: Path) -> None:
    """Its exposure belongs to the bracket, so that it is a mistake and no bracket of its own."""
    for number, (width, time) in enumerate([(40, 0.01), (44, 0.04), (40, 0.16)]):
        frame(tmp_path / f"{number}.jpg", time, at=number, size=(width, 30))
    (bracket,) = find_brackets([tmp_path]).brackets
    assert isinstance(bracket.error, ReadError)
    assert "40x30" in bracket.error.message
    assert "44x30" in bracket.error.message
