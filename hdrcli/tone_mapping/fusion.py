"""Exposure fusion of a virtual bracket: the map is exposed for its highlights, its shadows and between, and fused.

T. Mertens, J. Kautz, F. Van Reeth: "Exposure Fusion", Pacific Graphics 2007, eqs. 1 to 6, of brightness alone: colours
are those of the map, which the frames of a virtual bracket share, so that saturation has no say among the weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from hdrcli import exposure_fusion, transfer
from hdrcli.adjustments import NEUTRAL, Adjustments
from hdrcli.contracts import ToneMapper
from hdrcli.image import DisplayImage, RadianceMap
from hdrcli.sampling import sample
from hdrcli.tone_mapping._bands import by_bands, plane
from hdrcli.tone_mapping._colour import brightness, encode, exposed, faded, scaled
from hdrcli.tone_mapping._statistics import AGREEING_TOP, DARKEST, joined, log_average
from hdrcli.tone_mapping._white_balance import balanced

HIGHLIGHTS, SHADOWS = 0.6, 0.18
"""What the darkest exposure shows the highlights as, and the brightest the shadows (linear light)."""

BRIGHTEST_KEY = 2.0
"""Log-average light of the brightest exposure at most: nights stay dark."""

KEY = 0.18
"""Log-average light of the exposure that is left when nothing is to be brought back."""

STEP = 2.0
"""Stops between exposures at most, as photographers bracket."""

FLAT = 0.02
"""Contrast that flat areas count as having, so that there well-exposedness decides and not their noise."""

TOE, SHOULDER = 0.06, 0.85
"""Encoded values between which the fused picture stays; beyond, what the pyramids push out of [0, 1] is bent in."""


@dataclass(frozen=True, eq=False)
class Exposures:
    """The stops of the virtual bracket, and the darkest and brightest encoded values of what is fused of it."""

    stops: np.ndarray
    darkest: float
    brightest: float


def measure(samples: Sequence[np.ndarray], adjustments: Adjustments) -> Exposures:
    """The exposures for all `samples` (h, w, 3) together."""
    light = [brightness(balanced(one, adjustments)) for one in samples]
    stops = virtual_stops(joined(light), _strength(adjustments))
    return Exposures(stops, *_ends(joined([_fused(one, stops, AGREEING_TOP) for one in light])))


def _strength(adjustments: Adjustments) -> float:
    return 1 + adjustments.strength / 100


def _ends(picture: np.ndarray) -> tuple[float, float]:
    """What all but one pixel in two thousand are above, and below."""
    return tuple(np.quantile(picture, (0.0005, 0.9995)).tolist())


def apply(
    radiance: RadianceMap, adjustments: Adjustments = NEUTRAL, statistics: Exposures | None = None
) -> DisplayImage:
    """Tone-map by fusing virtual exposures; the scale of the map does not matter.

    `strength` scales the range of the exposures, about the one that a photographer would take alone.
    """
    pixels = balanced(radiance.pixels, adjustments)
    light = plane(pixels, brightness)
    stops = statistics.stops if statistics else virtual_stops(sample(light), _strength(adjustments))
    shown = _fused(light, stops, AGREEING_TOP if statistics else 1)
    ends = (statistics.darkest, statistics.brightest) if statistics else _ends(sample(shown))

    def band_to_display(band: np.ndarray, rows: slice) -> np.ndarray:
        wanted = exposed(transfer.srgb_to_linear(_into_range(shown[rows], *ends)), adjustments.exposure)
        return encode(faded(scaled(band, light[rows], wanted), wanted), adjustments)

    return DisplayImage(by_bands(pixels, band_to_display))


def virtual_stops(light: np.ndarray, strength: float = 1.0) -> np.ndarray:
    """Stops by which the exposures of the virtual bracket differ from the map, ascending, from some of its `light`.

    Their range is `strength` times that from highlights to shadows: they are all the same at 0.
    """
    dark, bright = np.maximum(np.quantile(light, (0.01, 0.999)), DARKEST)
    least = np.log2(HIGHLIGHTS / bright)
    most = max(min(np.log2(SHADOWS / dark), np.log2(BRIGHTEST_KEY / log_average(light))), least)
    middle = np.clip(np.log2(KEY / log_average(light)), least, most)
    least, most = (middle + strength * (end - middle) for end in (least, most))
    return np.linspace(least, most, max(2, int(np.ceil((most - least) / STEP)) + 1))


def _fused(light: np.ndarray, stops: np.ndarray, top: int) -> np.ndarray:
    """The fused exposures (H, W), encoded, of about [0, 1]; half a plane is held for each."""

    def weighted(stop: float, rows: slice) -> tuple[np.ndarray, np.ndarray]:
        picture = _exposure(light[rows], stop)
        return picture, _weight(picture)

    return exposure_fusion.fused([partial(weighted, stop) for stop in stops], light.shape, top)


def _exposure(light: np.ndarray, stops: float) -> np.ndarray:
    picture = light * np.float32(2**stops)
    return transfer.linear_to_srgb(np.minimum(picture, 1, out=picture))


def _weight(picture: np.ndarray) -> np.ndarray:
    weight = exposure_fusion.contrast(picture)
    weight += np.float32(FLAT)
    weight *= exposure_fusion.well_exposedness((picture - np.float32(0.5)) ** 2)
    weight += np.float32(exposure_fusion.LEAST_WEIGHT)
    return weight


def _into_range(picture: np.ndarray, low: float, high: float) -> np.ndarray:
    """The fused picture in [0, 1]: beyond toe and shoulder bent so that values from `low` to `high` fit in."""
    above = _bent(np.maximum(picture - np.float32(SHOULDER), 0), high - SHOULDER, 1 - SHOULDER)
    below = _bent(np.maximum(np.float32(TOE) - picture, 0), TOE - low, TOE)
    np.clip(picture, TOE, SHOULDER, out=picture)
    picture += above
    picture -= below
    return np.clip(picture, 0, 1, out=picture)


def _bent(excess: np.ndarray, largest: float, room: float) -> np.ndarray:
    """x / (1 + b x), which takes `largest` to `room` with slope 1 at 0; the identity where that fits already."""
    return excess / (1 + np.float32(max(1 / room - 1 / max(largest, room), 0)) * excess)


TONE_MAPPER = ToneMapper(
    apply=apply,
    measure=measure,
    summary="exposure fusion of a virtual bracket: crisp, each place exposed for itself",
    source="Mertens, Kautz & Van Reeth, Exposure Fusion, Pacific Graphics 2007, on exposures of the radiance map",
    local=True,
)
