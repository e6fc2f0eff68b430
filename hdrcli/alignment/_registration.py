"""Direct registration of two pictures in common tones: robust Lucas-Kanade over a pyramid.

Inverse compositional Gauss-Newton (Baker & Matthews 2004, "Lucas-Kanade 20 Years On"), iteratively reweighted by
Geman & McClure's function so that moving objects do not drag the warp.
"""

from __future__ import annotations

import numpy as np

from hdrcli.alignment._photometry import Pair, corner_shift, even_contrast
from hdrcli.alignment._search import find_turn_and_shift

LEVELS = 3
"""Pyramid levels: the coarsest sees displacements four times as far."""

LEAST_SIDE = 48
"""Coarser levels than this are left out."""

ITERATIONS = 30
CONVERGED = 0.01
"""A step that moves no corner by more than so many pixels ends a level."""

EDGE_PIXELS = 40_000
"""Registration looks at about so many pixels of the steepest gradient, spread evenly: only edges tell displacement."""

CELLS = 12
"""Rows and columns of the grid over which those are spread, lest one moving object of much contrast has them all."""

OUTLIER = 2.0
"""Differences count at most so many times the local contrast: what moved costs the same however much it differs."""

UNSEEN = 0.5
"""What counts for a difference where the still frame says something and the moved one nothing: their tones are common,
so that in place they are black and white alike."""

RIGID, SIMILAR, PROJECTIVE = 3, 4, 8
"""Degrees of freedom of a warp: shift and rotation; scale besides, which focusing changes; or a homography."""


