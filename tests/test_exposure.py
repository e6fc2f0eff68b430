"""Exposure arithmetic against hand-computed values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hdrcli import exposure
from hdrcli.errors import ExposureError
from hdrcli.image import Exposure, FrameHeader


def header(time: float | None, f_number: float | None = None, iso: float | None = None) -> FrameHeader:
    return FrameHeader(Path("a.jpg"), 4, 4, exposure_time=time, f_number=f_number, iso=iso)


def test_relative_exposure_is_time_times_gain_over_aperture_squared() -> None:
    frames = [header(1 / 60, 8, 200), header(1 / 60, 4, 200), header(1 / 30, 8, 400)]
    assert exposure.relative_exposures(frames) == pytest.approx([2 / 60 / 64, 2 / 60 / 16, 4 / 30 / 64])


def test_a_factor_that_one_frame_lacks_counts_for_none() -> None:
    frames = [header(1 / 60, 8, 200), header(1 / 15, None, 200)]
    assert exposure.relative_exposures(frames) == pytest.approx([2 / 60, 2 / 15])


def test_white_is_as_bright_as_a_light_meter_has_it() -> None:
    """Sunny 16: 1/100 s at f/16 and ISO 100 has grey cards of some 3200 cd/m^2 at middle grey."""
    (relative,) = exposure.relative_exposures([header(1 / 100, 16, 100)])
    assert exposure.white_luminance(relative) == pytest.approx(3200 / 0.18)


def test_a_missing_time_is_no_exposure_at_all() -> None:
    assert exposure.relative_exposures([header(1 / 60), header(None)]) is None


def test_stops_are_positive_for_brighter_frames() -> None:
    assert exposure.stops([1, 4, 16], 1) == pytest.approx([-2, 0, 2])


@pytest.mark.parametrize("values", [[1, 0], [1, -1], [1, float("nan")], [1, float("inf")], [2, 2], [1e-9, 1e9]])
def test_impossible_exposures_are_refused_by_name(values: list[float]) -> None:
    with pytest.raises(ExposureError, match=r"b\.jpg"):
        exposure.check(values, ["a.jpg", "b.jpg"], "--times")


def test_lost_shares_count_white_in_any_channel_and_black_in_all() -> None:
    pixels = np.full((10, 10, 3), 0.5, np.float32)
    pixels[0, :, 0] = 1  # one channel at white: lost
    pixels[1] = 0  # black: lost
    pixels[2, :, :2] = 0  # a pure blue: not lost
    assert exposure.lost_shares(Exposure(pixels, "srgb", "a")) == pytest.approx((0.1, 0.1))


@pytest.mark.parametrize(
    ("lost", "relative", "expected"),
    [
        ([0.0, 0.9, 0.0], (1, 4, 16), 1),  # of three, the middle one, however clipped
        ([0.3, 0.1], (1, 4), 1),
        ([0.0, 0.2, 0.1, 0.3, 0.0], (1, 4, 16, 64, 256), 2),
        ([0.5, 0.4, 0.3, 0.2, 0.1, 0.2, 0.5], (1, 2, 4, 8, 16, 32, 64), 4),
        ([0.5, 0.4, 0.4, 0.5], None, 1),
        ([0.9, 0.9, 0.55, 0.16, 0.3], (1, 2**4, 2**8, 2**10, 2**13), 3),  # a desk at night: the middle is half black
    ],
)
def test_reference_is_the_frame_that_lost_least_around_the_middle(
    lost: list[float], relative: tuple[float, ...] | None, expected: int
) -> None:
    assert exposure.choose_reference(lost, relative) == expected


@pytest.mark.parametrize(
    ("stops", "reference", "expected"),
    [
        ([-2, 0, 2], 1, (0, 1, 2)),
        ([-4, -2, 0, 2, 4], 2, (0, 2, 4)),
        ([-8, -6, -4, -2, 0, 2, 4, 6], 4, (2, 4, 6)),  # no step above 4.5 stops
        ([-7, 0, 7], 1, (0, 1, 2)),  # unless there is nothing nearer
        ([-1, 0, 6, 7], 1, (0, 1, 2)),
    ],
)
def test_chosen_frames_cover_the_range_in_bridgeable_steps(
    stops: list[float], reference: int, expected: tuple[int, ...]
) -> None:
    assert exposure.choose_frames([2.0**stop for stop in stops], reference, 3) == expected


def test_a_reference_at_the_end_leaves_a_network_without_a_darker_frame() -> None:
    with pytest.raises(ExposureError, match="darker"):
        exposure.choose_frames([1, 2, 4], 0, 3)


def test_too_few_frames_are_refused() -> None:
    with pytest.raises(ExposureError, match="takes 3 frames but the bracket has 2"):
        exposure.choose_frames([1, 2], 1, 3)


@pytest.mark.parametrize(("level", "word"), [(0.0, "black"), (1.0, "white"), (0.5, None)])
def test_a_frame_of_one_end_of_the_scale_shows_nothing(level: float, word: str | None) -> None:
    pixels = np.full((60, 80, 3), level, np.float32)
    pixels[30, ::16] = 0.4  # hot pixels
    assert exposure.blank(Exposure(pixels, "srgb", "a")) == word


@pytest.mark.parametrize("level", [0.0, 1.0])
def test_a_lamp_in_the_dark_is_something(level: float) -> None:
    pixels = np.full((60, 80, 3), level, np.float32)
    pixels[30:32, 41:43] = 0.4
    assert exposure.blank(Exposure(pixels, "srgb", "a")) is None
