"""Filters and sizes as the model has them: radial ones by Fourier transform, and bicubic resizing without aliases."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from scipy import fft, sparse

from hdrcli import parallel


def radial(image: np.ndarray, response: Callable[[np.ndarray], np.ndarray], rate: float, beyond: float) -> np.ndarray:
    """A plane (H, W) through a filter whose `response` depends on frequency alone, `rate` being samples per unit of it.

    Right of the image and below it there is as much again of the value `beyond`; as the transform is periodic, that
    borders on all four sides.
    """
    height, width = image.shape
    down, across = fft.fftfreq(2 * height, 1 / rate), fft.rfftfreq(2 * width, 1 / rate)
    passed = response(np.hypot(down[:, None], across))
    size, workers = (2 * height, 2 * width), parallel.cores()
    spectrum = fft.rfft2(image - beyond, size, workers=workers)
    spectrum *= passed
    filtered: np.ndarray = fft.irfft2(spectrum, size, overwrite_x=True, workers=workers)[:height, :width]
    return filtered + beyond * passed[0, 0]


def resized(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A plane (H, W) at another `size` (H, W), by MATLAB's imresize: the same plane where the size is its own."""
    if image.shape == size:
        return image
    down, across = (_weights(old, new) for old, new in zip(image.shape, size, strict=True))
    return np.ascontiguousarray((across @ (down @ image).T).T)


@lru_cache(maxsize=64)
def _weights(old: int, new: int) -> sparse.csr_array:
    """What each of `old` samples counts in each of `new`, (new, old): Keys' cubic, wider where samples are left out.

    Keys, "Cubic convolution interpolation for digital image processing" (IEEE ASSP 1981), a = -1/2. Beyond the ends the
    samples are mirrored, the last one twice.
    """
    stretch = max(1.0, old / new)
    centres = (np.arange(new) + 0.5) * old / new - 0.5
    reach = int(np.ceil(2 * stretch)) + 1
    samples = np.floor(centres).astype(int)[:, None] + np.arange(-reach, reach + 1)
    weights = _cubic((centres[:, None] - samples) / stretch)
    weights /= weights.sum(axis=1, keepdims=True)
    folded = samples % (2 * old)
    columns = np.where(folded < old, folded, 2 * old - 1 - folded)
    rows = np.broadcast_to(np.arange(new)[:, None], columns.shape)
    return sparse.csr_array((weights.ravel(), (rows.ravel(), columns.ravel())), shape=(new, old))


def _cubic(distance: np.ndarray) -> np.ndarray:
    t = np.abs(distance)
    near, far = (1.5 * t - 2.5) * t**2 + 1, ((-0.5 * t + 2.5) * t - 4) * t + 2
    return np.where(t <= 1, near, np.where(t <= 2, far, 0.0))
