"""TIFF: the display picture in 16 or 8 bits, losslessly deflated, tagged sRGB, with Exif and XMP."""

from __future__ import annotations

import io
import struct

import numpy as np

from hdrcli.contracts import OutputInfo, Writer
from hdrcli.errors import WriteError
from hdrcli.exif import Exif
from hdrcli.tiff_directory import BYTE, Entry, first_directory
from hdrcli.writers._exif import output_exif
from hdrcli.writers._icc import srgb_profile
from hdrcli.writers._pixels import quantise
from hdrcli.writers._xmp import output_xmp

_LONGEST_FILE = 2**32 - 2**25
"""Offsets are 32-bit numbers; some room is left for the directories."""

_ALL_TAGS = range(2**16)
_XMP = 700
"""The tag of an XMP packet (XMP Specification, Part 3, 3.3)."""


def encode(pixels: np.ndarray, info: OutputInfo, bit_depth: int) -> bytes:
    """Encode `pixels` (H, W, 3), sRGB-encoded in [0, 1], as a TIFF of 8 or 16 bits a channel.

    Deflate with the horizontal predictor, which OpenCV, Pillow and photo editors all read. Raises WriteError for NaN
    and for a picture of 4 GB and more.
    """
    import tifffile

    height, width = pixels.shape[:2]
    if pixels.size * bit_depth // 8 > _LONGEST_FILE:
        raise WriteError(f"A TIFF cannot hold {width} x {height} pixels of {bit_depth} bits.", "Pass --format exr.")
    exif = output_exif(info, width, height)
    packet = output_xmp(info)
    exif.first[_XMP] = Entry(BYTE, len(packet), packet)
    file = io.BytesIO()
    tifffile.imwrite(
        file,
        quantise(pixels, bit_depth),
        bigtiff=False,
        byteorder=exif.order,
        photometric="rgb",
        compression="zlib",
        predictor=True,
        rowsperstrip=64,
        iccprofile=srgb_profile(),
        metadata=None,
        software=False,
    )
    return _with_exif(file.getvalue(), exif)


def _with_exif(file: bytes, exif: Exif) -> bytes:
    """Give the picture a new first directory, behind its pixels, that has the Exif tags and pointers too."""
    exif.first |= first_directory(io.BytesIO(file), exif.order, _ALL_TAGS)
    file += b"\0" * (len(file) % 2)
    return file[:4] + struct.pack(exif.order + "I", len(file)) + file[8:] + exif.directories(len(file))


WRITER = Writer(suffix=".tiff", takes="display", encode=encode, bit_depths=(16, 8))
"""Sixteen bits unless asked for eight: who asks for a TIFF goes on editing."""
