"""Decoding against the curves it stands for, and the estimate against known cameras."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import pytest

from hdrcli import response
from hdrcli.errors import ExposureError, UsageError
from hdrcli.image import Bracket, Exposure
from hdrcli.transfer import linear_to_srgb, srgb_to_linear

VALUES = np.linspace(0, 1, 256, dtype=np.float32)
RAMP = np.stack([VALUES.reshape(16, 16)] * 3, -1)
Curve = Callable[[np.ndarray], np.ndarray]


def contrasty(light: np.ndarray) -> np.ndarray:
    """A camera's picture style: a shoulder, then sRGB, then more contrast in the middle."""
    value = linear_to_srgb(np.clip((1 - np.exp(-2.5 * light)) / (1 - np.exp(-2.5)), 0, 1))
    return 0.4 * value + 0.6 * value**2 * (3 - 2 * value)


def bracket_of(*exposures: Exposure, times: tuple[float, ...] | None = None) -> Bracket:
    return Bracket("b", exposures, 0, times)


def scene() -> np.ndarray:
    """Soft blobs of eight stops and some colour."""
    y, x = np.mgrid[:96, :128].astype(np.float32)
    waves = np.sin(x / 17) + np.sin(y / 13) + np.sin((x + y) / 23)
    return np.stack([2.0 ** (1.7 * waves + shift) for shift in (-3, -2.5, -2)], -1)


def camera_bracket(
    curve: Curve, times: tuple[float, ...] = (1, 4, 16, 64, 256), told: tuple[float, ...] = ()
) -> Bracket:
    """8-bit JPEGs of `scene` by a camera of some response."""
    frames = [curve(np.clip(scene() * t / 16, 0, 1)) for t in times]
    return bracket_of(*[jpeg(frame, f"{k}.jpg") for k, frame in enumerate(frames)], times=told or times)


def jpeg(frame: np.ndarray, name: str) -> Exposure:
    _, coded = cv2.imencode(".jpg", np.round(frame * 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 95])
    return Exposure(cv2.imdecode(coded, cv2.IMREAD_COLOR).astype(np.float32) / 255, "srgb", name)


def stops_off(bracket: Bracket, text: str, curve: Curve, believed: bool = True) -> np.ndarray:
    """By how many stops grey patches of 24 to 240 come out wrong, but for one factor; (216, 3)."""
    values = np.arange(24, 240, dtype=np.float32) / 255
    light = np.linspace(0, 1, 1 << 16)
    truth = np.interp(values, curve(light), light)
    patches = bracket.exposures[0].pixels.copy()
    patches[0, :] = patches[1, :] = 0
    patches[:2].reshape(-1, 3)[: len(values)] = values[:, None]
    changed = bracket.with_exposures([replace(bracket.exposures[0], stored=patches), *bracket.exposures[1:]])
    decoded = response.decode(changed, text, believed).bracket.exposures[0].pixels[:2].reshape(-1, 3)[: len(values)]
    wrong = np.log2(decoded / truth[:, None])
    return wrong - np.median(wrong)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("srgb", srgb_to_linear(RAMP)), ("gamma:2.2", RAMP**2.2), ("GAMMA:0.5", RAMP**0.5), ("linear", RAMP)],
)
def test_decodes_by_the_named_curve(text: str, expected: np.ndarray) -> None:
    decoded = response.decode(bracket_of(Exposure(RAMP, "srgb", "f")), text)
    pixels = decoded.bracket.exposures[0].pixels
    assert decoded.bracket.exposures[0].encoding == "linear"
    assert not decoded.note
    assert pixels.dtype == np.float32
    assert np.allclose(pixels, expected, atol=1e-6)
    assert pixels[-1, -1].tolist() == [1, 1, 1]


@pytest.mark.parametrize("text", ["auto", "srgb", "gamma:2.2", "linear", "estimate"])
def test_linear_exposures_pass_untouched(text: str) -> None:
    linear = Exposure(RAMP, "linear", "raw")
    bracket = bracket_of(linear, linear, times=(1.0, 4.0))
    assert response.decode(bracket, text).bracket.exposures[1] is linear


