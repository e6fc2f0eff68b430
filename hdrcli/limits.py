"""How much of a file is believed: limits that are checked against its header before any memory is asked for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from hdrcli.errors import UsageError

PIXELS = 2_000_000_000
"""The most pixels of a frame where `--max-pixels` says nothing."""

CHANNELS = 32
"""The most channels of a frame: colours, alpha, and what a renderer adds."""

METADATA = 64 << 20
"""Bytes of Exif, XMP and colour profile of a file, and of each of them once decompressed."""

SEGMENTS = 1_000_000
"""Strips or tiles of a TIFF; the smallest tiles in use, of 128x128 pixels, make 16 gigapixels of so many."""

PARTS = 100_000
"""Segments, chunks or attributes of a header; most have a few dozen."""

BYTES_PER_PIXEL = 32
"""Bytes of a file whose decoder takes it whole, for each of its pixels, beside those of its metadata."""

Given = ParamSpec("Given")
Made = TypeVar("Made")

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9}

_pixels = [PIXELS]

_watchers: list[Callable[[int], None]] = []


def pixels() -> int:
    """The most pixels that a frame may have now."""
    return _pixels[-1]


@contextmanager
def at_most(most: int) -> Iterator[None]:
    """Read frames of at most so many pixels. It holds for all threads: brackets are read by several."""
    _pixels.append(most)
    try:
        yield
    finally:
        _pixels.remove(most)


def heeding(function: Callable[Given, Made]) -> Callable[Given, Made]:
    """`function` with one more option, `max_pixels`: while it runs, frames of more pixels (or "2G") are errors."""

    @wraps(function)
    def limited(*given: Given.args, **options: Given.kwargs) -> Made:
        most: Any = options.pop("max_pixels", None)
        with at_most(pixels() if most is None else parse_pixels(most)):
            return function(*given, **options)

    return limited


def watch(watcher: Callable[[int], None]) -> None:
    """Let `watcher` be told the pixels of each header that passes: memory may be limited to what they take."""
    _watchers.append(watcher)


def claim(number: int) -> None:
    """Tell that so many pixels are going to be decoded."""
    for told in _watchers:
        told(number)


def parse_pixels(text: str | int) -> int:
    """Pixels from "2G", "500M" or "120000000". Raises UsageError for anything else."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([KMG]?)", str(text).strip().upper())
    number = int(float(found[1]) * _UNITS[found[2]]) if found and len(found[1]) < 20 else 0
    if number < 1:
        raise UsageError(f'--max-pixels "{text}" is no number of pixels.', "Pass 500M, 2G, or a number.")
    return number


def short(number: int) -> str:
    """A number of pixels that `parse_pixels` knows, rounded up: "2G", "151M"."""
    for unit, size in reversed(_UNITS.items()):
        if number >= 10 * size or (number >= size and number % size == 0):
            return f"{-(-number // size)}{unit}"
    return str(number)
