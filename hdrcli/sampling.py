"""Some of a picture's pixels, enough for statistics."""

from __future__ import annotations

import numpy as np

SAMPLES = 1 << 20


def sample(pixels: np.ndarray, count: int = SAMPLES) -> np.ndarray:
    """About `count` pixels (h, w, ...) on a regular grid, all pixels of smaller pictures."""
    step = max(1, int(np.sqrt(pixels.shape[0] * pixels.shape[1] / count)))
    return np.ascontiguousarray(pixels[::step, ::step])
