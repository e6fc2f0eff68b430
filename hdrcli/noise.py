"""The noise of a pixel by its level: what a RAW file tells of it, or what is usual of cameras, with that of coding."""

from __future__ import annotations

import numpy as np

from hdrcli.image import Exposure
from hdrcli.transfer import fading

PHOTON_VARIANCE = 2e-4
"""Variance of photon noise at white, as a fraction of white squared: a full well of 5000 electrons."""

READ_NOISE = 1e-3
"""Standard deviation of read noise, as a fraction of white."""

LEAST_VARIANCE = 1e-10
"""Of a file that tells of no noise at all."""

PREDICTED = (0.9, 1.0)
"""Shares of white between which a level that all frames together predict comes to be saturated. JPEG coding pulls
single clipped pixels down to 0.8."""

BLACK = 6 / 255
"""Encoded value under which cameras crush to black what they find too dark: a level there may have been this one."""

STEPS = 4096
"""Square roots of levels, from black to white, at which noise is tabulated."""


def variance(level: np.ndarray, exposure: Exposure) -> np.ndarray:
    """Variance of a pixel of the linear `level`, white = 1, in an exposure: what its file tells, or what is usual.

    Usual are read, photon and coding noise. Frames of 8 and 16 bits count as sRGB-encoded with an error of one code
    value: rounding alone makes 0.3, and JPEG adds to it. 32 bits mean floating point, without coding noise.
    """
    level, bits = np.maximum(level, 0), exposure.bits
    if exposure.noise is not None:
        shot, read = exposure.noise
        return np.maximum(shot * level + read, LEAST_VARIANCE)
    usual = READ_NOISE**2 + PHOTON_VARIANCE * level
    if bits > 16:
        return usual
    # The slope of the sRGB decoding curve (IEC 61966-2-1) at `level`, in linear light per unit of code.
    slope = np.maximum(1 / 12.92, 2.4 / 1.055 * np.maximum(level, 0.0031308) ** (1.4 / 2.4))
    return usual + (slope / (2**bits - 1)) ** 2


class NoiseTable:
    """The noise of one channel of an exposure by its level: of coded frames, by the curve that they were decoded with.

    `white` is the level at which the channel saturates, `black` that under which it does not tell how dark it was.
    """

    def __init__(self, exposure: Exposure, white: float) -> None:
        roots = np.linspace(0, 1, STEPS, dtype=np.float32)
        levels = roots * roots * np.float32(white)
        variances, self.black = variance(levels, exposure), 0.0
        if exposure.table is not None and exposure.clipped is None and not exposure.noise and exposure.bits <= 16:
            light = exposure.table[np.linspace(0, len(exposure.table) - 1, 256).astype(int)].astype(np.float64)
            step = np.gradient(light) * (255 / (2**exposure.bits - 1))
            coding = np.interp(levels, np.maximum.accumulate(light), step) ** 2
            variances = READ_NOISE**2 + PHOTON_VARIANCE * levels + coding
            self.black = float(light[round(BLACK * 255)])
        self._variances = np.maximum(variances, LEAST_VARIANCE).astype(np.float32)
        self._weights = fading(roots * roots, PREDICTED) / self._variances
        self.white = white

    def variance(self, level: np.ndarray) -> np.ndarray:
        """The variance of linear levels, float32."""
        return np.take(self._variances, self._steps(level))

    def weight(self, level: np.ndarray) -> np.ndarray:
        """One over the variance of predicted levels, float32, as far as these are below white."""
        return np.take(self._weights, self._steps(level))

    def _steps(self, level: np.ndarray) -> np.ndarray:
        root = np.clip(level, 0, np.float32(self.white))
        root *= np.float32((STEPS - 1) ** 2 / self.white)
        np.sqrt(root, out=root)
        root += np.float32(0.5)
        return root.astype(np.uint16)
