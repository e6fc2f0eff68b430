"""What two frames of a bracket tell, place by place, of whether anything moved between them: moved, still, or nothing.

At each place a frame tells an interval of light, as wide as its noise and coding make it; where it is black or white
the interval is open at that end. Two intervals that do not meet have seen two different things, and narrow ones that do
meet the same thing. All others are no evidence.

The response need not be known exactly: what it does to all pixels of one level alike is taken off first, by a robust
fit for each channel. What is left of the fit, and what cameras do to strong colours, is allowed for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hdrcli import noise
from hdrcli.image import Exposure
from hdrcli.sampling import averaged, covered, reduced_size
from hdrcli.transfer import largest_channel, srgb_to_linear
from hdrcli.windows import slope

PIXELS = 1_000_000
"""Frames are compared at no more pixels."""

BLUR = 1.0
"""Standard deviation, in pixels, of what frames are smoothed by."""

DARK, PRECISION = 4.0, 2.0
"""Standard deviations of its noise from which a level tells how bright a place is, and by which it may err."""

CLIPPED, BLOOM = 0.9, 7
"""Linear level from which a channel may be clipped, and the side of the square around, in pixels, into which that
blooms: there a frame tells nothing of the response."""

CRUSHED = 2.0**0.3, 8.0
"""What a camera makes black is up to so much brighter than what it makes nearly black; never brighter than so many
times what noise hides."""

STRONG, PER_STOP = 2.0, 0.5
"""Stops between a place's channels from which cameras turn colours by their own rules, and what each further stop adds
to the tolerance."""

TOLERANCE = 0.12, 0.6
"""Stops, at least and at most, by which light may differ that is the same: three times what is left of the fit."""

PLACE = 0.8
"""Pixels by which what two frames show may be out of place."""

NARROW = 1.5
"""Stops up to which an interval is evidence of rest."""

ALONE = 2.5, 0.1
"""A single channel must differ by so much more than two do: divided by, then less."""

LEAST_SAMPLES, SAMPLES, BINS = 300, 40_000, 24
"""For the fit of a response: pixels at least and at most, and groups by level, whose medians it goes by."""

LEAST_SHARE, SURE_SHARE, LARGE_SHARE = 0.01, 0.05, 0.1
"""Shares of the picture in which both frames tell: the least for their response to be known, that from which it is
known without the widest tolerance, and that from which exposures may be far from what they are said to be: of less,
what moved may be most."""

UNKNOWN = 2.5
"""Stops by which light may differ that is the same, of frames of unknown response: phones crush shadows by so much."""

OUTLIERS = 0.8, 0.35, 4.0
"""Stops off the curve beyond which pixels do not count for it: at first, and then at least, or so many deviations."""

LEAST_RANGE, LEAST_ERROR = 0.5, 0.02
"""Stops: the range of levels under which a response has no shape, and the error of its fit that is none."""


@dataclass(frozen=True, eq=False)
class View:
    """A frame made small, each of its arrays (h, w, 3): its light, smoothed, and the least and most that it may be.

    Open ends are 0 and infinity. `tells` is where neither end is open, `black` where the lower one is by darkness;
    `colour` (h, w) are the stops between the channels.
    """

    light: np.ndarray
    least: np.ndarray
    most: np.ndarray
    tells: np.ndarray
    black: np.ndarray
    colour: np.ndarray


@dataclass(frozen=True, eq=False)
class Evidence:
    """Of two frames: `stops` (h, w) by which their intervals of light are apart, and where they show the same thing."""

    stops: np.ndarray
    still: np.ndarray


def view(exposure: Exposure) -> View:
    """An exposure as it is compared with others; a display-encoded one counts as sRGB."""
    import cv2

    if exposure.encoding == "srgb":
        exposure = exposure.mapped(srgb_to_linear, "linear")
    size = reduced_size(exposure.size, PIXELS)
    light = averaged(exposure, size)
    white = light >= CLIPPED
    if exposure.clipped is not None:
        saturated = cv2.resize((exposure.clipped > 0).astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.02
        white |= saturated[..., None]
    beside_white = cv2.dilate(white.astype(np.uint8), np.ones((BLOOM, BLOOM), np.uint8)) > 0
    light = np.maximum(cv2.GaussianBlur(light, (0, 0), BLUR, borderType=cv2.BORDER_REFLECT), 0)
    error = np.sqrt(noise.variance(light, exposure)).astype(np.float32)
    black = light < np.float32(DARK) * error
    least = np.where(black, 0, light - np.float32(PRECISION) * error)
    most = np.where(white, np.float32(np.inf), light + np.float32(PRECISION) * error)
    tells = ~(black | beside_white)
    hidden = ~covered(exposure, size)
    least[hidden], most[hidden], tells[hidden], black[hidden] = 0, np.inf, False, False
    floor = np.float32(2e-3)
    colour = np.log2((largest_channel(light) + floor) / (light.min(-1) + floor))
    return View(light, least, most, tells, black, colour)


def compare(dark: View, bright: View, ratio: float) -> Evidence:
    """What a frame and one of `ratio` times its exposure tell of motion. `ratio` may be a guess: see `_response`."""
    strong = np.float32(PER_STOP) * np.maximum(np.maximum(dark.colour, bright.colour) - np.float32(STRONG), 0)
    found = [_channel(dark, bright, np.float32(ratio), channel, strong) for channel in range(3)]
    one, two, three = (stops for stops, _ in found)
    largest = np.maximum(np.maximum(one, two), three)
    second = np.maximum(np.minimum(one, two), np.minimum(np.maximum(one, two), three))
    divided, less = ALONE
    stops = np.maximum(second, largest / np.float32(divided) - np.float32(less))
    return Evidence(stops, (stops <= 0) & (found[0][1] | found[1][1] | found[2][1]))


def _channel(
    dark: View, bright: View, ratio: np.float32, channel: int, strong: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """By how many stops the intervals of a channel are apart, (h, w), and where both are narrow."""
    low, high = (np.log2(np.maximum(one.light[..., channel], np.float32(1e-6))) for one in (dark, bright))
    both = dark.tells[..., channel] & bright.tells[..., channel]
    share = float(both.mean())
    curve, tolerance = _response(low[both], high[both] - low[both] - np.log2(ratio), share > LARGE_SHARE)
    if share < SURE_SHARE:
        tolerance = TOLERANCE[1] if share >= LEAST_SHARE else UNKNOWN
    factor = np.exp2(curve(low)) * ratio  # from the light of the dark frame to that of the bright one
    ends = [dark.least[..., channel] * factor, dark.most[..., channel] * factor]
    others = [bright.least[..., channel], bright.most[..., channel]]
    ends[1] = _uncrushed(dark, bright, channel, ends[1])
    narrow = (_width(*ends) < NARROW) & (_width(*others) < NARROW)
    least, other_least = (_opened(pair[0], 0.0) for pair in (ends, others))
    most, other_most = (_opened(pair[1], np.inf) for pair in (ends, others))
    apart = np.maximum(_above(other_least, most), _above(least, other_most))
    steep = np.float32(PLACE) * np.maximum(slope(low), slope(high))
    return apart - np.float32(tolerance) - strong - steep, narrow


def _opened(ends: np.ndarray, value: float) -> np.ndarray:
    """Ends of intervals, open by `value` also beside those that are open."""
    import cv2

    beside = cv2.dilate((ends == value).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    return np.where(beside, np.float32(value), ends)


def _uncrushed(dark: View, bright: View, channel: int, most: np.ndarray) -> np.ndarray:
    """The upper ends `most`, raised where the dark frame is black by what the bright one shows where it nearly is."""
    black, light = dark.black[..., channel], dark.light[..., channel]
    if not black.any():
        return most
    factor, limit = CRUSHED
    top = np.float32(most[black].max())
    nearly = ~black & (light < 1.5 * light[black].max())
    if np.count_nonzero(nearly) < LEAST_SAMPLES:
        return most
    times = min(limit, factor * float(np.median(bright.most[..., channel][nearly])) / float(top))
    return np.where(black, np.maximum(most, np.float32(times) * top), most)


def _above(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """log2 of one over the other, -9 where either is open."""
    told = (one > 0) & np.isfinite(other)
    return np.where(told, np.log2(np.where(told, one, 1) / np.where(told, np.maximum(other, np.float32(1e-9)), 1)), -9)


def _width(least: np.ndarray, most: np.ndarray) -> np.ndarray:
    """Stops between the ends of intervals, 9 where one is open."""
    return np.where((least > 0) & np.isfinite(most), _above(most, least), 9)


def _response(
    levels: np.ndarray, differences: np.ndarray, anywhere: bool
) -> tuple[Callable[[np.ndarray], np.ndarray], float]:
    """What the response makes of a level, in stops, as a curve, and the tolerance that its fit asks for.

    `levels` (N,) are log2 of light, `differences` (N,) the stops between two frames there, around 0 unless they may be
    `anywhere`, of wrong exposures. What moved does not count.
    """
    if len(levels) < LEAST_SAMPLES:
        return np.zeros_like, TOLERANCE[1]
    step = max(1, len(levels) // SAMPLES)
    levels, differences = levels[::step], differences[::step]
    near = not anywhere or np.mean(np.abs(differences) < 0.6) >= 0.5
    middle = 0.0 if near else float(np.median(differences))
    first, least, deviations = OUTLIERS
    inside, found = np.abs(differences - middle) < first + 0.2 * (middle != 0), None
    for _ in range(3):
        if np.count_nonzero(inside) < LEAST_SAMPLES:
            break
        found = _curve(levels[inside], differences[inside])
        inside = np.abs(differences - found[0](levels)) < max(least, deviations * found[1])
    if found is None:
        return lambda at: np.full_like(at, middle), TOLERANCE[1]
    return found[0], float(np.clip(3 * found[1], *TOLERANCE))


def _curve(levels: np.ndarray, differences: np.ndarray) -> tuple[Callable[[np.ndarray], np.ndarray], float]:
    """The cubic of least absolute error through the medians of groups by level, and the deviation within the groups."""
    groups = np.array_split(np.argsort(levels, kind="stable"), BINS)
    x, y = (np.array([np.median(values[group]) for group in groups]) for values in (levels, differences))
    off = np.concatenate([np.abs(differences[group] - middle) for group, middle in zip(groups, y, strict=True)])
    deviation = 1.48 * float(np.median(off))
    if x[-1] - x[0] < LEAST_RANGE:
        constant = float(np.median(differences))
        return lambda at: np.full_like(at, constant), deviation
    weight, degree = np.ones(BINS), min(3, len(np.unique(x)) - 1)
    for _ in range(10):
        cubic = np.polynomial.Polynomial.fit(x, y, degree, w=weight)
        weight = 1 / np.sqrt(np.maximum(np.abs(cubic(x) - y), LEAST_ERROR))
    return lambda at: cubic(np.clip(at, x[0], x[-1])).astype(np.float32), deviation
