"""What each control does to a picture, by its closed form, whatever the operator."""

from __future__ import annotations

import numpy as np
import pytest

from hdrcli import plugins, tone_mapping, transfer
from hdrcli.adjustments import Adjustments
from hdrcli.errors import UsageError
from hdrcli.image import DisplayImage, RadianceMap
from hdrcli.tone_mapping._white_balance import channel_gains

NAMES = plugins.names("tone_mapping")
WITH_HUE = [name for name in NAMES if name != "mu_law"]
RNG = np.random.default_rng(8)
SCENE = (RNG.uniform(0.05, 1, (37, 53, 3)) * 2 ** RNG.uniform(-4, 3, (37, 53, 1))).astype(np.float32)


def light(name: str, scene: np.ndarray = SCENE, **controls: float) -> np.ndarray:
    """Display light of the picture that operator `name` makes."""
    made = tone_mapping.tone_map(RadianceMap(scene.astype(np.float32)), name, Adjustments(**controls))
    return transfer.srgb_to_linear(made.pixels.astype(np.float64))


def grey(values: np.ndarray) -> np.ndarray:
    return np.repeat(np.asarray(values, np.float32)[..., None], 3, axis=-1)


@pytest.mark.parametrize("name", NAMES)
def test_no_adjustment_changes_no_bit(name: str) -> None:
    apply = plugins.load("tone_mapping", name).TONE_MAPPER.apply
    np.testing.assert_array_equal(apply(RadianceMap(SCENE), Adjustments()).pixels, apply(RadianceMap(SCENE)).pixels)


@pytest.mark.parametrize("name", NAMES)
def test_exposure_brightens_and_darkens(name: str) -> None:
    assert light(name, exposure=-1).mean() < 0.95 * light(name).mean() < 0.95**2 * light(name, exposure=1).mean()


@pytest.mark.parametrize(("name", "slope"), [("fusion", 1.0), ("natural", 1.35)])
def test_a_stop_is_a_stop_times_the_slope_of_the_picture(name: str, slope: float) -> None:
    scene = grey(2.0 ** np.linspace(-6, -2.5, 900).reshape(30, 30))
    dark = (light(name, scene) < 0.1) & (light(name, scene) > 0.03)
    stops = np.log2(light(name, scene, exposure=1)[dark] / light(name, scene)[dark])
    np.testing.assert_allclose(stops, slope, atol=0.03 if slope == 1 else 0.15)  # logits bend towards white


def test_a_stop_doubles_the_key_of_the_photographic_operator() -> None:
    scene = grey(np.repeat([0.25, 1, 4], 100)[None])  # the log-average is 1
    expected = [x * (1 + x / 1.44**2) / (1 + x) for x in (0.09, 0.36, 1.44)]
    np.testing.assert_allclose(light("reinhard", scene, exposure=1)[0, ::100, 0], expected, rtol=1e-4)


@pytest.mark.parametrize("name", WITH_HUE)
def test_contrast_spreads_tones_about_middle_grey_and_keeps_the_ends(name: str) -> None:
    scene = grey(2.0 ** np.linspace(-9, 2, 900).reshape(30, 30))
    plain, more, less = (light(name, scene, contrast=value).ravel() for value in (0, 60, -60))
    dark, bright = (plain > 0.005) & (plain < 0.16), (plain > 0.2) & (plain < 0.97)
    assert (more[dark] < plain[dark]).all()
    assert (less[dark] > plain[dark]).all()
    assert (more[bright] > plain[bright]).all()
    assert (less[bright] < plain[bright]).all()
    np.testing.assert_allclose(np.interp(0.18, plain[::3], more[::3]), 0.18, atol=2e-3)


def test_the_pivot_of_contrast_stays() -> None:
    picture = DisplayImage(np.full((4, 4, 3), transfer.linear_to_srgb(np.array(0.18, np.float32)), np.float32))
    for contrast in (-100, 40, 100):
        adjusted = tone_mapping.adjusted(picture, Adjustments(contrast=contrast)).pixels
        np.testing.assert_allclose(adjusted, picture.pixels, atol=2e-6)


@pytest.mark.parametrize("name", NAMES)
def test_without_saturation_all_is_grey_of_the_same_luminance(name: str) -> None:
    shown = light(name, saturation=-100)
    assert np.ptp(shown, axis=2).max() < 1e-5
    if name != "mu_law":  # clips channels one by one
        np.testing.assert_allclose(shown[..., 0], transfer.luminance(light(name)), atol=2e-4)


@pytest.mark.parametrize("name", WITH_HUE)
def test_saturation_keeps_hue_and_luminance(name: str) -> None:
    plain, vivid = light(name), light(name, saturation=100)
    np.testing.assert_allclose(transfer.luminance(vivid), transfer.luminance(plain), atol=2e-4)
    seen = np.ptp(plain, axis=2) > 0.02
    assert np.abs(_hue(vivid) - _hue(plain))[seen].max() < 1e-2
    assert np.ptp(vivid, axis=2).mean() > 1.2 * np.ptp(plain, axis=2).mean()


