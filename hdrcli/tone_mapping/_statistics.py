"""Whole-picture statistics that operators set themselves by, of luminance; 1.0 = white of the reference frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hdrcli import transfer
from hdrcli.adjustments import Adjustments
from hdrcli.tone_mapping._white_balance import balanced

DARKEST = 1e-6
"""Luminance taken for black, so that logarithms exist: 20 stops below white, under the noise of any camera."""

AGREEING_TOP = 8
"""Pixels of the shorter side of a pyramid's top in pictures that agree. What is larger than that goes by the curve
alone: else all of a picture would hang on its mean, which its neighbour does not share."""


@dataclass(frozen=True)
class Luminances:
    """The log-average and the robust maximum of luminance, which is all that operators of one curve go by."""

    log_average: float
    maximum: float


def measure(samples: Sequence[np.ndarray], adjustments: Adjustments) -> Luminances:
    """The luminances of all `samples` (h, w, 3) together, white-balanced."""
    seen = joined([transfer.luminance(balanced(one, adjustments)) for one in samples])
    return Luminances(log_average(seen), robust_maximum(seen))


def joined(planes: Sequence[np.ndarray]) -> np.ndarray:
    """The values (N,) of all planes (h, w)."""
    return np.concatenate([plane.ravel() for plane in planes])


def log_average(luminance: np.ndarray) -> float:
    """The log-average luminance (Reinhard et al. 2002, eq. 1), a scene's key."""
    return float(np.exp(np.mean(np.log(np.maximum(luminance, DARKEST), dtype=np.float64))))


def robust_maximum(luminance: np.ndarray) -> float:
    """The luminance that one pixel in a thousand exceeds: the white of a scene without its specular highlights."""
    return max(float(np.quantile(luminance, 0.999)), DARKEST)
