"""What the default operator does to a photograph."""

from __future__ import annotations

import numpy as np
import pytest

from hdrcli import transfer
from hdrcli.image import RadianceMap
from hdrcli.tone_mapping import natural


def shown(linear: np.ndarray) -> np.ndarray:
    """Display light of the picture made of `linear`."""
    pixels = natural.apply(RadianceMap(linear.astype(np.float32))).pixels
    return transfer.srgb_to_linear(pixels.astype(np.float64))


def grey(values: np.ndarray) -> np.ndarray:
    return np.repeat(values[..., None], 3, axis=-1)


def test_a_well_exposed_frame_is_shown_as_shot() -> None:
    across = np.linspace(np.log2(0.1), np.log2(0.8), 200)
    scene = np.exp2(np.broadcast_to(across, (100, 200)))[..., None] * np.array([1.0, 0.9, 0.8])
    np.testing.assert_allclose(shown(scene), scene, rtol=0.05)


@pytest.mark.parametrize("maximum", [0.0, 0.3, 1.0, 4.0, 16.0])
def test_the_curve_rises_and_leaves_middle_tones(maximum: float) -> None:
    stops = np.linspace(-20, maximum, 3001, dtype=np.float32)
    curve = natural.tone_curve(stops, maximum)
    assert np.diff(curve).min() > 0
    assert np.diff(curve).max() <= np.diff(stops).max() * 1.001
    middle = (stops > natural.FOOT + 1) & (stops < natural.SHOULDER)
    np.testing.assert_allclose(curve[middle], stops[middle], atol=0.06)
    assert curve[-1] == pytest.approx(-natural.HEADROOM * min(2 * maximum, 1), abs=1e-3)


def test_shadows_open_by_a_quarter() -> None:
    curve = natural.tone_curve(np.array([-8, -12], np.float32), 2.0)
    np.testing.assert_allclose(curve, [-8 + 1, -12 + 2], atol=0.01)


def test_the_curve_without_highlights_is_the_identity_up_to_white() -> None:
    stops = np.linspace(-2.5, 0, 50, dtype=np.float32)
    np.testing.assert_allclose(natural.tone_curve(stops, 0.0), stops, atol=0.03)


def test_a_blown_window_gets_its_detail_back() -> None:
    scene = np.full((200, 300), 0.15)
    scene[40:160, 100:200] = np.where(np.indices((120, 100)).sum(axis=0) // 10 % 2, 8.0, 12.0)
    window = shown(grey(scene))[45:155, 105:195, 0]
    assert np.quantile(window, 0.2) < 0.85
    assert np.quantile(window, 0.8) > 1.1 * np.quantile(window, 0.2)
    assert (window > 0.995).mean() < 0.01


def test_no_halo_beside_an_edge_of_four_stops() -> None:
    scene = np.full((200, 400), 0.1)
    scene[:, 200:] = 2.0
    row = shown(grey(scene))[100, :, 0]
    assert np.abs(np.log2(row[:199] / row[20])).max() < 0.1
    assert np.abs(np.log2(row[201:] / row[380])).max() < 0.1


def test_a_dark_reference_is_brightened_part_of_the_way() -> None:
    assert natural.exposure_gain(np.full(9, 0.15, np.float32)) == 1
    assert natural.exposure_gain(np.full(9, 0.01, np.float32)) == pytest.approx(8 ** (2 / 3), rel=1e-4)
    assert natural.exposure_gain(np.full(9, 1e-5, np.float32)) == 4
    assert natural.exposure_gain(np.full(9, 7.0, np.float32)) == pytest.approx(0.5 ** (2 / 3), rel=1e-4)


def test_a_coloured_light_keeps_colour_and_does_not_clip() -> None:
    scene = np.full((60, 60, 3), 0.15)
    scene[20:40, 20:40] = 6.0, 1.5, 0.3
    light = shown(scene)[30, 30]
    assert light.max() < 0.999
    assert light[0] > 1.5 * light[1] > 1.5 * light[2]


def test_the_look_does_not_depend_on_resolution() -> None:
    down, across = np.mgrid[0:1:96j, 0:1:160j]
    small = grey(np.exp2(6 * np.sin(4 * across + 2 * down) - 3))
    large = np.repeat(np.repeat(small, 8, axis=0), 8, axis=1)
    np.testing.assert_allclose(shown(large)[4::8, 4::8], shown(small), atol=0.03)