def _hue(rgb: np.ndarray) -> np.ndarray:
    """Place of the middle channel between the smallest and the largest."""
    low, middle, high = np.moveaxis(np.sort(rgb, axis=2), 2, 0)
    return (middle - low) / np.maximum(high - low, 1e-9)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", [-100, 100])
def test_the_ends_of_each_control_make_pictures(name: str, value: float) -> None:
    local = plugins.load("tone_mapping", name).TONE_MAPPER.local
    for control in ("exposure", "contrast", "saturation", "warmth", "tint", *(["strength"] if local else [])):
        asked = Adjustments(**{control: value / 10 if control == "exposure" else value})
        pixels = tone_mapping.tone_map(RadianceMap(SCENE), name, asked).pixels
        assert np.isfinite(pixels).all(), control
        assert 0 <= pixels.min() <= pixels.max() <= 1, control


@pytest.mark.parametrize(("warmth", "tint"), [(60, 0), (-60, 0), (0, 50), (0, -50), (100, 100), (-100, -100)])
def test_white_balance_keeps_the_luminance_of_greys(warmth: float, tint: float) -> None:
    gains = channel_gains(warmth, tint)
    assert gains @ transfer.LUMINANCE_WEIGHTS == pytest.approx(1, abs=1e-6)
    assert gains.min() > 0
    assert np.sign(gains[0] - gains[2]) == np.sign(warmth) or not warmth
    assert np.sign(gains[0] + gains[2] - 2 * gains[1]) == np.sign(tint) or not tint


def test_no_white_balance_is_no_gain() -> None:
    np.testing.assert_allclose(channel_gains(0, 0), 1, atol=1e-6)


def test_warmth_is_daylight_of_so_many_mireds_more() -> None:
    """153.8 + 46.2 mireds are 5000 K: D50, whose linear BT.709 colour is known from its tabulated x and y."""
    x, y = 0.34567, 0.35850  # CIE 15:2004, table T.3
    matrix = np.array([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]])
    d50 = matrix @ np.array([x / y, 1, (1 - x - y) / y])
    np.testing.assert_allclose(channel_gains(46.25, 0), d50 / (d50 @ transfer.LUMINANCE_WEIGHTS), atol=0.01)


@pytest.mark.parametrize("name", ["natural", "fusion"])
def test_strength_brings_highlights_and_shadows_back(name: str) -> None:
    scene = grey(2.0 ** np.concatenate([np.full(700, -8.0), np.linspace(-8, 3, 800)]).reshape(30, 50))
    strengths = (-100, -50, 0, 50, 100)
    shown = [light(name, scene, strength=strength) for strength in strengths]
    ranges = [float(np.log2(np.quantile(one, 0.99) / np.quantile(one, 0.2))) for one in shown]
    assert ranges == sorted(ranges, reverse=True)
    assert ranges[0] > ranges[2] + 0.5 > ranges[4] + 1
    highlights = [float(np.quantile(one, 0.97)) for one in shown]
    assert highlights[0] > 0.999 > highlights[2]  # not at all: clipped, as in a single exposure


def test_no_strength_makes_one_curve_for_all_pixels() -> None:
    """Fusion is then of one exposure and `natural` the clipped scene: equal light is shown alike anywhere."""
    for name in ("fusion", "natural"):
        shown = light(name, SCENE[..., :1].repeat(3, axis=2), strength=-100)[..., 0].ravel()
        order = np.argsort(SCENE[..., 0].ravel())
        assert np.diff(shown[order]).min() > -0.02, name


def test_a_finished_picture_is_left_alone_or_adjusted() -> None:
    picture = DisplayImage(RNG.uniform(0, 1, (20, 30, 3)).astype(np.float32))
    assert tone_mapping.adjusted(picture, Adjustments(strength=50)) is picture
    darker = tone_mapping.adjusted(picture, Adjustments(exposure=-1)).pixels
    linear = transfer.srgb_to_linear(picture.pixels)
    inner = linear.max(axis=2) < 0.6
    np.testing.assert_allclose(transfer.srgb_to_linear(darker)[inner], linear[inner] / 2, atol=1e-5)


@pytest.mark.parametrize("control", ["exposure", "contrast", "saturation", "warmth", "tint", "strength"])
@pytest.mark.parametrize("value", [100.5, -1e9, float("nan")])
def test_out_of_range(control: str, value: float) -> None:
    with pytest.raises(UsageError, match=f"--{control} .* is out of range"):
        Adjustments(**{control: value})


def test_words() -> None:
    assert str(Adjustments()) == ""
    assert str(Adjustments(exposure=0.5, tint=-7)) == "exposure +0.5, tint -7"
