"""The error of alignment, in pixels, on known warps of real pictures: 0.5 degrees and 20 pixels, 4 stops apart.

`pytest -s` prints the figures.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from hdrcli import aligning, readers
from hdrcli.alignment import _parallax, _registration, auto, homography
from hdrcli.alignment._photometry import picture
from hdrcli.errors import ReadError
from hdrcli.image import Bracket, Exposure
from hdrcli.settings import FuseSettings
from hdrcli.transfer import linear_to_srgb, srgb_to_linear
from tests.alignment.test_alignment import mean_error, motion, moved, photograph, scene

EXAMPLES = Path(__file__).parents[2] / "examples"
PICTURES = {
    "old house": EXAMPLES / "old_house" / "OldHouse2.jpg",
    "vestibule": EXAMPLES / "vestibule" / "vestibule_2.jpg",
}
DEGREES, PIXELS, STOPS = 0.5, 20, 4


def as_scene(name: str, width: int, height: int) -> np.ndarray:
    """The radiance of a photograph, its highlights stretched beyond white, or of blobs, (H, W, 3) float32."""
    if name == "blobs":
        return scene(5, height, width)
    light = srgb_to_linear(readers.read(PICTURES[name], None).pixels)
    light = light / (1.05 - light.max(-1, keepdims=True))
    return cv2.resize(light, (width, height), interpolation=cv2.INTER_CUBIC).clip(0)


@pytest.mark.parametrize(
    ("name", "size"),
    [("old house", (480, 320)), ("vestibule", (480, 320)), ("blobs", (480, 320)), ("old house", (1200, 800))],
)
def test_the_mean_error_is_far_below_a_pixel(name: str, size: tuple[int, int]) -> None:
    radiance = as_scene(name, *size)
    errors = []
    for seed, stops in enumerate((STOPS, -STOPS)):
        angle = np.random.default_rng(seed).uniform(0, 2 * np.pi)
        warp = motion(DEGREES * (-1) ** seed, PIXELS * np.cos(angle), PIXELS * np.sin(angle), *size)
        times = (0.25, 0.25 * 2**stops) if stops > 0 else (2.0, 2.0 * 2**stops)
        frames = photograph(radiance, times[0], seed), photograph(moved(radiance, warp), times[1], seed + 9)
        order = (0, 1) if stops > 0 else (1, 0)
        found = homography.find_warps(Bracket("b", tuple(frames[i] for i in order), order.index(0)))[order.index(1)]
        assert found is not None
        errors.append(mean_error(found, warp, size))
    figures = " and ".join(f"{error:.2f}" for error in errors)
    sys.stdout.write(f"\n{name}, {size[0]}x{size[1]}: mean error {figures} px\n")
    assert max(errors) < 0.3  # of which 1 is promised


@pytest.mark.parametrize("means", ["_from_features", "find_shift", "found"])
def test_each_way_to_start_leads_to_the_warp_where_the_others_fail(means: str, monkeypatch: pytest.MonkeyPatch) -> None:
    size = (600, 400)
    radiance, warp = as_scene("old house", *size), motion(0.3, 40, 20, *size)
    bracket = Bracket("b", (photograph(radiance, 1, 1), photograph(moved(radiance, warp), 4, 2)), 0)
    fails = {
        "_from_features": (homography, lambda frames: None),
        "find_shift": (homography, lambda still, moved: np.eye(3)),
        "found": (_registration.Registration, lambda level, farthest: np.eye(3)),
    }
    for other, (owner, failing) in fails.items():
        if other != means:
            monkeypatch.setattr(owner, other, failing)
    found = homography.find_warps(bracket)[1]
    assert found is not None
    assert mean_error(found, warp, size) < 0.3
    monkeypatch.setattr(fails[means][0], means, fails[means][1])
    lost = homography.find_warps(bracket)[1]
    assert lost is None or mean_error(lost, warp, size) > 10


def test_finds_the_warp_of_a_faint_and_noisy_scene() -> None:
    """Where features are few or of noise, as in haze at dusk."""
    size = (600, 400)
    field = np.random.default_rng(4).normal(size=(size[1], size[0])).astype(np.float32)
    shades = cv2.GaussianBlur(field, (0, 0), 12)
    radiance = (0.18 * 2 ** (0.1 * shades / shades.std()))[..., None].repeat(3, -1).astype(np.float32)
    warp = motion(0.5, 20, -12, *size)
    frames = [coarse(radiance, 0.25, 1), coarse(moved(radiance, warp), 4, 2)]
    found = homography.find_warps(Bracket("b", tuple(frames), 0))[1]
    assert found is not None
    assert mean_error(found, warp, size) < 1


def coarse(radiance: np.ndarray, time: float, seed: int) -> Exposure:
    """A frame of high ISO, as JPEG of quality 85."""
    light = radiance * np.float32(time)
    light = light + np.random.default_rng(seed).normal(size=light.shape) * np.sqrt(light.clip(0, 1) * 1e-3 + 1e-5)
    codes = np.round(linear_to_srgb(light.clip(0, 1).astype(np.float32)) * 255).astype(np.uint8)
    packed = cv2.imencode(".jpg", codes, [cv2.IMWRITE_JPEG_QUALITY, 85])[1]
    return Exposure(cv2.imdecode(packed, cv2.IMREAD_COLOR).astype(np.float32) / 255, "srgb", f"{seed}.jpg")


def test_finds_a_change_of_scale() -> None:
    """Focus breathing, or a step towards the scene."""
    size = (480, 320)
    scale = np.array([[1.01, 0, -2.4], [0, 1.01, -1.6], [0, 0, 1]])
    radiance, warp = as_scene("vestibule", *size), motion(-1, -30, 15, *size) @ scale
    frames = photograph(radiance, 0.25, 1), photograph(moved(radiance, warp), 4, 2)
    found = homography.find_warps(Bracket("b", frames, 0))[1]
    assert found is not None
    assert mean_error(found, warp, size) < 0.3


def test_a_sky_without_clouds_is_in_place() -> None:
    """It shows nothing by which to tell that it is another scene."""
    sky = np.linspace(0.05, 0.12, 400, dtype=np.float32)[:, None, None] * np.array([0.4, 0.7, 1.6], np.float32)
    frames = tuple(coarse(np.broadcast_to(sky, (400, 600, 3)), 4.0**i, i) for i in range(3))
    aligned = homography.align(Bracket("b", frames, 1))
    assert all(a is b for a, b in zip(aligned.exposures, frames, strict=True))


def test_a_large_object_that_moved_is_not_taken_for_the_scene() -> None:
    """At 4 stops more, most of the scene is white, and a dark object of a fifth of the picture is most of the rest."""
    size = (600, 400)
    radiance, object_ = as_scene("old house", *size), 0.3 * scene(7, 180, 270)
    warp = motion(0.3, 10, -6, *size)
    before, after = radiance.copy(), moved(radiance, warp)
    before[110:290, 60:330], after[150:330, 160:430] = object_, object_
    frames = photograph(before, 1, 1), photograph(after, 16, 2)
    found = homography.find_warps(Bracket("b", frames, 0))[1]
    assert found is not None
    assert mean_error(found, warp, size) < 1


def shaken(pixels: float) -> Bracket:
    """A bracket whose frames are displaced by so many pixels, to either side."""
    radiance = as_scene("old house", 300, 200)
    shifts = (-pixels, 0, pixels)
    frames = [photograph(moved(radiance, motion(0, s, s / 2, 300, 200)), 2.0**i, i) for i, s in enumerate(shifts)]
    return Bracket("b", tuple(frames), 1, (1.0, 2.0, 4.0))


def test_frames_in_place_stay_bit_equal() -> None:
    bracket = shaken(0)
    assert all(a is b for a, b in zip(auto.align(bracket).exposures, bracket.exposures, strict=True))


@pytest.mark.parametrize("pixels", [0.15, 0.3, 1.0, 3.0])
def test_a_drift_is_taken_away_to_a_tenth_of_a_pixel(pixels: float) -> None:
    """A touch of the camera on its tripod displaces frames by parts of a pixel."""
    bracket = shaken(pixels)
    warps = homography.find_warps(bracket)
    for index, shift in ((0, -pixels), (2, pixels)):
        warp = warps[index]
        assert warp is not None
        assert mean_error(warp, motion(0, shift, shift / 2, 300, 200), (300, 200)) < 0.1
    assert auto.align(bracket).exposures[0].valid is not None


def test_parallax_is_measured_that_no_homography_takes_away() -> None:
    """The lower part of the scene is nearer: the camera's shift moves it by four pixels, and the upper part by none."""
    radiance = as_scene("old house", 600, 400)
    y, x = np.mgrid[:400, :600].astype(np.float32)
    shift = 4 / (1 + np.exp(-(y - 220) / 40))
    frames = photograph(radiance, 1, 1), photograph(cv2.remap(radiance, x - shift, y, cv2.INTER_CUBIC).clip(0), 4, 2)
    warp = homography.find_warps(Bracket("b", frames, 0, (1.0, 4.0)))[1]
    assert warp is not None
    field = _parallax.offsets(*map(picture, frames), warp)
    assert field is not None
    offsets = cv2.resize(field, (600, 400), interpolation=cv2.INTER_LINEAR)[..., 0]
    by_homography = (warp[0, 0] * x + warp[0, 1] * y + warp[0, 2]) / (warp[2, 0] * x + warp[2, 1] * y + 1) - x
    wrong = [np.abs(found - shift)[50:350, 50:550].mean() for found in (by_homography, by_homography + offsets)]
    assert wrong[0] > 0.25
    assert wrong[1] < 0.15


