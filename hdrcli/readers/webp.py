"""WebP and BMP, 8 bits, through imageio and Pillow."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from hdrcli import limits
from hdrcli.contracts import Reader
from hdrcli.development import Development
from hdrcli.image import Exposure, FrameHeader
from hdrcli.readers import _colour, _frame
from hdrcli.readers._exif import Photo, photo
from hdrcli.readers._file import check_size, damaged, decoding, opened, too_many_parts, too_much_metadata

# What Pillow's plugins raise on broken files.
_BROKEN = (
    ArithmeticError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
)


_METADATA = (b"ICCP", b"EXIF", b"XMP ")

_LARGEST = 1 << 30
"""Bytes of a WebP: no picture of its at most 16383x16383 pixels takes more, and Pillow reads the whole file."""


def _check_chunks(path: Path, stream: BinaryIO) -> None:
    """Raise ReadError for a WebP of more bytes than its decoder may be given, or of more metadata."""
    if stream.seek(0, 2) > _LARGEST:
        raise damaged(path, f"it has more than the {_LARGEST >> 30} GB that a WebP can have")
    metadata = 0
    stream.seek(12)
    for _ in range(limits.PARTS):
        head = stream.read(8)
        if len(head) < 8:
            break
        size = int.from_bytes(head[4:], "little")
        metadata += size * (head[:4] in _METADATA)
        stream.seek(size + size % 2, 1)
    else:
        raise too_many_parts(path)
    if metadata > limits.METADATA:
        raise too_much_metadata(path)
    stream.seek(0)


@contextmanager
def _picture(path: Path) -> Iterator[Any]:
    """The file, opened by imageio; its metadata is read and its pixels are not."""
    import imageio.v3
    from PIL import Image

    kind = "BMP" if path.suffix.lower() in (".bmp", ".dib") else "WebP"
    with opened(path, kind) as stream:
        if kind == "WebP":
            _check_chunks(path, stream)
        before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None  # below a panorama's; ours is checked by callers
        open_picture = partial(imageio.v3.imopen, stream, "r", plugin="pillow", extension=f".{kind.lower()}")
        try:
            with decoding(path, *_BROKEN), open_picture() as picture:
                yield picture
        finally:
            Image.MAX_IMAGE_PIXELS = before


def _photo(path: Path, metadata: dict[str, Any]) -> Photo:
    return photo(path, metadata.get("exif"), metadata.get("xmp"))


def read_header(path: Path) -> FrameHeader:
    """The header of a WebP or BMP. Raises ReadError."""
    with _picture(path) as picture:
        metadata = picture.metadata(index=0, exclude_applied=False)
        height, width = picture.properties(index=0).shape[:2]
    return _frame.header(path, width, height, _photo(path, metadata))


def read(path: Path, development: Development | None = None) -> Exposure:
    """A WebP (its first frame) or BMP as an sRGB-encoded exposure of 8 bits; alpha is dropped. Raises ReadError."""
    with _picture(path) as picture:
        height, width = picture.properties(index=0).shape[:2]
        check_size(path, width, height)
        metadata = picture.metadata(index=0, exclude_applied=False)
        pixels = picture.read(index=0, mode="RGB", rotate=False)
    found = _photo(path, metadata)
    icc = metadata.get("icc_profile") or (_colour.adobe_rgb() if found.adobe_rgb else None)
    return _frame.exposure(path, _colour.to_bt709(np.asarray(pixels), icc, path), "srgb", 8, found)


READER = Reader(
    (".webp", ".bmp", ".dib"), read_header, read, native=True, modules=("imageio.v3", "imageio.plugins.pillow")
)
