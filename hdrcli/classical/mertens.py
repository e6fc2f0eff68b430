"""Exposure fusion: the best exposed parts of each frame, blended in Laplacian pyramids.

T. Mertens, J. Kautz, F. Van Reeth: "Exposure Fusion", Pacific Graphics 2007, eqs. 1 to 6, with the weights contrast,
saturation and well-exposedness all to the power of 1, as in the paper. (OpenCV's `createMergeMertens` leaves the last
one out unless told otherwise.) The pyramids span the whole picture, so it is never tiled.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hdrcli.contracts import Fuser
from hdrcli.exposure import encoded_pixels
from hdrcli.image import Bracket, DisplayImage, Exposure

EXPOSEDNESS_SIGMA = 0.2
"""Width of the well-exposedness weight around mid-grey, in encoded units (section 3.1 of the paper)."""

LEAST_WEIGHT = 1e-12
"""Where no frame has any quality, they count alike."""


def fuse(bracket: Bracket) -> DisplayImage:
    """Fuse any number of frames into a display picture.

    Linear exposures are sRGB-encoded first. Values that the pyramids push out of [0, 1] are clipped. Pixels that are
    not `valid` count only where they are so in every frame. Two frames are held at a time.
    """
    total = np.zeros(bracket.exposures[0].pixels.shape[:2], np.float32)
    for exposure in bracket.exposures:
        total += _weight(exposure, encoded_pixels(exposure))
    fused: list[np.ndarray] = []
    for exposure in bracket.exposures:
        pixels = encoded_pixels(exposure)
        weight = _weight(exposure, pixels) / total
        for level, band in enumerate(_weighted_bands(pixels, weight)):
            if level < len(fused):
                fused[level] += band
            else:
                fused.append(band)
    return DisplayImage(_collapse(fused))


def _weight(exposure: Exposure, pixels: np.ndarray) -> np.ndarray:
    """Quality of each pixel, (H, W) float32 > 0: contrast x saturation x well-exposedness (eq. 1)."""
    import cv2

    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    weight = np.abs(cv2.Laplacian(grey, cv2.CV_32F))
    deviation = pixels - pixels.mean(-1, keepdims=True)
    weight *= np.sqrt(np.einsum("ijk,ijk->ij", deviation, deviation))
    distance = np.subtract(pixels, 0.5, out=deviation)
    weight *= np.exp(np.einsum("ijk,ijk->ij", distance, distance) / (-2 * EXPOSEDNESS_SIGMA**2))
    weight += LEAST_WEIGHT
    if exposure.valid is not None:
        # One pixel in from the edge: the contrast there is between the scene and its filling.
        seen = cv2.erode(exposure.valid.astype(np.uint8), np.ones((3, 3), np.uint8))
        weight *= np.where(seen > 0, np.float32(1), np.float32(LEAST_WEIGHT))
    return weight


def _weighted_bands(pixels: np.ndarray, weight: np.ndarray) -> Iterator[np.ndarray]:
    """The levels of the Laplacian pyramid, finest first, each times the Gaussian pyramid of the weight (eq. 6)."""
    import cv2

    for _ in range(int(np.log2(min(weight.shape)))):
        height, width = weight.shape
        smaller = cv2.pyrDown(pixels)
        band = cv2.pyrUp(smaller, dstsize=(width, height))
        np.subtract(pixels, band, out=band)
        band *= weight[..., None]
        yield band
        pixels, weight = smaller, cv2.pyrDown(weight)
    yield pixels * weight[..., None]


def _collapse(bands: list[np.ndarray]) -> np.ndarray:
    """The picture of a Laplacian pyramid, clipped to [0, 1]; the pyramid is used up."""
    import cv2

    pixels = bands.pop()
    while bands:
        band = bands.pop()
        band += cv2.pyrUp(pixels, dstsize=band.shape[1::-1])
        pixels = band
    return np.clip(pixels, 0, 1, out=pixels)


FUSER = Fuser(
    fuse=fuse,
    makes=DisplayImage,
    needs_times=False,
    summary="exposure fusion of any number of frames to a display picture",
    source="Mertens, Kautz & Van Reeth, Pacific Graphics 2007",
)
