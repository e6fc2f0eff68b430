"""Middle tones, which a tone-mapped picture and the light it was made of have in common but for one factor.

An HDR rendition is that light times the factor: middle tones look as in the picture, and highlights alone go above it.
"""

from __future__ import annotations

import numpy as np

from hdrcli import transfer

MIDDLE = (1 / 8, 1 / 4)
"""Luminances of the display picture, up to white, that tone mapping leaves most alone."""


def common_scale(shown: np.ndarray, light: np.ndarray) -> float:
    """What `light` is to be multiplied by to have the luminance of `shown` in most of the middle tones; else 1.

    Both are linear (H, W, 3): `shown` up to the picture's white, 1.0.
    """
    wanted, given = transfer.luminance(shown), transfer.luminance(light)
    middle = (wanted > MIDDLE[0]) & (wanted < MIDDLE[1]) & (given > 0)
    return float(np.median(wanted[middle] / given[middle])) if middle.any() else 1.0
