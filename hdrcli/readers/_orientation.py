"""EXIF Orientation (Exif 2.32, tag 0x0112): how stored rows and columns become the picture as it was seen."""

from __future__ import annotations

import numpy as np


def oriented(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Turn (H, W, …) pixels as Orientation 1-8 asks; 5-8 swap the sides. Values outside 1-8 leave them as they are."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return pixels


def oriented_size(width: int, height: int, orientation: int) -> tuple[int, int]:
    """(width, height) of the picture after `oriented`."""
    return (height, width) if orientation in (5, 6, 7, 8) else (width, height)
