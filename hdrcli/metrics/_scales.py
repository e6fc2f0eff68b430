"""The scales of measures that look at a picture from ever further away: each is half the size of the one before."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from hdrcli.metrics import _windows

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""What each scale counts, finest first (Wang, Simoncelli & Bovik 2003, section 3.2)."""


def least_side(scales: int) -> int:
    """Pixels below which the coarsest of so many scales holds no whole window."""
    return int((_windows.SIDE - 1) * 2 ** (scales - 1) + 1)


def halved(plane: np.ndarray) -> np.ndarray:
    """Means of 2 x 2 pixels; an odd last row or column counts twice."""
    height, width = plane.shape
    even = np.pad(plane, ((0, height % 2), (0, width % 2)), mode="edge")
    return even.reshape((height + 1) // 2, 2, (width + 1) // 2, 2).mean((1, 3))


def product(likenesses: Sequence[float], weights: Sequence[float]) -> float:
    """Likenesses to the power of their weights, multiplied; 0 where one is negative and has no such power."""
    return math.prod(max(one, 0.0) ** weight for one, weight in zip(likenesses, weights, strict=True))
