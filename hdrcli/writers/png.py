"""PNG: the display picture in 8 or 16 bits, tagged sRGB, with Exif and XMP.

Written here because Pillow writes no 16-bit RGB, OpenCV before 5 no colour profile, and neither uses more than one
core: strips are deflated apart, as pigz does, and follow one another in one stream that any reader takes.
"""

from __future__ import annotations

import struct
import zlib

import numpy as np

from hdrcli.contracts import OutputInfo, Writer
from hdrcli.errors import WriteError
from hdrcli.parallel import each
from hdrcli.strips import grown, strips
from hdrcli.writers._exif import output_exif
from hdrcli.writers._icc import srgb_profile
from hdrcli.writers._pixels import quantise
from hdrcli.writers._xmp import output_xmp

LONGEST_SIDE = 1_000_000
"""Pixels: what libpng reads, unless told otherwise."""

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_STRIP_PIXELS = 1 << 20
_RGB = 2

_CICP_SRGB = bytes([1, 13, 0, 1])
"""BT.709 primaries, sRGB curve, RGB, full range (ITU-T H.273)."""

_XMP_KEYWORD = b"XML:com.adobe.xmp\0\0\0\0\0"
"""Not compressed, of no language (PNG, third edition, 11.3.3.4; XMP Specification, Part 3, 1.1.5)."""

_AVERAGE = 3
"""The filter of the mean of the pixels to the left and above (PNG, 9.2). Photographs become smaller by it than by
one of the two alone, or by Paeth's, and it is quickly made."""

_ADLER = 65521
"""The modulus of the checksum of a zlib stream (RFC 1950)."""


def encode(pixels: np.ndarray, info: OutputInfo, bit_depth: int) -> bytes:
    """Encode `pixels` (H, W, 3), sRGB-encoded in [0, 1], as a PNG of 8 or 16 bits a channel.

    Raises WriteError for NaN and for sizes that readers do not take.
    """
    height, width = pixels.shape[:2]
    if max(height, width) > LONGEST_SIDE:
        raise WriteError(f"A PNG cannot hold {width} x {height} pixels.", "Pass --format exr.")
    parts = each(lambda rows: _deflated(pixels, rows, bit_depth), strips(height, width, _STRIP_PIXELS))
    check = 1
    for _, its_check, length in parts:
        check = _joined(check, its_check, length)
    chunks = [
        _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bit_depth, _RGB, 0, 0, 0)),
        _chunk(b"cICP", _CICP_SRGB),
        _chunk(b"iCCP", b"sRGB\0\0" + zlib.compress(srgb_profile(), 9)),
        _chunk(b"eXIf", output_exif(info, width, height).to_bytes()),
        _chunk(b"iTXt", _XMP_KEYWORD + output_xmp(info)),
        _chunk(b"IDAT", b"\x78\x01"),
        *(part for part, _, _ in parts),
        _chunk(b"IDAT", check.to_bytes(4, "big")),
        _chunk(b"IEND", b""),
    ]
    return b"".join((_SIGNATURE, *chunks))


def _deflated(pixels: np.ndarray, rows: slice, bit_depth: int) -> tuple[bytes, int, int]:
    """Some rows as a chunk of raw deflate, which ends the stream if they are the last; their checksum and length."""
    outer, _ = grown(slice(rows.start, rows.stop), 1, rows.stop)
    numbers = quantise(pixels[outer], bit_depth)
    stored = numbers.astype(numbers.dtype.newbyteorder(">"), copy=False).view(np.uint8).reshape(len(numbers), -1)
    if outer.start == rows.start:
        stored = np.concatenate([np.zeros_like(stored[:1]), stored])
    lines = np.empty((len(stored) - 1, 1 + stored.shape[1]), np.uint8)
    lines[:, 0] = _AVERAGE
    lines[:, 1:] = _filtered(stored, 3 * bit_depth // 8)
    # runs alone: what the filter leaves of a photograph is noise, which hardly ever repeats
    packer = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS, 9, zlib.Z_RLE)
    ending = zlib.Z_FINISH if rows.stop == len(pixels) else zlib.Z_SYNC_FLUSH
    content = packer.compress(lines.data) + packer.flush(ending)
    return _chunk(b"IDAT", content), zlib.adler32(lines.data), lines.size


def _filtered(stored: np.ndarray, step: int) -> np.ndarray:
    """Bytes (h, w) of rows, of which there is one more above, less the mean of the bytes `step` before and above."""
    above, before = stored[:-1], np.zeros_like(stored[1:])
    before[:, step:] = stored[1:, :-step]
    mean = (above & before) + ((above ^ before) >> 1)  # rounded down, without a ninth bit
    return np.subtract(stored[1:], mean, out=mean)


def _joined(first: int, second: int, length: int) -> int:
    """The Adler-32 checksum of two pieces from their own, the second of `length` bytes."""
    low = ((first & 0xFFFF) + (second & 0xFFFF) - 1) % _ADLER
    high = ((first >> 16) + (second >> 16) + length * ((first & 0xFFFF) - 1)) % _ADLER
    return high << 16 | low


def _chunk(kind: bytes, content: bytes) -> bytes:
    check = zlib.crc32(content, zlib.crc32(kind))
    return b"".join((len(content).to_bytes(4, "big"), kind, content, check.to_bytes(4, "big")))


WRITER = Writer(suffix=".png", takes="display", encode=encode, bit_depths=(8, 16))
"""Eight bits unless asked: a picture to look at, at a third of the size; who edits on has the EXR beside it."""
