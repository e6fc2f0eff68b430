"""JPEG: the display picture in 8 bits without chroma subsampling, tagged sRGB, with Exif and XMP."""

from __future__ import annotations

import io
import logging
from dataclasses import replace

import numpy as np

from hdrcli.contracts import OutputInfo, Writer
from hdrcli.errors import WriteError
from hdrcli.exif import EXIF_IFD
from hdrcli.tiff_directory import SHORT, UNDEFINED, Entry
from hdrcli.writers._exif import output_exif
from hdrcli.writers._icc import srgb_profile
from hdrcli.writers._pixels import quantise
from hdrcli.writers._xmp import output_xmp

_log = logging.getLogger(__name__)

_LONGEST_SIDE = 65535
_LONGEST_EXIF = 65535 - 2 - 6
"""A segment counts its own two bytes of length, and the block is preceded by "Exif\\0\\0" (JPEG, Exif 2.32)."""
_LONGEST_XMP = 65535 - 2 - 29
"""Preceded by the namespace and a zero (XMP Specification, Part 3, 1.1.3)."""


def encode(pixels: np.ndarray, info: OutputInfo, bit_depth: int) -> bytes:
    """Encode `pixels` (H, W, 3), sRGB-encoded in [0, 1], as a JPEG; `bit_depth` has no meaning here.

    Raises WriteError for NaN and for a picture longer than 65535 pixels.
    """
    from PIL import Image

    height, width = pixels.shape[:2]
    if max(height, width) > _LONGEST_SIDE:
        raise WriteError(f"A JPEG cannot hold {width} x {height} pixels.", "Pass --format png or tiff.")
    exif = _exif_block(info, width, height)
    if len(exif) > _LONGEST_EXIF:
        _log.warning("The Exif block is too long for a JPEG (%d bytes) and is left out.", len(exif))
        exif = _exif_block(replace(info, exif=None), width, height)
    packet = output_xmp(info)
    if len(packet) > _LONGEST_XMP:
        _log.warning("The XMP packet is too long for a JPEG (%d bytes) and is left out.", len(packet))
        packet = output_xmp(replace(info, xmp=None, sources=()))
    file = io.BytesIO()
    Image.fromarray(quantise(pixels, 8)).save(
        file,
        "JPEG",
        quality=info.quality,
        subsampling="4:4:4",
        exif=b"Exif\0\0" + exif,
        icc_profile=srgb_profile(),
        xmp=packet,
    )
    return file.getvalue()


def _exif_block(info: OutputInfo, width: int, height: int) -> bytes:
    """The Exif, with the tags that one of a JPEG must have (Exif 2.32, 4.6.8): 72 dpi, chroma centred, Y Cb Cr."""
    exif = output_exif(info, width, height)
    dots = Entry.rational(72, exif.order)
    exif.first |= {0x011A: dots, 0x011B: dots}
    exif.first |= {0x0128: Entry.integer(2, SHORT, exif.order), 0x0213: Entry.integer(1, SHORT, exif.order)}
    exif.nested[EXIF_IFD][0x9101] = Entry(UNDEFINED, 4, b"\1\2\3\0")
    return exif.to_bytes()


WRITER = Writer(suffix=".jpg", takes="display", encode=encode, bit_depths=(8,), lossy=True)
