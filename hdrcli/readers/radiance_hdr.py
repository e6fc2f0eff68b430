"""Radiance HDR (RGBE and XYZE): linear light of eight bits a channel with a common exponent (Ward 1991)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from hdrcli.contracts import Reader
from hdrcli.development import Development
from hdrcli.image import Exposure, FrameHeader
from hdrcli.readers import _colour, _frame
from hdrcli.readers._file import check_size, damaged, decoding, most_bytes, opened

_LONGEST_HEADER = 1 << 16


@dataclass(frozen=True)
class _Header:
    """`width` and `height` are of the picture upright; the steps say how scanlines run through it."""

    width: int
    height: int
    is_xyz: bool
    flips_rows: bool
    flips_columns: bool
    by_columns: bool
    length: int
    attributes: dict[str, str]


def _header(path: Path, stream: BinaryIO) -> _Header:
    head = stream.read(_LONGEST_HEADER)
    blank = re.search(rb"\r?\n\r?\n", head)
    size = blank and re.match(rb"([+-])([XY]) +(\d{1,9}) +([+-])([XY]) +(\d{1,9})\r?\n", head[blank.end() :])
    if not blank or not size or size[2] == size[5]:
        raise damaged(path, "its header is cut short or broken")
    form = re.search(rb"^FORMAT=(\S+)", head[: blank.start()], re.MULTILINE)
    if form and form[1] not in (b"32-bit_rle_rgbe", b"32-bit_rle_xyze"):
        raise damaged(path, f"its format {form[1].decode('ascii', 'replace')} is unknown")
    by_columns = size[2] == b"X"
    signs = {size[2]: size[1], size[5]: size[4]}
    sides = {size[2]: int(size[3]), size[5]: int(size[6])}
    check_size(path, sides[b"X"], sides[b"Y"])
    named = re.findall(rb"^(SOFTWARE|HDRCLI_REFERRED)=(.+?)\r?$", head[: blank.start()], re.MULTILINE)
    names = {b"SOFTWARE": "software", b"HDRCLI_REFERRED": "hdrcli:referred"}
    attributes = {names[name]: value.decode("utf-8", "replace") for name, value in named}
    is_xyz = form is not None and form[1].endswith(b"xyze")
    flips = signs[b"Y"] == b"+", signs[b"X"] == b"-"
    return _Header(sides[b"X"], sides[b"Y"], is_xyz, *flips, by_columns, blank.end() + size.end(), attributes)


def read_header(path: Path) -> FrameHeader:
    """The header of a Radiance picture. Raises ReadError."""
    with opened(path, "Radiance HDR") as stream:
        header = _header(path, stream)
    return replace(_frame.header(path, header.width, header.height), attributes=header.attributes)


def read(path: Path, development: Development | None = None) -> Exposure:
    """A Radiance picture as a linear exposure. Raises ReadError."""
    return _frame.linear_exposure(path, _light(path))


def read_light(path: Path) -> np.ndarray:
    """All that a Radiance picture stores, (H, W, 3) float32 in BT.709 primaries. Raises ReadError."""
    return _light(path)


def _light(path: Path) -> np.ndarray:
    import imagecodecs

    with opened(path, "Radiance HDR") as stream:
        header = _header(path, stream)
        stream.seek(header.length)
        scanlines = stream.read(most_bytes(header.width * header.height))
    # The decoder knows rows from the top alone, so that the header is written anew and the picture turned after.
    height, width = (header.width, header.height) if header.by_columns else (header.height, header.width)
    plain = b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y %d +X %d\n" % (height, width)
    with decoding(path, RuntimeError, ValueError):
        pixels = imagecodecs.rgbe_decode(plain + scanlines)
    if header.by_columns:
        pixels = pixels.swapaxes(0, 1)
    pixels = pixels[:: -1 if header.flips_rows else 1, :: -1 if header.flips_columns else 1]
    if header.is_xyz:
        pixels = pixels @ _rgb_of_xyz().T
    return pixels


def _rgb_of_xyz() -> np.ndarray:
    """(3, 3) XYZ to linear BT.709, with the equal-energy white (X = Y = Z) of XYZE files as RGB white."""
    xy = np.array(_colour.BT709).reshape(3, 2)
    primaries = np.column_stack([xy, 1 - xy.sum(axis=1)]).T
    return np.linalg.inv(primaries * np.linalg.solve(primaries, np.ones(3))).astype(np.float32)


READER = Reader((".hdr", ".pic", ".rgbe"), read_header, read, read_light, modules=("imagecodecs", "imagecodecs._rgbe"))
