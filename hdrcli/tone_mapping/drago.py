"""Adaptive logarithmic mapping (Drago, Myszkowski, Annen & Chiba 2003)."""

from __future__ import annotations

import numpy as np

from hdrcli import transfer
from hdrcli.adjustments import NEUTRAL, Adjustments
from hdrcli.contracts import ToneMapper
from hdrcli.image import DisplayImage, RadianceMap
from hdrcli.sampling import sample
from hdrcli.tone_mapping._bands import by_bands
from hdrcli.tone_mapping._colour import encode, scaled
from hdrcli.tone_mapping._statistics import Luminances, measure
from hdrcli.tone_mapping._white_balance import balanced

BIAS = 0.85
"""How fast the logarithm's base grows with luminance: the paper's b, with its recommended value."""


def apply(
    radiance: RadianceMap, adjustments: Adjustments = NEUTRAL, statistics: Luminances | None = None
) -> DisplayImage:
    """Compress luminance in units of the log-average (section 3.1) by eq. 4; the robust maximum is white."""
    seen = statistics or measure([sample(radiance.pixels)], adjustments)
    scale = np.float32(2**adjustments.exposure / seen.log_average)
    maximum = seen.maximum * scale

    def band_to_display(band: np.ndarray, _: slice) -> np.ndarray:
        luminance = transfer.luminance(band)
        compressed = compress(np.minimum(luminance * scale, maximum), maximum)
        return encode(scaled(band, luminance, compressed), adjustments)

    return DisplayImage(by_bands(balanced(radiance.pixels, adjustments), band_to_display))


def compress(luminance: np.ndarray, maximum: float | np.floating, bias: float = BIAS) -> np.ndarray:
    """Display luminance in [0, 1] of world luminance L in [0, `maximum`] (eq. 4, for a display maximum of 100 cd/m^2).

    log(1 + L) / log10(1 + maximum) / log(2 + 8 (L / maximum)^(log bias / log 0.5))
    """
    base = 2 + 8 * (luminance / np.float32(maximum)) ** np.float32(np.log(bias) / np.log(0.5))
    return np.log1p(luminance) / (np.float32(np.log10(1 + maximum)) * np.log(base))


TONE_MAPPER = ToneMapper(
    apply=apply,
    measure=measure,
    summary="Drago's adaptive logarithm: bright, opens shadows wide",
    source="Drago et al., Adaptive Logarithmic Mapping for Displaying High Contrast Scenes, Eurographics 2003, eq. 4",
)
