"""Whether anything moved between the frames of a bracket, and in how much of the picture.

Frames next to one another in exposure share most of their range and, where both are well exposed, show the same light
times the ratio of their exposures. What differs by more than coding, and what alignment leaves, has moved. The response
needs no knowing: what it does to all pixels of one level alike is taken off, as a smooth curve through the median
differences. Pixels that are not comparable don't matter, for where a frame is near black or white a merge hardly weighs
it; but light well below white where the other frame is white has moved, too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hdrcli import merging
from hdrcli.image import Bracket, Exposure
from hdrcli.parallel import each
from hdrcli.sampling import averaged
from hdrcli.strips import strips
from hdrcli.transfer import largest_channel
from hdrcli.windows import blurred, slope

STILL = 5e-4
"""Share of the picture up to which nothing counts as moved. Frames rendered without motion, hand-held or not,
reach 0.001 %, tripod shots of a still scene 0.02 %; leaves in the wind make 0.1 to 1 %, an object 2 % and more."""

DIFFERENCE = 0.3
"""Stops of difference that are motion. Less is a faint ghost at most; JPEG and lens flare make 0.2."""

PIXELS = 500_000
"""Frames are compared at no more pixels."""

LEVELS = (0.01, 0.85)
"""Linear levels between which a frame says how bright a place is."""

BELOW_WHITE = 0.5
"""Share of white under which light is not what the other frame has as white, however soft the camera's shoulder is."""

PLACE = 0.5
"""Displacement, in pixels, that alignment leaves and that makes no motion."""

RIM = 7
"""Side, in pixels, of the square around a pixel that must be saturated nowhere, or everywhere: light blooms."""

SPOT = 3
"""Side, in pixels, of the smallest square that moves. Lines are edges out of place."""

GROUPS, SAMPLES = 16, 20_000
"""Groups of equal size, by level, that the response is told from, and how many pixels are looked at for that."""

LEAST_RANGE, LEAST_ERROR = 0.5, 0.02
"""Stops: the range of levels under which a response has no shape, and the error of its fit that is none."""


@dataclass(frozen=True, eq=False)
class _View:
    """A frame, made small: its light (h, w, 3) float32, and where all around a pixel is below white, or all white."""

    light: np.ndarray
    below_white: np.ndarray
    white: np.ndarray


def moved_share(bracket: Bracket) -> float:
    """The share of the picture, 0 to 1, that `moved`."""
    return float(moved(bracket).mean())


def moved(bracket: Bracket) -> np.ndarray:
    """(h, w) bool of the picture, made small: where some frame shows other light than the next brighter one.

    `bracket` holds linear, aligned exposures. Raises ExposureError without relative exposures.
    """
    times = merging.relative_times(bracket)
    views = [_view(exposure) for exposure in bracket.exposures]
    found = np.zeros(views[0].white.shape, bool)
    for index in range(len(views) - 1):
        found |= _moved(views[index], views[index + 1], float(times[index + 1] / times[index]))
    return found


def _view(exposure: Exposure) -> _View:
    import cv2

    width, height = exposure.size
    scale = min(1.0, (PIXELS / (width * height)) ** 0.5)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    saturated = exposure.saturated if exposure.saturated is not None else _near_white(exposure)
    shows = np.ones_like(saturated) if exposure.valid is None else exposure.valid
    square = np.ones((RIM, RIM), np.uint8)

    def all_around(mask: np.ndarray) -> np.ndarray:
        share = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA)
        return cv2.erode((share > 0.999).astype(np.uint8), square, borderType=cv2.BORDER_REPLICATE) > 0

    return _View(averaged(exposure, size), all_around(shows & ~saturated), all_around(shows & saturated))


def _near_white(exposure: Exposure) -> np.ndarray:
    """(H, W) bool: where a channel is too close to white to say how bright it is."""
    width, height = exposure.size
    near = np.empty((height, width), bool)

    def fill(rows: slice) -> None:
        near[rows] = largest_channel(exposure.part(rows)) >= LEVELS[1]

    each(fill, strips(height, width))
    return near


def _moved(dark: _View, bright: _View, ratio: float) -> np.ndarray:
    """(h, w) bool: where a frame and one of `ratio` times its exposure show different things."""
    import cv2

    both = dark.below_white & bright.below_white
    weight = both.astype(np.float32)
    around = np.maximum(blurred(weight), np.float32(1e-6))[..., None]
    darker = blurred(dark.light * weight[..., None]) / around * np.float32(ratio)
    brighter = blurred(bright.light * weight[..., None]) / around
    least = LEVELS[0] * max(ratio, 1)
    floor = np.float32(least / 8)
    stops, others = (np.log2(np.maximum(light, floor)) for light in (darker, brighter))
    comparable = both[..., None] & ((darker + brighter) / 2 > least)
    channels = [_differs(stops[..., c], others[..., c], comparable[..., c]) for c in range(3)]
    differs = np.stack(channels, -1).sum(-1) >= 2
    spots = cv2.erode(differs.astype(np.uint8), np.ones((SPOT, SPOT), np.uint8)) > 0
    return spots | _contradicts(dark, bright, ratio) | _contradicts(bright, dark, 1 / ratio)


def _differs(one: np.ndarray, other: np.ndarray, comparable: np.ndarray) -> np.ndarray:
    """(h, w) bool: where two planes of stops differ by more than the response and edges a little out of place make."""
    places = np.flatnonzero(comparable)
    if len(places) < GROUPS * SPOT**2:
        return np.zeros(one.shape, bool)
    difference, level = one - other, (one + other) / 2
    some = places[:: max(1, len(places) // SAMPLES)]
    difference = np.abs(difference - _response(level.flat[some], difference.flat[some], level))
    return comparable & (difference > DIFFERENCE + PLACE * slope(other))


def _response(levels: np.ndarray, differences: np.ndarray, at: np.ndarray) -> np.ndarray:
    """The difference in stops that a level makes by itself, for each of the levels `at`.

    A cubic through the medians of groups of neighbouring levels, of least absolute error: what moved has its own place
    in few groups, and bends no cubic. Found by iteratively reweighted least squares.
    """
    order = np.argsort(levels, kind="stable")
    groups = np.array_split(order, GROUPS)
    x, y = (np.array([np.median(values[group]) for group in groups]) for values in (levels, differences))
    if x[-1] - x[0] < LEAST_RANGE:
        return np.full(at.shape, np.median(differences), at.dtype)
    weight = np.ones(GROUPS)
    for _ in range(10):
        curve = np.polynomial.Polynomial.fit(x, y, 3, w=weight)
        weight = 1 / np.sqrt(np.maximum(np.abs(curve(x) - y), LEAST_ERROR))
    return curve(np.clip(at, x[0], x[-1])).astype(at.dtype)


def _contradicts(white: _View, other: _View, ratio: float) -> np.ndarray:
    """(h, w) bool: where one frame is white and another, of `ratio` times its exposure, says far less light."""
    seen = blurred(other.light).max(-1) / np.float32(ratio)
    return white.white & other.below_white & (seen < BELOW_WHITE * LEVELS[1])
