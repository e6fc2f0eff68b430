"""What the networks of two extreme frames share: the display picture without the border around their planes.

Zero padding shows at the edge of what such a network makes, as a line of a pixel or as a block of a corner. So the
frames' outermost pixels are repeated around them first (`planes.bordered`), and what is made of those is cut off.
"""

from __future__ import annotations

import numpy as np

from hdrcli.image import Bracket, DisplayImage


def conditions(bracket: Bracket) -> dict[str, list[float]]:
    """Nothing: the networks see the frames alone."""
    return {}


def finish(output: np.ndarray, bracket: Bracket) -> DisplayImage:
    """(3, H', W') in [0, 1], the frames' size with the same border all around -> DisplayImage."""
    width, height = bracket.exposures[0].size
    return unbordered(output, bracket, (output.shape[1] - height) // 2, (output.shape[2] - width) // 2)


def unbordered(output: np.ndarray, bracket: Bracket, top: int, left: int) -> DisplayImage:
    """(3, H', W') in [0, 1], with so many rows above and columns before the frames -> DisplayImage, of their size."""
    width, height = bracket.exposures[0].size
    inside = output[:, top : top + height, left : left + width]
    picture = np.ascontiguousarray(inside.transpose(1, 2, 0))
    return DisplayImage(picture.clip(0, 1, out=picture))
