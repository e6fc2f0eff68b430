"""Alignment against known warps: exposure-robust, no drag by moving objects, frames in place left bit-equal."""

from __future__ import annotations

import logging
from dataclasses import replace

import cv2
import numpy as np
import pytest

from hdrcli import plugins, strips
from hdrcli.alignment import homography
from hdrcli.alignment._photometry import pair, picture
from hdrcli.alignment._warp import bring_onto
from hdrcli.image import Bracket, Exposure
from hdrcli.transfer import linear_to_srgb, srgb_to_linear

HEIGHT, WIDTH = 200, 300


def scene(seed: int = 0, height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """Radiance of soft blobs and edges over 8 stops, (H, W, 3) float32."""
    rng = np.random.default_rng(seed)
    stops = np.zeros((height, width), np.float32)
    for sigma, stops_each in ((2, 1.0), (6, 1.0), (20, 1.5)):
        field = cv2.GaussianBlur(rng.normal(size=(height, width)).astype(np.float32), (0, 0), sigma)
        stops += stops_each * field / field.std()
    stops += 2 * (cv2.GaussianBlur(rng.random((height, width)).astype(np.float32), (0, 0), 9) > 0.5)
    return (0.15 * 2**stops)[..., None] * np.array([1.0, 0.9, 0.7], np.float32)


def photograph(radiance: np.ndarray, time: float, seed: int, encoding: str = "srgb") -> Exposure:
    """A noisy 8-bit exposure."""
    light = radiance * time
    light = light + np.random.default_rng(seed).normal(size=light.shape) * np.sqrt(light * 2e-4 + 1e-6)
    codes = np.round(linear_to_srgb(np.clip(light, 0, 1).astype(np.float32)) * 255).astype(np.float32) / 255
    return Exposure(codes if encoding == "srgb" else srgb_to_linear(codes), encoding, f"{seed}.jpg")  # type: ignore[arg-type]


def motion(degrees: float, x: float, y: float, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """The homography from pixels of the reference to those of a camera turned and shifted."""
    turn = np.vstack([cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1), [0, 0, 1]])
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1]]) @ turn


def moved(radiance: np.ndarray, warp: np.ndarray) -> np.ndarray:
    size = radiance.shape[1::-1]
    return cv2.warpPerspective(radiance, warp, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)


def mean_error(found: np.ndarray, wanted: np.ndarray, size: tuple[int, int] = (WIDTH, HEIGHT)) -> float:
    """Mean distance in pixels between where two homographies send the frame."""
    x, y = np.meshgrid(np.arange(0, size[0], 10), np.arange(0, size[1], 10))
    grid = np.stack([x.ravel(), y.ravel(), np.ones(x.size)])
    a, b = found @ grid, wanted @ grid
    return float(np.hypot(*(a[:2] / a[2] - b[:2] / b[2])).mean())


@pytest.mark.parametrize("stops", [-4, -2, 2, 4])
@pytest.mark.parametrize(("degrees", "x", "y"), [(0.5, 20, -12), (0.1, 1.5, 0.7)])
def test_finds_a_known_warp_stops_apart(stops: int, degrees: float, x: float, y: float) -> None:
    radiance, warp = scene(), motion(degrees, x, y)
    pictures = [picture(photograph(radiance, 1, 1)), picture(photograph(moved(radiance, warp), 2.0**stops, 2))]
    found, correlation = homography._displacement(pair(*pictures))
    assert mean_error(found, warp) < 0.3
    assert correlation > 0.5


def test_finds_a_warp_between_frames_larger_than_the_working_size() -> None:
    warp = motion(0.3, 18, -9, 1500, 1000)
    radiance = scene(3, 1000, 1500)
    pictures = [picture(photograph(radiance, 1, 1)), picture(photograph(moved(radiance, warp), 4, 2))]
    found, _ = homography._displacement(pair(*pictures))
    assert pictures[0].scale < 1
    assert mean_error(pictures[1].full_size(found), warp, (1500, 1000)) < 0.5


def test_moving_objects_do_not_drag_the_warp() -> None:
    warp = motion(0.2, 4, -3)
    other = scene(7) * 2
    before, after = scene(), moved(scene(), warp)
    before[60:130, 40:120] = other[60:130, 40:120]
    after[70:140, 55:135] = other[60:130, 40:120]
    pictures = [picture(photograph(before, 1, 1)), picture(photograph(after, 4, 2))]
    found, _ = homography._displacement(pair(*pictures))
    assert mean_error(found, warp) < 0.5


def tripod(**given: str) -> Bracket:
    frames = tuple(photograph(scene(), time, i, **given) for i, time in enumerate((0.25, 1.0, 4.0)))
    return Bracket("b", frames, 1, (1.0, 4.0, 16.0))


@pytest.mark.parametrize("encoding", ["srgb", "linear"])
def test_frames_in_place_stay_the_very_same(encoding: str) -> None:
    bracket = tripod(encoding=encoding)
    aligned = homography.align(bracket)
    assert all(a is b for a, b in zip(aligned.exposures, bracket.exposures, strict=True))


