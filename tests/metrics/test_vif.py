"""VIF in the pixel domain against its definition, case by case."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hdrcli.errors import MetricError
from hdrcli.metrics.vif import METRIC, vif
from hdrcli.metrics.vif_rgb import vif_rgb
from tests.metrics.display import gaussian, grey, moments, noisy, pair, picture, windows

LEVELS = picture(67, 78)
WORSE = noisy(LEVELS)


def information(truth: float, own: float, both: float) -> tuple[float, float]:
    """Bits that are kept, and that there are, in a window of these variances and this covariance."""
    if truth < 1e-10:
        return 0.0, 0.0
    there = math.log2(1 + truth / 2)
    if own < 1e-10 or both < 0:
        return 0.0, there
    gain = both / (truth + 1e-10)
    return math.log2(1 + gain**2 * truth / (max(own - gain * both, 1e-10) + 2)), there


def by_definition(picture: np.ndarray, truth: np.ndarray) -> float:
    kept = there = 0.0
    for scale in range(1, 5):
        side = 2 ** (5 - scale) + 1
        if scale > 1:
            blur = gaussian(side, side / 5)
            picture, truth = ((blur * windows(p, side)).sum((2, 3))[::2, ::2] for p in (picture, truth))
        _, _, own, of_truth, both = moments(picture, truth, side, side / 5)
        for window in zip(of_truth.flat, own.flat, both.flat, strict=True):
            found = information(*map(float, window))
            kept, there = kept + found[0], there + found[1]
    return kept / there


def test_in_grey_it_is_the_definition() -> None:
    expected = by_definition(grey(WORSE), grey(LEVELS))
    assert 0.1 < expected < 0.8
    assert vif(pair(WORSE, LEVELS)) == pytest.approx(expected, abs=1e-9)


def test_the_truth_is_the_reference() -> None:
    expected = by_definition(grey(LEVELS), grey(WORSE))
    assert abs(expected - by_definition(grey(WORSE), grey(LEVELS))) > 0.01
    assert vif(pair(LEVELS, WORSE)) == pytest.approx(expected, abs=1e-9)


def test_in_colour_it_is_the_mean_of_the_channels() -> None:
    expected = np.mean([by_definition(WORSE[..., k], LEVELS[..., k]) for k in range(3)])
    assert vif_rgb(pair(WORSE, LEVELS)) == pytest.approx(expected, abs=1e-9)


def test_brightness_is_no_information_and_contrast_is() -> None:
    levels = 20 + np.round(LEVELS / 4)
    assert vif(pair(levels + 100, levels)) == pytest.approx(1, abs=1e-9)
    assert vif(pair(2 * levels, levels)) > 1.1
    assert vif(pair(np.full(levels.shape, 90.0), levels)) == 0


def test_what_cannot_be_judged_is_said() -> None:
    assert METRIC.measure(pair(LEVELS[:41, :41], LEVELS[:41, :41]))[0] == pytest.approx(1)
    with pytest.raises(MetricError, match="needs 41 pixels each way, and the picture is 78 x 40") as found:
        vif(pair(LEVELS[:40], LEVELS[:40]))
    assert "vif out of --metrics" in found.value.hint
    without_red = LEVELS * np.array([0.0, 1, 1])
    assert vif(pair(WORSE, without_red)) > 0
    with pytest.raises(MetricError, match="one flat tone") as found:
        vif_rgb(pair(WORSE, without_red))
    assert "--metrics" in found.value.hint
