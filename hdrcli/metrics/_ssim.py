"""Structural similarity by scikit-image, set as Wang's program has it, a strip at a time.

Wang, Bovik, Sheikh & Simoncelli, "Image quality assessment: from error visibility to structural similarity" (IEEE TIP
2004), eq. 13, and ssim_index.m: Gaussian windows of 11 x 11 pixels and sigma 1.5, variances of the whole window rather
than of a sample, K1 = 0.01, K2 = 0.03, and a mean over those windows that lie wholly inside.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hdrcli.metrics import _windows
from hdrcli.metrics._windows import RIM

K1 = 0.01
"""What keeps the term of luminance finite in the dark, as a part of the peak."""

NO_LUMINANCE = 1e10
"""A K1 beside which luminance is lost to rounding: the term is exactly 1, contrast and structure are left."""


def mean(one: np.ndarray, other: np.ndarray, peak: float, k1: float = K1) -> float:
    """Mean SSIM of two (H, W) float64 planes with values up to `peak`, each side SIDE pixels at least."""
    return _windows.overall(_maps(one, other, peak, k1))


def error(one: np.ndarray, other: np.ndarray, peak: float) -> np.ndarray:
    """(H, W) of 1 - SSIM around each pixel, planes mirrored at their border."""
    strips = _maps(_windows.extended(one), _windows.extended(other), peak, K1)
    return 1 - np.concatenate(list(strips))


def _maps(one: np.ndarray, other: np.ndarray, peak: float, k1: float) -> Iterator[np.ndarray]:
    from skimage.metrics import structural_similarity

    for a, b in _windows.strips(_windows.SIDE, one, other):
        _, drawn = structural_similarity(
            a,
            b,
            data_range=peak,
            gaussian_weights=True,
            sigma=_windows.SIGMA,
            use_sample_covariance=False,
            K1=k1,
            full=True,
        )
        yield drawn[RIM:-RIM, RIM:-RIM]
