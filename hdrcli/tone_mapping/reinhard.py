"""The photographic operator, global part (Reinhard, Stark, Shirley & Ferwerda 2002)."""

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

KEY = 0.18
"""What the log-average luminance is placed at: middle grey (the paper's a)."""


def apply(
    radiance: RadianceMap, adjustments: Adjustments = NEUTRAL, statistics: Luminances | None = None
) -> DisplayImage:
    """Place the log-average luminance at middle grey (eq. 2) and compress by eq. 4; the robust maximum is white."""
    seen = statistics or measure([sample(radiance.pixels)], adjustments)
    scale = np.float32(KEY * 2**adjustments.exposure / seen.log_average)
    white = seen.maximum * scale

    def band_to_display(band: np.ndarray, _: slice) -> np.ndarray:
        luminance = transfer.luminance(band)
        return encode(scaled(band, luminance, np.minimum(compress(luminance * scale, white), 1)), adjustments)

    return DisplayImage(by_bands(balanced(radiance.pixels, adjustments), band_to_display))


def compress(luminance: np.ndarray, white: float | np.floating) -> np.ndarray:
    """Display luminance of a scaled luminance L (eq. 4): L (1 + L / white^2) / (1 + L), 1 at L = `white`."""
    return luminance * (1 + luminance / np.float32(white) ** 2) / (1 + luminance)


TONE_MAPPER = ToneMapper(
    apply=apply,
    measure=measure,
    summary="Reinhard's photographic operator: a fixed key, soft highlights",
    source="Reinhard et al., Photographic Tone Reproduction for Digital Images, SIGGRAPH 2002, eq. 1, 2 and 4",
)
