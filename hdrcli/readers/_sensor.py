"""Whether the sensor data of a RAW file were decoded whole: LibRaw is silent about much that is missing."""

from __future__ import annotations

import logging
import struct
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from hdrcli.errors import ReadError
from hdrcli.readers._file import CURE, damaged
from hdrcli.readers._sensor_light import sensor_values
from hdrcli.readers._strips import is_cut
from hdrcli.readers._tiff_bounds import MOST_PAGES

_PIXELS_PER_BYTE = 64
"""No compression of sensor data, lossy ones included, comes near it."""

_OUTERMOST, _EVEN = 0.001, 1.2
"""Share of the values at either end of noise, and how much farther up than down these may lie in noise alone."""

_LIT, _LAMP = 0.02, 3
"""Share of the range from black to white that is light, and how many such values of 3x3 are no hot pixel."""

_ENOUGH = 1_000_000
"""Values that tell what noise there is."""

_PADDING = b"\xa5" * (1 << 20)


def check(path: Path, raw: Any, data: bytes) -> None:
    """Raise ReadError unless LibRaw's `raw` of the file's bytes `data` holds a whole picture."""
    sizes = raw.sizes
    if len(data) * _PIXELS_PER_BYTE < sizes.raw_width * sizes.raw_height:
        raise damaged(path, f"{len(data)} bytes are too few for {sizes.raw_width}x{sizes.raw_height} pixels")
    is_whole = _dng_is_whole(data)
    if is_whole is False:
        raise damaged(path, "it is cut short")
    values = raw.raw_image_visible
    black, white = max(raw.black_level_per_channel or [0]), raw.white_level
    if white and black >= white:
        raise damaged(path, f"its black level {black} is not below its white level {white}")
    if not values.any() or _is_black(raw):
        raise ReadError(f"{path} decodes to black: its sensor data are missing, or the lens was covered.", CURE)
    for what, axis in (("row", 0), ("column", 1)):
        if missing := _missing(values, axis, black):
            raise damaged(path, f"its picture has nothing from {what} {missing[0]} to {missing[1]}")
    if is_whole is None and _reads_past_end(values, data):
        raise damaged(path, "it is cut short")


def _is_black(raw: Any) -> bool:
    """Whether no value stands out of the noise around black, which goes as far down as up."""
    import cv2

    values, colours = sensor_values(raw)
    black = np.array(raw.black_level_per_channel or [0] * 4, np.float32)
    step = int((values.size / _ENOUGH) ** 0.5) // 2 * 2 + 1  # odd, so as to meet all places of the filters
    light = values[::step, ::step] - black[colours[::step, ::step]]
    down, up = np.quantile(light, [_OUTERMOST, 1 - _OUTERMOST])
    if up > 0 and up > -_EVEN * down:
        return False
    # A frame of a street at night may show its lamps alone: some values in one place, unlike hot pixels.
    lit = values > black[colours] + np.float32(_LIT) * (raw.white_level - black.max())
    lit = lit.any(-1) if lit.ndim == 3 else lit
    return bool(cv2.boxFilter(lit.astype(np.uint8), -1, (3, 3), normalize=False).max() < _LAMP)


def _missing(values: np.ndarray, axis: int, black: float) -> tuple[int, int] | None:
    """The first and last of the rows (`axis` 0) or columns that hold zeros alone, of a sixteenth of the picture.

    No sensor's noise is zero so far. One without a black level may have darkness cut off at zero, but not at the end.
    """
    length = values.shape[axis]
    filled = np.flatnonzero(values.any(axis=tuple(other for other in range(values.ndim) if other != axis)))
    edges = np.array([-1, *filled, length])
    longest = int(np.diff(edges).argmax()) if black else len(edges) - 2
    first, last = int(edges[longest]) + 1, int(edges[longest + 1]) - 1
    return (first, last) if last - first + 1 > length // 16 else None


def _dng_is_whole(data: bytes) -> bool | None:
    """Whether a DNG's picture lies within its file; None for other formats, whose byte counts cannot be relied on."""
    import tifffile

    logging.getLogger("tifffile").setLevel(logging.CRITICAL)
    try:
        first = tifffile.TiffFile(BytesIO(data)).pages[0]
        if "DNGVersion" not in first.tags:
            return None
        pages = [first, *islice(first.pages or (), MOST_PAGES)]
        return not any(is_cut(page, len(data)) for page in pages if not page.is_reduced)
    except (RuntimeError, ValueError, TypeError, LookupError, AttributeError, struct.error):
        return None


def _reads_past_end(values: np.ndarray, data: bytes) -> bool:
    """Whether the picture depends on what follows the file: it does when a decoder has run past the end unnoticed."""
    import rawpy

    try:
        with rawpy.imread(BytesIO(data + _PADDING)) as padded:
            return not np.array_equal(values, padded.raw_image_visible)
    except rawpy.LibRawError:
        # Formats that keep their directory at the end of the file cannot be padded.
        return False
