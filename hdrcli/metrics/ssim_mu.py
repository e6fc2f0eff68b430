"""SSIM after the mu-law's compression: structure in the shadows counts as it does on a display."""

from __future__ import annotations

import numpy as np

from hdrcli.comparison import Comparison
from hdrcli.contracts import Metric
from hdrcli.metrics import _channels, _ssim_rgb


def ssim_mu(comparison: Comparison) -> float:
    """Mean SSIM, peak 1, of R, G and B compressed by the mu-law; at most 1.

    Raises MetricError for images smaller than a window.
    """
    return _ssim_rgb.mean(comparison, _channels.compressed, 1.0, "ssim_mu")


def _error_map(comparison: Comparison) -> np.ndarray:
    return _ssim_rgb.error(comparison, _channels.compressed, 1.0, "ssim_mu")


METRIC = Metric(
    measure=lambda comparison: (ssim_mu(comparison),),
    figures=("ssim_mu",),
    compares=("linear",),
    best=1.0,
    summary="Structural similarity of light compressed by the mu-law, the mean of red, green and blue.",
    variant="T(x) = log(1 + 5000 x) / log(5001); Gaussian 11 x 11, sigma 1.5, population variances, "
    "windows wholly inside, peak 1",
    source="Wang, Bovik, Sheikh & Simoncelli, IEEE TIP 2004; T of Kalantari & Ramamoorthi, SIGGRAPH 2017",
    peaks_at_white=True,
    error_map=_error_map,
    map_unit="1 - SSIM",
)
