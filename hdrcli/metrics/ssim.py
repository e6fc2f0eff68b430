"""SSIM of display pictures in colour: the mean of red, green and blue."""

from __future__ import annotations

import numpy as np

from hdrcli.comparison import Comparison
from hdrcli.contracts import Metric
from hdrcli.metrics import _channels, _ssim_rgb


def ssim(comparison: Comparison) -> float:
    """Mean over R, G and B of the mean SSIM of their levels, at most 1.

    Raises MetricError for pictures smaller than a window.
    """
    return _ssim_rgb.mean(comparison, _channels.levels, 255, "ssim")


def _error_map(comparison: Comparison) -> np.ndarray:
    return _ssim_rgb.error(comparison, _channels.levels, 255, "ssim")


METRIC = Metric(
    measure=lambda comparison: (ssim(comparison),),
    figures=("ssim",),
    compares=("display",),
    best=1.0,
    summary="Structural similarity, the mean of red, green and blue.",
    variant="as tf.image.ssim: Gaussian 11 x 11 windows wholly inside, sigma 1.5, population variances; full size",
    source="Wang, Bovik, Sheikh & Simoncelli, IEEE TIP 2004",
    error_map=_error_map,
    map_unit="1 - SSIM",
)