class Registration:
    """A pair at one level of the pyramid, ready to be compared under many warps.

    Warps are homographies from pixels of the still picture to those of the moved one, at the size of the pyramid's
    finest level; `to_level` takes these to the pixels of this one.
    """

    def __init__(self, frames: Pair, to_level: np.ndarray) -> None:
        self.shape: tuple[int, int] = frames.still.shape
        self._to_level, self._from_level = to_level, np.linalg.inv(to_level)
        still, self._moved = (even_contrast(luma, frames) for luma in (frames.still, frames.moved))
        self._details = still, self._moved
        seen = (frames.still_mask & _grown(frames.moved_mask)).ravel()
        down, across = (g.ravel() for g in np.gradient(still))
        steepness = np.hypot(down, across) * seen
        self._edges, self._votes = _steepest(steepness.reshape(self.shape))
        self._slope = np.stack([across, down], -1)[self._edges]
        self._still = still.ravel()[self._edges]
        self._mask = frames.moved_mask.astype(np.uint8)
        y, x = np.divmod(self._edges, self.shape[1])
        self._places = np.stack([x, y, np.ones_like(x)])

    def _differences(self, warp: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Moved less still at the edges, whether the moved frame says something there, and whether it reaches so far.

        `warp` is the level's.
        """
        x, y, z = warp @ self._places
        x, y = (x / z).astype(np.float32), (y / z).astype(np.float32)
        height, width = self.shape
        within = (z > 0) & (x >= 0) & (y >= 0) & (x <= width - 1) & (y <= height - 1)
        brought, seen = _sampled(self._moved, x, y), _nearest(self._mask, x, y)
        return brought - self._still, within & (seen > 0), within

    def error(self, warp: np.ndarray) -> float:
        """Mean difference at edges, in [0, OUTLIER] local contrasts, under a warp; OUTLIER without anything seen."""
        difference, seen, within = self._differences(self._to_level @ warp @ self._from_level)
        costs = np.where(seen, np.minimum(np.abs(difference), OUTLIER), UNSEEN)
        votes = self._votes * within
        return float((votes @ costs) / votes.sum()) if seen.any() else OUTLIER

    def correlation(self, warp: np.ndarray) -> float:
        """Correlation coefficient at the edges under a warp; 1 where there is nothing to correlate."""
        difference, seen, within = self._differences(self._to_level @ warp @ self._from_level)
        still, moved, votes = self._still, (self._still + difference) * seen, self._votes * within
        energy = float(np.sqrt((votes @ still**2) * (votes @ moved**2)))
        return float(votes @ (still * moved)) / energy if energy > 0 else 1.0

    def strength(self) -> float:
        """How strong detail is at the edges, in local contrasts, in the frame that shows more of it.

        Infinite without an edge that both show.
        """
        difference, seen, _ = self._differences(np.eye(3))
        still, moved = self._still[seen], (self._still + difference)[seen]
        return float(np.sqrt(max((still**2).mean(), (moved**2).mean()))) if seen.any() else np.inf

    def found(self, farthest: float) -> np.ndarray:
        """The turn and shift, by up to `farthest` of the diagonal, under which the details agree best as a whole."""
        warp = find_turn_and_shift(*self._details, int(farthest * np.hypot(*self.shape)))
        return self._from_level @ warp @ self._to_level

    def refined(self, warp: np.ndarray, freedom: int) -> np.ndarray:
        """`warp`, followed to the nearest minimum with the given degrees of freedom."""
        height, width = self.shape
        # Coordinates around the middle in units of half the diagonal keep the normal equations well conditioned.
        unit = np.array([[2, 0, -width], [0, 2, -height], [0, 0, np.hypot(width, height)]]) / np.hypot(width, height)
        u, v = (unit @ self._places)[:2]
        jacobian = _jacobian(u, v, self._slope, freedom) / unit[0, 0]
        warp = self._to_level @ warp @ self._from_level
        for _ in range(ITERATIONS):
            difference, seen, _ = self._differences(warp)
            if seen.sum() < 10 * freedom:
                break
            scale = max(0.1, 1.5 * float(np.median(np.abs(difference[seen]))))
            weight = seen / (1 + (difference / scale) ** 2) ** 2
            weighted = jacobian * weight[:, None]
            normal = weighted.T @ jacobian
            ridge = 1e-6 * np.trace(normal) * np.eye(freedom)
            step = _homography(np.linalg.solve(normal + ridge, weighted.T @ difference))
            step = np.linalg.inv(unit) @ step @ unit
            warp = warp @ np.linalg.inv(step)
            warp = warp / warp[2, 2]
            if corner_shift(step, self.shape) < CONVERGED:
                break
        return self._from_level @ warp @ self._to_level


def _sampled(image: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """An image (h, w) float32 at places (N,), interpolated by cubics, and 0 beyond its borders.

    Linear interpolation blurs between pixels, and so would make whole pixels look the better fits.
    """
    import cv2

    if not x.size:
        return x
    shape = -(-x.size // 1024), 1024  # OpenCV takes no rows or columns longer than 32767
    return cv2.remap(image, np.resize(x, shape), np.resize(y, shape), cv2.INTER_CUBIC).ravel()[: x.size]


def _nearest(mask: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """A mask (h, w) uint8 at the pixels nearest to places (N,), and 0 beyond its borders."""
    height, width = mask.shape
    columns, rows = (np.rint(np.clip(axis, -1, 1e6)).astype(np.intp) for axis in (x, y))
    inside = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    return np.where(inside, mask[np.where(inside, rows, 0), np.where(inside, columns, 0)], 0)


def _steepest(steepness: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Flat indices of the steepest pixels of each cell of a grid, but for those of no steepness, and their votes.

    All cells have the same say, but for those with few such pixels: a moving object lies in some cells, the scene in
    all.
    """
    height, width = steepness.shape
    index = np.arange(height * width).reshape(height, width)
    count = EDGE_PIXELS // CELLS**2
    found, votes = [], []
    for rows in np.array_split(np.arange(height), min(CELLS, height)):
        for columns in np.array_split(np.arange(width), min(CELLS, width)):
            cell = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
            steep, places = steepness[cell].ravel(), index[cell].ravel()
            if len(steep) > count:
                chosen = np.argpartition(-steep, count)[:count]
                steep, places = steep[chosen], places[chosen]
            found.append(places[steep > 0])
            votes.append(np.full(len(found[-1]), 1 / max(len(found[-1]), count / 8)))
    return np.concatenate(found), np.concatenate(votes)


def _grown(mask: np.ndarray) -> np.ndarray:
    """A mask grown by as far as frames may be displaced before they are registered."""
    import cv2

    return cv2.dilate(mask.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0


def _jacobian(u: np.ndarray, v: np.ndarray, slope: np.ndarray, freedom: int) -> np.ndarray:
    """Change of luma with each parameter of a warp at (u, v), (N, freedom)."""
    gx, gy = slope.T
    if freedom == RIGID:
        return np.stack([gx, gy, gy * u - gx * v], -1)
    outward = gx * u + gy * v
    if freedom == SIMILAR:
        return np.stack([gx, gy, gy * u - gx * v, outward], -1)
    return np.stack([gx * u, gx * v, gx, gy * u, gy * v, gy, -outward * u, -outward * v], -1)


def _homography(parameters: np.ndarray) -> np.ndarray:
    """The warp of some parameters, around the identity."""
    if len(parameters) in (RIGID, SIMILAR):
        x, y, turn = parameters[:3]
        scale = 1 + sum(parameters[3:])
        across, down = scale * np.cos(turn), scale * np.sin(turn)
        return np.array([[across, -down, x], [down, across, y], [0, 0, 1]])
    a, b, c, d, e, f, g, h = parameters
    return np.array([[1 + a, b, c], [d, 1 + e, f], [g, h, 1]])


Pyramid = list[Registration]
"""Levels from coarse to fine."""


def pyramid(frames: Pair) -> Pyramid:
    """The levels at which a pair is registered; the last is the pair itself."""
    levels: Pyramid = []
    for level in range(LEVELS - 1, 0, -1):
        factor = 0.5**level
        if min(frames.still.shape) * factor >= LEAST_SIDE:
            levels.append(Registration(_thinned(frames, factor), _thinning(factor)))
    return [*levels, Registration(frames, np.eye(3))]


def register(levels: Pyramid, start: np.ndarray, freedom: int) -> np.ndarray:
    """Follow `start` to the warp of least difference, from coarse to fine."""
    for level in levels:
        start = level.refined(start, freedom)
    return start


def _thinning(factor: float) -> np.ndarray:
    """The map from pixels to those of a picture thinned by area; pixel centres are at whole numbers."""
    offset = 0.5 * factor - 0.5
    return np.array([[factor, 0, offset], [0, factor, offset], [0, 0, 1]])


def _thinned(frames: Pair, factor: float) -> Pair:
    import cv2

    height, width = frames.still.shape
    size = round(width * factor), round(height * factor)

    def thin(image: np.ndarray) -> np.ndarray:
        return cv2.resize(image.astype(np.float32), size, interpolation=cv2.INTER_AREA)

    still_mask, moved_mask = (thin(mask) > 0.99 for mask in (frames.still_mask, frames.moved_mask))
    return Pair(thin(frames.still), thin(frames.moved), still_mask, moved_mask, frames.step)
