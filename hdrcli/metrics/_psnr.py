"""Peak signal-to-noise ratio: ten times the logarithm of peak squared over the mean squared error, in dB."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from hdrcli.metrics import _channels


def psnr(one: np.ndarray, other: np.ndarray, ready: Callable[[np.ndarray], np.ndarray], peak: float = 1.0) -> float:
    """PSNR in dB of two images once they are `ready`; one mean over all pixels and channels; inf for equal ones."""
    total = sum(float(np.square(a - b).sum()) for a, b in _channels.strips(one, other, ready))
    mean = total / one.size
    return math.inf if mean == 0 else 10 * math.log10(peak * peak / mean)


def error(one: np.ndarray, other: np.ndarray, ready: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """(H, W) float32: the root of each pixel's mean squared error over its channels."""
    rows = [np.sqrt(np.square(a - b).mean(2)) for a, b in _channels.strips(one, other, ready)]
    return np.concatenate(rows).astype(np.float32)
