"""The slow part of a picture's brightness, which follows its edges (guided filter: He, Sun & Tang 2010)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hdrcli.tone_mapping._statistics import DARKEST

_LONG_SIDE = 1024
"""The filter's coefficients are slow themselves and are found on a small picture (He & Sun, Fast Guided Filter, 2015).

It is of one size whatever the photograph's, so that a photograph looks the same at every resolution.
"""

RADIUS = 1 / 16
"""Half the window, as a part of the long side."""

EPSILON = 0.1
"""Variance, in squared stops, above which a change is an edge and belongs to the base. Ten times this makes halos."""


class Base:
    """The guided filter of a picture by itself, in stops: at every place a line slope * stops + offset (eq. 5-8)."""

    def __init__(self, pixels: np.ndarray, brightness: Callable[[np.ndarray], np.ndarray]) -> None:
        """Find the lines of linear `pixels` (H, W, 3); `brightness` of RGB (..., 3) is what is filtered."""
        import cv2

        height, width = pixels.shape[:2]
        scale = min(1.0, _LONG_SIDE / max(height, width))
        small = max(1, round(width * scale)), max(1, round(height * scale))
        bright = brightness(cv2.resize(pixels, small, interpolation=cv2.INTER_AREA))
        stops = np.log2(np.maximum(bright, np.float32(DARKEST))).astype(np.float64)
        side = 2 * max(1, round(max(small) * RADIUS)) + 1

        def mean(plane: np.ndarray) -> np.ndarray:
            return cv2.blur(plane, (side, side), borderType=cv2.BORDER_REFLECT)

        average = mean(stops)
        variance = np.maximum(mean(stops * stops) - average * average, 0)
        slope = variance / (variance + EPSILON)
        self._slope = mean(slope).astype(np.float32)
        self._offset = mean((1 - slope) * average).astype(np.float32)
        self._step = small[0] / width, small[1] / height

    def of(self, stops: np.ndarray, rows: slice) -> np.ndarray:
        """The slow part of `stops` (h, W), which are `rows` of the picture."""
        import cv2

        across, down = self._step
        place = np.array([[across, 0, across / 2 - 0.5], [0, down, (rows.start + 0.5) * down - 0.5]])
        size = stops.shape[1], stops.shape[0]
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        slope, offset = (
            cv2.warpAffine(plane, place, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
            for plane in (self._slope, self._offset)
        )
        return slope * stops + offset
