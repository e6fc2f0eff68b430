"""Two pictures of known luminance: how alike they look, and where and how surely a difference is seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hdrcli.metrics._hdrvdp2 import eye, masking, pyramid, sensitivity
from hdrcli.metrics._hdrvdp2.filtering import radial, resized
from hdrcli.metrics._hdrvdp2.masking import Differences
from hdrcli.metrics._hdrvdp2.pyramid import Bands

_FREQUENCIES = (60.0, 30.0, 15.0, 7.5, 3.75, 1.875, 0.9375, 0.4688, 0.2344, 0.1172)
_WEIGHTS = (0.0, 0.2832, 0.2832, 0.2142, 0.2690, 0.0398, 0.0003, 0.0003, 0.0, 0.0)
"""What a band counts for quality, by its centre in cycles per degree (version 2.2.1)."""

_LEAST = 1e-12
"""Added to a band's error before its logarithm is taken."""

_DIFFERS = 1e-3
"""Relative difference of a channel from which on it counts for quality."""


@dataclass(frozen=True, eq=False)
class Visibility:
    """What is seen of the differences.

    `quality` is 100 for equal pictures and has no lower end; it depends on size and pixels per degree. `detection` is
    the greatest of `probabilities`, (H, W) float64 in [0, 1], with which an observer sees a difference at a pixel;
    `contrast` is the largest visible contrast, in thresholds.
    """

    quality: float
    detection: float
    contrast: float
    probabilities: np.ndarray


def visibility(test: np.ndarray, reference: np.ndarray, pixels_per_degree: float) -> Visibility:
    """What is seen of the differences of `test` from `reference`, both (H, W, C) in cd/m^2.

    C is 1 for luminance, which is taken for daylight's, or 3 for the linear BT.709 channels of a display. Sizes are at
    least `pyramid.LEAST_SIDE` each way.
    """
    known, beyond, adapted = _bands(reference, pixels_per_degree, None)
    bands, _, now_adapted = _bands(test, pixels_per_degree, beyond)
    differences = Differences(bands, known)
    del known, bands
    adapted += now_adapted
    adapted /= 2
    luminance = np.log10(np.clip(adapted, 1e-5, 1e5, out=adapted), out=adapted)
    counted = _differs(test, reference).astype(np.float64)
    quality, joined = 100.0, pyramid.Joined()
    for band in range(len(differences), 0, -1):
        size, frequency = differences.size(band), _frequency(band, pixels_per_degree)
        noise = 1.0 if band == len(differences) else 1 / sensitivity.of_band(frequency, resized(luminance, size))
        seen = differences.seen(band, noise)
        quality -= _weight(frequency) * sum(_error(one, resized(counted, size)) for one in seen)
        joined.add(masking.detected(seen, band))
    return _visible(quality, np.abs(joined.plane))


def _bands(picture: np.ndarray, pixels_per_degree: float, beyond: float | None) -> tuple[Bands, float, np.ndarray]:
    """The bands of a picture, what is taken to lie beyond its base, and the luminance (H, W) that is adapted to.

    Contrast of the base is what the sensitivity leaves of it: it is too low for a band of one frequency.
    """
    response, adapted = eye.seen(picture, pixels_per_degree)
    bands = pyramid.split(response)
    base = bands[-1][0]
    mean = float(adapted.mean())
    rate = 2 * 2**0.5 * _frequency(len(bands), pixels_per_degree)  # samples per degree, by the program's reckoning
    beyond = float(base.mean()) if beyond is None else beyond
    bands[-1] = [radial(base, lambda frequency: sensitivity.neural(frequency, mean), rate, beyond)]
    return bands, beyond, adapted


def _frequency(band: int, pixels_per_degree: float) -> float:
    """The centre of a band in cycles per degree."""
    return pixels_per_degree / 2**band


def _weight(frequency: float) -> float:
    return float(np.interp(frequency, _FREQUENCIES[::-1], _WEIGHTS[::-1]))


def _differs(test: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Where (H, W) any channel differs by more than a thousandth; nothing from nothing does not."""
    with np.errstate(divide="ignore", invalid="ignore"):
        differs: np.ndarray = (np.abs(test - reference) / reference > _DIFFERS).any(axis=2)
    return differs


def _error(seen: np.ndarray, counted: np.ndarray) -> float:
    """The error of a sub-band in natural logarithms above the least."""
    error = float(np.sqrt(np.sum((seen * counted) ** 2)) / seen.size)
    return float(np.log(error + _LEAST) - np.log(_LEAST))


def _visible(quality: float, contrast: np.ndarray) -> Visibility:
    """Contrast (H, W), in thresholds, summed up as the eye does where all of it is near its largest."""
    contrast *= contrast.sum() / (contrast.max() + _LEAST)
    probabilities = 1 - 0.5**contrast
    return Visibility(quality, float(probabilities.max()), float(contrast.max()), probabilities)
