"""Visual information fidelity in the pixel domain: what share of the truth's information is left in the picture.

Sheikh & Bovik, "Image information and visual quality" (IEEE TIP 2006), in the variant of their program vifp_mscale.m:
the windows are pixels rather than wavelets, one gain for each window. With a window's variances v of the truth and p of
the picture and their covariance c, the picture is g * truth + noise, g = c / v, and the noise has the variance p - g c.
"""

from __future__ import annotations

import numpy as np

from hdrcli.errors import MetricError
from hdrcli.metrics import _windows

SIDES = (17, 9, 5, 3)
"""Windows of the four scales, finest first; their Gaussian's sigma is a fifth of the side."""

LEAST_SIDE = 41
"""Pixels each way below which the coarsest scale holds no whole window."""

EYE_NOISE = 2.0
"""Variance of the noise in the eye itself, in squared levels of 255."""

FLAT = 1e-10
"""Variance that is none: rounding is all it holds."""


def vif(picture: np.ndarray, truth: np.ndarray) -> float:
    """VIF of (H, W) float64 planes in levels of 0 to 255, LEAST_SIDE pixels each way at least; 1 if they are equal.

    It may pass 1: contrast that is added to the truth's counts as information. Raises MetricError for a flat truth.
    """
    if truth.min() == truth.max():
        raise MetricError(
            "The truth, or a channel of it, is one flat tone, which holds no information that could be kept.",
            "Leave vif and vif_rgb out of --metrics.",
        )
    kept = held = 0.0
    for scale, side in enumerate(SIDES):
        if scale:
            picture, truth = (_windows.means(plane, side, side / 5)[::2, ::2].copy() for plane in (picture, truth))
        for p, t in _windows.strips(side, picture, truth):
            of_picture, of_truth = _information(p, t, side)
            kept += of_picture
            held += of_truth
    return kept / held


def _information(picture: np.ndarray, truth: np.ndarray, side: int) -> tuple[float, float]:
    """What an eye gets of the truth through the picture, and from the truth itself, in nats, over all windows."""

    def mean(plane: np.ndarray) -> np.ndarray:
        return _windows.means(plane, side, side / 5)

    mean_p, mean_t = mean(picture), mean(truth)
    of_picture = mean(picture * picture) - mean_p * mean_p
    of_truth = mean(truth * truth) - mean_t * mean_t
    both = mean(truth * picture) - mean_t * mean_p
    of_truth[of_truth < FLAT] = 0
    kept = (of_truth > 0) & (of_picture >= FLAT) & (both > 0)
    gain = np.where(kept, both / (of_truth + FLAT), 0)
    noise = np.maximum(of_picture - gain * both, FLAT) + EYE_NOISE
    return float(np.log1p(gain * gain * of_truth / noise).sum()), float(np.log1p(of_truth / EYE_NOISE).sum())
