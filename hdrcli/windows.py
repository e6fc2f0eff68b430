"""Means and slopes around each pixel: what frames are compared by, so that noise and misplacement do not count."""

from __future__ import annotations

import numpy as np

WINDOW = 2.0
"""Standard deviation, in pixels, of the Gaussian window in which frames are compared."""

RADIUS = round(4 * WINDOW)
"""Pixels around a pixel that its window has."""


def blurred(plane: np.ndarray) -> np.ndarray:
    """The mean in the window around each pixel, (H, W) or (H, W, C) float32."""
    import cv2

    return cv2.GaussianBlur(plane, (0, 0), WINDOW, borderType=cv2.BORDER_REFLECT)


def slope(plane: np.ndarray) -> np.ndarray:
    """Steepest change of an (H, W) float32 plane per pixel."""
    import cv2

    across = cv2.Sobel(plane, cv2.CV_32F, 1, 0, scale=1 / 8)
    down = cv2.Sobel(plane, cv2.CV_32F, 0, 1, scale=1 / 8)
    return np.hypot(across, down)
