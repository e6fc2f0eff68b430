"""Windows that slide over planes: sums and weighted means of each that lies wholly inside, a strip at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from hdrcli.errors import MetricError
from hdrcli.metrics import _channels

SIDE = 11
"""Side in pixels of the windows of SSIM and of what descends from it."""

SIGMA = 1.5
"""Standard deviation in pixels of the Gaussian that weighs them."""

RIM = SIDE // 2
"""Pixels between the border and the centre of the first whole window."""


def strips(side: int, *planes: np.ndarray) -> Iterator[tuple[np.ndarray, ...]]:
    """Planes of one size in strips that overlap so far that each window of `side` rows is whole in just one of them."""
    for top in range(0, planes[0].shape[0] - side + 1, _channels.STRIP):
        yield tuple(plane[top : top + _channels.STRIP + side - 1] for plane in planes)


def overall(drawn: Iterable[np.ndarray]) -> float:
    """Mean over all windows of what is drawn of them strip by strip."""
    total, count = 0.0, 0
    for strip in drawn:
        total += float(strip.sum())
        count += strip.size
    return total / count


def means(plane: np.ndarray, side: int = SIDE, sigma: float = SIGMA) -> np.ndarray:
    """Gaussian-weighted mean of each side x side window of a float64 plane, (H - side + 1, W - side + 1)."""
    import cv2

    line, rim = cv2.getGaussianKernel(side, sigma, cv2.CV_64F), side // 2
    return cv2.sepFilter2D(plane, cv2.CV_64F, line, line)[rim:-rim, rim:-rim]


def sums(plane: np.ndarray) -> np.ndarray:
    """Sum of each SIDE x SIDE window; exact for whole numbers, and for quarters and sixteenths of them."""
    import cv2

    return cv2.boxFilter(plane, cv2.CV_64F, (SIDE, SIDE), normalize=False)[RIM:-RIM, RIM:-RIM]


def extended(plane: np.ndarray) -> np.ndarray:
    """The plane mirrored at its border, so that there is a window around each of its pixels."""
    return np.pad(plane, RIM, mode="symmetric")


def check_size(picture: np.ndarray, least: int, metric: str, figure: str) -> None:
    """Raise MetricError for a picture of fewer than `least` pixels either way, too small for `metric`."""
    height, width = picture.shape[:2]
    if min(height, width) < least:
        raise MetricError(
            f"{metric} needs {least} pixels each way, and the picture is {width} x {height}.",
            f"Pass larger images, or leave {figure} out of --metrics.",
        )
