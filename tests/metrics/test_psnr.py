"""PSNR of display pictures against its closed form and OpenCV's."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from hdrcli.metrics.psnr import METRIC, psnr
from tests.metrics.display import noisy, pair, picture

LEVELS = picture(41, 57)


def test_a_constant_difference_has_a_closed_form() -> None:
    grey = np.full((30, 40, 3), 100.0)
    assert psnr(pair(grey + 5, grey)) == pytest.approx(20 * math.log10(255 / 5), abs=1e-9)
    red = grey + np.array([5.0, 0, 0])
    assert psnr(pair(red, grey)) == pytest.approx(20 * math.log10(255 / 5) + 10 * math.log10(3), abs=1e-9)


def test_it_is_opencvs() -> None:
    worse = noisy(LEVELS)
    expected = cv2.PSNR(worse.astype(np.uint8), LEVELS.astype(np.uint8))
    assert psnr(pair(worse, LEVELS)) == pytest.approx(expected, abs=1e-6)


def test_the_map_is_in_levels() -> None:
    worse = LEVELS.copy()
    worse[3, 4] = np.abs(worse[3, 4] - np.array([3.0, 4.0, 12.0]))
    assert METRIC.error_map is not None
    drawn = METRIC.error_map(pair(worse, LEVELS))
    assert drawn[3, 4] == pytest.approx(13 / math.sqrt(3), rel=1e-5)
    assert np.count_nonzero(drawn) == 1
