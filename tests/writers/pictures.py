"""Pictures and Exif blocks that the writers' tests share."""

from __future__ import annotations

import struct

import numpy as np

from hdrcli.contracts import Writer

Pixels = np.ndarray | tuple[np.ndarray, np.ndarray]


def display_picture(height: int = 37, width: int = 53) -> np.ndarray:
    """A smooth colour picture in [0, 1] with pure black and pure white in its corners."""
    down, across = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    picture = np.stack([across, down, (1 - across) * down], axis=-1).astype(np.float32)
    picture[0, 0], picture[-1, -1] = 0, 1
    return picture


def for_writer(writer: Writer, picture: np.ndarray) -> Pixels:
    """`picture` as a writer takes it; one that takes both is given it as the picture and as the light."""
    return (picture, picture) if writer.takes == "both" else picture


def exif_block(order: str = "<", tags: dict[int, bytes] | None = None) -> bytes:
    """A camera's block: Orientation 6, wrong sizes, MakerNote, GPS, a thumbnail directory and RAW structure tags."""
    first = {
        0x0100: (4, struct.pack(order + "I", 9999)),
        0x010F: (2, "Müller & Söhne\0".encode()),
        0x0110: (2, b"Camera 1\0"),
        0x0111: (4, struct.pack(order + "I", 123456)),
        0x0112: (3, struct.pack(order + "H", 6)),
        0x0131: (2, b"Firmware 1.2\0"),
        0x014A: (4, struct.pack(order + "I", 123456)),
        0x013B: (2, b"A. Photographer\0"),
        0xC612: (1, b"\1\4\0\0"),
    } | {tag: (2, value) for tag, value in (tags or {}).items()}
    exif = {
        0x829A: (5, struct.pack(order + "II", 1, 250)),
        0x9003: (2, b"2024:05:06 07:08:09\0"),
        0x9204: (10, struct.pack(order + "ii", -2, 3)),
        0x927C: (7, b"secret offsets"),
        0xA002: (4, struct.pack(order + "I", 9999)),
        0xA003: (4, struct.pack(order + "I", 9999)),
        0xA432: (5, struct.pack(order + "8I", 24, 1, 70, 1, 0, 0, 0, 0)),
    }
    gps = {0x0001: (2, b"N\0"), 0x0002: (5, struct.pack(order + "6I", 51, 1, 30, 1, 0, 1))}
    head = b"II*\0" if order == "<" else b"MM\0*"
    thumbnail = {0x0201: (4, struct.pack(order + "I", 8))}
    exif_at = 8 + len(_directory(first | {0x8769: (4, b"0000"), 0x8825: (4, b"0000")}, 8, order))
    gps_at = exif_at + len(_directory(exif, exif_at, order))
    next_at = gps_at + len(_directory(gps, gps_at, order))
    first |= {0x8769: (4, struct.pack(order + "I", exif_at)), 0x8825: (4, struct.pack(order + "I", gps_at))}
    return (
        head
        + struct.pack(order + "I", 8)
        + _directory(first, 8, order, next_at)
        + _directory(exif, exif_at, order)
        + _directory(gps, gps_at, order)
        + _directory(thumbnail, next_at, order)
    )


def _directory(tags: dict[int, tuple[int, bytes]], at: int, order: str, following: int = 0) -> bytes:
    sizes = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 10: 8}
    out, tail = struct.pack(order + "H", len(tags)), b""
    for tag, (kind, values) in sorted(tags.items()):
        out += struct.pack(order + "HHI", tag, kind, len(values) // sizes[kind])
        place = struct.pack(order + "I", at + 2 + 12 * len(tags) + 4 + len(tail))
        out += values.ljust(4, b"\0") if len(values) <= 4 else place
        tail += values + b"\0" * (len(values) % 2) if len(values) > 4 else b""
    return out + struct.pack(order + "I", following) + tail
