"""Decoding against the curves it stands for, and the estimate against a known camera."""

from __future__ import annotations

import numpy as np
import pytest

from hdrcli import response
from hdrcli.errors import ExposureError, UsageError
from hdrcli.image import Bracket, Exposure
from hdrcli.transfer import linear_to_srgb, srgb_to_linear

VALUES = np.linspace(0, 1, 256, dtype=np.float32)
RAMP = np.stack([VALUES.reshape(16, 16)] * 3, -1)


def bracket_of(*exposures: Exposure, times: tuple[float, ...] | None = None) -> Bracket:
    return Bracket("b", exposures, 0, times)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("srgb", RAMP**0 * srgb_to_linear(RAMP)), ("gamma:2.2", RAMP**2.2), ("GAMMA:0.5", RAMP**0.5), ("linear", RAMP)],
)
def test_decodes_by_the_named_curve(text: str, expected: np.ndarray) -> None:
    decoded = response.decode(bracket_of(Exposure(RAMP, "srgb", "f")), text).exposures[0]
    assert decoded.encoding == "linear"
    assert decoded.pixels.dtype == np.float32
    assert np.allclose(decoded.pixels, expected, atol=1e-6)
    assert decoded.pixels[-1, -1].tolist() == [1, 1, 1]


@pytest.mark.parametrize("text", ["srgb", "gamma:2.2", "linear", "estimate"])
def test_linear_exposures_pass_untouched(text: str) -> None:
    linear = Exposure(RAMP, "linear", "raw")
    bracket = bracket_of(linear, linear, times=(1.0, 4.0))
    assert response.decode(bracket, text).exposures[1] is linear


@pytest.mark.parametrize(
    "text", ["", "rec709", "gamma", "gamma:", "gamma:0.1", "gamma:11", "gamma:nan", "gamma:-2", "srgb:2"]
)
def test_other_responses_are_usage_errors_that_say_what_is_allowed(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        response.parse(text)
    assert "estimate" in caught.value.hint
    with pytest.raises(UsageError):
        response.decode(bracket_of(Exposure(RAMP, "linear", "f")), text)


def camera_bracket(gamma: float) -> Bracket:
    """Five frames, 2 stops apart, of soft blobs, by a camera of a power-law response."""
    y, x = np.mgrid[:96, :128].astype(np.float32)
    waves = np.sin(x / 17) + np.sin(y / 13) + np.sin((x + y) / 23)
    radiance = np.stack([2.0 ** (1.7 * waves + shift) for shift in (-3, -2.5, -2)], -1)
    times = (1.0, 4.0, 16.0, 64.0, 256.0)
    frames = [np.clip(radiance * t / 16, 0, 1) ** (1 / gamma) for t in times]
    exposures = [Exposure(np.round(f * 255).astype(np.float32) / 255, "srgb", "f") for f in frames]
    return bracket_of(*exposures, times=times)


@pytest.mark.parametrize("gamma", [1.8, 2.4])
def test_estimates_the_response_of_a_camera(gamma: float) -> None:
    curves = response.estimate(camera_bracket(gamma))
    assert curves.shape == (256, 3)
    assert (np.diff(curves, axis=0) >= 0).all()
    assert np.array_equal(curves[[0, -1]], [[0, 0, 0], [1, 1, 1]])
    stops = np.log2(curves[32:] / (VALUES[32:, None] ** gamma))
    assert np.sqrt(np.mean(stops**2)) < 0.15


def test_decodes_by_the_estimate() -> None:
    decoded = response.decode(camera_bracket(2.0), "estimate")
    light = [exposure.pixels for exposure in decoded.exposures]
    seen = (light[2].min(-1) > 0.2) & (light[2].max(-1) < 0.9)
    assert np.median(light[2][seen] / light[1][seen]) == pytest.approx(4, rel=0.05)


def test_estimate_needs_times_and_two_exposures() -> None:
    frame = Exposure(linear_to_srgb(RAMP), "srgb", "f")
    with pytest.raises(ExposureError, match="exposure times"):
        response.decode(bracket_of(frame, frame), "estimate")
    with pytest.raises(ExposureError, match="two different"):
        response.decode(bracket_of(frame, times=(1.0,)), "estimate")
    with pytest.raises(ExposureError, match="two different"):
        response.decode(bracket_of(frame, frame, times=(1.0, 1.0)), "estimate")
