"""Alignment by homographies: registration from where the frame is and from features; frames in place are left alone.

ORB features (Rublee et al. 2011) fitted by MAGSAC++ (Barath et al. 2020), and the agreement of all detail, find large
displacements, robust Lucas-Kanade the exact ones, all on histogram-matched pictures, so that stops apart do not matter.
Where these fail, it starts from the shift that median threshold bitmaps tell. Frames that share too little range with
the reference are aligned to their neighbour in exposure.
"""

from __future__ import annotations

import logging

import numpy as np

from hdrcli import parallel
from hdrcli.alignment._photometry import Pair, Picture, corner_shift, pair, picture, similarity
from hdrcli.alignment._registration import PROJECTIVE, RIGID, SIMILAR, Pyramid, Registration, pyramid, register
from hdrcli.alignment._warp import bring_onto, leave_out
from hdrcli.alignment.mtb import find_shift
from hdrcli.contracts import Aligner
from hdrcli.image import Bracket, Exposure

IN_PLACE = 0.06
"""A frame whose corners are displaced by less than so many pixels is in place: of frames that are, fits reach 0.03."""

NEAR = 3.0
"""A warp that moves no corner by more than so many pixels is a small drift, which any camera may make."""

LARGEST_SHIFT = 0.2
"""No corner moves by more than this share of the diagonal: what claims so is a wrong fit."""

SLIGHTLY_ASKEW, MOST_ASKEW = 1.0, 0.8
"""How far shear and perspective may move a corner in any case, in pixels, as lenses breathe; and beyond that for
each pixel that shift, turn and scale move it: turning a camera shifts the picture, and skews it by half of that where
the lens is very wide. Scans of film reach 1.2."""

LEAST_GAIN = {RIGID: 0.04, SIMILAR: 0.04, PROJECTIVE: 0.12}
"""By what share of the error a warp must better a simpler one: more freedom fits noise better, by up to a tenth."""

LEAST_POLISH = {RIGID: 0.015, SIMILAR: 0.01, PROJECTIVE: 0.03}
"""The same for the last touch, of a warp near by: frames in place are bettered by up to 0.01."""

DISTANCE = 3.0
"""By how much a fit costs more, for the share of the diagonal that a corner moves by: of two as good, the nearer is
the likelier, and objects move farther than cameras do."""

FAINT = 0.2
"""Detail, in local contrasts of the frames thinned, under which there is nothing to see: skies reach 0.13, foggy and
dim scenes 0.25 and more."""

SAME = 0.05
"""Mean difference, in local contrasts, below which frames are in place whatever fits smooth shades a little better."""

NOTICEABLE = 0.03
"""By how much of the local contrast a warp must better the error of none: coding alone explains less."""

LEAST_LIKENESS = 0.1
"""By what share of what it lacks to 1 a warp must better the correlation: film whose border moved makes 0.07."""

LEAST_OVERLAP = 0.01
"""Share of pixels in which two frames must both say something to be compared finely. By less, as by some lamps in the
dark, only what is clearly out of place is found to be so: lights bloom."""

SCARCE = 0.05
"""Share of pixels under which outlines of what is white are compared as well: frames 4 to 6 stops apart share little
else. They are blurred by bloom and moved by glare, so that detail goes first."""

GOOD_CORRELATION = 0.5
"""Frames that correlate less with the reference are also tried on their neighbour in exposure."""

LEAST_CORRELATION = 0.3
"""Frames that correlate less, however warped, show something else: unrelated scenes reach 0.25, frames of one scene
with much motion 0.38 and more."""

FEATURES, LEAST_INLIERS = 4000, 20

_log = logging.getLogger("hdrcli")


Warps = dict[int, "np.ndarray | None"]
"""By frame, the homography from pixels of the reference to the frame's; None where there is none to be found."""


def align(bracket: Bracket) -> Bracket:
    """Bring every frame onto the reference frame.

    The reference, and frames in place to within IN_PLACE pixels, stay bit-equal. A frame that cannot be aligned is
    left out: it is `valid` nowhere, and a warning on the "hdrcli" logger names it.
    """
    return warped(bracket, find_warps(bracket))


