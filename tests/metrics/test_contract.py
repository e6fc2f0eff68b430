"""What every metric promises."""

from __future__ import annotations

import math
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

from hdrcli import plugins
from hdrcli.comparison import Comparison
from hdrcli.contracts import Metric
from hdrcli.transfer import linear_to_srgb

NAMES = plugins.names("metrics")
HEIGHT, WIDTH = 197, 211


def metric(name: str) -> Metric:
    found: Metric = plugins.load("metrics", name).METRIC
    if found.needs and find_spec(found.needs) is None:
        pytest.skip(f"{found.needs} is not installed")
    return found


def linear(height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """(H, W, 3) float32 light in [0, 1] with texture at many scales."""
    y, x = np.mgrid[:height, :width]
    waves = sum(np.sin(x / p + k) * np.cos(y / (p + 1)) for k, p in enumerate((1.3, 4.0, 11.0, 37.0)))
    light = 2 ** (1.2 * waves + 0.3 * np.random.default_rng(1).normal(size=waves.shape))
    return (light[..., None] / light.max() * np.array([1.0, 0.8, 0.6])).astype(np.float32)


def comparison(kind: Any, noise: float = 0.0) -> Comparison:
    """A picture, worse by `noise` of its values, held against what is right."""
    light = linear()
    worse = np.clip(light * (1 + noise * np.random.default_rng(2).normal(size=light.shape)), 0, 1).astype(np.float32)
    shown, worse_shown = (linear_to_srgb(np.minimum(8 * one, 1)) for one in (light, worse))
    if kind == "linear":
        return Comparison(kind, worse, light)
    if kind == "display":
        return Comparison(kind, worse_shown, shown)
    if kind == "tone-mapped":
        return Comparison(kind, worse_shown, light)
    return Comparison(kind, worse_shown, tuple(linear_to_srgb(np.clip(light * k, 0, 1)) for k in (1, 8)))


KINDS = [(name, kind) for name in NAMES for kind in plugins.load("metrics", name).METRIC.compares]


@pytest.mark.parametrize("name", NAMES)
def test_it_says_what_it_is(name: str) -> None:
    told = metric(name)
    assert told.figures[0] == name
    assert all(figure.startswith(name) for figure in told.figures)
    assert told.summary.endswith(".")
    assert told.variant
    assert told.source


@pytest.mark.parametrize(("name", "kind"), KINDS)
def test_a_picture_held_against_itself_is_best(name: str, kind: Any) -> None:
    best = metric(name).best
    if best is None:
        pytest.skip("held against what is no picture of its kind")
    found = metric(name).measure(comparison(kind))[0]
    assert found == best if math.isinf(best) else found == pytest.approx(best, abs=1e-6)


@pytest.mark.parametrize(("name", "kind"), KINDS)
def test_more_noise_is_worse(name: str, kind: Any) -> None:
    figures = [metric(name).measure(comparison(kind, noise)) for noise in (0.02, 0.1, 0.4)]
    assert all(len(found) == len(metric(name).figures) for found in figures)
    assert np.isfinite(figures).all()
    assert figures[0][0] > figures[1][0] > figures[2][0]


@pytest.mark.parametrize(("name", "kind"), KINDS)
def test_nothing_given_is_changed(name: str, kind: Any) -> None:
    given = comparison(kind, 0.1)
    truths = given.truth if isinstance(given.truth, tuple) else (given.truth,)
    kept = [one.copy() for one in (given.prediction, *truths)]
    metric(name).measure(given)
    if (draw := metric(name).error_map) is not None:
        draw(given)
    assert all(np.array_equal(one, was) for one, was in zip((given.prediction, *truths), kept, strict=True))


@pytest.mark.parametrize(("name", "kind"), KINDS)
def test_a_map_shows_where_the_error_is(name: str, kind: Any) -> None:
    draw = metric(name).error_map
    if draw is None:
        pytest.skip("has no map")
    clean = comparison(kind)
    spoilt = clean.prediction.copy()
    spoilt[120:150, 40:80] = 0.9 - 0.8 * spoilt[120:150, 40:80]
    drawn = draw(Comparison(kind, spoilt, clean.truth))
    assert drawn.shape == (HEIGHT, WIDTH)
    assert drawn.dtype == np.float32
    assert metric(name).map_unit
    inside = drawn[125:145, 45:75].mean()
    assert inside > 10 * np.delete(drawn, np.s_[80:190], axis=0).mean()  # where no window or band reaches
