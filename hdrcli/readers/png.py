"""PNG of 1 to 16 bits by libpng. The chunks are walked first, since decoders are silent about a missing end."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import BinaryIO

import numpy as np

from hdrcli import limits, xmp
from hdrcli.contracts import Reader
from hdrcli.development import Development
from hdrcli.errors import ReadError
from hdrcli.image import Exposure, FrameHeader
from hdrcli.readers import _colour, _frame
from hdrcli.readers._exif import Photo, photo
from hdrcli.readers._file import damaged, decoding, most_bytes, opened, too_many_parts, too_much_metadata, unpacked

_KEPT = {b"IHDR", b"iCCP", b"sRGB", b"gAMA", b"cHRM", b"cICP", b"eXIf", b"iTXt"}

_DRAWN = (b"IDAT", b"fdAT")
"""Chunks of pixels: of the picture, and of the further ones of an animation."""

_LEAST = 1024
"""Bytes of a chunk of pixels, on average; libpng writes 8192."""

_XMP = b"XML:com.adobe.xmp\0"
"""The keyword of the iTXt chunk that holds an XMP packet (XMP Specification, Part 3, 1.1.5)."""

_HDR_CURVES = {16: "PQ", 18: "HLG"}
"""Transfer characteristics of ITU-T H.273 that a cICP chunk may name and that are no exposure's."""


@dataclass(frozen=True)
class _Chunks:
    width: int
    height: int
    bits: int
    by_name: dict[bytes, bytes]


def _chunks(path: Path, stream: BinaryIO, check: bool) -> _Chunks:
    """The first chunk of each kind that matters (of XMP: by `_XMP`); with `check`, every checksum and the end too."""
    kept: dict[bytes, bytes] = {}
    size = stream.seek(0, 2)
    stream.seek(8)
    name, parts, others = b"", 0, 0
    while name != b"IEND":
        length, name = int.from_bytes(stream.read(4), "big"), stream.read(4)
        if not name.isalpha():
            raise damaged(path, "it ends before its IEND chunk" if len(name) < 4 else "it has a chunk without a name")
        if length > size - stream.tell():
            raise damaged(path, f"its {name.decode()} chunk is cut short")
        parts += 1
        others += length * (name not in _DRAWN)
        if parts > limits.PARTS + stream.tell() // _LEAST:
            raise too_many_parts(path)
        if others > limits.METADATA:
            raise too_much_metadata(path)
        if name in _DRAWN and stream.tell() + length > most_bytes(prod(_size(kept.get(b"IHDR", b"")))):
            raise damaged(path, f"its {name.decode()} chunks are larger than its picture")
        if check or name in _KEPT:
            body = stream.read(length)
            checksum = stream.read(4)
            if checksum != zlib.crc32(name + body).to_bytes(4, "big"):
                raise damaged(path, f"its {name.decode()} chunk is cut short or has a wrong checksum")
            if name in _KEPT:
                kept.setdefault(_XMP if body.startswith(_XMP) else name, body)
        else:
            stream.seek(length + 4, 1)
    start = kept.get(b"IHDR", b"")
    if len(start) != 13:
        raise damaged(path, "it has no IHDR chunk")
    return _Chunks(*_size(start), start[8], kept)


def _size(start: bytes) -> tuple[int, int]:
    """(width, height) of an IHDR chunk."""
    return int.from_bytes(start[:4], "big"), int.from_bytes(start[4:8], "big")


def read_header(path: Path) -> FrameHeader:
    """The header of a PNG. Raises ReadError."""
    with opened(path, "PNG") as stream:
        chunks = _chunks(path, stream, check=False)
    return _frame.header(path, chunks.width, chunks.height, _photo(path, chunks))


def read(path: Path, development: Development | None = None) -> Exposure:
    """A PNG as an sRGB-encoded exposure of 8 or 16 bits; alpha is dropped. Raises ReadError."""
    with opened(path, "PNG") as stream:
        chunks = _chunks(path, stream, check=True)
        found = _photo(path, chunks)
        _frame.header(path, chunks.width, chunks.height)
        end = stream.tell()
        stream.seek(0)
        stored = _decoded(path, stream.read(end))
    pixels = _colour.to_bt709(stored, _profile(path, chunks, found), path)
    return _frame.exposure(path, pixels, "srgb", 16 if chunks.bits == 16 else 8, found)


def _decoded(path: Path, data: bytes) -> np.ndarray:
    """(H, W, 1|3) uint8 or uint16, palettes looked up and alpha dropped."""
    import imagecodecs

    with decoding(path, RuntimeError, ValueError):
        pixels = imagecodecs.png_decode(data)
    pixels = pixels[:, :, None] if pixels.ndim == 2 else pixels
    return pixels[:, :, :1] if pixels.shape[2] < 3 else pixels[:, :, :3]


def _photo(path: Path, chunks: _Chunks) -> Photo:
    text = chunks.by_name.get(_XMP)
    return photo(path, chunks.by_name.get(b"eXIf"), text and _packet(text))


def _packet(body: bytes) -> bytes:
    """The text of an iTXt chunk (PNG, third edition, 11.3.3.4); what cannot be unpacked is left for its parser."""
    compressed, rest = body[len(_XMP) : len(_XMP) + 1], body[len(_XMP) + 2 :]
    text = rest.split(b"\0", 2)[-1]
    if compressed != b"\1":
        return text
    whole = unpacked(text, xmp.LONGEST)
    return text if whole is None else whole


def _profile(path: Path, chunks: _Chunks, found: Photo) -> bytes | None:
    """What the colour chunks say, in the order of precedence of PNG (third edition), 4.3."""
    named = chunks.by_name
    if b"cICP" in named:
        curve = _HDR_CURVES.get(named[b"cICP"][1] if len(named[b"cICP"]) == 4 else 0)
        if curve:
            raise ReadError(f"{path} is an HDR picture ({curve}), not an exposure.", "Leave it out of the bracket.")
    if b"iCCP" in named:
        _, _, packed = named[b"iCCP"].partition(b"\0")
        profile = unpacked(packed[1:])
        return profile if profile and len(profile) <= limits.METADATA else b"unreadable"
    if b"sRGB" in named:
        return None
    if len(named.get(b"gAMA", b"")) == 4:
        return _from_gamma(named[b"gAMA"], named.get(b"cHRM", b""))
    return _colour.adobe_rgb() if found.adobe_rgb else None


def _from_gamma(gama: bytes, chrm: bytes) -> bytes | None:
    """The profile of a gAMA chunk and a cHRM chunk if there is one; None for those that stand for sRGB."""
    gamma = int.from_bytes(gama, "big") / 100000
    numbers = [int.from_bytes(chrm[i : i + 4], "big") / 100000 for i in range(0, 32, 4)] if len(chrm) == 32 else []
    white, primaries = tuple(numbers[:2]), tuple(numbers[2:])
    is_bt709 = not numbers or np.allclose(primaries, _colour.BT709, atol=0.002)
    if (abs(gamma - 0.45455) < 0.01 and is_bt709) or not 0.05 < gamma < 20:
        return None
    return _colour.profile(primaries or _colour.BT709, white or _colour.D65, 1 / gamma)


READER = Reader((".png",), read_header, read, modules=("imagecodecs", "imagecodecs._png"))
