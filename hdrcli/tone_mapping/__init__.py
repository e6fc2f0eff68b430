"""From a radiance map to a picture, by one of the operators here; and adjustments of pictures that are finished."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from hdrcli import plugins, sampling, transfer
from hdrcli.adjustments import Adjustments
from hdrcli.image import DisplayImage, RadianceMap
from hdrcli.strips import strips

LEAST_SAMPLES = 1 << 14
"""Of each map, however many there are: enough of a picture for operators that look at surroundings."""


def tone_map(image: RadianceMap, operator: str, adjustments: Adjustments, statistics: Any = None) -> DisplayImage:
    """The picture that `operator` makes of a radiance map, by its own statistics or by those of `measure`."""
    made: DisplayImage = plugins.load("tone_mapping", operator).TONE_MAPPER.apply(image, adjustments, statistics)
    return made


def measure(samples: Sequence[np.ndarray], operator: str, adjustments: Adjustments) -> Any:
    """The statistics by which `operator` makes pictures that agree, of a `sample` of each of their maps."""
    return plugins.load("tone_mapping", operator).TONE_MAPPER.measure(samples, adjustments)


def sample(pixels: np.ndarray, maps: int) -> np.ndarray:
    """Some pixels (h, w, ...) on a regular grid: of one of so many `maps`, about a million of all together."""
    return sampling.sample(pixels, max(sampling.SAMPLES // maps, LEAST_SAMPLES))


def coloured(image: RadianceMap, adjustments: Adjustments) -> np.ndarray:
    """Light (H, W, 3) with the adjustments of colour, `warmth`, `tint` and `saturation`; itself without any.

    It is what HDR displays show beside the picture: contrast and what an operator compresses are the picture's alone.
    """
    from hdrcli.tone_mapping._colour import saturated
    from hdrcli.tone_mapping._white_balance import balanced

    pixels = balanced(image.pixels, adjustments)
    if not adjustments.saturation:
        return pixels
    result = np.empty_like(pixels)
    for rows in strips(*pixels.shape[:2]):
        result[rows] = saturated(pixels[rows], adjustments.saturation)
    return result


def gain_to_middle_grey(pixels: np.ndarray) -> float:
    """What light (H, W, 3) of an unknown scale is multiplied by to have its log-average luminance at middle grey.

    (Reinhard et al. 2002, eq. 2.)
    """
    from hdrcli.tone_mapping._statistics import log_average

    return 0.18 / log_average(transfer.luminance(sampling.sample(pixels)))


def adjusted(image: DisplayImage, adjustments: Adjustments) -> DisplayImage:
    """A finished picture with all adjustments but `strength`, which is an operator's; the picture itself without any.

    Its light stays within the display: exposure bends highlights up to white instead of clipping them.
    """
    from hdrcli.tone_mapping._bands import by_bands
    from hdrcli.tone_mapping._colour import brightness, encode, exposed, scaled
    from hdrcli.tone_mapping._white_balance import balanced

    def band_adjusted(band: np.ndarray, _: slice) -> np.ndarray:
        linear = balanced(transfer.srgb_to_linear(band), adjustments)
        light = brightness(linear)
        return encode(scaled(linear, light, exposed(np.minimum(light, 1), adjustments.exposure)), adjustments)

    return image if adjustments.of_operator() else DisplayImage(by_bands(image.pixels, band_adjusted))
