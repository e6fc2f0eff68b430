"""What the networks of two extreme frames share: a border around the planes, and the display picture without it.

Zero padding shows at the edge of what such a network makes, as a line of a pixel or as a block of a corner. So the
frames' outermost pixels are repeated around them first, and what is made of those is cut off.
"""

from __future__ import annotations

import numpy as np

from hdrcli.image import Bracket, DisplayImage


def bordered(planes: np.ndarray, margin: int) -> np.ndarray:
    """(C, H, W) -> (C, H + 2 margin, W + 2 margin) float32."""
    return np.pad(planes.astype(np.float32, copy=False), ((0, 0), (margin, margin), (margin, margin)), mode="edge")


def conditions(bracket: Bracket) -> dict[str, list[float]]:
    """Nothing: the networks see the frames alone."""
    return {}


def finish(output: np.ndarray, bracket: Bracket) -> DisplayImage:
    """(3, H', W') in [0, 1], the frames' size with the same border all around -> DisplayImage."""
    width, height = bracket.exposures[0].size
    top, left = (output.shape[1] - height) // 2, (output.shape[2] - width) // 2
    inside = output[:, top : top + height, left : left + width]
    return DisplayImage(np.ascontiguousarray(inside.transpose(1, 2, 0)).clip(0, 1))
