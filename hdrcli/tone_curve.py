"""The tone curve of a camera, told by the frames of a bracket.

Cameras put a picture style on their JPEGs: more contrast than sRGB in the middle, less towards white. Two frames whose
exposures are t stops apart gave the same light the encoded values a and b, so the curve g that decodes them has
log2 g(b) - log2 g(a) = t (Debevec & Malik 1997, eq. 2, without the unknown light). Here log2 g is that of sRGB plus a
piecewise linear deviation, one for all channels, so that grey stays grey, found by penalised least squares (Eilers &
Marx 1996: many knots, second differences held small), iteratively reweighted so that what moved does not count.

What equal steps leave open, a ripple of one step's period, smoothness settles. Whether all exposures or the curve's
gamma are wrong, no pixels tell (Grossberg & Nayar 2003): exposures are believed, but for single steps that contradict
the curve which the other steps agree on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from hdrcli.frame_pairs import Pairs
from hdrcli.transfer import srgb_to_linear

KNOTS = np.linspace(0, 1, 41) ** 1.5
"""Encoded values between which the deviation is linear, closer towards black."""

SMOOTHNESS = 0.1
"""Weight of the squared second differences of the deviation, in stops; the weights of all values add up to 1."""

FLATNESS = 1e-5
"""Weight of its squared differences, which decides where no values are."""

CERTAIN = 1e6
"""Weight of what is not to be changed."""

OUTLIER = 2.0
"""Standard deviations at which a value counts half (Cauchy)."""

ROUNDS = 10

CONTRADICTED = 0.15
"""Stops by which a step must differ from what the curve tells, to be measured. EXIF rounds by up to 0.1."""

FOLDS = 4


@dataclass(frozen=True, eq=False)
class ToneCurve:
    """A curve and the exposures it goes with.

    `deviation` (len(KNOTS),) is log2 of the curve over sRGB's, 0 at white; `stops` (N,) are the frames', and `changed`
    (N,) says which frames are not as far from the one before as they were said to be.
    """

    deviation: np.ndarray
    stops: np.ndarray
    changed: np.ndarray

    def light(self, values: np.ndarray) -> np.ndarray:
        """The linear light of encoded values in [0, 1] that ascend to 1: it ascends, too, from 0 to 1."""
        light = srgb_to_linear(values) * 2.0 ** np.interp(values, KNOTS, self.deviation)
        return np.minimum(np.maximum.accumulate(light), 1)


def srgb(stops: np.ndarray) -> ToneCurve:
    """The curve that deviates from sRGB nowhere."""
    return ToneCurve(np.zeros(len(KNOTS)), stops, np.zeros(len(stops), bool))


def fit(pairs: Pairs, stops: np.ndarray, believed: bool, doubted: np.ndarray | None = None) -> ToneCurve:
    """The curve that the pairs tell, of frames that are said to be `stops` (N,) apart.

    Where these are not `believed`, steps that contradict the curve are measured by it, as long as most are not, and so
    are the steps, (N - 1,) bool, that are `doubted` from the beginning.
    """
    free = np.zeros(len(stops) - 1, bool) if doubted is None or believed else doubted
    curve = _fitted(pairs, stops, free)
    for _ in range(0 if believed else 3):
        off = np.abs(_steps_off(pairs, replace(curve, stops=stops))) > CONTRADICTED
        off |= doubted if doubted is not None else False
        if np.array_equal(off, free) or 2 * np.count_nonzero(off) > len(off):
            break
        free = off
        curve = _fitted(pairs, stops, free)
    return curve


def misfit(pairs: Pairs, curve: ToneCurve) -> float:
    """RMS over all levels, in stops, of how far pairs contradict a curve, whatever the frames' exposures are.

    A level's contradiction is the median of its values, less the median of its pair.
    """
    difference, weight, pair = _by_group(pairs, _residuals(pairs, curve))
    for one in np.unique(pair):
        of_pair = pair == one
        difference[of_pair] -= _weighted_median(difference[of_pair], weight[of_pair])
    return float(np.sqrt(np.average(difference**2, weights=weight)))


def held_out(pairs: Pairs, stops: np.ndarray, believed: bool, doubted: np.ndarray | None = None) -> tuple[float, float]:
    """The misfit of sRGB, and of curves on pairs that they were not fitted to; on levels, where there is one pair."""
    count, key = len(pairs.frames), pairs.pair
    if count == 1:
        count, key = FOLDS, pairs.group
    squares = []
    for fold in range(min(count, FOLDS)):
        out = key % FOLDS == fold
        if not out.any():
            continue
        curve = fit(pairs.where(~out), stops, believed, doubted)
        squares.append([misfit(pairs.where(out), one) ** 2 for one in (srgb(stops), curve)])
    before, after = np.sqrt(np.mean(squares, 0))
    return float(before), float(after)


def _residuals(pairs: Pairs, curve: ToneCurve) -> np.ndarray:
    """(N,): the stops between the two values by the curve, less those between the frames."""
    dark, bright = (
        np.log2(srgb_to_linear(one)) + np.interp(one, KNOTS, curve.deviation) for one in (pairs.dark, pairs.bright)
    )
    told = np.diff(curve.stops[pairs.frames], axis=1)[:, 0]
    return bright - dark - told[pairs.pair]


def _fitted(pairs: Pairs, stops: np.ndarray, free: np.ndarray) -> ToneCurve:
    """Least squares for the deviation at the knots and the steps' corrections; only those that are `free` change."""
    knots, steps = len(KNOTS), len(free)
    first, last = (pairs.frames[pairs.pair, k][:, None] for k in (0, 1))
    crossed = (np.arange(steps) >= first) & (np.arange(steps) < last)
    design = np.hstack([_interpolation(pairs.bright) - _interpolation(pairs.dark), -crossed.astype(float)])
    wanted = -_residuals(pairs, srgb(stops))
    prior = np.zeros((knots + steps, knots + steps))
    for order, strength in ((1, FLATNESS), (2, SMOOTHNESS)):
        difference = np.diff(np.eye(knots), order, axis=0)
        prior[:knots, :knots] += strength * difference.T @ difference
    prior[knots - 1, knots - 1] += CERTAIN
    prior[knots:, knots:] += np.diag(np.where(free, 1e-9, CERTAIN))
    base = pairs.weight / pairs.weight.sum()
    weight = base
    for _ in range(ROUNDS):
        weighted = design * weight[:, None]
        found = np.linalg.solve(design.T @ weighted + prior, weighted.T @ wanted)
        deviations = (design @ found - wanted) ** 2 * pairs.weight
        weight = base / (1 + deviations / OUTLIER**2)
    corrected = stops + np.concatenate([[0.0], np.cumsum(found[knots:])])
    return ToneCurve(found[:knots] - found[knots - 1], corrected, np.concatenate([[False], free]))


