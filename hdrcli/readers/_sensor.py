"""Whether the sensor data of a RAW file were decoded whole: LibRaw is silent about much that is missing."""

from __future__ import annotations

import logging
import struct
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from hdrcli.errors import ReadError
from hdrcli.readers._file import CURE, damaged
from hdrcli.readers._strips import is_cut

_PIXELS_PER_BYTE = 64
"""No compression of sensor data, lossy ones included, comes near it."""

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
    rows = np.flatnonzero(values.reshape(values.shape[0], -1).any(axis=1))
    if not rows.size or values.max() <= min(raw.black_level_per_channel or [0]):
        raise ReadError(f"{path} decodes to black: its sensor data are missing or of an unknown kind.", CURE)
    # No sensor's noise is zero through a sixteenth of a picture.
    if rows[-1] < values.shape[0] * 15 // 16:
        raise damaged(path, f"its picture ends at row {rows[-1]} of {values.shape[0]}")
    if is_whole is None and _reads_past_end(values, data):
        raise damaged(path, "it is cut short")


def _dng_is_whole(data: bytes) -> bool | None:
    """Whether a DNG's picture lies within its file; None for other formats, whose byte counts cannot be relied on."""
    import tifffile

    logging.getLogger("tifffile").setLevel(logging.CRITICAL)
    try:
        first = tifffile.TiffFile(BytesIO(data)).pages[0]
        if "DNGVersion" not in first.tags:
            return None
        pages = [first, *(first.pages or ())]
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