def find_warps(bracket: Bracket, pictures: list[Picture] | None = None) -> Warps:
    """The warp of every frame, exactly the identity for the reference and for frames in place.

    `pictures` are those of the frames, if they are made already.
    """
    pictures = pictures or [picture(exposure) for exposure in bracket.exposures]
    warps: Warps = {bracket.reference: np.eye(3)}
    others = _outwards(len(pictures), bracket.reference)
    found = parallel.each(lambda index: _displacement(pair(pictures[bracket.reference], pictures[index])), others)
    for index, displacement in zip(others, found, strict=True):
        warps[index] = _warp_to_reference(index, displacement, pictures, warps, bracket.reference)
    return warps


def warped(bracket: Bracket, warps: Warps) -> Bracket:
    """The bracket with its frames brought onto the reference frame; a frame without a warp is left out and named."""
    aligned = []
    for index, exposure in enumerate(bracket.exposures):
        warp = warps[index]
        if warp is None:
            name_left_out(exposure)
            aligned.append(leave_out(exposure))
        else:
            aligned.append(bring_onto(bracket, index, warp))
    return bracket.with_exposures(aligned)


def name_left_out(exposure: Exposure) -> None:
    """Warn that a frame could not be aligned."""
    _log.warning("%s could not be aligned; left out", exposure.name)


def _outwards(count: int, reference: int) -> list[int]:
    """Indices of all frames but the reference, those near it first."""
    return sorted((i for i in range(count) if i != reference), key=lambda i: abs(i - reference))


def _warp_to_reference(
    index: int, displacement: tuple[np.ndarray, float], pictures: list[Picture], warps: Warps, reference: int
) -> np.ndarray | None:
    """The homography from pixels of the reference to those of frame `index`; None when there is none to be found.

    `displacement` is that of the two, by which it is found unless they correlate too little.
    """
    base: np.ndarray | None = np.eye(3)
    found, correlation = displacement
    if correlation < GOOD_CORRELATION:
        step = 1 if index < reference else -1
        neighbour = next(i for i in range(index + step, reference + step, step) if warps[i] is not None)
        if neighbour != reference:
            by_neighbour, its_correlation = _displacement(pair(pictures[neighbour], pictures[index]))
            if its_correlation >= correlation:
                base, found, correlation = warps[neighbour], by_neighbour, its_correlation
    if base is None or correlation < LEAST_CORRELATION:
        return None
    return _in_place(pictures[index].full_size(found), pictures[index]) @ base


def _in_place(warp: np.ndarray, frame: Picture) -> np.ndarray:
    """The warp, or exactly none if it moves no corner of the full frame noticeably."""
    return warp if frame.largest_shift(warp) > IN_PLACE else np.eye(3)


def _displacement(frames: Pair) -> tuple[np.ndarray, float]:
    """The homography from pixels of `still` to those of `moved`, both at working size, and their correlation under it.

    None, the identity, of low correlation where there is too little to see: that is taken for in place, unless a frame
    nearer in exposure tells more.
    """
    if min(frames.still.shape) < 2:  # a line of pixels has no other beside it
        return np.eye(3), LEAST_CORRELATION
    best, correlation = _found(frames)
    if correlation < GOOD_CORRELATION and frames.overlap < SCARCE:
        by_outlines, its_correlation = _found(frames.with_white())
        if its_correlation > correlation:
            return by_outlines, its_correlation
    return best, correlation


def _found(frames: Pair) -> tuple[np.ndarray, float]:
    """The same by what the masks of the pair let be compared."""
    in_place = np.eye(3)
    levels = pyramid(frames)
    if all(level.strength() < FAINT for level in levels[:-1] or levels):
        return in_place, LEAST_CORRELATION
    if levels[-1].error(in_place) < SAME:
        return in_place, _correlation(levels, in_place)
    best = _bettered(in_place, _starts(frames, levels), levels)
    if _correlation(levels, best) < GOOD_CORRELATION:
        shift = find_shift(*(luma.astype(np.uint8) for luma in (frames.still, frames.moved)))
        best = _bettered(best, [shift], levels)
    before, after = (_correlation(levels, warp) for warp in (in_place, best))
    if not _convincing(best, levels[-1]):
        best, after = in_place, before
    if len(levels) > 1:  # thumbnails have too little detail to tell parts of a pixel
        best = _polished(best, levels)
    if frames.overlap < LEAST_OVERLAP and not before < GOOD_CORRELATION <= after:
        return in_place, LEAST_CORRELATION
    return best, after


