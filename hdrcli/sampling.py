"""Some of a picture's pixels, enough for statistics."""

from __future__ import annotations

import numpy as np

from hdrcli.image import Exposure
from hdrcli.parallel import each
from hdrcli.strips import Place, strips

SAMPLES = 1 << 20


def sample(pixels: np.ndarray, count: int = SAMPLES) -> np.ndarray:
    """About `count` pixels (h, w, ...) on a regular grid, all pixels of smaller pictures."""
    step = max(1, int(np.sqrt(pixels.shape[0] * pixels.shape[1] / count)))
    return np.ascontiguousarray(pixels[::step, ::step])


def reduced_size(size: tuple[int, int], pixels: int) -> tuple[int, int]:
    """The size (width, height) of a picture made small to about `pixels`, or its own where it has no more."""
    width, height = size
    scale = min(1.0, (pixels / (width * height)) ** 0.5)
    return max(1, round(width * scale)), max(1, round(height * scale))


def covered(exposure: Exposure, size: tuple[int, int]) -> np.ndarray:
    """Where an exposure made small to `size` shows the scene wholly, (h, w) bool: not beyond a warped frame's edges."""
    import cv2

    if exposure.valid is None:
        return np.ones(size[::-1], bool)
    return cv2.resize(exposure.valid.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.999


def averaged(exposure: Exposure, size: tuple[int, int]) -> np.ndarray:
    """An exposure made small: (h, w, 3) float32 means of areas, `size` (width, height) as `Exposure.size`.

    First the rows, strip by strip, then the columns: the whole is never held in float32.
    """
    import cv2

    width, height = exposure.size
    narrow = np.empty((height, size[0], 3), np.float32)

    def fill(rows: slice) -> None:
        narrow[rows] = cv2.resize(exposure.part(rows), (size[0], rows.stop - rows.start), interpolation=cv2.INTER_AREA)

    each(fill, strips(height, width))
    return cv2.resize(narrow, size, interpolation=cv2.INTER_AREA)


def enlarged(small: np.ndarray, place: Place, shape: tuple[int, ...]) -> np.ndarray:
    """What a plane or planes (h, w, ...) float32, enlarged to (H, W) of `shape`, show at a place: bilinear."""
    made = small
    for axis, span in enumerate(place):
        count = small.shape[axis]
        at = (np.arange(span.start, min(span.stop, shape[axis])) + 0.5) * (count / shape[axis]) - 0.5
        at = at.clip(0, count - 1)
        before = at.astype(np.intp)
        share = (at - before).astype(np.float32).reshape((1,) * axis + (-1,) + (1,) * (small.ndim - 1 - axis))
        first = np.take(made, before, axis)
        after = np.take(made, np.minimum(before + 1, count - 1), axis)
        after -= first
        after *= share
        first += after
        made = first
    return made
