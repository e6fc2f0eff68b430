"""PU21: luminance in units of which each looks as large as the next, however bright it is.

Mantiuk & Azimi, "PU21: A novel perceptually uniform encoding for adapting existing quality metrics for HDR" (Picture
Coding Symposium 2021), in the variant banding_glare, the one that the authors' pu21_encoder.m takes by itself.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hdrcli.comparison import Comparison

PEAK = 256.0
"""The peak for PSNR and SSIM: what 100 cd/m^2, the white of an ordinary display, is encoded as."""

DARKEST, BRIGHTEST = 0.005, 10_000.0
"""Luminance in cd/m^2 that the encoding is made for; what lies outside counts as the nearer of the two."""

PARAMETERS = (0.353487901, 0.3734658629, 8.277049286e-05, 0.9062562627, 0.09150303166, 0.9099517204, 596.3148142)
"""p1 to p7 of banding_glare."""

LUMINANCE = np.array([0.212656, 0.715158, 0.072186])
"""What R, G and B weigh in the authors' pu21_metric.m."""


def encode(luminance: np.ndarray) -> np.ndarray:
    """PU21 units, 0 to 595, of luminance in cd/m^2, float64."""
    p1, p2, p3, p4, p5, p6, p7 = PARAMETERS
    power = np.clip(luminance, DARKEST, BRIGHTEST) ** p4
    units: np.ndarray = np.maximum(p7 * (((p1 + p2 * power) / (1 + p3 * power)) ** p5 - p6), 0)
    return units


def colours(comparison: Comparison) -> Callable[[np.ndarray], np.ndarray]:
    """What makes PU21 units of linear R, G and B, each taken for luminance, as the comparison's display shows them."""
    white = comparison.viewing.peak_luminance
    return lambda linear: encode(linear.astype(np.float64) * white)


def luminance(comparison: Comparison) -> Callable[[np.ndarray], np.ndarray]:
    """What makes (H, W) PU21 units of the luminance of linear (H, W, 3) as the comparison's display shows it."""
    white = comparison.viewing.peak_luminance
    return lambda linear: encode(linear @ LUMINANCE * white)
