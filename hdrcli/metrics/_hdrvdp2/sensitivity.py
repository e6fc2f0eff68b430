"""What contrast is seen by itself: the sensitivity of the neural stages, by frequency and by adapting luminance.

The paper's neural contrast sensitivity function: that of people, without what optics and photoreceptors account for.
"""

from __future__ import annotations

import numpy as np

_LUMINANCES = (0.002, 0.02, 0.2, 2.0, 20.0, 150.0)
_SHAPES = np.array(
    [
        (0.991265, 3.74038, 0.50722, 4.46044),
        (0.800889, 3.54104, 0.682505, 4.94958),
        (0.476505, 4.37453, 0.750315, 5.28678),
        (0.405782, 4.40602, 0.935314, 5.61425),
        (0.334278, 3.79542, 1.07327, 6.4635),
        (0.394533, 2.7755, 1.16577, 7.45665),
    ]
)
"""The fitted parameters of the function at each of the luminances in cd/m^2."""

_LEVELS = np.linspace(-5, 5, 256)
"""log10 of the luminances that it is tabulated for."""


def neural(frequency: np.ndarray, luminance: np.ndarray | float) -> np.ndarray:
    """The sensitivity at a frequency in cycles per degree and an adapting luminance in cd/m^2; 0 at frequency 0."""
    level = np.log10(np.clip(luminance, _LUMINANCES[0], _LUMINANCES[-1]))
    at, slope, low, peak = (np.interp(level, np.log10(_LUMINANCES), shape) for shape in _SHAPES.T)
    rise = (-np.expm1(-((frequency / 7) ** 2))) ** low
    found: np.ndarray = peak * np.sqrt(rise / (1 + (at * frequency) ** slope))
    return found


def of_band(frequency: float, log_luminance: np.ndarray) -> np.ndarray:
    """The sensitivity in a band of that centre frequency, where log10 of the adapting luminance (H, W) is known."""
    table = neural(np.full(_LEVELS.shape, frequency), 10**_LEVELS)
    return np.interp(log_luminance, _LEVELS, table)
