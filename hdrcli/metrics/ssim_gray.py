"""SSIM of display pictures in grey, as Wang's program ssim_index.m takes them."""

from __future__ import annotations

import numpy as np

from hdrcli.comparison import Comparison
from hdrcli.contracts import Metric
from hdrcli.metrics import _channels, _ssim, _windows


def ssim_gray(comparison: Comparison) -> float:
    """Mean SSIM of the grey levels, at most 1.

    Raises MetricError for pictures smaller than a window.
    """
    _windows.check_size(comparison.prediction, _windows.SIDE, "SSIM", "ssim_gray")
    return _ssim.mean(_channels.grey(comparison.prediction), _channels.grey(comparison.reference), 255)


def _error_map(comparison: Comparison) -> np.ndarray:
    _windows.check_size(comparison.prediction, _windows.SIDE, "SSIM", "ssim_gray")
    error = _ssim.error(_channels.grey(comparison.prediction), _channels.grey(comparison.reference), 255)
    return error.astype(np.float32)


METRIC = Metric(
    measure=lambda comparison: (ssim_gray(comparison),),
    usual=False,
    figures=("ssim_gray",),
    compares=("display",),
    best=1.0,
    summary="Structural similarity of the grey pictures.",
    variant="ssim_index.m: grey as rgb2gray rounds it, Gaussian 11 x 11 windows wholly inside, sigma 1.5; full size",
    source="Wang, Bovik, Sheikh & Simoncelli, IEEE TIP 2004",
    error_map=_error_map,
    map_unit="1 - SSIM",
)
