"""The steerable pyramid of four orientations: a plane in bands of frequency and direction, and back.

Simoncelli & Freeman, "The steerable pyramid: a flexible architecture for multi-scale derivative computation" (ICIP
1995); the filters are "sp3Filters" of the authors' matlabPyrTools. Bands are numbered from 1, the high-pass residual;
the last is the low-pass base.
"""

from __future__ import annotations

import cv2
import numpy as np

from hdrcli.metrics._hdrvdp2.taps import BANDS, HIGH, LOW, NARROW

LEAST_SIDE = 16
"""Pixels of the smallest picture: the high-pass filter is 15 wide."""

Bands = list[list[np.ndarray]]
"""The sub-bands (H, W) of each band."""


def height(size: tuple[int, int]) -> int:
    """How many oriented levels a plane of this size (H, W) has."""
    levels, side = 0, min(size)
    while side >= len(NARROW):
        levels, side = levels + 1, side // 2
    return levels


def split(plane: np.ndarray) -> Bands:
    """The bands of a plane (H, W); from the second level on, each is half as large as the one before."""
    bands, rest = [[_correlated(plane, HIGH)]], _correlated(plane, LOW)
    for _ in range(height(plane.shape)):
        bands.append([_correlated(rest, taps) for taps in BANDS])
        rest = np.ascontiguousarray(_correlated(rest, NARROW)[::2, ::2])
    return [*bands, [rest]]


class Joined:
    """The plane that bands make, given from the base on; the last one given is the high-pass residual."""

    def __init__(self) -> None:
        self._rest: np.ndarray | None = None

    def add(self, band: list[np.ndarray]) -> None:
        """Add the next finer band; the base comes first."""
        if self._rest is None:
            self._rest = band[0]
            return
        if len(band) == 1:
            self._rest = _convolved(self._rest, LOW) + _convolved(band[0], HIGH)
            return
        wide = np.zeros_like(band[0])
        wide[::2, ::2] = self._rest
        self._rest = sum(
            (_convolved(one, taps) for one, taps in zip(band, BANDS, strict=True)), _convolved(wide, NARROW)
        )

    @property
    def plane(self) -> np.ndarray:
        """What has been joined, (H, W). Raises ValueError before anything has been."""
        if self._rest is None:
            raise ValueError("no band has been added")
        return self._rest


def _correlated(plane: np.ndarray, taps: np.ndarray) -> np.ndarray:
    """Correlation (H, W) of a plane, mirrored at its borders without repeating them."""
    return cv2.filter2D(plane, cv2.CV_64F, taps, borderType=cv2.BORDER_REFLECT_101)


def _convolved(plane: np.ndarray, taps: np.ndarray) -> np.ndarray:
    return _correlated(plane, np.ascontiguousarray(taps[::-1, ::-1]))