def _interpolation(values: np.ndarray) -> np.ndarray:
    """(N, knots): what each knot contributes to each value."""
    return np.stack([np.interp(values, KNOTS, one) for one in np.eye(len(KNOTS))], -1)


def _steps_off(pairs: Pairs, curve: ToneCurve) -> np.ndarray:
    """(N - 1,): by how many stops each step is larger than the curve's stops say, by least absolute deviations."""
    difference, weight, pair = _by_group(pairs, _residuals(pairs, curve))
    steps = np.arange(len(curve.stops) - 1)
    crossed = (steps >= pairs.frames[:, :1]) & (steps < pairs.frames[:, 1:])
    spoken = np.unique(pair)
    off = np.array([_weighted_median(difference[pair == one], weight[pair == one]) for one in spoken])
    design = crossed[spoken].astype(float)
    found = np.zeros(len(steps))
    for _ in range(3 * ROUNDS):
        weights = 1 / np.maximum(np.abs(design @ found - off), 0.01)
        sparse = np.diag(0.3 / np.maximum(np.abs(found), 0.01))
        found = np.linalg.solve((design.T * weights) @ design + sparse, (design.T * weights) @ off)
    return found


def _by_group(pairs: Pairs, values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each group of values: their median, weight and pair."""
    order = np.argsort(pairs.group, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(pairs.group[order])) + 1)
    medians = np.array([np.median(values[group]) for group in groups])
    weights = np.array([np.median(pairs.weight[group]) for group in groups])
    return medians, weights, np.array([pairs.pair[group[0]] for group in groups])


def _weighted_median(values: np.ndarray, weights: np.ndarray) -> float:
    order = np.argsort(values)
    share = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(share, share[-1] / 2)])
