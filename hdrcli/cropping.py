"""The part of the picture that every frame of an aligned bracket shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hdrcli.errors import HdrcliError
from hdrcli.image import Bracket


@dataclass(frozen=True)
class Rectangle:
    """Pixels of the reference frame: the upper left one, and how many across and down."""

    left: int
    top: int
    width: int
    height: int

    @property
    def slices(self) -> tuple[slice, slice]:
        return slice(self.top, self.top + self.height), slice(self.left, self.left + self.width)

    def __str__(self) -> str:
        return f"{self.width}x{self.height}+{self.left}+{self.top}"


def common_rectangle(bracket: Bracket) -> Rectangle:
    """The largest rectangle in which all frames are `valid`; the whole picture when none was warped.

    Raises HdrcliError when there is no such pixel.
    """
    width, height = bracket.exposures[0].size
    masks = [exposure.valid for exposure in bracket.exposures if exposure.valid is not None]
    found = largest_rectangle(np.logical_and.reduce(masks)) if masks else Rectangle(0, 0, width, height)
    if found.width * found.height == 0:
        raise HdrcliError(f"{bracket.name}: its frames have no part of the picture in common.", "Pass --crop fill.")
    return found


def cropped(bracket: Bracket, rectangle: Rectangle) -> Bracket:
    """The bracket with all frames cut to the rectangle; they share their memory with the whole ones."""
    return bracket.cut(*rectangle.slices)


def largest_rectangle(mask: np.ndarray) -> Rectangle:
    """The largest rectangle of true pixels in a (H, W) bool mask of which each row is true in one run, if any.

    Frames are rectangles seen through homographies, hence convex, and so is what they have in common. From each top
    row downwards, the common run of the rows so far is known, and with it the largest rectangle that ends there.
    """
    height, width = mask.shape
    first = np.where(mask.any(1), mask.argmax(1), width)
    last = np.where(mask.any(1), width - mask[:, ::-1].argmax(1), 0)
    best, area = Rectangle(0, 0, 0, 0), 0
    for top in range(height):
        if (last[top] - first[top]) * (height - top) <= area:
            continue
        left, right = np.maximum.accumulate(first[top:]), np.minimum.accumulate(last[top:])
        areas = np.maximum(right - left, 0) * np.arange(1, height - top + 1)
        at = int(areas.argmax())
        if areas[at] > area:
            area = int(areas[at])
            best = Rectangle(int(left[at]), top, int(right[at] - left[at]), at + 1)
    return best
