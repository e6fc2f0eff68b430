"""Exif and XMP inside RAW files that are no TIFF: CR3, MRW, RAF."""

from __future__ import annotations

import logging
from io import BytesIO
from pathlib import Path

from hdrcli import exif

_log = logging.getLogger("hdrcli")

_BLOCKS = ((b"\0TTW", 8), (b"Exif\0\0", 6))
"""What precedes a TIFF structure with all tags in MRW and in the JPEG within a RAF, and how far on that begins."""


def exif_block(path: Path, head: bytes) -> bytes | None:
    """The Exif block in the first bytes of a RAW file; None when there is none."""
    first, exposure, gps = (_canon_box(head, name) for name in (b"CMT1", b"CMT2", b"CMT4"))
    if first and exposure:
        try:
            return exif.of_parts(BytesIO(first), BytesIO(exposure), BytesIO(gps) if gps else None).to_bytes()
        except ValueError as error:
            _log.warning("%s has damaged metadata, of which outputs will carry the exposure (%s).", path, error)
            return exposure
    for mark, distance in _BLOCKS:
        start = head.find(mark)
        if start >= 0 and head[start + distance :][:2] in (b"II", b"MM"):
            return head[start + distance :]
    return None


def xmp_packet(head: bytes) -> bytes | None:
    """The XMP packet in the first bytes of a file, found by its outermost element; None when there is none."""
    start = head.find(b"<x:xmpmeta")
    end = head.find(b"</x:xmpmeta>", start)
    return head[start : end + len(b"</x:xmpmeta>")] if 0 <= start < end else None


def _canon_box(head: bytes, name: bytes) -> bytes | None:
    """A box of CR3 with a TIFF structure of one directory: the first, that of Exif, or that of GPS."""
    start = head.find(name)
    structure = head[start + 4 : start - 4 + int.from_bytes(head[start - 4 : start], "big")] if start >= 4 else b""
    return structure if structure[:2] in (b"II", b"MM") else None
