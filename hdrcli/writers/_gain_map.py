"""A gain map: by how much each channel of a display picture is brightened where a display can show more (ISO 21496-1).

HDR = (SDR + OFFSET) * 2 ** stops - OFFSET, stops = minimum + (maximum - minimum) * (code / 255) ** (1 / GAMMA)

SDR and HDR are linear light of BT.709 primaries, 1.0 = the white of an SDR picture.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np

from hdrcli import transfer
from hdrcli.middle_tones import common_scale
from hdrcli.sampling import sample

BRIGHTEST = transfer.PQ_PEAK / transfer.DIFFUSE_WHITE
"""What the HDR rendition is cut at, 49 times white (5.6 stops): no display format shows more."""

OFFSET = 1 / 64
"""Keeps ratios of near-black values small (the value that both metadata specifications recommend)."""

GAMMA = 0.5
"""Below 1, codes lie denser where gains are small, as they are for most of a picture."""

_LEAST_GAIN = 0.002
"""The share of gains that may lie below `minimum`: of nearly black channels, which would cost all others precision."""

_HEADROOM = 0.999
"""The share of pixels that the stated headroom shows in full; specular highlights go above it."""

_DENOMINATOR = 1_000_000
_USE_BASE_COLOUR_SPACE = 0x40


@dataclass(frozen=True, eq=False)
class GainMap:
    """Codes (H, W, 3) uint8 of all gains, and what they mean.

    `minimum`, `maximum` and `headroom` are stops; at a display whose white has `headroom` stops above it, the map
    applies in full. `scale` is what the linear result was multiplied by to become the HDR rendition.
    """

    codes: np.ndarray
    minimum: float
    maximum: float
    headroom: float
    scale: float

    def binary(self) -> bytes:
        """The metadata as ISO 21496-1 writes it (annex C.2): one set for all three channels, big-endian fractions."""
        numbers = (0, self.headroom, self.minimum, self.maximum, GAMMA, OFFSET, OFFSET)
        fractions = (struct.pack(">iI", round(number * _DENOMINATOR), _DENOMINATOR) for number in numbers)
        return VERSION + bytes([_USE_BASE_COLOUR_SPACE]) + b"".join(fractions)

    def properties(self) -> dict[str, str]:
        """The same as XMP properties of the namespace "hdrgm" (Adobe, Gain Map 1.0)."""
        numbers = {
            "GainMapMin": self.minimum,
            "GainMapMax": self.maximum,
            "Gamma": GAMMA,
            "OffsetSDR": OFFSET,
            "OffsetHDR": OFFSET,
            "HDRCapacityMin": 0,
            "HDRCapacityMax": self.headroom,
        }
        said = {name: f"{number:.6f}" for name, number in numbers.items()}
        return {"Version": "1.0", **said, "BaseRenditionIsHDR": "False"}


VERSION = bytes(4)
"""The versions a reader must know and the writer's, both 0 (ISO 21496-1, annex C.2)."""


def gain_map(base: np.ndarray, light: np.ndarray) -> GainMap:
    """The gains from `base` (H, W, 3) uint8, an sRGB picture as readers decode it, to `light` (H, W, 3), linear light.

    `light` is scaled first to agree with the middle tones of `base`, so that on an HDR display these look as in the
    base and highlights alone go above.
    """
    shown = transfer.srgb_to_linear(np.arange(256, dtype=np.float32) / np.float32(255))[base]
    scale = common_scale(sample(shown), sample(light))
    hdr = np.minimum(light * np.float32(scale), np.float32(BRIGHTEST))
    peak = float(np.quantile(sample(hdr).max(axis=2), _HEADROOM))
    hdr += np.float32(OFFSET)
    shown += np.float32(OFFSET)
    hdr /= shown
    stops = np.log2(hdr, out=hdr)
    minimum = float(np.quantile(sample(stops), _LEAST_GAIN))
    maximum = max(float(stops.max()), minimum + 0.1)
    stops -= np.float32(minimum)
    stops /= np.float32(maximum - minimum)
    codes = np.clip(stops, 0, 1, out=stops) ** np.float32(GAMMA)
    codes *= np.float32(255)
    headroom = max(float(np.log2(max(peak, 1))), 0.1)  # readers divide by it
    return GainMap(np.rint(codes, out=codes).astype(np.uint8), minimum, maximum, headroom, scale)
