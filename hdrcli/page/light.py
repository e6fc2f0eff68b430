"""Linear light to bytes that a page unpacks: real values, which an exposure slider needs.

Half floats, whose bits as integers ascend with the value. Red and blue are stored as differences to green, and every
value as the difference to its neighbour on the left (of the first in a row: above), modulo 2^16. Small differences of
either sign become small numbers (zigzag), whose high bytes, nearly all zero, stand before all low ones; then deflate
(RFC 1950). Nothing is lost but what half floats round, 0.05 %.
"""

from __future__ import annotations

import zlib

import numpy as np

from hdrcli.page.contents import Light
from hdrcli.page.pictures import shrunk

LONGEST = 1000
"""Longest side in pixels."""

_HIGHEST = 65504
"""The largest half float."""


def pack(pixels: np.ndarray, limit: int) -> Light:
    """Light (H, W, 3) >= 0, finite, as large as `limit` bytes allow, LONGEST at most."""
    longest = LONGEST
    while True:
        small = shrunk(pixels, longest)
        data = _packed(np.clip(small, 0, _HIGHEST).astype(np.float16).view(np.uint16))
        if len(data) <= limit or longest <= 64:
            return Light(data, small.shape[1], small.shape[0])
        longest = int(longest * max(0.5, min(0.95, (limit / len(data)) ** 0.5)))


def _packed(bits: np.ndarray) -> bytes:
    planes = bits.transpose(2, 0, 1).copy()  # arithmetic of uint16 is modulo 2^16
    planes[0] -= planes[1]
    planes[2] -= planes[1]
    steps = planes.copy()
    steps[:, :, 1:] -= planes[:, :, :-1]
    steps[:, 1:, 0] -= planes[:, :-1, 0]
    signed = steps.view(np.int16)
    zigzag = (signed << 1) ^ (signed >> 15)
    return zlib.compress(zigzag.view(np.uint16).astype(">u2").view(np.uint8).reshape(-1, 2).T.tobytes(), 9)
