"""The white balance of a picture: scene light as if a filter had been before the lens."""

from __future__ import annotations

import numpy as np

from hdrcli import transfer
from hdrcli.adjustments import Adjustments

_D65_KELVIN = 6504.0
_TINT_SCALE = 3000.0
"""Units of tint in CIE 1960 uv, across the locus of daylight: what raw developers count in (Adobe DNG SDK)."""

_XYZ_TO_BT709 = np.array([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]])
"""IEC 61966-2-1, section 5.2."""


def balanced(linear: np.ndarray, adjustments: Adjustments) -> np.ndarray:
    """Linear (H, W, 3) light with `warmth` and `tint`: a gain for each channel, greys keep their luminance.

    The pixels themselves where both are 0.
    """
    if not (adjustments.warmth or adjustments.tint):
        return linear
    return linear * channel_gains(adjustments.warmth, adjustments.tint)


def channel_gains(warmth: float, tint: float) -> np.ndarray:
    """What R, G and B (3,) are multiplied by: the BT.709 colour, of luminance 1, that grey shall have.

    It is that of daylight whose reciprocal temperature is `warmth` mireds above that of D65 (a filter of so many mireds
    takes it there), moved by `tint` at right angles to the locus, in CIE 1960 uv.
    """
    neutral, wanted = 1e6 / _D65_KELVIN, 1e6 / _D65_KELVIN + warmth
    along = _daylight_uv(wanted + 1) - _daylight_uv(wanted - 1)
    towards_magenta = np.array([along[1], -along[0]]) / np.hypot(*along)
    colour = _linear_rgb(_daylight_uv(wanted) + tint / _TINT_SCALE * towards_magenta)
    gains = np.maximum(colour / _linear_rgb(_daylight_uv(neutral)), 0)
    return (gains / (gains @ transfer.LUMINANCE_WEIGHTS)).astype(np.float32)


def _daylight_uv(mireds: float) -> np.ndarray:
    """CIE 1960 uv of daylight (CIE 15:2004, eq. 3.3 and 3.4; at the warm end a little beyond their 4000 K)."""
    kilo = mireds / 1000  # 1000 / kelvin
    if mireds > 1e6 / 7000:
        x = 0.244063 + 0.09911 * kilo + 2.9678 * kilo**2 - 4.6070 * kilo**3
    else:
        x = 0.237040 + 0.24748 * kilo + 1.9018 * kilo**2 - 2.0064 * kilo**3
    y = -3.0 * x**2 + 2.870 * x - 0.275
    return np.array([4 * x, 6 * y]) / (12 * y - 2 * x + 3)


def _linear_rgb(uv: np.ndarray) -> np.ndarray:
    """Linear BT.709 (3,) of a CIE 1960 uv, of luminance 1."""
    u, v = uv
    x, y = np.array([3 * u, 2 * v]) / (2 * u - 8 * v + 4)
    return _XYZ_TO_BT709 @ np.array([x / y, 1, (1 - x - y) / y])