def test_an_object_that_moved_is_not_bent_and_bends_nothing() -> None:
    size = (600, 400)
    radiance, thing = as_scene("old house", *size), 0.3 * scene(7, 120, 120)
    before, after = radiance.copy(), radiance.copy()
    before[150:270, 250:370], after[150:270, 256:376] = thing, thing
    frames = photograph(before, 1, 1), photograph(after, 4, 2)
    (_, aligned) = auto.align(Bracket("b", frames, 0, (1.0, 4.0))).exposures
    assert np.abs(aligned.pixels - frames[1].pixels)[:, :200].mean() < 0.002
    assert np.abs(aligned.pixels - frames[1].pixels)[150:270, 256:376].mean() < 0.02


def test_frames_that_share_outlines_alone_are_aligned() -> None:
    """At 7 stops apart, what the one shows is white in the other, which shows what is black in the one."""
    size = (600, 400)
    picture = as_scene("old house", *size)
    light = np.where(picture.mean(-1, keepdims=True) > np.median(picture), 0.5, 0.5 / 256).astype(np.float32)
    light = cv2.GaussianBlur(light, (0, 0), 0.7)[..., None] * (0.8 + 0.4 * as_scene("blobs", *size).clip(0, 1))
    warp = motion(0.3, 7, -4, *size)
    frames = photograph(light, 1, 1), photograph(moved(light, warp), 128, 2)
    found = homography.find_warps(Bracket("b", frames, 0))[1]
    assert found is not None
    assert mean_error(found, warp, size) < 1