def _polished(best: np.ndarray, levels: Pyramid) -> np.ndarray:
    """The warp of least error close by: what is left of a drift is a part of a pixel."""
    full = levels[-1]
    for freedom, gain in LEAST_POLISH.items():
        warp = register(levels[-1:], best, freedom)
        near = corner_shift(np.linalg.inv(best) @ warp, full.shape) <= NEAR and _plausible(warp, full.shape)
        if near and full.error(warp) < full.error(best) * (1 - gain):
            best = warp
    return best


def _convincing(warp: np.ndarray, full: Registration) -> bool:
    """Whether a warp betters the error and the correlation of none by more than coding and borders of film explain."""
    in_place = np.eye(3)
    unlike, still_unlike = (1 - full.correlation(each) for each in (in_place, warp))
    return full.error(warp) <= full.error(in_place) - NOTICEABLE and still_unlike <= unlike * (1 - LEAST_LIKENESS)


def _correlation(levels: Pyramid, warp: np.ndarray) -> float:
    """The correlation of two frames under a warp, at full or at half size, where noise counts less."""
    return max(level.correlation(warp) for level in levels[-2:])


def _starts(frames: Pair, levels: Pyramid) -> list[np.ndarray]:
    """Where the displacement may be looked for: by agreement of the whole, and by features if there are enough."""
    features = _from_features(frames)
    return [levels[0].found(LARGEST_SHIFT), *([] if features is None else [features])]


def _bettered(best: np.ndarray, starts: list[np.ndarray], levels: Pyramid) -> np.ndarray:
    """The warp of least cost near `best` and `starts`; each richer kind must better the simpler one by LEAST_GAIN."""
    full = levels[-1]
    even = [similarity(start, full.shape, scaled=False) for start in starts]
    best = _better(best, [register(levels, warp, RIGID) for warp in (best, *even)], RIGID, full)
    best = _better(best, [register(levels, best, SIMILAR)], SIMILAR, full)
    found = [register(levels[-1:], best, PROJECTIVE), *(register(levels[-2:], warp, PROJECTIVE) for warp in starts)]
    return _better(best, found, PROJECTIVE, full)


def _better(best: np.ndarray, found: list[np.ndarray], freedom: int, full: Registration) -> np.ndarray:
    """The plausible warp of least cost among those found, if it betters that of `best` by enough; or else `best`."""

    def cost(warp: np.ndarray) -> float:
        return full.error(warp) * (1 + DISTANCE * corner_shift(warp, full.shape) / float(np.hypot(*full.shape)))

    candidate = min((warp for warp in found if _plausible(warp, full.shape)), key=cost, default=best)
    return candidate if cost(candidate) < cost(best) * (1 - LEAST_GAIN[freedom]) else best


def _plausible(warp: np.ndarray, shape: tuple[int, int]) -> bool:
    """Whether a camera may have moved so: not too far, and not askew without moving."""
    if corner_shift(warp, shape) > LARGEST_SHIFT * float(np.hypot(*shape)):
        return False
    nearest = similarity(warp, shape)
    askew, even = corner_shift(np.linalg.inv(nearest) @ warp, shape), corner_shift(nearest, shape)
    return askew <= MOST_ASKEW * even + SLIGHTLY_ASKEW


def _from_features(frames: Pair) -> np.ndarray | None:
    """Homography from ORB features; None when too few agree."""
    import cv2

    clahe = cv2.createCLAHE(clipLimit=3.0, tileGridSize=(8, 8))
    orb = cv2.ORB.create(nfeatures=FEATURES, fastThreshold=7)
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
