"""The tiles that a picture is cut into, and the halos around them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import EllipsisType


@dataclass(frozen=True)
class Window:
    """Rows [top, bottom) and columns [left, right), in pixels."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """Its rows and columns."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    @property
    def index(self) -> tuple[EllipsisType, slice, slice]:
        """Of a map (..., H, W), its part in the window."""
        return ..., *self.slices

    def within(self, outer: Window) -> Window:
        """The window as seen from the corner of one around it."""
        top, left = outer.top, outer.left
        return Window(self.top - top, self.left - left, self.bottom - top, self.right - left)

    def coarser(self, stride: int) -> Window:
        """The window on a map of stride `stride`, whose corners lie on multiples of it."""
        return Window(self.top // stride, self.left // stride, -(-self.bottom // stride), -(-self.right // stride))

    def at_stride(self, stride: int, height: int, width: int) -> tuple[slice, slice]:
        """The window's rows and columns on a feature map of stride `stride` of a tile of `height` x `width` pixels.

        Windows start at multiples of the stride; one that ends with the tile takes all features that are left, so that
        windows side by side count every feature once.
        """
        rows = slice(self.top // stride, None if self.bottom >= height else self.bottom // stride)
        columns = slice(self.left // stride, None if self.right >= width else self.right // stride)
        return rows, columns


def split(height: int, width: int, tile: int) -> Iterator[Window]:
    """Windows of at most `tile` x `tile` pixels that cover the image once, row by row."""
    for top in range(0, height, tile):
        for left in range(0, width, tile):
            yield Window(top, left, min(top + tile, height), min(left + tile, width))


def with_halo(window: Window, halo: int, multiple: int, height: int, width: int) -> tuple[Window, Window]:
    """The window grown by `halo` (rounded up to the multiple, cut at the image), and the window inside that tile."""
    grow = -(-halo // multiple) * multiple
    outer = Window(
        max(window.top - grow, 0),
        max(window.left - grow, 0),
        min(window.bottom + grow, height),
        min(window.right + grow, width),
    )
    return outer, window.within(outer)