def something_else(seed: int, name: str) -> Exposure:
    """A frame of another scene."""
    field = np.random.default_rng(seed).normal(size=(200, 300, 3)).astype(np.float32)
    pixels = photograph(0.15 * 2 ** (4 * cv2.GaussianBlur(field, (0, 0), 1.5)), 1, 1).pixels
    return Exposure(pixels, "srgb", name)


def test_a_frame_of_something_else_is_dropped(caplog: pytest.LogCaptureFixture) -> None:
    bracket = shaken(3.0)
    frames = (*bracket.exposures[:2], something_else(1, "stray.jpg"))
    with caplog.at_level(logging.WARNING, "hdrcli"):
        left, kept = aligning.align(bracket.with_exposures(frames), "debevec", FuseSettings(model="debevec"))
    assert [one.name for one in left.exposures] == ["0.jpg", "1.jpg"]
    assert kept == (0, 1)
    assert left.relative_exposures == (1.0, 2.0)
    assert "stray.jpg could not be aligned" in caplog.text


@pytest.mark.parametrize(("model", "strays"), [("dfgnet", 1), ("auto", 2)])
def test_too_few_frames_left_is_an_error_that_names_the_others(model: str, strays: int) -> None:
    bracket = shaken(3.0)
    others = [something_else(seed, f"stray{seed}.jpg") for seed in (1, 2)]
    frames = [others[0], bracket.exposures[1], others[1] if strays == 2 else bracket.exposures[2]]
    with pytest.raises(ReadError) as caught:
        aligning.align(bracket.with_exposures(frames), "dfgnet", FuseSettings(model=model))
    assert "stray1.jpg" in caught.value.message
    assert ("stray2.jpg" in caught.value.message) == (strays == 2)
    assert "--align off" in caught.value.hint


def turned(degrees: tuple[float, float], focal: float, width: int, height: int) -> np.ndarray:
    """The homography of a camera turned up and to the side, with a lens of so many pixels of focal length."""
    camera = np.array([[focal, 0, (width - 1) / 2], [0, focal, (height - 1) / 2], [0, 0, 1]])
    turn = cv2.Rodrigues(np.radians([*degrees, 0.0]))[0]
    return camera @ turn @ np.linalg.inv(camera)


@pytest.mark.parametrize("degrees", [(1.5, 0.3), (0.4, -1.2)])
def test_finds_a_turn_of_a_very_wide_lens(degrees: tuple[float, float]) -> None:
    """A field of view of 100 degrees skews the corners as much as a photographer's lens ever does."""
    size = (480, 320)
    radiance, warp = as_scene("old house", *size), turned(degrees, 200, *size)
    frames = photograph(radiance, 1, 1), photograph(moved(radiance, warp), 4, 2)
    found = homography.find_warps(Bracket("b", frames, 0))[1]
    assert found is not None
    assert mean_error(found, warp, size) < 0.3


def test_a_small_shear_is_taken_away() -> None:
    """Scans of film are sheared by some pixels without being displaced, as those of the memorial church are."""
    size = (480, 320)
    radiance, shear = as_scene("old house", *size), np.array([[1, 0.006, -1], [0.012, 1, -2.8], [0, 0, 1]])
    frames = photograph(radiance, 1, 1), photograph(moved(radiance, shear), 4, 2)
    found = homography.find_warps(Bracket("b", frames, 0))[1]
    assert found is not None
    assert mean_error(found, shear, size) < 0.3
