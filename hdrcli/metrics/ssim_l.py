"""SSIM of linear light: what counts is the structure of what is bright."""

from __future__ import annotations

import numpy as np

from hdrcli.comparison import Comparison
from hdrcli.contracts import Metric
from hdrcli.metrics import _channels, _ssim_rgb


def ssim_l(comparison: Comparison) -> float:
    """Mean SSIM, peak 1, of linear R, G and B; at most 1. Raises MetricError for images smaller than a window."""
    return _ssim_rgb.mean(comparison, _channels.white_at_most, 1.0, "ssim_l")


def _error_map(comparison: Comparison) -> np.ndarray:
    return _ssim_rgb.error(comparison, _channels.white_at_most, 1.0, "ssim_l")


METRIC = Metric(
    measure=lambda comparison: (ssim_l(comparison),),
    figures=("ssim_l",),
    compares=("linear",),
    best=1.0,
    summary="Structural similarity of linear light, the mean of red, green and blue.",
    variant="light in [0, 1]; Gaussian 11 x 11, sigma 1.5, population variances, windows wholly inside, peak 1",
    source="Wang, Bovik, Sheikh & Simoncelli, IEEE TIP 2004",
    peaks_at_white=True,
    error_map=_error_map,
    map_unit="1 - SSIM",
)
