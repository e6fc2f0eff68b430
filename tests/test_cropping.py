"""The largest common rectangle, against a search of all rectangles; --crop from files to files."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import OpenEXR
import pytest

import hdrcli
from hdrcli.cropping import Rectangle, common_rectangle, cropped, largest_rectangle
from hdrcli.errors import HdrcliError, UsageError
from hdrcli.image import Bracket, Exposure
from tests.alignment.test_alignment import motion, scene
from tests.scenes import photograph

TIMES = (0.25, 1.0, 4.0)


def tilted(seed: int, height: int, width: int) -> np.ndarray:
    """What two frames, turned and shifted at random, have in common: (H, W) bool."""
    rng = np.random.default_rng(seed)
    mask = np.ones((height, width), bool)
    for _ in range(2):
        warp = motion(float(rng.normal(0, 12)), *rng.normal(0, 3, 2), width, height)
        seen = cv2.warpPerspective(np.full((height, width), 255, np.uint8), warp, (width, height))
        mask &= seen == 255
    return mask


def most_by_search(mask: np.ndarray) -> int:
    """The pixels of the largest all-true rectangle, from sums over every rectangle there is."""
    sums = np.pad(mask.astype(int).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    most = 0
    for top in range(mask.shape[0]):
        for bottom in range(top + 1, mask.shape[0] + 1):
            column = sums[bottom] - sums[top]
            inside = column[None, :] - column[:, None]
            across = np.arange(len(column))[None, :] - np.arange(len(column))[:, None]
            full = (inside == across * (bottom - top)) & (across > 0)
            most = max(most, int((across * (bottom - top))[full].max(initial=0)))
    return most


@pytest.mark.parametrize("seed", range(8))
def test_the_rectangle_is_the_largest_there_is(seed: int) -> None:
    mask = tilted(seed, 31, 44)
    found = largest_rectangle(mask)
    assert mask[found.slices].all()
    assert found.width * found.height == most_by_search(mask)


def test_masks_are_cut_with_the_pixels_which_are_not_copied() -> None:
    pixels = np.random.default_rng(1).random((20, 30, 3), np.float32)
    mask = pixels[..., 0] > 0.5
    frame = Exposure(pixels, "linear", "a", valid=mask, clipped=~mask * np.uint8(7))
    (cut,) = cropped(Bracket("b", (frame,), 0), Rectangle(4, 3, 11, 9)).exposures
    np.testing.assert_array_equal(cut.pixels, pixels[3:12, 4:15])
    assert np.shares_memory(cut.stored, pixels)
    assert cut.valid is not None
    assert cut.saturated is not None
    np.testing.assert_array_equal(cut.valid, mask[3:12, 4:15])
    np.testing.assert_array_equal(cut.saturated, ~mask[3:12, 4:15])


def test_a_bounding_box_would_not_do() -> None:
    y, x = np.mgrid[:101, :101]
    diamond = abs(x - 50) + abs(y - 50) <= 50
    found = largest_rectangle(diamond)
    assert diamond[found.slices].all()
    assert found.width * found.height == pytest.approx(51 * 51, rel=0.01)  # the inscribed square, half of the diamond


def test_no_pixel_in_common_is_an_error() -> None:
    valid = np.zeros((20, 30), bool)
    frames = (Exposure(np.ones((20, 30, 3), np.float32), "srgb", "a", valid=valid),) * 2
    with pytest.raises(HdrcliError) as caught:
        common_rectangle(Bracket("hall", frames, 0))
    assert caught.value.hint == "Pass --crop fill."


def test_frames_are_cut_together() -> None:
    valid = np.ones((20, 30), bool)
    valid[:, :3] = False
    pixels = np.random.default_rng(1).random((20, 30, 3)).astype(np.float32)
    frames = (Exposure(pixels, "srgb", "a"), Exposure(pixels, "srgb", "b", valid=valid))
    bracket = Bracket("hall", frames, 0)
    rectangle = common_rectangle(bracket)
    assert rectangle == Rectangle(left=3, top=0, width=27, height=20)
    both = cropped(bracket, rectangle).exposures
    np.testing.assert_array_equal(both[0].pixels, pixels[:, 3:])
    assert both[0].valid is None
    assert both[1].valid is not None
    assert both[1].valid.all()


def write_hand_held(folder: Path, height: int = 160, width: int = 240) -> np.ndarray:
    """A bracket whose first frame was taken further right and whose last one was turned; its scene."""
    radiance = scene(3, height, width)
    warps = (motion(0, 9, 0, width, height), np.eye(3), motion(0.6, 3, -6, width, height))
    folder.mkdir(parents=True)
    for number, (time, warp) in enumerate(zip(TIMES, warps, strict=True), 1):
        light = cv2.warpPerspective(radiance, warp, (width, height), flags=cv2.INTER_LINEAR)
        cv2.imwrite(str(folder / f"{number}.png"), np.ascontiguousarray(photograph(light, time, 65535)[..., ::-1]))
    return radiance


@pytest.mark.parametrize("model", ["debevec", "mertens"])
def test_common_crops_every_result_and_says_so(tmp_path: Path, model: str) -> None:
    radiance = write_hand_held(tmp_path / "hall")
    options = {"model": model, "times": TIMES, "formats": ("png", "exr")}
    (filled,) = hdrcli.fuse(tmp_path / "hall", output=tmp_path / "fill", **options).brackets
    (result,) = hdrcli.fuse(tmp_path / "hall", output=tmp_path / "common", crop="common", **options).brackets
    with OpenEXR.File(str(tmp_path / "common" / "hall.exr")) as file:
        header, light = dict(file.header()), np.array(file.channels()["RGB"].pixels, np.float32)
    height, width = light.shape[:2]
    left, top = (int(part) for part in header["hdrcli:crop"].split("+")[1:])
    assert header["hdrcli:crop"] == f"{width}x{height}+{left}+{top}"
    assert f"cropped to {header['hdrcli:crop']}, which all frames show" in result.notes
    assert not any("cropped" in note for note in filled.notes)
    assert cv2.imread(str(tmp_path / "common" / "hall.png")).shape == (height, width, 3)
    assert cv2.imread(str(tmp_path / "fill" / "hall.png")).shape == radiance.shape
    # One frame lacks 9 columns; the other, lowered by 6 rows, two more for being turned by 0.6 degrees.
    assert (width, height) == pytest.approx((240 - 9, 160 - 6 - 2), abs=1)
    if model == "debevec":
        wanted = radiance[top : top + height, left : left + width]
        assert np.median(np.abs(light / wanted - 1)) < 0.03


def test_a_tripod_bracket_is_not_cropped(tmp_path: Path) -> None:
    radiance = scene(3)
    (tmp_path / "hall").mkdir()
    for number, time in enumerate(TIMES, 1):
        cv2.imwrite(str(tmp_path / "hall" / f"{number}.png"), photograph(radiance, time, 65535)[..., ::-1].copy())
    options = {"model": "debevec", "times": TIMES, "formats": ("exr",)}
    hdrcli.fuse(tmp_path / "hall", output=tmp_path / "common", crop="common", **options)
    hdrcli.fuse(tmp_path / "hall", output=tmp_path / "off", align="off", **options)
    assert (tmp_path / "common" / "hall.exr").read_bytes() == (tmp_path / "off" / "hall.exr").read_bytes()


def test_crop_has_two_ways(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match='--crop has no "tight"'):
        hdrcli.fuse(tmp_path, crop="tight", dry_run=True)
