"""TIFF by tifffile: 8 and 16-bit integers are display-encoded, floating point is linear light."""

from __future__ import annotations

import logging
import struct
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from hdrcli.contracts import Reader
from hdrcli.development import Development
from hdrcli.errors import ReadError
from hdrcli.image import Exposure, FrameHeader
from hdrcli.readers import _colour, _frame, _tiff_bounds
from hdrcli.readers._exif import photo
from hdrcli.readers._file import check_channels, check_size, damaged, decoding, opened
from hdrcli.readers._strips import is_cut

_log = logging.getLogger("hdrcli")

# What tifffile and its codecs raise on broken files, by trial; TiffFileError and codec errors derive from the first.
_BROKEN = (RuntimeError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError, EOFError, struct.error)

_GREY_WHITE_IS_0, _GREY, _RGB, _PALETTE, _CMYK, _YCBCR = 0, 1, 2, 3, 5, 6
"""PhotometricInterpretation (TIFF 6.0)."""

_JPEG = (6, 7)


def _page(path: Path, stream: BinaryIO) -> Any:
    """The first page that is no reduced-size copy of another."""
    import tifffile

    logging.getLogger("tifffile").setLevel(logging.CRITICAL)
    _tiff_bounds.check(path, stream)
    stream.seek(0)
    pages = list(islice(tifffile.TiffFile(stream).pages, _tiff_bounds.MOST_PAGES))
    if not pages:
        raise damaged(path, "it has no pages")
    if "DNGVersion" in pages[0].tags:
        raise ReadError(f"{path} is a DNG, not a plain TIFF.", f"Rename it to {path.stem}.dng.")
    whole = [page for page in pages if not page.is_reduced] or pages
    page = whole[0]
    if any(other.shape == page.shape for other in whole[1:]):
        _log.warning("%s has several pages; the first is used.", path)
    check_size(path, page.imagewidth, page.imagelength)
    check_channels(path, page.samplesperpixel)
    return page


def read_header(path: Path) -> FrameHeader:
    """The header of a TIFF. Raises ReadError."""
    with opened(path, "TIFF") as stream:
        found = photo(path, stream)
        with decoding(path, *_BROKEN):
            page = _page(path, stream)
            return _frame.header(path, page.imagewidth, page.imagelength, found)


def read(path: Path, development: Development | None = None) -> Exposure:
    """A TIFF as an sRGB-encoded exposure of 8 or 16 bits, or a linear one of 32; alpha is dropped. Raises ReadError."""
    with opened(path, "TIFF") as stream:
        found = photo(path, stream)
        with decoding(path, *_BROKEN):
            page = _page(path, stream)
            if is_cut(page, stream.seek(0, 2)):
                raise damaged(path, "it is cut short: a strip or tile of it is missing")
            stored = _channels(path, page, page.asarray())
            icc = page.iccprofile
        bits = max(np.atleast_1d(page.bitspersample))
    icc = icc or (_colour.adobe_rgb() if found.adobe_rgb else None)
    if stored.dtype.kind == "f":
        return _frame.linear_exposure(path, _colour.to_bt709(stored, icc, path), found)
    return _frame.exposure(path, _colour.to_bt709(stored, icc, path), "srgb", 8 if bits <= 8 else 16, found)


def _channels(path: Path, page: Any, pixels: np.ndarray) -> np.ndarray:
    """(H, W, 1|3|4) grey, RGB or CMYK in uint8, uint16 or float32, of a page as decoded."""
    kind = int(page.photometric)
    if kind not in (_GREY_WHITE_IS_0, _GREY, _RGB, _PALETTE, _CMYK) and not (
        kind == _YCBCR and page.compression in _JPEG
    ):
        raise ReadError(f"{path} is a TIFF of an unusual kind ({page.photometric.name}).", "Save it as RGB.")
    if page.imagedepth > 1:
        raise ReadError(f"{path} is a volume of {page.imagedepth} slices, not a picture.", "Save it as RGB.")
    if page.samplesperpixel > 1 and int(page.planarconfig) == 2:
        pixels = np.moveaxis(pixels, 0, -1)
    pixels = pixels.reshape(page.imagelength, page.imagewidth, -1)
    if kind == _PALETTE:
        return np.moveaxis(page.colormap, 0, -1)[pixels[:, :, 0]]
    wanted = 4 if kind == _CMYK else 3 if kind in (_RGB, _YCBCR) else 1
    if pixels.shape[2] < wanted:
        raise damaged(path, f"it has {pixels.shape[2]} channels where {wanted} are due")
    pixels = _full_range(path, page, pixels[:, :, :wanted])
    if kind == _GREY_WHITE_IS_0:
        return 1 - pixels if pixels.dtype.kind == "f" else np.iinfo(pixels.dtype).max - pixels
    return pixels


def _full_range(path: Path, page: Any, pixels: np.ndarray) -> np.ndarray:
    """The same values in uint8, uint16 (both full-range) or float32."""
    kind, bits = pixels.dtype.kind, int(max(np.atleast_1d(page.bitspersample)))
    if kind == "f":
        return pixels.astype(np.float32)
    if kind == "b" or (kind == "u" and bits < 8):
        return (pixels.astype(np.uint16) * 255 // ((1 << bits) - 1)).astype(np.uint8)
    if kind == "u" and bits <= 32:
        if bits in (8, 16):
            return pixels.astype(f"uint{bits}")
        return np.round(pixels * (65535.0 / ((1 << bits) - 1))).astype(np.uint16)
    raise ReadError(f"{path} stores {pixels.dtype} values, which are no exposure's.", "Save it with 8 or 16 bits.")


READER = Reader((".tif", ".tiff"), read_header, read, native=True, modules=("tifffile", "imagecodecs"))
