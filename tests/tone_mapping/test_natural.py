"""What the default operator does to a photograph."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

from hdrcli import transfer
from hdrcli.image import RadianceMap
from hdrcli.tone_mapping import _contrast, _local_laplacian, fusion, natural


def shown(linear: np.ndarray, operator: ModuleType = natural) -> np.ndarray:
    """Display light of the picture made of `linear`."""
    pixels = operator.apply(RadianceMap(linear.astype(np.float32))).pixels
    return transfer.srgb_to_linear(pixels.astype(np.float64))


def grey(values: np.ndarray) -> np.ndarray:
    return np.repeat(values[..., None], 3, axis=-1)


def test_a_well_exposed_frame_gets_the_contrast_of_a_camera() -> None:
    """Middle grey stays; about it the slope is 1.3 in logarithms, in highlights less than 1: cameras' own."""
    across = np.linspace(np.log2(0.05), np.log2(0.8), 400)
    scene = np.exp2(np.broadcast_to(across, (100, 400)))
    stops = np.log2(shown(grey(scene))[50, :, 0])
    slope = np.gradient(stops, across)
    middle = int(np.abs(across - np.log2(0.18)).argmin())
    assert stops[middle] == pytest.approx(np.log2(0.18), abs=0.02)
    assert 1.2 < slope[middle - 40 : middle + 40].mean() < 1.4
    assert slope[-60:-10].mean() < 1


def test_colours_are_as_strong_as_a_curve_of_each_channel_makes_them_and_keep_their_hue() -> None:
    scene = np.broadcast_to(np.array([0.3, 0.18, 0.12]), (60, 60, 3))
    light = shown(scene)[30, 30]
    hue = (light[1] - light[2]) / (light[0] - light[2])
    assert hue == pytest.approx((0.18 - 0.12) / (0.3 - 0.12), abs=0.02)
    assert 1.1 < (light.max() - light.min()) / light.mean() / ((0.3 - 0.12) / 0.2) < 1.5


def test_shadows_that_compression_lifted_are_brought_back_and_fog_stays_fog() -> None:
    light = np.exp2(np.random.default_rng(1).uniform(-4, 0, 20000)).astype(np.float32)
    assert _contrast.contrast(light, 2.0**-3.5, 0).toe == 0  # nothing was lifted
    lifted = _contrast.contrast(light, 2.0**-9, 0)
    tones, _ = lifted.table()
    low = float(np.quantile(light, 0.01))
    shown_low = float(tones[round(np.sqrt(low) * (len(tones) - 1))])
    assert shown_low < 0.5 * low
    assert _contrast.contrast(light, 2.0**-9, 1.0).toe == 0  # all of the shadows are asked for
    assert _contrast.contrast(light, 2.0**-9, -1.0).toe == lifted.toe


@pytest.mark.parametrize("toe", [0.0, 0.02, 0.08])
def test_the_curve_rises_from_black_to_white(toe: float) -> None:
    tones, colours = _contrast.Contrast(toe).table()
    assert tones[0] == 0
    assert tones[-1] > 0.999
    assert (np.diff(tones) >= 0).all()
    assert 0.7 < colours.min() < colours.max() < 1.5
    assert np.abs(np.diff(colours)).max() < 1e-3


def test_the_shoulder_rises_and_leaves_middle_tones() -> None:
    for maximum in (0.3, 1.0, 4.0, 16.0):
        stops = np.linspace(-20, maximum, 3001, dtype=np.float32)
        curve = natural.shoulder(stops, maximum, -0.2)
        assert np.diff(curve).min() > 0
        assert np.diff(curve).max() <= np.diff(stops).max() * 1.001
        below = stops < natural.SHOULDER
        np.testing.assert_array_equal(curve[below], stops[below])
        assert curve[-1] == pytest.approx(-0.2, abs=1e-3)


def test_a_range_that_is_shown_is_left_as_it_is() -> None:
    assert natural.compression(-6, 0) == natural.compression(-2, 1) == 1
    assert natural.compression(-9, 4) == pytest.approx(0.5)
    assert natural.compression(-30, 4) == natural.LEAST_SLOPE
    stops = np.linspace(-9, 1, 50, dtype=np.float32)
    assert natural.shoulder(stops, 1, 1) is stops


def test_the_filter_keeps_detail_and_makes_edges_smaller() -> None:
    texture = np.random.default_rng(2).uniform(-0.5, 0.5, (120, 200)).astype(np.float32)
    scene = texture + np.repeat(np.float32([-4, 4]), 100)
    halved = _local_laplacian.shown(scene, lambda stops: stops / 2, -4.5, 4.5)
    left, right = halved[10:-10, 10:60], halved[10:-10, 140:190]
    assert right.mean() - left.mean() == pytest.approx(4, abs=0.3)
    for side, detail in ((left, texture[10:-10, 10:60]), (right, texture[10:-10, 140:190])):
        assert side.std() == pytest.approx(detail.std(), rel=0.05)
        assert np.corrcoef(side.ravel(), detail.ravel())[0, 1] > 0.98


def test_the_filter_of_a_curve_that_changes_nothing_changes_nothing() -> None:
    scene = np.random.default_rng(2).uniform(-9, 3, (37, 53)).astype(np.float32)
    np.testing.assert_allclose(_local_laplacian.shown(scene, np.copy, -9, 3), scene, atol=1e-4)


def test_a_blown_window_gets_its_detail_back() -> None:
    scene = np.full((200, 300), 0.15)
    scene[40:160, 100:200] = np.where(np.indices((120, 100)).sum(axis=0) // 10 % 2, 8.0, 12.0)
    window = shown(grey(scene))[45:155, 105:195, 0]
    assert np.quantile(window, 0.2) < 0.88
    assert np.quantile(window, 0.8) > 1.07 * np.quantile(window, 0.2)
    assert (window > 0.995).mean() < 0.01


@pytest.mark.parametrize(("operator", "most"), [(natural, 0.3), (fusion, 0.6)])
def test_no_halo_beside_an_edge_of_four_stops(operator: ModuleType, most: float) -> None:
    scene = np.full((200, 400), 0.1)
    scene[:, 200:] = 2.0
    row = shown(grey(scene), operator)[100, :, 0]
    assert np.abs(np.log2(row[:199] / row[20])).max() < most
    assert np.abs(np.log2(row[201:] / row[380])).max() < most


def test_a_dark_reference_is_brightened() -> None:
    assert natural.exposure_gain(np.full(9, 0.25, np.float32)) == 1
    assert natural.exposure_gain(np.full(9, 0.1, np.float32)) == pytest.approx(2, rel=1e-4)
    assert natural.exposure_gain(np.full(9, 1e-5, np.float32)) == 8
    assert natural.exposure_gain(np.full(9, 7.0, np.float32)) == pytest.approx(0.4, rel=1e-4)


def test_night_stays_night() -> None:
    """The same pixels, of a street at night and of a room: stars are not brightened to the grey of a room."""
    scene = np.full((60, 60, 3), 0.02, np.float32)
    scene[20:24, 20:24] = 1.0
    room, street, unknown = (
        float(np.median(natural.apply(RadianceMap(scene, luminance)).pixels)) for luminance in (500.0, 5.0, None)
    )
    assert room == unknown
    assert street < 0.8 * room
    assert natural.night(2.0) == natural.night(3000.0) == 1
    assert natural.night(0.5) == pytest.approx(0.7, abs=0.01)
    assert natural.night(1e-4) == 0.4


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
