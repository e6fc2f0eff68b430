"""Work through a picture in bands of rows, so that the memory a formula needs beside the picture stays small."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

_PIXELS_PER_BAND = 1 << 20


def by_bands(pixels: np.ndarray, function: Callable[[np.ndarray, slice], np.ndarray]) -> np.ndarray:
    """`function(band, rows)` of every band of `pixels` (H, W, 3), put together; `rows` are the band's rows.

    Same shape and dtype as `pixels`; what the function returns is clipped to [0, 1].
    """
    result = np.empty_like(pixels)
    for rows in bands(pixels):
        np.clip(function(pixels[rows], rows), 0, 1, out=result[rows])
    return result


def bands(pixels: np.ndarray) -> Iterator[slice]:
    """The rows of each band of `pixels` (H, W, ...), from the top."""
    height, width = pixels.shape[:2]
    step = max(1, _PIXELS_PER_BAND // width)
    for top in range(0, height, step):
        yield slice(top, min(top + step, height))
