"""Whether the strips and tiles that a TIFF structure points at are all in the file."""

from __future__ import annotations

from typing import Any


def is_cut(page: Any, file_size: int) -> bool:
    """Whether a tifffile page lacks a strip or tile, or has one that ends beyond the file's `file_size` bytes.

    Looked for before decoding, since some codecs fill what is missing with grey or black and say nothing.
    """
    segments = zip(page.dataoffsets, page.databytecounts, strict=False)
    return any(offset <= 0 or count <= 0 or offset + count > file_size for offset, count in segments)
