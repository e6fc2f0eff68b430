"""Gaussian and Laplacian pyramids of planes and pictures (Burt & Adelson 1983), by OpenCV's 5 x 5 kernel."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np


def depth(height: int, width: int) -> int:
    """How often a plane can be halved before its shorter side is one pixel."""
    return int(np.log2(min(height, width)))


def laplacian(plane: np.ndarray) -> Iterator[np.ndarray]:
    """The levels of the Laplacian pyramid of (H, W) or (H, W, C) float32, finest first; the last is what is left."""
    import cv2

    for _ in range(depth(*plane.shape[:2])):
        smaller = cv2.pyrDown(plane)
        band = cv2.pyrUp(smaller, dstsize=plane.shape[1::-1])
        yield np.subtract(plane, band, out=band)
        plane = smaller
    yield plane


def gaussian(plane: np.ndarray) -> Iterator[np.ndarray]:
    """The levels of the Gaussian pyramid, finest first: `plane` itself, and as many as `laplacian` gives."""
    import cv2

    yield plane
    for _ in range(depth(*plane.shape[:2])):
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
