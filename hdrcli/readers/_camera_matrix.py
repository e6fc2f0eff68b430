"""The matrix from a camera's white-balanced channels to linear BT.709, from whichever source LibRaw has."""

from __future__ import annotations

from typing import Any

import numpy as np

_BT709_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
"""Linear BT.709 RGB to CIE XYZ, white D65 (IEC 61966-2-1, to seven places as LibRaw has it)."""

_LEAST_SUM = 0.1
"""A row of a camera's matrix that adds up to less is not filled in."""


def to_bt709(raw: Any) -> np.ndarray | None:
    """The (3, channels) float64 matrix that brings balanced light of LibRaw's `raw` to linear BT.709.

    Its rows add up to 1, so that white stays neutral. A DNG brings a matrix from its channels to BT.709
    (`color_matrix`); for most other cameras LibRaw knows the one from XYZ to the channels (`rgb_xyz_matrix`), which is
    inverted here, by the pseudo-inverse for four colours. None for a camera with neither.
    """
    channels = raw.num_colors
    own = np.array(raw.color_matrix, np.float64)[:, :channels]
    if (own.sum(1) >= _LEAST_SUM).all():
        return own / own.sum(1, keepdims=True)
    from_bt709 = np.array(raw.rgb_xyz_matrix, np.float64)[:channels] @ _BT709_TO_XYZ
    if (from_bt709.sum(1) >= _LEAST_SUM).all() and np.linalg.matrix_rank(from_bt709) == 3:
        return np.linalg.pinv(from_bt709 / from_bt709.sum(1, keepdims=True))
    return None
