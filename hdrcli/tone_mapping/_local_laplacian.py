"""Local Laplacian filter: large changes of brightness made smaller, detail of every size kept, and no halos.

Paris, Hasinoff & Kautz, "Local Laplacian Filters" (SIGGRAPH 2011), in the fast form of Aubry, Paris, Hasinoff, Kautz &
Durand, "Fast Local Laplacian Filters" (ACM TOG 2014).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hdrcli import pyramids

DETAIL = 1.2
"""Stops by which a pixel may differ from its surroundings and be detail, which is kept. A little less than 2011's
sigma_r = log 2.5: what contrast a picture gets afterwards makes halos stronger, too."""

STEP = 1.0
"""Stops between the levels of brightness that the filter is worked out for, less than `DETAIL` (2014, section 4)."""


def shown(
    stops: np.ndarray, curve: Callable[[np.ndarray], np.ndarray], low: float, high: float, top: int = 1
) -> np.ndarray:
    """Brightness (H, W) float32 in stops with `curve` applied to its large changes, and detail added as it was.

    `curve` rises, with slopes up to 1. For each of some levels g from `low` to `high` the pyramid of r(stops) is made,
    where r keeps what is near g and takes the rest by the curve (2011, eq. 2, with a curve in place of a slope); each
    coefficient of the result is read from the two levels around the local mean (2014, eq. 11). What is left at the
    pyramid's top, of `top` pixels or more, goes by the curve as a whole.
    """
    levels = np.linspace(low, high, max(2, int(np.ceil((high - low) / STEP)) + 1), dtype=np.float32)
    moves = curve(levels) - levels

    def parts(rows: slice) -> tuple[list[np.ndarray], list[np.ndarray]]:
        here = stops[rows]
        least, most = curve(here + np.float32(DETAIL)), curve(here - np.float32(DETAIL))
        least -= np.float32(DETAIL)
        most += np.float32(DETAIL)
        return [np.clip(here + moved, least, most) for moved in moves], [here]

    def last(_: pyramids.Planes, means: pyramids.Planes) -> np.ndarray:
        return curve(means[0])

    counts, height = (len(levels), 1), stops.shape[0]
    depth = pyramids.depth(height, stops.shape[1], top)
    return pyramids.blended(parts, counts, stops.shape, lambda means: _nearness(means[0], levels), last, depth)


def _nearness(mean: np.ndarray, levels: np.ndarray) -> list[np.ndarray]:
    """For each level, 1 where the local mean is at it, falling to 0 a step away; beyond the ends, those count."""
    slope = -1 / max(levels[1] - levels[0], np.float32(1e-3))
    within = np.clip(mean, levels[0], levels[-1])
    found = []
    for level in levels:
        near = np.subtract(within, level)
        np.abs(near, out=near)
        near *= slope
        near += 1
        found.append(np.maximum(near, 0, out=near))
    return found
