"""A picture part by part, each with what lies around it: windows need their surroundings, but not the whole picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

Place = tuple[slice, slice]

BLOCK = 512
"""Side, in pixels, of parts that a cache holds."""

PIXELS = 1 << 17
"""Of a strip that a cache holds: a plane of it takes half a megabyte in float32, and formulas hold about twenty."""

STRIP_PIXELS = 1 << 19
"""Of a strip that has others around it, or that takes some pains to begin."""


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


def strips(height: int, width: int, pixels: int | None = None) -> list[slice]:
    """The rows of strips of about so many `pixels` (PIXELS by default), from the top; each begins at an even row."""
    step = max(2, (pixels or PIXELS) // max(width, 1) // 2 * 2)
    return [slice(top, min(top + step, height)) for top in range(0, height, step)]


def grown(place: slice, halo: int, length: int) -> tuple[slice, slice]:
    """`place` with up to `halo` more before and behind, as far as there are any, and where it lies in these."""
    start, stop = max(place.start - halo, 0), min(place.stop + halo, length)
    return slice(start, stop), slice(place.start - start, place.stop - start)


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
        place = slice(start, min(start + step, length))
        yield place, *grown(place, halo, length)
