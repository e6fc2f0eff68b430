"""A picture worked through in strips of rows that stay in the processor's caches, as many at once as it has cores."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

PIXELS = 1 << 17
"""Of a strip: a plane of it takes half a megabyte in float32, and formulas hold about twenty."""

Item = TypeVar("Item")
Made = TypeVar("Made")


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def strips(height: int, width: int, pixels: int | None = None) -> list[slice]:
    """The rows of strips of about so many `pixels` (PIXELS by default), from the top; each begins at an even row."""
    step = max(2, (pixels or PIXELS) // max(width, 1) // 2 * 2)
    return [slice(top, min(top + step, height)) for top in range(0, height, step)]


def grown(rows: slice, margin: int, height: int) -> tuple[slice, slice]:
    """`rows` with up to `margin` more above and below, as far as there are any, and where `rows` lie in these."""
    start, stop = max(rows.start - margin, 0), min(rows.stop + margin, height)
    return slice(start, stop), slice(rows.start - start, rows.stop - start)


def each(function: Callable[[Item], Made], items: Iterable[Item], most: int | None = None) -> list[Made]:
    """`function` of each item, in threads: NumPy, OpenCV and zlib let go of the interpreter while they work.

    `most` is how many of those that take much memory may be in work at once.
    """
    items = list(items)
    workers = min(cores(), len(items), most or len(items))
    if workers < 2:
        return [function(item) for item in items]
    with ThreadPoolExecutor(workers) as pool:
        try:
            return list(pool.map(function, items))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
