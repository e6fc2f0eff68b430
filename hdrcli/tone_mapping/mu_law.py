"""mu-law: the curve that HDR fusion networks are trained, scored and shown with (Kalantari & Ramamoorthi 2017)."""

from __future__ import annotations

import numpy as np

from hdrcli import transfer
from hdrcli.adjustments import NEUTRAL, Adjustments
from hdrcli.contracts import ToneMapper
from hdrcli.image import DisplayImage, RadianceMap
from hdrcli.sampling import sample
from hdrcli.tone_mapping._bands import by_bands
from hdrcli.tone_mapping._colour import encode
from hdrcli.tone_mapping._statistics import Luminances, measure
from hdrcli.tone_mapping._white_balance import balanced


def apply(
    radiance: RadianceMap, adjustments: Adjustments = NEUTRAL, statistics: Luminances | None = None
) -> DisplayImage:
    """Compress each channel by log(1 + mu x) / log(1 + mu), mu = 5000, x = 1 at the robust maximum (eq. 5).

    The result is shown as it is, without another display curve, as in the papers. Channels clip above the maximum.
    """
    seen = statistics or measure([sample(radiance.pixels)], adjustments)
    scale = np.float32(2**adjustments.exposure / seen.maximum)
    plain = not (adjustments.contrast or adjustments.saturation)

    def band_to_display(band: np.ndarray, _: slice) -> np.ndarray:
        shown = transfer.mu_law(np.minimum(band * scale, 1))
        return shown if plain else encode(transfer.srgb_to_linear(shown), adjustments)

    return DisplayImage(by_bands(balanced(radiance.pixels, adjustments), band_to_display))


TONE_MAPPER = ToneMapper(
    apply=apply,
    measure=measure,
    summary="the mu-law of the fusion networks' papers: flat, for comparing results",
    source="Kalantari & Ramamoorthi, Deep High Dynamic Range Imaging of Dynamic Scenes, 2017, eq. 5",
)
