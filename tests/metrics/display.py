"""Display pictures in 8 bits, and windows over them written out, for the tests of the metrics of display pictures."""

from __future__ import annotations

import numpy as np

from hdrcli.comparison import Comparison


def picture(height: int, width: int, seed: int = 0) -> np.ndarray:
    """(H, W, 3) whole levels of 0 to 255 with texture at many scales, flat black and flat white in two corners."""
    y, x = np.mgrid[:height, :width]
    waves = sum(np.sin(x / p + 1.3 * k) * np.cos(y / (p + 1)) for k, p in enumerate((1.3, 4.0, 11.0, 37.0)))
    rough = np.random.default_rng(seed).normal(size=(height, width, 3))
    levels = np.clip(np.round(115 + 40 * waves[..., None] * np.array([1.0, 0.8, 0.6]) + 12 * rough), 0, 255)
    levels[: height // 3, : width // 3] = 0
    levels[-height // 3 :, -width // 3 :] = 255
    return levels


def noisy(levels: np.ndarray, seed: int = 1) -> np.ndarray:
    """The same with noise, of lower contrast, flat where it is not along the left edge, and negative at the right."""
    worse = np.clip(np.round(20 + 0.8 * levels + np.random.default_rng(seed).normal(0, 9, levels.shape)), 0, 255)
    worse[-levels.shape[0] // 2 :, : levels.shape[1] // 4] = 90
    worse[: levels.shape[0] // 2, -levels.shape[1] // 4 :] = (
        255 - levels[: levels.shape[0] // 2, -levels.shape[1] // 4 :]
    )
    return worse


def shown(levels: np.ndarray) -> np.ndarray:
    """Levels as a reader gives them: float32 in [0, 1]."""
    return (levels / 255).astype(np.float32)


def pair(worse: np.ndarray, levels: np.ndarray) -> Comparison:
    """Levels held against levels."""
    return Comparison("display", shown(worse), shown(levels))


def grey(levels: np.ndarray) -> np.ndarray:
    """(H, W) whole grey levels: Y of NTSC's YIQ, from the inverse of the matrix that makes R, G and B of it."""
    to_rgb = np.array([[1, 0.956, 0.621], [1, -0.272, -0.647], [1, -1.106, 1.703]])
    red, green, blue = np.linalg.inv(to_rgb)[0]
    return np.floor(red * levels[..., 0] + green * levels[..., 1] + blue * levels[..., 2] + 0.5)


def windows(plane: np.ndarray, side: int = 11) -> np.ndarray:
    """All side x side windows that lie wholly inside, (rows, columns, side, side)."""
    return np.lib.stride_tricks.sliding_window_view(plane, (side, side))


def gaussian(side: int = 11, sigma: float = 1.5) -> np.ndarray:
    """(side, side) weights of sum 1."""
    distance = np.square(np.arange(side) - side // 2)
    weights = np.exp(-(distance[:, None] + distance) / (2 * sigma * sigma))
    return weights / weights.sum()


def moments(one: np.ndarray, other: np.ndarray, side: int = 11, sigma: float = 1.5) -> tuple[np.ndarray, ...]:
    """Weighted means, variances and covariance of the windows of two planes, the means taken off first."""
    weights, a, b = gaussian(side, sigma), windows(one, side), windows(other, side)
    mean_a, mean_b = ((weights * w).sum((2, 3)) for w in (a, b))
    da, db = a - mean_a[..., None, None], b - mean_b[..., None, None]
    return mean_a, mean_b, *((weights * p * q).sum((2, 3)) for p, q in ((da, da), (db, db), (da, db)))


def halved(plane: np.ndarray) -> np.ndarray:
    """Means of 2 x 2 pixels by loops; an odd last row or column counts twice."""
    rows, columns = plane.shape
    made = np.empty((-(-rows // 2), -(-columns // 2)))
    for i, j in np.ndindex(made.shape):
        down, across = (2 * i, min(2 * i + 1, rows - 1)), (2 * j, min(2 * j + 1, columns - 1))
        made[i, j] = sum(plane[y, x] for y in down for x in across) / 4
    return made
