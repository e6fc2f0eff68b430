"""MS-SSIM against its definition on a picture that is halved to odd sizes."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hdrcli.errors import MetricError
from hdrcli.metrics.ms_ssim import METRIC, ms_ssim
from hdrcli.metrics.ms_ssim_rgb import ms_ssim_rgb
from tests.metrics.display import grey, halved, moments, noisy, pair, picture

LEVELS = picture(163, 181)
WORSE = noisy(LEVELS)
WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


def by_definition(a: np.ndarray, b: np.ndarray) -> float:
    powers = []
    for scale, weight in enumerate(WEIGHTS):
        mean_a, mean_b, own_a, own_b, both = moments(a, b)
        likeness = (2 * both + C2) / (own_a + own_b + C2)
        if scale == 4:
            likeness = likeness * (2 * mean_a * mean_b + C1) / (mean_a**2 + mean_b**2 + C1)
        powers.append(likeness.mean() ** weight)
        a, b = halved(a), halved(b)
    return math.prod(powers)


def test_in_grey_it_is_the_definition() -> None:
    expected = by_definition(grey(WORSE), grey(LEVELS))
    assert 0.3 < expected < 0.9
    assert ms_ssim(pair(WORSE, LEVELS)) == pytest.approx(expected, abs=1e-10)


def test_in_colour_it_is_the_mean_of_the_channels() -> None:
    alone = [pair(*(np.repeat(levels[..., k, None], 3, 2) for levels in (WORSE, LEVELS))) for k in range(3)]
    expected = np.mean([ms_ssim(channel) for channel in alone])
    assert ms_ssim_rgb(pair(WORSE, LEVELS)) == pytest.approx(expected, abs=1e-10)


def test_luminance_counts_on_the_coarsest_scale_alone() -> None:
    flat = pair(np.full((161, 170, 3), 60.0), np.full((161, 170, 3), 180.0))
    expected = ((2 * 60 * 180 + C1) / (60**2 + 180**2 + C1)) ** WEIGHTS[-1]
    assert ms_ssim(flat) == pytest.approx(expected, abs=1e-9)


def test_a_negative_is_worth_nothing() -> None:
    assert ms_ssim(pair(255 - LEVELS, LEVELS)) == 0


def test_a_picture_without_a_whole_window_on_the_coarsest_scale_is_refused() -> None:
    assert METRIC.measure(pair(LEVELS[:161, :161], LEVELS[:161, :161]))[0] == pytest.approx(1)
    with pytest.raises(MetricError, match="needs 161 pixels each way, and the picture is 160 x 163") as found:
        METRIC.measure(pair(LEVELS[:, :160], LEVELS[:, :160]))
    assert "ms_ssim out of --metrics" in found.value.hint
