"""Where to start from when nothing is known: the turn and shift under which the details of two pictures agree best.

All shifts at once, by cross-correlation in the Fourier domain (Anuta 1970, "Spatial Registration of Multispectral and
Multitemporal Digital Imagery Using Fast Fourier Transform Techniques"), for each of some turns. What is faint, noisy or
repeated, and leaves features few or alike, agrees as a whole all the same.
"""

from __future__ import annotations

import numpy as np

DEGREES = np.arange(-3, 3.5, 0.5)
"""Turns that are tried; at the size that pictures are compared at, half a step moves corners by about half a pixel."""


def find_turn_and_shift(still: np.ndarray, moved: np.ndarray, farthest: int) -> np.ndarray:
    """The homography from pixels of `still` to those of `moved`: a turn, and a shift of up to `farthest` pixels.

    Both pictures are (h, w) float32 detail of mean 0 and even strength; 0 where they say nothing.
    """
    import cv2

    height, width = still.shape
    padded = [cv2.getOptimalDFTSize(side + farthest) for side in (height, width)]
    wanted = np.conj(np.fft.rfft2(still, padded))
    shifts = np.arange(-farthest, farthest + 1)
    best, most = np.eye(3), 0.0
    for degrees in DEGREES:
        turn = np.eye(3)
        turn[:2] = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1)
        turned = cv2.warpPerspective(moved, turn, (width, height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
        agreement = np.fft.irfft2(wanted * np.fft.rfft2(turned, padded), padded)[np.ix_(shifts, shifts)]
        y, x = np.unravel_index(int(agreement.argmax()), agreement.shape)
        if agreement[y, x] > most:
            most = float(agreement[y, x])
            best = turn @ np.array([[1, 0, shifts[x]], [0, 1, shifts[y]], [0, 0, 1]])
    return best
