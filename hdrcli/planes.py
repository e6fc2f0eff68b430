"""What a network sees of a bracket, made window by window: the whole of it would take four times the frames' memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from hdrcli.image import Exposure

Curve = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Planes:
    """(C, H, W) float32 that is made where it is looked at: `planes[:, rows, columns]` is `make(rows, columns)`.

    Where frames one after the other are all it is made of, `frames` are these, each with the curve of its stored values
    (None where its table has it), and `margin` is how often their outermost pixels repeat around them.
    """

    shape: tuple[int, int, int]
    make: Callable[[slice, slice], np.ndarray]
    frames: tuple[tuple[Exposure, Curve | None], ...] = ()
    margin: int = 0

    def __getitem__(self, place: tuple[slice, slice, slice]) -> np.ndarray:
        channels, rows, columns = (slice(*one.indices(side)) for one, side in zip(place, self.shape, strict=True))
        return self.make(rows, columns)[channels]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """The whole of it."""
        return np.asarray(self[:, :, :], dtype)


def of_frames(exposures: tuple[Exposure, ...], curve: Curve) -> Planes:
    """The channels of some frames one after the other, (3 N, H, W), through a curve of their values."""
    width, height = exposures[0].size
    # of codes, the curve is applied to their table; of other values, to those of each window
    mapped = ((one, curve) if one.table is None else (one.mapped(curve, one.encoding), None) for one in exposures)
    shown: tuple[tuple[Exposure, Curve | None], ...] = tuple(mapped)

    def make(rows: slice, columns: slice) -> np.ndarray:
        parts = [one.part(rows, columns) for one, _ in shown]
        parts = [then(part) if then else part for part, (_, then) in zip(parts, shown, strict=True)]
        return np.concatenate(parts, axis=2).transpose(2, 0, 1)

    return Planes((3 * len(exposures), height, width), make, shown)


def bordered(planes: Planes, margin: int) -> Planes:
    """The same with its outermost pixels repeated `margin` times around it."""
    channels, height, width = planes.shape

    def make(rows: slice, columns: slice) -> np.ndarray:
        return repeated(planes, *(slice(place.start - margin, place.stop - margin) for place in (rows, columns)))

    size = height + 2 * margin, width + 2 * margin
    return Planes((channels, *size), make, planes.frames, planes.margin + margin)


def reduced(planes: Planes | np.ndarray, factor: int) -> np.ndarray:
    """(C, H / factor, W / factor), rounded up: means of squares; the outermost pixels repeat at the far ends."""
    channels, height, width = planes.shape
    columns = -(-width // factor)
    made = np.empty((channels, -(-height // factor), columns), np.float32)
    for row in range(made.shape[1]):
        strip = repeated(planes, slice(row * factor, (row + 1) * factor), slice(0, columns * factor))
        made[:, row] = strip.reshape(channels, factor, columns, factor).mean((1, 3))
    return made


def repeated(planes: Planes | np.ndarray, rows: slice, columns: slice) -> np.ndarray:
    """(C, h, w) of rows and columns from `start` to `stop`; outside of the image its outermost pixels repeat."""
    (inner_rows, above), (inner_columns, beside) = (
        _within(place, side) for place, side in zip((rows, columns), planes.shape[1:], strict=True)
    )
    part = planes[:, inner_rows, inner_columns]
    return np.pad(part, ((0, 0), above, beside), mode="edge") if any((*above, *beside)) else part


def _within(place: slice, side: int) -> tuple[slice, tuple[int, int]]:
    """The pixels of a side that a slice takes, and how often the first and the last of them repeat."""
    first, last = (min(max(end, 0), side - 1) for end in (place.start, place.stop - 1))
    missing = place.stop - place.start - (last + 1 - first)
    before = min(max(first - place.start, 0), missing)
    return slice(first, last + 1), (before, missing - before)
