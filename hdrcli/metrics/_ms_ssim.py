"""Multi-scale SSIM of two planes.

Wang, Simoncelli & Bovik, "Multi-scale structural similarity for image quality assessment" (Asilomar 2003), eq. 7, and
msssim.m: contrast and structure on five scales, luminance on the coarsest alone; between scales, means of 2 x 2 pixels.
"""

from __future__ import annotations

import numpy as np

from hdrcli.metrics import _scales, _ssim

LEAST_SIDE = _scales.least_side(len(_scales.WEIGHTS))
"""Pixels each way that it needs; msssim.m asks for 176."""


def ms_ssim(one: np.ndarray, other: np.ndarray, peak: float) -> float:
    """MS-SSIM of two (H, W) float64 planes with values up to `peak`; 0 where a scale's structures are contrary."""
    means = []
    for _ in _scales.WEIGHTS[:-1]:
        means.append(_ssim.mean(one, other, peak, k1=_ssim.NO_LUMINANCE))
        one, other = _scales.halved(one), _scales.halved(other)
    means.append(_ssim.mean(one, other, peak))
    return _scales.product(means, _scales.WEIGHTS)
