"""Whole-picture statistics that operators set themselves by, of luminance; 1.0 = white of the reference frame."""

from __future__ import annotations

import numpy as np

DARKEST = 1e-6
"""Luminance taken for black, so that logarithms exist: 20 stops below white, under the noise of any camera."""

_SAMPLES = 1 << 20


def sample(pixels: np.ndarray) -> np.ndarray:
    """About a million pixels (h, w, 3) on a regular grid, all pixels of smaller pictures: enough for statistics."""
    step = max(1, int(np.sqrt(pixels.shape[0] * pixels.shape[1] / _SAMPLES)))
    return np.ascontiguousarray(pixels[::step, ::step])


def log_average(luminance: np.ndarray) -> float:
    """The log-average luminance (Reinhard et al. 2002, eq. 1), a scene's key."""
    return float(np.exp(np.mean(np.log(np.maximum(luminance, DARKEST), dtype=np.float64))))


def robust_maximum(luminance: np.ndarray) -> float:
    """The luminance that one pixel in a thousand exceeds: the white of a scene without its specular highlights."""
    return max(float(np.quantile(luminance, 0.999)), DARKEST)
