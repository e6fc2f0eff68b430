"""Exposures that contradict the frames: the stops between two neighbours, as their pixels tell them.

Lists of times are mistyped, and cameras on automatic sensitivity write what they were set to; a merge that believes
such times draws dark contours where one frame takes over from the next.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from hdrcli import transfer
from hdrcli.image import Exposure

WELL_EXPOSED = (0.02, 0.7)
"""Linear levels that speak: below is noise, above the shoulder of camera curves."""

LEAST_PIXELS = 500
"""Of those looked at; fewer do not contradict a time."""

FEW, SPREAD = 0.1, 1.0
"""Share of those looked at that may be of what moved: they contradict a time only if half of them agree within so many
stops."""

STEP, SMALL = 4, 20_000
"""Every fourth pixel of every fourth row is looked at; more of small pictures, so that they have as much to say."""

CONTRADICTION, LIKENESS = 0.5, 1.6
"""Stops, and factor of stops, by which pixels and times must differ: tone curves of cameras make 1.4 stops of one."""


def corrected(exposures: Sequence[Exposure], relative: Sequence[float]) -> tuple[tuple[float, ...], list[str]]:
    """Relative exposures, ascending as given, with the steps that pixels contradict replaced by what these tell.

    Returns them with the names of the frames behind each replaced step. Display-encoded frames count as sRGB. The
    first frame keeps its exposure; where a frame is darker than the one before, they no longer ascend.
    """
    found, changed = [float(relative[0])], []
    for index, seen in enumerate(steps(exposures)):
        told = math.log2(relative[index + 1] / relative[index])
        if seen is not None and _contradicts(seen, told):
            changed.append(exposures[index + 1].name)
            told = seen
        found.append(found[-1] * 2.0**told)
    return tuple(found), changed


def steps(exposures: Sequence[Exposure]) -> list[float | None]:
    """Stops from each frame to the next brighter one, as the median pixel tells them.

    None where too few pixels are well exposed in both, or few that do not agree.
    """
    return [_step(dark, bright) for dark, bright in pairwise(map(_light, exposures))]


def _step(dark: np.ndarray, bright: np.ndarray) -> float | None:
    low, high = WELL_EXPOSED
    both = (dark > low) & (bright < high) & (bright > low)
    if np.count_nonzero(both) < LEAST_PIXELS:
        return None
    lower, step, upper = np.percentile(np.log2(bright[both] / dark[both]), (25, 50, 75))
    return None if both.mean() < FEW and upper - lower > SPREAD else float(step)


def _light(frame: Exposure) -> np.ndarray:
    """Green light of some of the pixels."""
    step = min(STEP, max(1, math.isqrt(math.prod(frame.size) // SMALL)))
    green = frame.part(slice(None, None, step), slice(None, None, step))[..., 1]
    return green if frame.encoding == "linear" else transfer.srgb_to_linear(green)


def _contradicts(seen: float, told: float) -> bool:
    if abs(seen - told) <= CONTRADICTION:
        return False
    return seen <= 0 or told == 0 or not 1 / LIKENESS <= seen / told <= LIKENESS