@pytest.mark.parametrize(
    "text", ["", "rec709", "gamma", "gamma:", "gamma:0.1", "gamma:11", "gamma:nan", "gamma:-2", "srgb:2", "auto:1"]
)
def test_other_responses_are_usage_errors_that_say_what_is_allowed(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        response.parse(text)
    assert "estimate" in caught.value.hint
    with pytest.raises(UsageError):
        response.decode(bracket_of(Exposure(RAMP, "linear", "f")), text)


@pytest.mark.parametrize("curve", [contrasty, lambda x: x ** (1 / 1.8), linear_to_srgb], ids=["style", "1.8", "srgb"])
@pytest.mark.parametrize("times", [(1, 4, 16, 64, 256), (4, 32, 256), (8, 16, 32, 64)], ids=str)
def test_estimates_the_response_of_a_camera(curve: Curve, times: tuple[float, ...]) -> None:
    wrong = stops_off(camera_bracket(curve, times), "estimate", curve)
    assert np.sqrt(np.mean(wrong**2)) < 0.05
    assert np.ptp(wrong, axis=-1).max() < 1e-6  # grey stays grey


def test_auto_takes_the_estimate_where_frames_contradict_srgb_and_says_so() -> None:
    bracket = camera_bracket(contrasty)
    assert np.sqrt(np.mean(stops_off(bracket, "srgb", contrasty) ** 2)) > 0.25
    assert np.sqrt(np.mean(stops_off(bracket, "auto", contrasty) ** 2)) < 0.05
    assert response.decode(bracket, "auto").note.startswith("camera tone curve estimated from the frames: misfit 0.")


@pytest.mark.parametrize("told", [(), (1, 3, 9, 27, 81), (1, 4, 4, 16, 64)], ids=["right", "scaled", "one wrong"])
def test_auto_leaves_srgb_frames_bit_equal_whatever_their_exposures_are(told: tuple[float, ...]) -> None:
    bracket = camera_bracket(linear_to_srgb, told=told)
    decoded = response.decode(bracket, "auto", believed=False)
    assert not decoded.note
    assert decoded.bracket.relative_exposures == bracket.relative_exposures
    for had, now in zip(bracket.exposures, decoded.bracket.exposures, strict=True):
        assert np.array_equal(now.pixels, srgb_to_linear(had.pixels))


def test_auto_is_not_fooled_by_what_moved() -> None:
    frames = list(camera_bracket(linear_to_srgb).exposures)
    for k, frame in enumerate(frames):
        pixels = frame.pixels.copy()
        pixels[20:70, 15 * k : 15 * k + 40] = 0.2 + 0.15 * k
        frames[k] = replace(frame, stored=pixels)
    bracket = bracket_of(*frames, times=(1, 4, 16, 64, 256))
    assert not response.decode(bracket, "auto").note


def test_auto_takes_srgb_without_times() -> None:
    bracket = replace(camera_bracket(contrasty, (4, 32, 256)), relative_exposures=None)
    decoded = response.decode(bracket, "auto")
    assert np.array_equal(decoded.bracket.exposures[0].pixels, srgb_to_linear(bracket.exposures[0].pixels))


def test_two_frames_tell_a_curve_as_well() -> None:
    three = camera_bracket(contrasty, (4, 32, 256))
    decoded = response.decode(bracket_of(*three.exposures[:2], times=(4.0, 32.0)), "auto")
    assert decoded.note.startswith("camera tone curve estimated from the frames")
    dark, bright = (one.pixels for one in decoded.bracket.exposures)
    both = (dark > 0.01) & (bright < 0.8)
    stops = np.log2(bright[both] / dark[both])
    assert abs(np.median(stops) - 3) < 0.05


def test_an_exposure_that_contradicts_the_curve_is_measured_unless_typed() -> None:
    bracket = camera_bracket(contrasty, (4, 8, 16, 25, 50, 100), told=(4, 8, 16, 32, 64, 128))
    decoded = response.decode(bracket, "auto", believed=False)
    assert decoded.bracket.relative_exposures == pytest.approx((4, 8, 16, 25, 50, 100), rel=0.02)
    assert decoded.note.endswith("; exposures measured by it for 3.jpg")
    typed = response.decode(bracket, "auto", believed=True)
    assert typed.bracket.relative_exposures == pytest.approx((4, 8, 16, 32, 64, 128))


def test_frames_are_sorted_by_the_exposures_that_were_measured() -> None:
    bracket = camera_bracket(contrasty, (4, 8, 16, 12, 24, 48), told=(4, 8, 16, 16, 32, 64))
    decoded = response.decode(replace(bracket, reference=2), "estimate", believed=False).bracket
    assert [one.name for one in decoded.exposures] == ["0.jpg", "1.jpg", "3.jpg", "2.jpg", "4.jpg", "5.jpg"]
    assert decoded.exposures[decoded.reference].name == "2.jpg"
    assert decoded.relative_exposures == pytest.approx((4, 8, 12, 16, 24, 48), rel=0.02)


def test_estimate_needs_times_and_two_exposures_that_share_light() -> None:
    frame = Exposure(linear_to_srgb(RAMP), "srgb", "f")
    with pytest.raises(ExposureError, match="exposure times"):
        response.decode(bracket_of(frame, frame), "estimate")
    with pytest.raises(ExposureError, match="two different"):
        response.decode(bracket_of(frame, times=(1.0,)), "estimate")
    with pytest.raises(ExposureError, match="two different"):
        response.decode(bracket_of(frame, frame, times=(1.0, 1.0)), "estimate")
    with pytest.raises(ExposureError, match=r"0\.8 to 5 stops"):
        response.decode(bracket_of(frame, frame, times=(1.0, 1000.0)), "estimate")
