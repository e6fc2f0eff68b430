"""Parts of a picture that are worth 100 %: the centre, where most moved or most is wrong, the brightest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from hdrcli.evaluation import maps
from hdrcli.page import pictures
from hdrcli.page.contents import Part

Place = tuple[slice, slice]
Show = Callable[[Place], np.ndarray]
"""Gives the pixels of a place, (h, w, 3) float in [0, 1] or uint8."""

LONGEST = 320
"""Side of a part in pixels, or a quarter of the picture's shorter side where that is less (but not under LEAST)."""

LEAST = 160

_QUIET = 1e-6


def side_of(shape: Sequence[int]) -> tuple[int, int]:
    """(height, width) of the parts of a picture of this shape."""
    shortest = min(shape[:2])
    side = min(LONGEST, max(LEAST, shortest // 4))
    return min(side, shape[0]), min(side, shape[1])


def centre(shape: Sequence[int]) -> Place:
    height, width = side_of(shape)
    return _at((shape[0] - height) // 2, (shape[1] - width) // 2, height, width)


def strongest(weights: np.ndarray, shape: Sequence[int]) -> Place | None:
    """The part of a picture of `shape` with the greatest mean of `weights`, (h, w) >= 0 of any size.

    None where it is no greater than elsewhere.
    """
    small = pictures.shrunk(weights.astype(np.float32), 1000)
    height, width = side_of(shape)
    scale = small.shape[0] / shape[0], small.shape[1] / shape[1]
    window = max(1, round(height * scale[0])), max(1, round(width * scale[1]))
    y, x, above = maps.strongest(small, *window)
    if above <= _QUIET:
        return None
    top, left = int(y / scale[0]), int(x / scale[1])
    return _at(min(top, shape[0] - height), min(left, shape[1] - width), height, width)


def _at(top: int, left: int, height: int, width: int) -> Place:
    return slice(top, top + height), slice(left, left + width)


def distinct(places: Iterable[tuple[str, Place | None]]) -> list[tuple[str, Place]]:
    """The places there are, but for those that mostly show what an earlier one does."""
    kept: list[tuple[str, Place]] = []
    for title, place in places:
        if place is not None and not any(_overlap(place, other) for _, other in kept):
            kept.append((title, place))
    return kept


def chosen(
    places: Iterable[tuple[str, Place | None]], views: Sequence[tuple[str, Show]], limit: int
) -> tuple[Part, ...]:
    """The distinct parts at `places` out of each of the `views`; all take at most about `limit` bytes."""
    kept = distinct(places)
    each = limit // max(1, len(kept) * len(views))
    return tuple(
        Part(title, in_words(place), tuple((name, pictures.picture(show(place), each)) for name, show in views))
        for title, place in kept
    )


def _overlap(one: Place, other: Place) -> bool:
    """Whether two parts of one size share more than a quarter."""
    shares = [1 - abs(a.start - b.start) / (a.stop - a.start) for a, b in zip(one, other, strict=True)]
    return min(shares) > 0 and shares[0] * shares[1] > 0.25


def in_words(place: Place) -> str:
    """The size and the place of a part."""
    down, across = place
    return f"{across.stop - across.start} × {down.stop - down.start} pixels from {across.start}, {down.start}"
