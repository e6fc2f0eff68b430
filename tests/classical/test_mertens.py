"""Exposure fusion against OpenCV's, and its behaviour at masks and edges."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from hdrcli.classical import mertens
from hdrcli.image import Bracket, DisplayImage, Exposure
from hdrcli.transfer import linear_to_srgb


def frames(count: int, height: int = 90, width: int = 131) -> list[np.ndarray]:
    """8-bit frames of coloured texture under a strong gradient, (H, W, 3) uint8 RGB."""
    rng = np.random.default_rng(1)
    texture = cv2.GaussianBlur(rng.random((height, width, 3)).astype(np.float32), (0, 0), 2)
    light = 2 ** np.linspace(-5, 3, width, dtype=np.float32)[:, None] * (0.2 + texture)
    return [np.round(linear_to_srgb(np.clip(light * 4.0**i, 0, 1)) * 255).astype(np.uint8) for i in range(count)]


def bracket_of(pictures: list[np.ndarray], **given: object) -> Bracket:
    return Bracket("b", tuple(Exposure(p.astype(np.float32) / 255, "srgb", "f", **given) for p in pictures), 0)


@pytest.mark.parametrize("count", [2, 3, 7])
def test_equals_opencv(count: int) -> None:
    pictures = frames(count)
    ours = mertens.fuse(bracket_of(pictures))
    theirs = cv2.createMergeMertens(1, 1, 1).process([p[..., ::-1] for p in pictures])[..., ::-1]
    assert isinstance(ours, DisplayImage)
    assert np.abs(ours.pixels - np.clip(theirs, 0, 1)).mean() < 1 / 255


def test_equals_opencv_closely_on_grey_where_channel_order_cannot_matter() -> None:
    pictures = [np.repeat(p[..., 1:2], 3, -1) + np.arange(3, dtype=np.uint8) // 2 for p in frames(3)]
    pictures = [np.ascontiguousarray(np.clip(p, 0, 255)) for p in pictures]
    ours = mertens.fuse(bracket_of(pictures)).pixels
    theirs = cv2.createMergeMertens(1, 1, 1).process(pictures)
    assert np.abs(ours - np.clip(theirs, 0, 1)).mean() < 0.2 / 255


def test_equal_frames_give_the_frame() -> None:
    picture = frames(1)[0]
    fused = mertens.fuse(bracket_of([picture] * 3)).pixels
    assert np.abs(fused - picture / 255).max() < 1e-4


def test_encodes_linear_exposures() -> None:
    linear = np.clip(frames(1)[0].astype(np.float32) / 255, 0, 1)
    fused = mertens.fuse(Bracket("b", (Exposure(linear, "linear", "a"), Exposure(linear, "linear", "b")), 0)).pixels
    assert np.abs(fused - linear_to_srgb(linear)).max() < 1e-4


def test_black_and_white_frames_stay_in_range() -> None:
    black, white = np.zeros((37, 53, 3), np.uint8), np.full((37, 53, 3), 255, np.uint8)
    fused = mertens.fuse(bracket_of([black, white])).pixels
    assert np.isfinite(fused).all()
    assert fused.min() >= 0
    assert fused.max() <= 1


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (37, 53)])
def test_takes_any_size(size: tuple[int, int]) -> None:
    pictures = [np.full((*size, 3), v, np.uint8) for v in (40, 120)]
    assert mertens.fuse(bracket_of(pictures)).pixels.shape == (*size, 3)


def test_a_frame_that_is_nowhere_valid_counts_for_nothing() -> None:
    dark, middle, bright = frames(3)
    kept = bracket_of([dark, bright])
    out = Exposure(middle.astype(np.float32) / 255, "srgb", "out", valid=np.zeros(middle.shape[:2], bool))
    fused = mertens.fuse(Bracket("b", (kept.exposures[0], out, kept.exposures[1]), 0)).pixels
    assert np.abs(fused - mertens.fuse(kept).pixels).max() < 1e-3


def test_invalid_pixels_do_not_show() -> None:
    picture = frames(1)[0]
    valid = np.ones(picture.shape[:2], bool)
    valid[:, :20] = False
    spoilt = picture.astype(np.float32) / 255
    edge = Exposure(spoilt, "srgb", "edge", valid=valid)
    fused = mertens.fuse(Bracket("b", (bracket_of([picture]).exposures[0], edge), 0)).pixels
    assert np.abs(fused - picture / 255).max() < 1e-4
