"""Gaussian and Laplacian pyramids of planes and pictures (Burt & Adelson 1983), by OpenCV's 5 x 5 kernel."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np


def depth(height: int, width: int, top: int = 1) -> int:
    """How often a plane can be halved before its shorter side is `top` pixels."""
    return max(int(np.log2(min(height, width) / top)), 0)


def laplacian(plane: np.ndarray, top: int = 1) -> Iterator[np.ndarray]:
    """The levels of the Laplacian pyramid of (H, W) or (H, W, C) float32, finest first; the last is what is left.

    Its shorter side is `top` pixels or more, if the plane's is.
    """
    import cv2

    for _ in range(depth(plane.shape[0], plane.shape[1], top)):
        smaller = cv2.pyrDown(plane)
        band = cv2.pyrUp(smaller, dstsize=plane.shape[1::-1])
        yield np.subtract(plane, band, out=band)
        plane = smaller
    yield plane


def gaussian(plane: np.ndarray, top: int = 1) -> Iterator[np.ndarray]:
    """The levels of the Gaussian pyramid, finest first: `plane` itself, and as many as `laplacian` gives."""
    import cv2

    yield plane
    for _ in range(depth(plane.shape[0], plane.shape[1], top)):
        plane = cv2.pyrDown(plane)
        yield plane


def collapse(bands: list[np.ndarray]) -> np.ndarray:
    """The plane or picture of a Laplacian pyramid, which is used up."""
    import cv2

    plane = bands.pop()
    while bands:
        band = bands.pop()
        band += cv2.pyrUp(plane, dstsize=band.shape[1::-1])
        plane = band
    return plane
