"""Radiance RGBE: linear light, three 8-bit mantissas with one shared exponent (Ward, Graphics Gems II, 1991, II.5)."""

from __future__ import annotations

import numpy as np

from hdrcli.contracts import OutputInfo, Writer
from hdrcli.parallel import each
from hdrcli.strips import strips
from hdrcli.transfer import largest_channel
from hdrcli.writers._pixels import require_light

_LARGEST = np.float32(1e38)
"""Just below the largest number that RGBE holds (255/256 of 2^127)."""


def encode(pixels: np.ndarray, info: OutputInfo, bit_depth: int) -> bytes:
    """Encode `pixels` (H, W, 3), linear BT.709 light, as a run-length coded Radiance picture.

    The error of a channel is at most 1/256 of the pixel's largest channel. `bit_depth` has no meaning here. Raises
    WriteError for negative, infinite or NaN light.
    """
    import cv2

    require_light(pixels)
    bgr = np.empty_like(pixels)

    def fill(rows: slice) -> None:
        bgr[rows] = cv2.cvtColor(_rounded(pixels[rows]), cv2.COLOR_RGB2BGR)

    each(fill, strips(*pixels.shape[:2]))
    _, encoded = cv2.imencode(".hdr", bgr)
    return _with_header_lines(encoded.tobytes(), info)


def _rounded(pixels: np.ndarray) -> np.ndarray:
    """Light to which half a step is added: the encoder truncates its mantissas, which darkens pictures by 0.3 %."""
    light = np.minimum(pixels, _LARGEST)
    largest = largest_channel(light)
    _, exponent = np.frexp(largest)
    half = np.where(largest > 0, np.ldexp(np.float32(0.5), exponent - 8), np.float32(0))
    light += half[..., None]
    return light


def _with_header_lines(file: bytes, info: OutputInfo) -> bytes:
    """Add the variables of the Radiance header that say which primaries, what light and which program these are."""
    lines = [b"PRIMARIES=0.6400 0.3300 0.3000 0.6000 0.1500 0.0600 0.3127 0.3290"]
    lines.append(b"HDRCLI_REFERRED=" + (b"scene" if info.scene_referred else b"display"))
    software = info.attributes.get("software")
    if software:
        lines.append(b"SOFTWARE=" + " ".join(str(software).split()).encode())
    magic, rest = file.split(b"\n", 1)
    return b"\n".join([magic, *lines, rest])


WRITER = Writer(suffix=".hdr", takes="linear", encode=encode, bit_depths=(32,))
