"""Alignment by whole-pixel shifts: median threshold bitmaps.

G. Ward: "Fast, Robust Image Registration for Compositing High Dynamic Range Photographs from Hand-Held Exposures",
Journal of Graphics Tools 2003, by OpenCV's `AlignMTB`. Each frame is compared with its neighbour in exposure, whose
median is nearest.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hdrcli.alignment._warp import bring_onto
from hdrcli.contracts import Aligner
from hdrcli.exposure import encoded_pixels
from hdrcli.image import Bracket, Exposure

LARGEST_BITS = 7
"""Shifts of up to 2 ** LARGEST_BITS pixels are searched, less in small frames."""


def align(bracket: Bracket) -> Bracket:
    """Shift every frame by whole pixels onto the reference frame; frames without shift stay bit-equal."""
    greys = [_grey(exposure) for exposure in bracket.exposures]
    warps = {bracket.reference: np.eye(3)}
    for index in sorted(range(len(greys)), key=lambda i: abs(i - bracket.reference))[1:]:
        neighbour = index + 1 if index < bracket.reference else index - 1
        warps[index] = find_shift(greys[neighbour], greys[index]) @ warps[neighbour]
    return bracket.with_exposures([bring_onto(bracket, i, warps[i]) for i in range(len(greys))])


def find_shift(still: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """The homography, a shift by whole pixels, from pixels of `still` to those of `moved`, both (H, W) uint8 luma.

    None, the identity, unless it brings the bitmaps closer: left alone, OpenCV answers frames without features by the
    largest shift it knows.
    """
    import cv2

    bits = int(np.clip(np.log2(min(still.shape)) - 3, 1, LARGEST_BITS))
    matcher = cv2.createAlignMTB(max_bits=bits)
    x, y = matcher.calculateShift(still, moved)  # by which `moved` has to be shifted
    unmoved, shifted = (_disagreement(matcher, still, each) for each in (moved, matcher.shiftMat(moved, (x, y))))
    return np.array([[1, 0, -x], [0, 1, -y], [0, 0, 1]], np.float64) if shifted < unmoved else np.eye(3)


def _disagreement(matcher: Any, still: np.ndarray, moved: np.ndarray) -> int:
    """Pixels on other sides of the two medians, but for those close to them."""
    (above, clear), (its_above, its_clear) = matcher.computeBitmaps(still), matcher.computeBitmaps(moved)
    return int(np.count_nonzero((above != its_above) & (clear > 0) & (its_clear > 0)))


def _grey(exposure: Exposure) -> np.ndarray:
    """Luma of a frame, (H, W) uint8."""
    import cv2

    pixels = encoded_pixels(exposure)
    return np.round(np.clip(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), 0, 1) * 255).astype(np.uint8)


ALIGNER = Aligner(align=align, summary="whole-pixel shifts (median threshold bitmaps); no rotation")