def test_moving_objects_leave_a_tripod_bracket_in_place() -> None:
    bracket = tripod()
    after = scene()
    after[60:120, 60:140] = scene(7)[60:120, 60:140] * 2
    frames = (bracket.exposures[0], bracket.exposures[1], photograph(after, 4, 2))
    assert homography.align(bracket.with_exposures(frames)).exposures[2] is frames[2]


@pytest.mark.parametrize("encoding", ["srgb", "linear"])
def test_warps_frames_onto_the_reference(encoding: str) -> None:
    radiance, times = scene(), (0.25, 1.0, 4.0)
    warps = (motion(0.3, 6, -4), np.eye(3), motion(-0.2, -5, 3))
    frames = [photograph(moved(radiance, w), t, i, encoding) for i, (w, t) in enumerate(zip(warps, times, strict=True))]
    aligned = homography.align(Bracket("b", tuple(frames), 1, (1.0, 4.0, 16.0)))
    assert aligned.exposures[1] is frames[1]
    for index in (0, 2):
        frame, wanted = aligned.exposures[index], photograph(radiance, times[index], 9, encoding)
        assert frame.encoding == encoding
        assert frame.valid is not None
        assert 0.8 < frame.valid.mean() < 1
        assert np.abs(frame.pixels - wanted.pixels)[frame.valid].mean() < 0.02
        assert np.abs(frame.pixels - frames[index].pixels).mean() > 0.02
        # The filling is the reference's light at this frame's exposure, as far as the reference is not saturated.
        known = ~frame.valid & (frames[1].pixels.max(-1) < 0.9)
        assert np.abs(frame.pixels - wanted.pixels)[known].mean() < 0.05


def test_takes_a_bracket_without_exposure_times() -> None:
    radiance = scene()
    frames = (photograph(radiance, 1, 1), photograph(moved(radiance, motion(0.3, 6, -4)), 4, 2))
    frame = homography.align(Bracket("b", frames, 0)).exposures[1]
    assert frame.valid is not None
    assert np.abs(frame.pixels - photograph(radiance, 4, 3).pixels)[~frame.valid].mean() < 0.08


def test_leaves_out_a_frame_of_something_else_and_names_it(caplog: pytest.LogCaptureFixture) -> None:
    here, there = (np.random.default_rng(s).normal(size=(HEIGHT, WIDTH, 3)).astype(np.float32) for s in (1, 2))
    frames = [photograph(0.15 * 2 ** (4 * cv2.GaussianBlur(field, (0, 0), 1.5)), 1, 1) for field in (here, there)]
    other = Exposure(frames[1].pixels, "srgb", "other.jpg")
    bracket = Bracket("b", (frames[0], other), 0, (1.0, 4.0))
    with caplog.at_level(logging.WARNING, "hdrcli"):
        left_out = homography.align(bracket).exposures[1]
    assert left_out.valid is not None
    assert not left_out.valid.any()
    assert "other.jpg" in caplog.text


def test_chains_through_the_neighbour_when_the_reference_is_too_far_in_exposure() -> None:
    radiance, warp = scene() / 4, motion(0.3, 6, -4)
    times = (2.0**-4, 1.0, 2.0**5, 2.0**9)
    warps = (np.eye(3), np.eye(3), warp, warp)
    frames = [photograph(moved(radiance, w), t, i) for i, (w, t) in enumerate(zip(warps, times, strict=True))]
    aligned = homography.align(Bracket("b", tuple(frames), 1, times))
    assert aligned.exposures[0] is frames[0]
    assert aligned.exposures[2].valid is not None
    assert aligned.exposures[3].valid is not None
    assert aligned.exposures[2].valid.any()


def test_resampling_does_not_ring_around_lamps() -> None:
    lamp = np.full((40, 60, 3), 0.05, np.float32)
    lamp[15:25, 20:40] = 1
    frames = (Exposure(lamp, "linear", "a"), Exposure(lamp, "linear", "b"))
    shift = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    frame = bring_onto(Bracket("b", frames, 0, (1.0, 1.0)), 1, shift)
    assert frame.pixels.min() > 0.0499
    assert frame.pixels.max() <= 1


def test_mtb_undoes_a_whole_pixel_shift_exactly() -> None:
    radiance = scene()
    frames = (photograph(radiance, 1, 1), photograph(np.roll(radiance, (-3, 5), (0, 1)), 2, 2))
    aligned = plugins.load("alignment", "mtb").ALIGNER.align(Bracket("b", frames, 0, (1.0, 2.0))).exposures[1]
    assert aligned.valid is not None
    expected = np.roll(frames[1].pixels, (3, -5), (0, 1))
    assert np.abs(aligned.pixels - expected)[10:-10, 10:-10].max() < 1e-6


