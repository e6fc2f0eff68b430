"""Alignment by homographies: registration from where the frame is and from features; frames in place are left alone.

ORB features (Rublee et al. 2011) fitted by MAGSAC++ (Barath et al. 2020) find large displacements, robust Lucas-Kanade
the exact ones, both on histogram-matched pictures, so that stops apart do not matter. Frames that share too little
range with the reference are aligned to their neighbour in exposure.
"""

from __future__ import annotations

import logging

import numpy as np

from hdrcli.alignment._photometry import Pair, Picture, corner_shift, pair, picture
from hdrcli.alignment._registration import PROJECTIVE, RIGID, pyramid, register
from hdrcli.alignment._warp import bring_onto, leave_out
from hdrcli.contracts import Aligner
from hdrcli.image import Bracket

IN_PLACE = 0.3
"""A frame whose corners are displaced by less than so many pixels is in place."""

LARGEST_SHIFT = 0.15
"""No corner moves by more than this share of the diagonal: what claims so is a wrong fit."""

LEAST_GAIN = 0.15
"""By what share of the error a warp must better a simpler one; more freedom fits noise better by up to a tenth."""

LEAST_OVERLAP = 0.25
"""Share of pixels a frame must have in common with the reference, in exposure, to be aligned to it directly."""

LEAST_CORRELATION = 0.1
"""Frames whose edges correlate less than this, however warped, show something else: unrelated ones reach 0.03."""

FEATURES, LEAST_INLIERS = 4000, 20

_log = logging.getLogger("hdrcli")


def align(bracket: Bracket) -> Bracket:
    """Bring every frame onto the reference frame.

    The reference, and frames in place to within IN_PLACE pixels, stay bit-equal. A frame that cannot be aligned is
    left out: it is `valid` nowhere, and a warning on the "hdrcli" logger names it.
    """
    pictures = [picture(exposure) for exposure in bracket.exposures]
    warps: dict[int, np.ndarray | None] = {bracket.reference: np.eye(3)}
    for index in _outwards(len(pictures), bracket.reference):
        warps[index] = _warp_to_reference(index, pictures, warps, bracket.reference)
    aligned = []
    for index, exposure in enumerate(bracket.exposures):
        warp = warps[index]
        if warp is None:
            _log.warning("%s could not be aligned; left out", exposure.name)
            aligned.append(leave_out(exposure))
        else:
            aligned.append(bring_onto(bracket, index, warp))
    return bracket.with_exposures(aligned)


def _outwards(count: int, reference: int) -> list[int]:
    """Indices of all frames but the reference, those near it first."""
    return sorted((i for i in range(count) if i != reference), key=lambda i: abs(i - reference))


def _warp_to_reference(
    index: int, pictures: list[Picture], warps: dict[int, np.ndarray | None], reference: int
) -> np.ndarray | None:
    """The homography from pixels of the reference to those of frame `index`; None when there is none to be found."""
    step = 1 if index < reference else -1
    direct = pair(pictures[reference], pictures[index])
    anchor = index + step
    while warps[anchor] is None:
        anchor += step
    if anchor == reference or direct.overlap >= LEAST_OVERLAP:
        anchor, found = reference, _displacement(direct)
    else:
        found = _displacement(pair(pictures[anchor], pictures[index]))
    if found is None:
        return None
    base = warps[anchor]
    return None if base is None else _in_place(pictures[index].full_size(found), pictures[index]) @ base


def _in_place(warp: np.ndarray, frame: Picture) -> np.ndarray:
    """The warp, or exactly none if it moves no corner of the full frame noticeably."""
    return warp if frame.largest_shift(warp) > IN_PLACE else np.eye(3)


def _displacement(frames: Pair) -> np.ndarray | None:
    """The homography from pixels of `still` to those of `moved`, both at working size.

    Each richer kind of warp must better the error of the simpler one by LEAST_GAIN. None when nothing fits.
    """
    best = np.eye(3)
    if frames.overlap < 0.01:
        return best  # nothing to see: a frame all black or white, taken for as steady as its neighbour
    levels = pyramid(frames)
    finest = levels[-1:]
    candidates = [rigid := register(levels, best, RIGID), register(finest, rigid, PROJECTIVE)]
    if (features := _from_features(frames)) is not None:
        candidates.append(register(levels[-2:], features, PROJECTIVE))
    largest = LARGEST_SHIFT * float(np.hypot(*frames.still.shape))
    full = finest[0][1]
    for candidate in candidates:
        if corner_shift(candidate, frames.still.shape) > largest:
            continue
        if full.error(candidate) < full.error(best) * (1 - LEAST_GAIN):
            best = candidate
    return best if full.correlation(best) >= LEAST_CORRELATION else None


def _from_features(frames: Pair) -> np.ndarray | None:
    """Homography from ORB features; None when too few agree."""
    import cv2

    clahe = cv2.createCLAHE(clipLimit=3.0, tileGridSize=(8, 8))
    orb = cv2.ORB_create(nfeatures=FEATURES, fastThreshold=7)
    found = []
    for luma, mask in ((frames.still, frames.still_mask), (frames.moved, frames.moved_mask)):
        found.append(orb.detectAndCompute(clahe.apply(luma.astype(np.uint8)), mask.astype(np.uint8)))
    (still, still_marks), (moved, moved_marks) = found
    if still_marks is None or moved_marks is None:
        return None
    matches = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(still_marks, moved_marks)
    if len(matches) < LEAST_INLIERS:
        return None
    source = np.array([still[m.queryIdx].pt for m in matches], np.float32)
    target = np.array([moved[m.trainIdx].pt for m in matches], np.float32)
    warp, inliers = cv2.findHomography(source, target, cv2.USAC_MAGSAC, 2.0, maxIters=5000, confidence=0.999)
    return warp if warp is not None and inliers.sum() >= LEAST_INLIERS else None


ALIGNER = Aligner(align=align, summary="homography of each frame to the reference; frames in place are left alone")
