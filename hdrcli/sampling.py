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
    import cv2

    down, across = small.shape[0] / shape[0], small.shape[1] / shape[1]
    y = (np.arange(place[0].start, min(place[0].stop, shape[0])) + 0.5) * down - 0.5
    x = (np.arange(place[1].start, min(place[1].stop, shape[1])) + 0.5) * across - 0.5
    x, y = np.meshgrid(x.astype(np.float32), y.astype(np.float32))
    return cv2.remap(small, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
