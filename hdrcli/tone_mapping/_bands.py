"""Work through a picture in bands of rows, so that the memory a formula needs beside the picture stays small."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hdrcli.parallel import each
from hdrcli.strips import strips


def by_bands(pixels: np.ndarray, function: Callable[[np.ndarray, slice], np.ndarray]) -> np.ndarray:
    """`function(band, rows)` of every band of `pixels` (H, W, 3), put together; `rows` are the band's rows.

    Same shape and dtype as `pixels`; what the function returns is clipped to [0, 1].
    """
    result = np.empty_like(pixels)
    each(lambda rows: np.clip(function(pixels[rows], rows), 0, 1, out=result[rows]), strips(*pixels.shape[:2]))
    return result


def plane(pixels: np.ndarray, function: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """The plane (H, W) float32 of `function(band)` (h, w) of every band of `pixels` (H, W, 3)."""
    result = np.empty(pixels.shape[:2], np.float32)

    def fill(rows: slice) -> None:
        result[rows] = function(pixels[rows])

    each(fill, strips(*pixels.shape[:2]))
    return result
