"""JPEG, decoded strictly by libjpeg-turbo: what its author's warning calls corrupt is an error here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import BinaryIO

import numpy as np

from hdrcli import limits
from hdrcli.contracts import Reader
from hdrcli.development import Development
from hdrcli.image import Exposure, FrameHeader
from hdrcli.readers import _colour, _frame
from hdrcli.readers._exif import Photo, photo
from hdrcli.readers._file import check_size, damaged, decoding, most_bytes, opened, too_many_parts, too_much_metadata

_FRAME_HEADERS = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
"""SOF markers (ITU-T T.81, table B.1)."""

_XMP = b"http://ns.adobe.com/xap/1.0/\0"
"""What precedes an XMP packet in its APP1 segment (XMP Specification, Part 3, 1.1.3)."""


@dataclass(frozen=True)
class _Segments:
    width: int
    height: int
    exif: bytes | None
    xmp: bytes | None
    icc: bytes | None
    is_adobe: bool
    scan: int


def _segments(path: Path, stream: BinaryIO) -> _Segments:
    """What the marker segments before the first scan say, and where that scan starts."""
    exif, xmp, is_adobe, size = None, None, False, (0, 0)
    icc: dict[int, bytes] = {}
    stream.seek(2)
    for number in count():
        marker, length = _next_marker(path, stream)
        if number > limits.PARTS:
            raise too_many_parts(path)
        if stream.tell() + length > limits.METADATA:
            raise too_much_metadata(path)
        if marker == 0xDA:
            break
        body = stream.read(length)
        if len(body) < length:
            raise damaged(path, "its header is cut short")
        if marker == 0xE1 and body[:6] == b"Exif\0\0" and exif is None:
            exif = body
        elif marker == 0xE1 and body.startswith(_XMP) and xmp is None:
            xmp = body[len(_XMP) :]
        elif marker == 0xE2 and body[:12] == b"ICC_PROFILE\0" and length > 14:
            icc[body[12]] = body[14:]
        elif marker == 0xEE and body[:5] == b"Adobe":
            is_adobe = True
        elif marker in _FRAME_HEADERS and length >= 6:
            size = int.from_bytes(body[3:5], "big"), int.from_bytes(body[1:3], "big")
    profile = b"".join(icc[number] for number in sorted(icc)) or None
    return _Segments(*check_size(path, *size), exif, xmp, profile, is_adobe, stream.tell())


def _next_marker(path: Path, stream: BinaryIO) -> tuple[int, int]:
    """(marker, bytes of its segment) from where the stream stands; markers may be preceded by fill bytes 0xFF."""
    byte = stream.read(1)
    if byte == b"\xff":
        for _ in range(limits.PARTS):
            byte = stream.read(1)
            if byte != b"\xff":
                break
        else:
            raise too_many_parts(path)
        if byte == b"\xd9":
            raise damaged(path, "it ends before its picture")
        length = stream.read(2)
        if byte and len(length) == 2 and int.from_bytes(length, "big") >= 2:
            return byte[0], int.from_bytes(length, "big") - 2
    raise damaged(path, "its header is cut short or broken")


def _photo(path: Path, segments: _Segments) -> Photo:
    return photo(path, segments.exif, segments.xmp)


def read_header(path: Path) -> FrameHeader:
    """The header of a JPEG. Raises ReadError."""
    with opened(path, "JPEG") as stream:
        segments = _segments(path, stream)
    return _frame.header(path, segments.width, segments.height, _photo(path, segments))


def read(path: Path, development: Development | None = None) -> Exposure:
    """A JPEG as an sRGB-encoded exposure of 8 bits. Raises ReadError, also for warnings of the decoder."""
    with opened(path, "JPEG") as stream:
        segments = _segments(path, stream)
        stream.seek(0)
        data = stream.read(most_bytes(segments.width * segments.height))
    found = _photo(path, segments)
    stored = _decoded(path, data, segments)
    icc = segments.icc or (_colour.adobe_rgb() if found.adobe_rgb else None)
    return _frame.exposure(path, _colour.to_bt709(stored, icc, path), "srgb", 8, found)


def _decoded(path: Path, data: bytes, segments: _Segments) -> np.ndarray:
    import simplejpeg

    with decoding(path, LookupError, RuntimeError, ValueError):
        space = simplejpeg.decode_jpeg_header(data, strict=False)[2]
        space = {"Gray": "GRAY", "CMYK": "CMYK", "YCCK": "CMYK"}.get(space, "RGB")
        try:
            pixels = simplejpeg.decode_jpeg(data, colorspace=space)
        except ValueError as error:
            trimmed = _without_padding(data, str(error), segments.scan)
            if trimmed is None:
                raise
            pixels = simplejpeg.decode_jpeg(trimmed, colorspace=space)
    # Adobe's CMYK is stored inverted (Adobe TN 5116, note on APP14).
    return 255 - pixels if space == "CMYK" and segments.is_adobe else pixels


def _without_padding(data: bytes, warning: str, scan: int) -> bytes | None:
    """The file less the bytes that some cameras leave before the end marker, if that was the complaint.

    Decoded again without them, it shows whether the padding was all that was wrong.
    """
    padding = re.search(r"(\d+) extraneous bytes before marker 0xd9", warning)
    end = data.find(b"\xff\xd9", scan)
    return data[: end - int(padding[1])] + data[end:] if padding and end > 0 else None


READER = Reader((".jpg", ".jpeg", ".jpe"), read_header, read, modules=("simplejpeg",))