@pytest.mark.parametrize("name", plugins.names("alignment"))
@pytest.mark.parametrize("size", [(37, 53), (5, 7)])
def test_every_aligner_keeps_size_type_and_reference(name: str, size: tuple[int, int]) -> None:
    aligner = plugins.load("alignment", name).ALIGNER
    bracket = Bracket("b", tuple(photograph(scene(2, *size), t, i) for i, t in enumerate((0.5, 1, 4))), 1, (1, 2, 8))
    aligned = aligner.align(bracket)
    assert aligner.summary
    assert aligned.exposures[1] is bracket.exposures[1]
    for exposure in aligned.exposures:
        assert exposure.pixels.shape == (*size, 3)
        assert exposure.pixels.dtype == np.float32
        assert np.isfinite(exposure.pixels).all()
        assert exposure.pixels.min() >= 0
        assert exposure.pixels.max() <= 1


@pytest.mark.parametrize("name", plugins.names("alignment"))
@pytest.mark.parametrize("value", [0.0, 1.0, 0.5])
def test_featureless_frames_are_in_place(name: str, value: float) -> None:
    flat = [Exposure(np.full((60, 80, 3), v, np.float32), "srgb", "f") for v in (value / 2, value)]
    aligned = plugins.load("alignment", name).ALIGNER.align(Bracket("b", tuple(flat), 0))
    assert aligned.exposures[1].valid is None


def test_the_mask_of_saturation_goes_with_its_frame() -> None:
    radiance, warp = scene(), motion(0.3, 6, -4)
    saturated = np.zeros((HEIGHT, WIDTH), bool)
    saturated[60:80, 90:120] = True
    still, frame = photograph(radiance, 1, 1, "linear"), photograph(radiance, 4, 2, "linear")
    over = frame.pixels * 3 - 0.05  # light above white and below black stays so
    there = replace(frame, stored=over, clipped=saturated * np.uint8(7))
    brought = bring_onto(Bracket("b", (still, there), 0, (1.0, 4.0)), 1, warp)
    wanted = cv2.warpPerspective(saturated.astype(np.uint8), warp, (WIDTH, HEIGHT), flags=cv2.WARP_INVERSE_MAP) > 0
    assert brought.saturated is not None
    assert brought.saturated[wanted].all()
    assert brought.saturated.sum() < 1.5 * wanted.sum()
    assert brought.pixels.max() > 2.5
    assert brought.pixels.min() < 0


@pytest.mark.parametrize("degrees", [0.4, -3.0, 40.0])
@pytest.mark.parametrize("codes", [True, False])
def test_strips_are_warped_as_the_whole(monkeypatch: pytest.MonkeyPatch, degrees: float, codes: bool) -> None:
    frame = photograph(scene(), 1, 1)
    if codes:
        frame = replace(frame, stored=np.round(frame.pixels * 255).astype(np.uint8), table=None)
    frame = replace(frame, clipped=(frame.pixels.max(-1) > 0.8) * np.uint8(7))
    bracket, warp = Bracket("b", (frame, frame), 0, (1.0, 2.0)), motion(degrees, 20.3, -8.6)
    monkeypatch.setattr(strips, "STRIP_PIXELS", 1 << 30)
    whole = bring_onto(bracket, 1, warp)
    monkeypatch.setattr(strips, "STRIP_PIXELS", 16 * WIDTH)
    parts = bring_onto(bracket, 1, warp)
    for mask in ("valid", "saturated"):
        np.testing.assert_array_equal(getattr(parts, mask), getattr(whole, mask))
    difference = np.abs(parts.pixels - whole.pixels)
    # OpenCV looks kernels up at every 32nd of a pixel; the last bit of a place may fall on either side of a step
    assert (difference > 1e-6).mean() < 1e-3
    assert difference.max() < 0.05


def test_raw_codes_beyond_black_and_white_are_kept() -> None:
    table = np.linspace(-0.1, 3, 1 << 16, dtype=np.float32)
    codes = np.random.default_rng(1).integers(0, 1 << 16, (HEIGHT, WIDTH, 3)).astype(np.uint16)
    still = photograph(scene(), 1, 1, "linear")
    frame = Exposure(codes, "linear", "f", bits=16, table=table)
    shift = np.array([[1, 0, 7], [0, 1, -5], [0, 0, 1]], float)
    brought = bring_onto(Bracket("b", (still, frame), 0, (1.0, 1.0)), 1, shift)
    assert brought.stored.dtype == np.uint16
    seen = brought.pixels[5:, : WIDTH - 7]
    np.testing.assert_allclose(seen, frame.pixels[: HEIGHT - 5, 7:], atol=1e-4)
    assert seen.max() > 2.9
    assert seen.min() < -0.09


def test_a_raw_frame_says_nothing_where_it_is_noise() -> None:
    shot, read = 4e-4, 1e-5
    frame = Exposure(np.zeros((8, 8, 3), np.float32), "linear", "f", noise=(shot, read))
    level = srgb_to_linear(np.float32(picture(frame).darkest / 255))
    assert level / np.sqrt(shot * level + read) == pytest.approx(3, rel=1e-3)
    assert picture(replace(frame, noise=None)).darkest == 5
