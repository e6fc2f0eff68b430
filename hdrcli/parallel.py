"""Parts of a work side by side, as many at once as there are cores."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from math import ceil
from pathlib import Path
from typing import TypeVar

_QUOTA = Path("/sys/fs/cgroup/cpu.max")

Item = TypeVar("Item")
Made = TypeVar("Made")


def cores() -> int:
    """How many cores this process may use: by its affinity, and by the share that a container has of them."""
    here = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = _QUOTA.read_text().split()
        return max(1, min(here, ceil(int(quota) / int(period))))
    except (OSError, ValueError):  # no container; "max" is no limit
        return here


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
