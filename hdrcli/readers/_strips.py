"""Whether the strips and tiles that a TIFF structure points at are all in the file."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

_UNCOMPRESSED = 1


def is_cut(page: Any, file_size: int) -> bool:
    """Whether a tifffile page lacks a strip or tile, or has one that ends beyond the file's `file_size` bytes.

    Looked for before decoding, since what is missing is filled with grey or black by some codecs, and by tifffile where
    there are fewer strips than the picture takes, and nothing said.
    """
    segments = list(zip(page.dataoffsets, page.databytecounts, strict=False))
    if any(offset <= 0 or count <= 0 or offset + count > file_size for offset, count in segments):
        return True
    if page.compression == _UNCOMPRESSED:  # before memory is taken for what is not there
        bits = page.imagewidth * page.samplesperpixel * int(min(np.atleast_1d(page.bitspersample)))
        return sum(count for _, count in segments) < page.imagelength * (bits // 8)
    return len(segments) < prod(page.chunked)
