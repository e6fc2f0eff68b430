"""What moved between the frames of a bracket: the one map that all who ask take.

`hdrcli.evidence` tells where two frames show different things, where the same, and where they tell nothing. Evidence of
motion grows from strong seeds to whole regions, and what has no evidence goes with what surrounds it, region by region:
a decision pixel by pixel would tear textures and shadows into patches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from hdrcli.evidence import Evidence, compare, view
from hdrcli.image import Bracket
from hdrcli.parallel import each
from hdrcli.pyramids import filled

LITTLE = 5e-4
"""Share of the picture up to which nothing counts as moved: what a merge without a network mends as well."""

SEED, LEAST_SEED = 0.35, 12
"""Stops apart that begin a region, and how many such pixels it must have."""

GROWN = 0.10
"""Stops apart to which it grows."""

NEXT_BUT_ONE = 6
"""Brackets of up to so many frames also compare each with the next but one: what is white in one may hide motion."""

SMALL, AROUND = 0.05, 0.4
"""Share of the picture up to which a place without evidence goes as a whole with what surrounds it, and of its rim that
must have moved for that: less than half, for a ghost is worse than a place that one frame shows alone."""

STILL_BY_ITSELF = 0.2
"""How much a pixel without evidence speaks for rest where larger places are settled."""

RIM = 2
"""Pixels around what moved that its edges, smoothed, reach."""

GAP, HOLE = 9, 5e-4
"""Pixels between parts of one mover, and share of the picture of holes in it."""


@dataclass(frozen=True, eq=False)
class Motion:
    """Where something moved, made small: (h, w) bool `anywhere`, and of each of the `frames` against the reference."""

    anywhere: np.ndarray
    frames: tuple[np.ndarray, ...]

    @property
    def share(self) -> float:
        """The share of the picture that moved, 0 to 1."""
        return float(self.anywhere.mean())

    def __bool__(self) -> bool:
        return bool(self.anywhere.any())

    def __str__(self) -> str:
        return f"{100 * self.share:.2g} % of the picture moved" if self else "nothing moved"


_found: WeakKeyDictionary[Bracket, Motion] = WeakKeyDictionary()


def find(bracket: Bracket) -> Motion:
    """What moved between the frames of a bracket of aligned exposures, darkest first; looked for once for each bracket.

    Display-encoded exposures count as sRGB. Where relative exposures are not known they are told by the frames, as all
    of the response is.
    """
    if bracket not in _found:
        _found[bracket] = _find(bracket)
    return _found[bracket]


def _find(bracket: Bracket) -> Motion:
    views = each(view, bracket.exposures)
    count, times = len(views), bracket.relative_exposures or (1.0,) * len(views)
    pairs = [(index, index + 1) for index in range(count - 1)]
    if count <= NEXT_BUT_ONE:
        pairs += [(index, index + 2) for index in range(count - 2)]
    compared = each(lambda pair: compare(views[pair[0]], views[pair[1]], times[pair[1]] / times[pair[0]]), pairs)
    evidence = dict(zip(pairs, compared, strict=True))
    anywhere, frames = _moved(compared), []
    for index in range(count):
        first, last = sorted((index, bracket.reference))
        between = [one for (low, high), one in evidence.items() if first <= low and high <= last]
        frames.append(_moved(between) & anywhere if between else np.zeros_like(anywhere))
    return Motion(anywhere, tuple(frames))


def _moved(evidence: Sequence[Evidence]) -> np.ndarray:
    """(h, w) bool: where any of the pairs of frames has seen motion, in whole regions."""
    moved = np.logical_or.reduce([_regions(one.stops) for one in evidence])
    if not moved.any():
        return moved
    still = np.logical_or.reduce([one.still for one in evidence]) & ~moved
    return _rounded(_settled(moved, still))


def _regions(stops: np.ndarray) -> np.ndarray:
    """Where intervals are apart around strong seeds, (h, w) bool."""
    import cv2

    seeds = cv2.morphologyEx((stops > SEED).astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) > 0
    if not seeds.any():
        return seeds
    count, labels = cv2.connectedComponents((stops > GROWN).astype(np.uint8))
    held = np.bincount(labels[seeds], minlength=count)
    held[0] = 0
    return (held >= LEAST_SEED)[labels]


def _settled(moved: np.ndarray, still: np.ndarray) -> np.ndarray:
    """What moved, with the places without evidence that go with it, (h, w) bool."""
    import cv2

    silent = ~(moved | still)
    opened = cv2.morphologyEx(silent.astype(np.uint8), cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    count, labels, figures, _ = cv2.connectedComponentsWithStats(opened)
    small = figures[:, cv2.CC_STAT_AREA] < SMALL * moved.size
    small[0] = False
    places = (labels * small[labels]).astype(np.float32)
    ring = cv2.dilate(places, np.ones((7, 7), np.uint8)).astype(np.intp) * (places == 0)
    votes = [np.bincount(ring[mask], minlength=count) for mask in (moved, still)]
    result = moved | (small & (votes[0] > AROUND * (votes[0] + votes[1])))[labels]
    weight = np.where(moved | still, np.float32(1), np.float32(STILL_BY_ITSELF))
    around = filled(moved.astype(np.float32), weight)
    return result | (silent & ~small[labels] & (around > 0.5))


def _rounded(moved: np.ndarray) -> np.ndarray:
    """The same without gaps and holes, and wider by RIM."""
    import cv2

    mask = cv2.morphologyEx(moved.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((GAP, GAP), np.uint8))
    _, labels, figures, _ = cv2.connectedComponentsWithStats(1 - mask, connectivity=4)
    holes = figures[:, cv2.CC_STAT_AREA] < HOLE * moved.size
    holes[0] = False
    mask[holes[labels]] = 1
    return cv2.dilate(mask, np.ones((2 * RIM + 1, 2 * RIM + 1), np.uint8)) > 0
