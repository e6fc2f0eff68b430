"""The published curves at a few luminances, worked out by hand from the papers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hdrcli import transfer
from hdrcli.image import RadianceMap
from hdrcli.sampling import sample
from hdrcli.tone_mapping import _statistics, drago, fusion, mu_law, reinhard
from hdrcli.tone_mapping._colour import exposed


def grey(values: list[float], copies: int = 1) -> RadianceMap:
    """A row of greys, each `copies` pixels wide."""
    row = np.repeat(np.array(values, np.float32), copies)
    return RadianceMap(np.repeat(row[None, :, None], 3, axis=2))


@pytest.mark.parametrize(
    ("luminance", "white", "shown"), [(0.18, 1e9, 0.18 / 1.18), (1, 1e9, 0.5), (4, 4, 1), (1, 2, 0.625), (0, 3, 0)]
)
def test_reinhard_equation_4(luminance: float, white: float, shown: float) -> None:
    assert reinhard.compress(np.array([luminance], np.float32), white)[0] == pytest.approx(shown, rel=1e-6)


def test_reinhard_places_the_key_at_middle_grey() -> None:
    pixels = transfer.srgb_to_linear(reinhard.apply(grey([0.25, 1, 4], 100)).pixels[0, ::100, 0].astype(np.float64))
    white = 0.18 * 4  # the log-average is 1
    expected = [x * (1 + x / white**2) / (1 + x) for x in (0.045, 0.18, 0.72)]
    np.testing.assert_allclose(pixels, expected, rtol=1e-4)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize("operator", [reinhard, drago, mu_law, fusion])
def test_the_scale_of_a_map_does_not_matter(operator: type, scale: float) -> None:
    values = [0.05, 0.3, 2, 20]
    scaled = operator.apply(grey([value * scale for value in values], 50)).pixels
    np.testing.assert_allclose(scaled, operator.apply(grey(values, 50)).pixels, atol=1e-5)


@pytest.mark.parametrize("luminance", [0.1, 1.0, 7.0, 100.0])
def test_drago_equation_4(luminance: float) -> None:
    base = 2 + 8 * (luminance / 100) ** (math.log(0.85) / math.log(0.5))
    expected = 100 * 0.01 / math.log10(100 + 1) * math.log(luminance + 1) / math.log(base)
    assert drago.compress(np.array([luminance], np.float32), 100.0)[0] == pytest.approx(expected, rel=1e-5)


def test_drago_shows_the_maximum_as_white() -> None:
    assert drago.compress(np.array([0, 55], np.float32), 55.0) == pytest.approx([0, 1], rel=1e-5)
    shown = transfer.srgb_to_linear(drago.apply(grey([0.25, 1, 4], 100)).pixels[0, ::100, 0].astype(np.float64))
    np.testing.assert_allclose(shown, drago.compress(np.array([0.25, 1, 4], np.float32), 4.0), rtol=1e-4)


def test_mu_law_of_the_robust_maximum() -> None:
    pixels = mu_law.apply(grey([0, 0.002, 0.5, 2], 100)).pixels[0, ::100, 0]
    expected = [math.log(1 + 5000 * x) / math.log(5001) for x in (0, 0.001, 0.25, 1)]
    np.testing.assert_allclose(pixels, expected, rtol=1e-5)


def test_one_hot_pixel_does_not_darken_the_rest() -> None:
    calm = grey([0.1, 0.5, 1.0], 2000)
    hot = RadianceMap(calm.pixels.copy())
    hot.pixels[0, 0] = 1e5
    for operator in (mu_law, drago, reinhard):
        difference = operator.apply(hot).pixels[0, 1:] - operator.apply(calm).pixels[0, 1:]
        assert np.abs(difference).max() < 0.02


def test_statistics() -> None:
    assert _statistics.log_average(np.array([0.01, 1, 100], np.float32)) == pytest.approx(1, rel=1e-5)
    assert _statistics.log_average(np.zeros(5, np.float32)) == pytest.approx(_statistics.DARKEST)
    assert _statistics.robust_maximum(np.arange(1001, dtype=np.float32)) == pytest.approx(999)
    large = np.arange(3000 * 1500 * 3, dtype=np.float32).reshape(3000, 1500, 3)
    np.testing.assert_array_equal(sample(large), large[::2, ::2])
    assert sample(large[:9, :7]).shape == (9, 7, 3)


def test_a_virtual_bracket_spans_the_scene() -> None:
    light = np.exp2(np.linspace(-9, 3, 20001)).astype(np.float32)
    stops = fusion.virtual_stops(light)
    dark, bright = np.quantile(light, (0.01, 0.999))
    assert bright * 2 ** stops[0] == pytest.approx(fusion.HIGHLIGHTS, rel=1e-4)
    assert 2 ** stops[-1] * min(0.18 * 2 ** -stops[-1] / dark, 1) <= fusion.BRIGHTEST_KEY / math.exp(
        np.log(light).mean()
    )
    assert np.diff(stops).max() <= fusion.STEP
    np.testing.assert_allclose(fusion.virtual_stops(light / 64), stops + 6, atol=1e-4)
    assert len(fusion.virtual_stops(np.full(99, 0.4, np.float32))) == 2


def test_a_brighter_display_keeps_white_and_doubles_the_dark() -> None:
    light = np.array([0, 0.001, 0.3, 1], np.float32)
    np.testing.assert_allclose(exposed(light, 1)[[0, 1, 3]], [0, 0.002, 1], rtol=1e-5)
    np.testing.assert_allclose(exposed(light, -1), light / 2)
    assert exposed(light, 0) == pytest.approx(light)
