"""A picture part by part, each with what lies around it: windows need their surroundings, but not the whole picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

Place = tuple[slice, slice]

BLOCK = 512
"""Side, in pixels, of parts that a cache holds."""

STRIP_PIXELS = 1 << 19
"""About as many pixels has a part of whole rows."""


@dataclass(frozen=True)
class Part:
    """A part of a picture: its rows and columns, those with a halo `around` it, and where it is `within` these."""

    place: Place
    around: Place
    within: Place


def blocks(shape: tuple[int, ...], halo: int) -> Iterator[Part]:
    """The parts of a (H, W, ...) picture, row by row, at most BLOCK pixels high and wide; halos end with it."""
    for rows in _spans(shape[0], BLOCK, halo):
        for columns in _spans(shape[1], BLOCK, halo):
            yield Part(*zip(rows, columns, strict=True))


def strips(shape: tuple[int, ...], least: int = 1) -> Iterator[slice]:
    """The rows of a (H, W, ...) picture, STRIP_PIXELS at a time, or so many rows at `least`."""
    for rows, _, _ in _spans(shape[0], max(STRIP_PIXELS // shape[1], least), 0):
        yield rows


def overwritten(picture: np.ndarray, halo: int) -> Iterator[tuple[Part, np.ndarray]]:
    """Strips of whole rows, from the top, and their pixels with those around, as they were before anything was written.

    What is made of a strip may so take its place in `picture` at once.
    """
    height, width = picture.shape[:2]
    above = picture[:0]
    for place, around, within in _spans(height, max(STRIP_PIXELS // width, halo, 1), halo):
        pixels = np.concatenate([above, picture[place.start : around.stop]])
        above = pixels[max(within.stop - halo, 0) : within.stop].copy()
        whole = slice(0, width)
        yield Part((place, whole), (around, whole), (within, whole)), pixels


def _spans(length: int, step: int, halo: int) -> Iterator[tuple[slice, slice, slice]]:
    """Along one axis: the place of each part, the same with its halo, and where it is in that."""
    for start in range(0, length, step):
        stop = min(start + step, length)
        first = max(start - halo, 0)
        yield slice(start, stop), slice(first, min(stop + halo, length)), slice(start - first, stop - first)
