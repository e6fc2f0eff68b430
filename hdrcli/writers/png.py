"""PNG: the display picture in 8 or 16 bits, tagged sRGB, with Exif and XMP.

The chunks are spliced in here because Pillow writes no 16-bit RGB and OpenCV before 5 no colour profile.
"""

from __future__ import annotations

import zlib

import numpy as np

from hdrcli.contracts import OutputInfo, Writer
from hdrcli.errors import WriteError
from hdrcli.writers._exif import output_exif
from hdrcli.writers._icc import srgb_profile
from hdrcli.writers._pixels import quantise
from hdrcli.writers._xmp import output_xmp

_AFTER_IHDR = 8 + 12 + 13
"""Length of the signature and of the IHDR chunk, which is always first."""

_CICP_SRGB = bytes([1, 13, 0, 1])
"""BT.709 primaries, sRGB curve, RGB, full range (ITU-T H.273)."""

_XMP_KEYWORD = b"XML:com.adobe.xmp\0\0\0\0\0"
"""Not compressed, of no language (PNG, third edition, 11.3.3.4; XMP Specification, Part 3, 1.1.5)."""


def encode(pixels: np.ndarray, info: OutputInfo, bit_depth: int) -> bytes:
    """Encode `pixels` (H, W, 3), sRGB-encoded in [0, 1], as a PNG of 8 or 16 bits a channel.

    Raises WriteError for NaN and for sizes that the encoder does not hold.
    """
    import cv2

    height, width = pixels.shape[:2]
    numbers = quantise(pixels, bit_depth)
    try:
        # No compression flags: the encoder's own choice is the fastest, and smaller than that of level 1.
        _, encoded = cv2.imencode(".png", cv2.cvtColor(numbers, cv2.COLOR_RGB2BGR))
    except cv2.error as error:
        raise WriteError(f"A PNG cannot hold {width} x {height} pixels.", "Pass --format exr.") from error
    file = encoded.tobytes()
    chunks = _chunk(b"cICP", _CICP_SRGB)
    chunks += _chunk(b"iCCP", b"sRGB\0\0" + zlib.compress(srgb_profile(), 9))
    chunks += _chunk(b"eXIf", output_exif(info, width, height).to_bytes())
    chunks += _chunk(b"iTXt", _XMP_KEYWORD + output_xmp(info))
    return file[:_AFTER_IHDR] + chunks + file[_AFTER_IHDR:]


def _chunk(kind: bytes, content: bytes) -> bytes:
    check = zlib.crc32(kind + content)
    return len(content).to_bytes(4, "big") + kind + content + check.to_bytes(4, "big")


WRITER = Writer(suffix=".png", takes="display", encode=encode, bit_depths=(8, 16))
"""Eight bits unless asked: a picture to look at, at a third of the size; who edits on has the EXR beside it."""
