"""From light to the response of the retina: scatter in the eye, cones and rods, and steps that are just noticed.

The paper's optical and retinal pathway. Left out, as in the authors' program by default: the glare of what is outside
the picture (its surround is dark), the short-wave cones, and the age of the observer.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from hdrcli.metrics._hdrvdp2.filtering import radial

SURROUND = 1e-5
"""Luminance around the picture in cd/m^2, and the least of what reaches the retina."""

BRIGHTEST = 1e10

_SCATTER = 0.9972737002377707, 0.061466549455263
_MTF = (
    (0.426 * _SCATTER[0], 0.028),
    (0.574 * _SCATTER[0], 0.37),
    ((1 - _SCATTER[0]) * _SCATTER[1], 37.0),
    ((1 - _SCATTER[0]) * (1 - _SCATTER[1]), 360.0),
)
"""Amplitudes and decays of the eye's modulation transfer, as the program sums them up."""

LMR = {
    1: np.array([[0.6018471522446989, 0.31670829557916963, 0.9046706545995032]]),
    3: np.array(
        [
            [0.19899612033792896, 0.04100586040758894, 0.014377368621119192],
            [0.4047626070381254, 0.25492330644134537, 0.48092084108413197],
            [0.05439061925532119, 0.0500122489593007, 0.45427589566935994],
        ]
    ),
}
"""What L cones, M cones and rods take of a channel, by the number of channels: one of daylight, or three of a display.

The integrals of Smith & Pokorny's cone fundamentals (1975) and the CIE's scotopic luminosity (1951) over the spectra of
D65 and of an LCD with fluorescent backlight, over 420 wavelengths from 360 to 780 nm, tables interpolated by PCHIP; the
spectra are those of the authors' program, whose scale is part of the calibration.
"""

_LEVELS = np.linspace(-5, 5, 2048)
"""log10 of the light, in cd/m^2 or trolands alike, that responses are tabulated for."""

_PEAK = 0.006894596 / 10**-2.4
"""The factor that makes steps just noticed of summed sensitivities, over the contrast at the threshold."""


def seen(channels: np.ndarray, pixels_per_degree: float) -> tuple[np.ndarray, np.ndarray]:
    """The response (H, W) to a picture (H, W, C) in cd/m^2, C 1 or 3, and the luminance that the eye adapts to."""
    matrix = LMR[channels.shape[2]]
    long, middle, rods = (np.zeros(channels.shape[:2]) for _ in range(3))
    for index, weights in enumerate(matrix):
        light = on_retina(np.where(np.isnan(channels[..., index]), SURROUND, channels[..., index]), pixels_per_degree)
        long += weights[0] * light
        middle += weights[1] * light
        rods += weights[2] * light
    cone_steps, rod_steps = _steps()
    adaptation = long + middle
    cones = _looked_up(long, cone_steps)
    cones += _looked_up(middle, cone_steps)
    cones -= cones.mean()
    night = _looked_up(rods, rod_steps)
    night -= night.mean()
    return cones + night, adaptation


def on_retina(channel: np.ndarray, pixels_per_degree: float) -> np.ndarray:
    """A channel (H, W) of light as the eye's optics scatter it."""
    light = radial(channel, transfer, pixels_per_degree, SURROUND)
    return np.clip(light, SURROUND, BRIGHTEST, out=light)


def transfer(frequency: np.ndarray) -> np.ndarray:
    """The share of contrast that the eye's optics pass at a frequency in cycles per degree; 1 at 0."""
    passed = np.zeros_like(frequency)
    for amplitude, decay in _MTF:
        passed += amplitude * np.exp(-decay * frequency)
    return passed


def _looked_up(light: np.ndarray, steps: np.ndarray) -> np.ndarray:
    return np.interp(np.log10(np.clip(light, 1e-5, 1e5)), _LEVELS, steps)


@cache
def _steps() -> tuple[np.ndarray, np.ndarray]:
    """Just noticed steps from darkness to each level, by cones and by rods: what sensitivity sums up to."""
    light = 10**_LEVELS
    rods = rod_sensitivity(light)
    both = np.maximum(sensitivity(light) - rods, 1e-3)
    cones = 0.5 * np.interp(np.minimum(2 * light, 1e5), light, both)  # L and M are taken to be alike
    return _summed(cones), _summed(rods)


def _summed(sensitivities: np.ndarray) -> np.ndarray:
    means = (sensitivities[1:] + sensitivities[:-1]) / 2 * np.diff(_LEVELS)
    total: np.ndarray = _PEAK * np.log(10) * np.concatenate([[0.0], np.cumsum(means)])
    return total


def sensitivity(light: np.ndarray) -> np.ndarray:
    """The peak of the sensitivity to contrast where the eye is adapted to `light` in cd/m^2."""
    peak: np.ndarray = 30.162 * ((4.0627 / light) ** 1.6596 + 1) ** -0.2712
    return peak


def rod_sensitivity(light: np.ndarray) -> np.ndarray:
    """The part of it that rods have."""
    away = np.abs(np.log10(light / 1.1732))
    fall = np.where(light > 1.1732, away**2.9899 / 0.5547, away**1.2167 / 1.1478)
    peak: np.ndarray = 10**1.1414 * np.exp(-fall)
    return peak
