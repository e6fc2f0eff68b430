"""The merge against closed forms and against brackets made from known radiance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hdrcli import merging, strips
from hdrcli.errors import ExposureError
from hdrcli.image import Bracket, Exposure, Sensor
from hdrcli.noise import PHOTON_VARIANCE
from hdrcli.transfer import linear_to_srgb, srgb_to_linear

WHITE_TO_BLACK = np.geomspace(1.0, 1e-3, 37 * 53 * 3, dtype=np.float32).reshape(37, 53, 3)


def linear_bracket(
    radiance: np.ndarray, times: tuple[float, ...], reference: int = 1, noise: float = 0.0, bits: int = 8
) -> Bracket:
    """Frames of (H, W, 3) radiance (1 = white of the first frame), with noise and 8-bit sRGB rounding."""
    rng = np.random.default_rng(5)
    frames = []
    for i, time in enumerate(times):
        light = radiance * time / times[0]
        light = light + noise * rng.normal(size=light.shape) * np.sqrt(np.maximum(light, 0))
        pixels = np.clip(light, 0, 1).astype(np.float32)
        if bits == 8:
            pixels = srgb_to_linear(np.round(linear_to_srgb(pixels) * 255).astype(np.float32) / 255)
        frames.append(Exposure(pixels, "linear", f"{i}", bits=bits))
    return Bracket("b", tuple(frames), reference, times)


@pytest.mark.parametrize("reference", [0, 1, 2])
def test_returns_the_radiance_in_units_of_the_reference(reference: int) -> None:
    times = (1.0, 4.0, 16.0)
    merged, precision = merging.merge(linear_bracket(WHITE_TO_BLACK, times, reference))
    stops = np.log2(merged / (WHITE_TO_BLACK * times[reference]))
    assert merged.dtype == precision.dtype == np.float32
    assert merged.shape == (37, 53, 3)
    assert precision.shape == (37, 53, 3)
    assert np.sqrt(np.mean(stops**2)) < 0.02


def test_is_the_sum_of_light_over_the_sum_of_time_when_only_photons_are_noisy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hdrcli.noise.READ_NOISE", 0.0)
    rng = np.random.default_rng(0)
    times = (1.0, 3.0, 10.0)
    frames = [(0.05 * t * rng.uniform(0.9, 1.1, (9, 7, 3))).astype(np.float32) for t in times]
    merged, precision = merging.merge(
        Bracket("b", tuple(Exposure(f, "linear", "f", bits=32) for f in frames), 0, times)
    )
    expected = sum(frames) / sum(times)
    assert np.allclose(merged, expected, rtol=1e-4)  # weights are tabulated
    assert np.allclose(precision, sum(times) / (PHOTON_VARIANCE * expected), rtol=0.02)


def test_has_less_noise_than_any_frame_and_says_how_much() -> None:
    radiance = np.full((60, 60, 3), 0.02, np.float32)
    bracket = linear_bracket(radiance, (1.0, 4.0, 16.0), 0, noise=PHOTON_VARIANCE**0.5, bits=16)
    merged, precision = merging.merge(bracket)
    single = [np.std(frame.pixels / t) for frame, t in zip(bracket.exposures, (1, 4, 16), strict=True)]
    assert merged.std() < min(single)
    assert merged.std() == pytest.approx(precision.mean() ** -0.5, rel=0.3)


def test_pixels_saturated_in_all_frames_take_the_darkest() -> None:
    frames = tuple(Exposure(np.full((3, 4, 3), v, np.float32), "linear", "f") for v in (0.97, 0.99, 1.0))
    merged, _ = merging.merge(Bracket("b", frames, 2, (1.0, 4.0, 16.0)))
    assert np.allclose(merged, 0.97 * 16)


def test_pixels_saturated_in_all_valid_frames_take_the_darkest_valid() -> None:
    valid = np.zeros((3, 4), bool)
    frames = [Exposure(np.full((3, 4, 3), v, np.float32), "linear", "f") for v in (0.2, 0.98, 1.0)]
    frames[0] = Exposure(frames[0].pixels, "linear", "f", valid=valid)
    merged, _ = merging.merge(Bracket("b", tuple(frames), 2, (1.0, 4.0, 16.0)))
    assert np.allclose(merged, 0.98 * 4)


def test_brightest_frame_prevails_in_the_dark() -> None:
    code = srgb_to_linear(np.full((3, 4, 3), 1 / 255, np.float32))
    frames = (Exposure(0 * code, "linear", "f"), Exposure(0 * code, "linear", "f"), Exposure(code, "linear", "f"))
    merged, _ = merging.merge(Bracket("b", frames, 0, (1.0, 4.0, 16.0)))
    assert np.allclose(merged, code / 16, rtol=0.08)


def test_hues_stay_where_one_channel_is_clipped() -> None:
    radiance = np.broadcast_to(np.array([0.9, 0.3, 0.1], np.float32), (8, 8, 3))
    merged, _ = merging.merge(linear_bracket(radiance * 0.9, (1.0, 4.0, 16.0), 0))
    assert np.allclose(merged / merged[..., :1], radiance / radiance[..., :1], atol=0.01)


def test_no_seam_where_a_frame_saturates() -> None:
    ramp = np.repeat(np.linspace(0.05, 0.5, 400, dtype=np.float32)[None, :, None], 3, -1).repeat(2, 0)
    bracket = linear_bracket(ramp, (1.0, 4.0, 16.0), 0, bits=16)
    pairs = zip(bracket.exposures, (1, 1.1, 1.2), strict=True)
    off = [Exposure(np.clip(f.pixels * gain, 0, 1), "linear", "f") for f, gain in pairs]
    merged, _ = merging.merge(bracket.with_exposures(off))
    assert np.abs(np.diff(merged[0, :, 0])).max() < 0.006


def test_frame_weights_and_masks_leave_frames_out() -> None:
    moved = np.zeros((37, 53, 3), np.float32)
    bracket = linear_bracket(WHITE_TO_BLACK, (1.0, 4.0), 0)
    plain, _ = merging.merge(bracket)
    with_moved = Bracket("b", (*bracket.exposures, Exposure(moved, "linear", "moved")), 0, (1.0, 4.0, 16.0))
    ones, nothing = np.ones((37, 53), np.float32), np.zeros((37, 53), np.float32)
    weighted, _ = merging.merge(with_moved, [ones, ones, nothing])
    masked = Exposure(moved, "linear", "moved", valid=nothing > 0)
    left_out, _ = merging.merge(with_moved.with_exposures([*bracket.exposures, masked]))
    assert np.array_equal(weighted, plain)
    assert np.array_equal(left_out, plain)


def test_pixels_of_no_frame_are_zero() -> None:
    bracket = linear_bracket(WHITE_TO_BLACK, (1.0, 4.0), 0)
    merged, precision = merging.merge(bracket, [np.zeros((37, 53), np.float32)] * 2)
    assert not merged.any()
    assert not precision.any()


def test_strips_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    bracket = linear_bracket(WHITE_TO_BLACK, (1.0, 4.0, 16.0))
    whole = merging.merge(bracket)
    monkeypatch.setattr(strips, "PIXELS", 53 * 5)
    in_strips = merging.merge(bracket)
    assert all(np.array_equal(a, b) for a, b in zip(whole, in_strips, strict=True))


def test_refuses_what_it_cannot_merge() -> None:
    bracket = linear_bracket(WHITE_TO_BLACK, (1.0, 4.0))
    with pytest.raises(ExposureError):
        merging.merge(Bracket("b", bracket.exposures, 0))
    encoded = Exposure(WHITE_TO_BLACK, "srgb", "f")
    with pytest.raises(ValueError, match="linear"):
        merging.merge(bracket.with_exposures([encoded, encoded]))


def test_the_sensor_tells_what_is_saturated_where_it_is_asked() -> None:
    red, clipped = np.array([1.5, 0.5, 0.5], np.float32), np.zeros((3, 4), bool)
    clipped[0] = True
    short, long = (np.broadcast_to(level, (3, 4, 3)) for level in (0.4 * red, red))  # above 1, and yet not saturated
    short = Exposure(short, "linear", "s", clipped=np.zeros((3, 4), np.uint8), noise=(1, 0))
    long = Exposure(long, "linear", "l", clipped=clipped * np.uint8(7), noise=(1, 0))
    merged, _ = merging.merge(Bracket("b", (short, long), 0, (1.0, 4.0)))
    assert np.allclose(merged[0], 0.4 * red)
    assert np.allclose(merged[1:], (0.4 + 1) * red / (1 + 4), rtol=0.01)


def test_no_outline_where_a_raw_frame_saturates_though_its_time_is_rounded() -> None:
    sky = np.linspace(0.1, 0.9, 400, dtype=np.float32)[None, :, None] * np.array([0.7, 1, 1.3], np.float32)
    frames = tuple(
        Exposure(np.minimum(sky * t, 1.3), "linear", "f", clipped=((sky * t)[..., 1] > 0.995) * np.uint8(7))
        for t in (1, 4.28)
    )
    merged, _ = merging.merge(Bracket("b", frames, 0, (1.0, 4.0)))  # as 1/64 and 1/15 for 1/60 and 1/15 s
    steps = np.abs(np.diff(np.log2(merged / sky), axis=1))
    assert steps.max() < 0.015  # a sudden end makes 0.09


def test_frames_of_told_noise_are_weighed_by_it() -> None:
    frames = tuple(
        Exposure(np.full((3, 4, 3), value, np.float32), "linear", "f", clipped=np.zeros((3, 4), np.uint8), noise=noise)
        for value, noise in ((0.2, (0.0, 3e-4)), (0.6, (0.0, 1e-4)))
    )
    merged, precision = merging.merge(Bracket("b", frames, 0, (1.0, 2.0)))
    # inverse variances of the radiance: 1 / 3e-4 and 4 / 1e-4
    assert np.allclose(merged, (0.2 / 3e-4 + 0.3 * 4e4) / (1 / 3e-4 + 4e4), rtol=1e-4)
    assert np.allclose(precision, 1 / 3e-4 + 4e4, rtol=1e-4)


def test_noise_below_black_averages_out() -> None:
    noise = np.random.default_rng(3).normal(size=(2, 200, 200, 3)).astype(np.float32) * 0.01
    free = np.zeros((200, 200), np.uint8)
    frames = tuple(Exposure(0.05 + each, "linear", "f", clipped=free, noise=(0.0, 1e-4)) for each in noise)
    merged, _ = merging.merge(Bracket("b", frames, 0, (1.0, 1.1)))
    assert merged.min() >= 0
    assert merged.mean() == pytest.approx(0.1 / 2.1, rel=0.01)


def lamp(colour: tuple[float, float, float]) -> np.ndarray:
    """A coloured light of a hundred times white that fades into a dim wall, (80, 120, 3) radiance."""
    y, x = np.mgrid[:80, :120]
    glow = 100 * np.exp(-np.hypot(y - 40, x - 40) / 6)
    return (glow[..., None] * np.array(colour) + 0.01).astype(np.float32)


def sunset() -> np.ndarray:
    """A sky from blue to a deep red of thirty times white."""
    y, x = np.mgrid[:80, :120]
    low, high = np.array([0.05, 0.12, 0.4]), np.array([30.0, 6.0, 0.5])
    share = (y / 79)[..., None]
    return (np.exp((1 - share) * np.log(low) + share * np.log(high)) * (1 + x[..., None] / 400)).astype(np.float32)


SATURATED_SCENES = {
    "red lamp": lamp((1, 0.05, 0.02)),
    "blue lamp": lamp((0.03, 0.1, 1)),
    "green lamp": lamp((0.1, 1, 0.06)),
    "sodium lamp": lamp((1, 0.45, 0.03)),
    "sunset": sunset(),
}


def hue_error(merged: np.ndarray, truth: np.ndarray, seen: np.ndarray) -> float:
    """The largest error, in stops, of the ratios of two channels where both are `seen`."""
    stops = np.log2(np.maximum(merged, 1e-9) / truth)
    pairs = [np.abs(stops[..., a] - stops[..., b])[seen[..., a] & seen[..., b]].max() for a, b in ((0, 1), (1, 2))]
    return float(max(pairs))


@pytest.mark.parametrize("scene", SATURATED_SCENES)
@pytest.mark.parametrize("rounded", [False, True])
def test_saturated_colours_keep_their_hue(scene: str, rounded: bool) -> None:
    """Each channel has its own weights; if times are rounded by up to 7 %, hues may err by as much, and no more."""
    truth, times = SATURATED_SCENES[scene], (1.0, 4.0, 16.0, 64.0)
    radiance = truth / truth.max()
    gains = (1.0, 1.07, 0.94, 1.05) if rounded else (1.0,) * 4
    frames = []
    for time, gain in zip(times, gains, strict=True):
        codes = np.round(linear_to_srgb(np.clip(radiance * time * gain, 0, 1).astype(np.float32)) * 255)
        frames.append(Exposure(srgb_to_linear(codes.astype(np.float32) / 255), "linear", f"{time:g}"))
    merged, _ = merging.merge(Bracket("b", tuple(frames), 0, times))
    seen = (radiance < 0.8) & (radiance * times[-1] > 0.02)
    assert hue_error(merged, radiance, seen) < (np.log2(1.07 / 0.94) if rounded else 0.0) + 0.12  # of 8-bit codes


def test_a_clipped_frame_proves_light_that_a_darker_one_is_too_dark_to_tell() -> None:
    light, code = np.full((4, 5, 3), 0.04, np.float32), srgb_to_linear(np.full((4, 5, 3), 3 / 255, np.float32))
    frames = (Exposure(code, "linear", "dark"), Exposure(np.ones_like(light), "linear", "white"))
    merged, _ = merging.merge(Bracket("b", frames, 0, (1.0, 250.0)))  # 3 codes are 0.0009; white proves 0.004
    assert (merged > 2.5 * code).all()
    assert (merged < 0.004).all()


def test_a_darker_frame_that_shows_less_light_prevails_over_a_clipped_one() -> None:
    grey, white = (Exposure(np.full((4, 5, 3), level, np.float32), "linear", "f") for level in (0.1, 1.0))
    merged, _ = merging.merge(Bracket("b", (grey, white), 0, (1.0, 2.0)))  # of which the second says at least 0.45
    assert np.allclose(merged, 0.1, atol=0.04)


def raw_bracket(radiance: np.ndarray, times: tuple[float, ...], matrix: np.ndarray) -> Bracket:
    """RAW frames of BT.709 radiance: the channels of a sensor saturate each at its white, then come to BT.709."""
    sensor, frames = Sensor(matrix.astype(np.float32), (2.0, 1.0, 1.5)), []
    for time in times:
        channels = radiance * time @ np.linalg.inv(matrix).T
        clipped = channels >= sensor.white
        pixels = np.where(clipped, np.array(sensor.white) * 1.1, channels) @ matrix.T  # a guess of what is above
        bits = (clipped * np.array([1, 2, 4])).sum(-1).astype(np.uint8)
        frames.append(
            Exposure(pixels.astype(np.float32), "linear", "r", bits=16, clipped=bits, sensor=sensor, noise=(1e-4, 1e-7))
        )
    return Bracket("b", tuple(frames), 0, times)


def test_raw_frames_are_merged_channel_by_channel_of_the_sensor() -> None:
    matrix = np.array([[1.6, -0.5, -0.1], [-0.2, 1.5, -0.3], [0.0, -0.5, 1.5]])
    colours = np.random.default_rng(4).dirichlet((2, 2, 2), (40, 60))
    radiance = colours * np.geomspace(0.02, 1.2, 60)[None, :, None]
    merged, precision = merging.merge(raw_bracket(radiance, (1.0, 4.0), matrix))
    assert np.allclose(merged, radiance, rtol=1e-3, atol=1e-4)
    # more is known than of pixels that have no channel clipped: the brighter frame's other channels still count
    whole = raw_bracket(radiance, (1.0, 4.0), matrix)
    pixelwise = whole.with_exposures(
        [replace(one, clipped=(one.saturated * np.uint8(7)), sensor=one.sensor) for one in whole.exposures]
    )
    assert (precision >= merging.merge(pixelwise)[1] * 0.999).all()
    assert (precision > merging.merge(pixelwise)[1] * 1.5).mean() > 0.05
