"""Exposure fusion: the best exposed parts of each frame, blended in Laplacian pyramids.

T. Mertens, J. Kautz, F. Van Reeth: "Exposure Fusion", Pacific Graphics 2007, eqs. 1 to 6, with the weights contrast,
saturation and well-exposedness all to the power of 1, as in the paper. (OpenCV's `createMergeMertens` leaves the last
one out unless told otherwise.) The pyramids span the whole picture, so it is never tiled.
"""

from __future__ import annotations

import numpy as np

from hdrcli import exposure_fusion, pyramids
from hdrcli.contracts import Fuser
from hdrcli.exposure import encoded_pixels
from hdrcli.exposure_fusion import LEAST_WEIGHT
from hdrcli.image import Bracket, DisplayImage, Exposure


def fuse(bracket: Bracket) -> DisplayImage:
    """Fuse any number of frames into a display picture.

    Linear exposures are sRGB-encoded first. Values that the pyramids push out of [0, 1] are clipped. Pixels that are
    not `valid` count only where they are so in every frame. Two frames are held at a time.
    """
    total = np.zeros(bracket.exposures[0].stored.shape[:2], np.float32)
    for exposure in bracket.exposures:
        total += _weight(exposure, encoded_pixels(exposure))
    fused: list[np.ndarray] = []
    for exposure in bracket.exposures:
        pixels = encoded_pixels(exposure)
        exposure_fusion.add(fused, pixels, _weight(exposure, pixels) / total)
    return DisplayImage(np.clip(pyramids.collapse(fused), 0, 1))


def _weight(exposure: Exposure, pixels: np.ndarray) -> np.ndarray:
    """Quality of each pixel, (H, W) float32 > 0: contrast x saturation x well-exposedness (eq. 1)."""
    import cv2

    weight = exposure_fusion.contrast(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY))
    deviation = pixels - pixels.mean(-1, keepdims=True)
    weight *= np.sqrt(np.einsum("ijk,ijk->ij", deviation, deviation))
    distance = np.subtract(pixels, 0.5, out=deviation)
    weight *= exposure_fusion.well_exposedness(np.einsum("ijk,ijk->ij", distance, distance))
    weight += LEAST_WEIGHT
    if exposure.valid is not None:
        # One pixel in from the edge: the contrast there is between the scene and its filling.
        seen = cv2.erode(exposure.valid.astype(np.uint8), np.ones((3, 3), np.uint8))
        weight *= np.where(seen > 0, np.float32(1), np.float32(LEAST_WEIGHT))
    return weight


FUSER = Fuser(
    fuse=fuse,
    makes=DisplayImage,
    needs_times=False,
    summary="exposure fusion of any number of frames to a display picture",
    source="Mertens, Kautz & Van Reeth, Pacific Graphics 2007",
)
