"""What every tone mapping operator promises, for any radiance map that a fuser can make."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from hdrcli import plugins, strips, transfer
from hdrcli.adjustments import NEUTRAL, Adjustments
from hdrcli.image import DisplayImage, RadianceMap

NAMES = plugins.names("tone_mapping")
GLOBAL = ["drago", "mu_law", "reinhard"]
SHAPE = (37, 53, 3)


def tone_map(name: str, linear: np.ndarray) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = plugins.load("tone_mapping", name).TONE_MAPPER.apply(RadianceMap(linear.astype(np.float32)))
    assert isinstance(result, DisplayImage)
    return result.pixels


def scenes() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    hot = np.zeros(SHAPE)
    hot[5, 7] = 1e6
    red = np.full(SHAPE, 0.2)
    red[10:20, 10:20] = 30, 0, 0
    return {
        "black": np.zeros(SHAPE),
        "one hot pixel": hot,
        "middle grey": np.full(SHAPE, 0.18),
        "far above white": np.full(SHAPE, 1e5),
        "huge range": 10 ** rng.uniform(-9, 6, SHAPE),
        "pure red light": red,
        "one pixel": np.full((1, 1, 3), 0.5),
        "one column": np.linspace(0, 9, 500 * 3).reshape(500, 1, 3),
    }


@pytest.mark.parametrize("scene", scenes())
@pytest.mark.parametrize("name", NAMES)
def test_every_scene_becomes_a_picture(name: str, scene: str) -> None:
    linear = scenes()[scene]
    pixels = tone_map(name, linear)
    assert pixels.shape == linear.shape
    assert pixels.dtype == np.float32
    assert np.isfinite(pixels).all()
    assert pixels.min() >= 0
    assert pixels.max() <= 1


@pytest.mark.parametrize("name", NAMES)
def test_black_stays_black(name: str) -> None:
    assert not tone_map(name, np.zeros(SHAPE)).any()
    linear = np.full(SHAPE, 0.3)
    linear[4:9, 4:9] = 0
    assert not tone_map(name, linear)[4:9, 4:9].any()


@pytest.mark.parametrize("name", NAMES)
def test_grey_stays_grey_exactly(name: str) -> None:
    grey = 10 ** np.random.default_rng(0).uniform(-6, 4, (*SHAPE[:2], 1))
    pixels = tone_map(name, np.repeat(grey, 3, axis=2))
    np.testing.assert_array_equal(pixels[..., 0], pixels[..., 1])
    np.testing.assert_array_equal(pixels[..., 0], pixels[..., 2])


@pytest.mark.parametrize("name", GLOBAL)
def test_brighter_is_never_darker(name: str) -> None:
    ramp = np.repeat(np.sort(10 ** np.random.default_rng(0).uniform(-6, 3, (1, 4000, 1)), axis=1), 3, axis=2)
    rising = np.diff(tone_map(name, ramp)[0, :, 0])
    assert rising.min() >= -1e-6
    assert (rising > 0).mean() > 0.9


@pytest.mark.parametrize("name", ["drago", "fusion", "natural", "reinhard"])
def test_hue_is_kept(name: str) -> None:
    colours = (
        np.random.default_rng(0).uniform(0.02, 1, SHAPE)
        * 10 ** np.random.default_rng(1).uniform(-2, 1, SHAPE[:2])[..., None]
    )
    shown = transfer.srgb_to_linear(tone_map(name, colours).astype(np.float64))
    saturated = np.ptp(shown, axis=2) > 0.02
    assert saturated.mean() > 0.5
    assert np.abs(_hue(shown) - _hue(colours))[saturated].max() < 1e-2


def _hue(rgb: np.ndarray) -> np.ndarray:
    """Place of the middle channel between the smallest and the largest: fixed as long as colour only fades to grey."""
    low, middle, high = np.moveaxis(np.sort(rgb, axis=2), 2, 0)
    return (middle - low) / np.maximum(high - low, 1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_bands_do_not_show(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    linear = 10 ** np.random.default_rng(5).uniform(-3, 1, SHAPE)
    whole = tone_map(name, linear)
    monkeypatch.setattr(strips, "PIXELS", 150)
    np.testing.assert_allclose(tone_map(name, linear), whole, atol=2e-6)


@pytest.mark.parametrize("name", NAMES)
def test_the_map_is_not_touched_and_the_result_repeats(name: str) -> None:
    linear = (10 ** np.random.default_rng(5).uniform(-3, 1, SHAPE)).astype(np.float32)
    kept = linear.copy()
    first = tone_map(name, linear)
    np.testing.assert_array_equal(linear, kept)
    np.testing.assert_array_equal(tone_map(name, linear), first)


def overlapping() -> tuple[np.ndarray, np.ndarray]:
    """Two views of one scene, whose right end is bright; the last 40 columns of the first are those of the second."""
    light = 10 ** np.random.default_rng(7).uniform(-0.5, 0.5, (60, 160, 3))
    light *= np.repeat([0.05, 0.2, 6.0], [60, 70, 30])[None, :, None]
    return light[:, :100].astype(np.float32), light[:, 60:].astype(np.float32)


@pytest.mark.parametrize("name", NAMES)
def test_with_common_statistics_pictures_agree(name: str) -> None:
    """To the bit where one curve is all; nearly where surroundings count, and much better than each by its own."""
    mapper, views = plugins.load("tone_mapping", name).TONE_MAPPER, overlapping()
    asked = Adjustments(warmth=20, exposure=0.5)
    common = mapper.measure(views, asked)

    def seams(statistics: object) -> np.ndarray:
        left, right = (mapper.apply(RadianceMap(view), asked, statistics).pixels for view in views)
        return np.abs(left[:, 60:] - right[:, :40])

    if name in GLOBAL:
        assert seams(common).max() < 1e-6
    assert seams(common).mean() < 0.02
    assert seams(common).mean() < 0.3 * seams(None).mean()


@pytest.mark.parametrize("name", NAMES)
def test_every_scene_becomes_a_picture_beside_all_others(name: str) -> None:
    mapper = plugins.load("tone_mapping", name).TONE_MAPPER
    views = [scene.astype(np.float32) for scene in scenes().values()]
    kept = [view.copy() for view in views]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for some in (views, views[:1]):
            common = mapper.measure(some, NEUTRAL)
            for view in views:
                pixels = mapper.apply(RadianceMap(view), NEUTRAL, common).pixels
                assert np.isfinite(pixels).all()
                assert pixels.min() >= 0
                assert pixels.max() <= 1
    for view, before in zip(views, kept, strict=True):
        np.testing.assert_array_equal(view, before)


@pytest.mark.parametrize("name", NAMES)
def test_record(name: str) -> None:
    record = plugins.load("tone_mapping", name).TONE_MAPPER
    assert record.summary
    assert record.source
