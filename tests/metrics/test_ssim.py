"""SSIM of display pictures, in colour and in grey, against scikit-image's on whole pictures and its definition."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.metrics import structural_similarity

from hdrcli.errors import MetricError
from hdrcli.metrics import ssim as colour
from hdrcli.metrics import ssim_gray as in_grey
from tests.metrics.display import grey, moments, noisy, pair, picture

LEVELS = picture(53, 67)
WORSE = noisy(LEVELS)
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
AS_WANG = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "full": True}


def test_two_flat_tones_have_a_closed_form() -> None:
    flat = pair(np.full((20, 30, 3), 60.0), np.full((20, 30, 3), 180.0))
    expected = (2 * 60 * 180 + C1) / (60**2 + 180**2 + C1)
    assert colour.ssim(flat) == pytest.approx(expected, abs=1e-9)
    assert in_grey.ssim_gray(flat) == pytest.approx(expected, abs=1e-9)


def test_in_grey_it_is_the_definition() -> None:
    mean_a, mean_b, own_a, own_b, both = moments(grey(WORSE), grey(LEVELS))
    luminance = (2 * mean_a * mean_b + C1) / (mean_a**2 + mean_b**2 + C1)
    expected = (luminance * (2 * both + C2) / (own_a + own_b + C2)).mean()
    assert 0.1 < expected < 0.9
    assert in_grey.ssim_gray(pair(WORSE, LEVELS)) == pytest.approx(expected, abs=1e-10)


def test_in_colour_it_is_scikit_images_of_values_up_to_1() -> None:
    expected, drawn = structural_similarity(WORSE / 255, LEVELS / 255, data_range=1, channel_axis=-1, **AS_WANG)
    assert colour.ssim(pair(WORSE, LEVELS)) == pytest.approx(expected, abs=1e-10)
    assert colour.METRIC.error_map is not None
    assert np.allclose(colour.METRIC.error_map(pair(WORSE, LEVELS)), 1 - drawn.mean(2), atol=1e-6)


def test_the_map_in_grey_is_scikit_images() -> None:
    _, drawn = structural_similarity(grey(WORSE), grey(LEVELS), data_range=255, **AS_WANG)
    assert in_grey.METRIC.error_map is not None
    assert np.allclose(in_grey.METRIC.error_map(pair(WORSE, LEVELS)), 1 - drawn, atol=1e-6)


@pytest.mark.parametrize("metric", [colour.METRIC, in_grey.METRIC], ids=lambda metric: metric.figures[0])
def test_a_picture_smaller_than_a_window_is_refused(metric) -> None:
    assert metric.measure(pair(LEVELS[:11, :12], LEVELS[:11, :12]))[0] == pytest.approx(1)
    small = pair(LEVELS[:40, :10], LEVELS[:40, :10])
    for ask in (metric.measure, metric.error_map):
        with pytest.raises(MetricError, match="needs 11 pixels each way, and the picture is 10 x 40") as found:
            ask(small)
        assert f"{metric.figures[0]} out of --metrics" in found.value.hint
