"""JPEG XL: linear light in half or 32-bit floats, lossy by what the eye sees or lossless, with Exif and XMP."""

from __future__ import annotations

import numpy as np

from hdrcli.contracts import OutputInfo, Writer
from hdrcli.errors import WriteError
from hdrcli.writers._exif import output_exif
from hdrcli.writers._pixels import require_light
from hdrcli.writers._xmp import output_xmp

_LOSSLESS = 100
_HALF_MAX, _HALF_NORMAL = 65504.0, 2.0**-14
"""The largest half float, and the smallest that has all its bits."""

_CODESTREAM = (b"jxlc", b"jxlp")


def encode(pixels: np.ndarray, info: OutputInfo, bit_depth: int) -> bytes:
    """Encode `pixels` (H, W, 3), linear BT.709 light, as a JPEG XL in a container; quality 100 is lossless.

    The encoder takes floats for linear light of BT.709 primaries, and says so in the file. 32-bit floats are used when
    `bit_depth` is 32 or a value does not fit into half. Raises WriteError for negative, infinite or NaN light and for
    sizes that the encoder does not hold.
    """
    import imagecodecs

    require_light(pixels)
    height, width = pixels.shape[:2]
    light = np.ascontiguousarray(pixels, np.float32)
    if bit_depth != 32 and pixels.max() <= _HALF_MAX:
        # libjxl 0.11 does not give back subnormal halves; they lie 14 stops below white
        light = np.where(light < _HALF_NORMAL, 0, light).astype(np.float16)
    kept = {"lossless": True} if info.quality >= _LOSSLESS else {"level": info.quality}
    try:
        file = bytes(imagecodecs.jpegxl_encode(light, usecontainer=True, **kept))
    except imagecodecs.JpegxlError as error:
        raise WriteError(f"A JPEG XL cannot hold {width} x {height} pixels.", "Pass --format exr.") from error
    exif = bytes(4) + output_exif(info, width, height).to_bytes()  # an offset into it comes first
    return _with_boxes(file, {b"Exif": exif, b"xml ": output_xmp(info)})


def _with_boxes(file: bytes, contents: dict[bytes, bytes]) -> bytes:
    """Put boxes before the codestream (ISO/IEC 18181-2, 9.6 and 9.7)."""
    at = 0
    while file[at + 4 : at + 8] not in _CODESTREAM:
        at += int.from_bytes(file[at : at + 4], "big")
    boxes = [(len(content) + 8).to_bytes(4, "big") + kind + content for kind, content in contents.items()]
    return file[:at] + b"".join(boxes) + file[at:]


WRITER = Writer(suffix=".jxl", takes="linear", encode=encode, bit_depths=(16, 32), lossy=True)
