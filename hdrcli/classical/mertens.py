"""Exposure fusion: the best exposed parts of each frame, blended in Laplacian pyramids.

T. Mertens, J. Kautz, F. Van Reeth: "Exposure Fusion", Pacific Graphics 2007, eqs. 1 to 6, with the weights contrast,
saturation and well-exposedness all to the power of 1, as in the paper. (OpenCV's `createMergeMertens` leaves the last
one out unless told otherwise.) The pyramids span the whole picture, so it is never tiled.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from hdrcli import exposure_fusion
from hdrcli.contracts import Fuser
from hdrcli.exposure import encoded
from hdrcli.exposure_fusion import LEAST_WEIGHT
from hdrcli.image import Bracket, DisplayImage, Exposure
from hdrcli.parallel import each
from hdrcli.strips import strips


def fuse(bracket: Bracket) -> DisplayImage:
    """Fuse any number of frames into a display picture.

    Linear exposures are sRGB-encoded first. Values that the pyramids push out of [0, 1] are clipped. Pixels that are
    not `valid` count only where they are so in every frame. Beside the frames as they are stored, half of one as
    float32 is held for each.
    """
    frames = [partial(_weighted, encoded(exposure)) for exposure in bracket.exposures]
    width, height = bracket.exposures[0].size
    fused = exposure_fusion.fused(frames, (height, width, 3))
    each(lambda rows: np.clip(fused[rows], 0, 1, out=fused[rows]), strips(height, width))
    return DisplayImage(fused)


def _weighted(exposure: Exposure, rows: slice) -> tuple[np.ndarray, np.ndarray]:
    """Some rows of a frame and the quality of each pixel, > 0: contrast x saturation x well-exposedness (eq. 1)."""
    import cv2

    pixels = exposure.part(rows)
    channels = cv2.split(pixels)
    weight = exposure_fusion.contrast(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY))
    mean = (channels[0] + channels[1] + channels[2]) / np.float32(3)
    weight *= np.sqrt(_squared_distance(channels, mean))
    weight *= exposure_fusion.well_exposedness(_squared_distance(channels, np.float32(0.5)))
    weight += np.float32(LEAST_WEIGHT)
    if exposure.valid is not None:
        # One pixel in from the edge: the contrast there is between the scene and its filling.
        seen = cv2.erode(exposure.valid[rows].astype(np.uint8), np.ones((3, 3), np.uint8))
        weight *= np.where(seen > 0, np.float32(1), np.float32(LEAST_WEIGHT))
    return pixels, weight


def _squared_distance(channels: Sequence[np.ndarray], centre: np.ndarray | np.float32) -> np.ndarray:
    """Sum (h, w) of the squared differences of three channels to `centre`."""
    total = np.square(channels[0] - centre)
    for channel in channels[1:]:
        difference = channel - centre
        total += np.multiply(difference, difference, out=difference)
    return total


FUSER = Fuser(
    fuse=fuse,
    makes=DisplayImage,
    needs_times=False,
    summary="exposure fusion of any number of frames to a display picture",
    source="Mertens, Kautz & Van Reeth, Pacific Graphics 2007",
)
