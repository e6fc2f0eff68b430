"""Peak signal-to-noise ratio: ten times the logarithm of peak squared over the mean squared error, in dB."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from hdrcli.metrics import _channels


def psnr(one: np.ndarray, other: np.ndarray, ready: Callable[[np.ndarray], np.ndarray], peak: float = 1.0) -> float:
    """PSNR in dB of two images once they are `ready`; one mean over all pixels and channels; inf for equal ones.

    `ready` makes (rows, W, channels) of (rows, W, 3), or (rows, W) where there is one channel.
    """
    total, count = 0.0, 0
    for a, b in _channels.strips(one, other, ready):
        total += float(np.square(a - b).sum())
        count += a.size
    mean = total / count
    return math.inf if mean == 0 else 10 * math.log10(peak * peak / mean)


def error(one: np.ndarray, other: np.ndarray, ready: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """(H, W) float32: the root of each pixel's mean squared error over its channels."""
    width = one.shape[1]
    squares = [np.square(a - b).reshape(-1, width, a[0, 0].size) for a, b in _channels.strips(one, other, ready)]
    return np.concatenate([np.sqrt(square.mean(2)) for square in squares]).astype(np.float32)
