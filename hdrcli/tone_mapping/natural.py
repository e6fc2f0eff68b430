"""natural: what a photographer would make of the scene: bright as usual, highlights and shadows brought back.

Large changes of brightness are compressed while detail of every size stays (local Laplacian filter), so that there are
no halos; a shoulder brings what is still above white below it. Then it gets the contrast and the colours that cameras
give their pictures (`_contrast`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from hdrcli.adjustments import NEUTRAL, Adjustments
from hdrcli.contracts import ToneMapper
from hdrcli.image import DisplayImage, RadianceMap
from hdrcli.sampling import sample
from hdrcli.tone_mapping import _local_laplacian
from hdrcli.tone_mapping._bands import by_bands, plane
from hdrcli.tone_mapping._colour import brightness, encode, faded, scaled, soft_clip
from hdrcli.tone_mapping._contrast import Contrast, coloured, contrast
from hdrcli.tone_mapping._statistics import AGREEING_TOP, DARKEST, joined, log_average
from hdrcli.tone_mapping._white_balance import balanced

RANGE = 6.5
"""Stops from shadows to highlights that are shown uncompressed."""

LEAST_SLOPE = 0.35
"""Of the compression: below, skies turn grey and rooms lose their depth."""

MIDDLE = float(np.log2(0.18))
"""Stops of middle grey, about which the range is compressed."""

DEPTH = 4.0
"""Stops below the shadows under which all is black to the filter."""

SHOULDER = -2.0
"""Stops below white, where the shoulders begin."""

LOCAL_HEADROOM, HEADROOM = 0.2, 0.1
"""Stops below white that highlights are brought to where half a stop or more is to be brought back: by the shoulder
that keeps their detail, which needs room, and by the one after it."""

SHARPNESS = 1.5
"""How late the shoulder bends: with 1 white walls turn grey, with 3 bright skies lose their shades."""

FADING = 0.25
"""Saturation lost where the curve takes three stops away: compressed colours look stronger than they were (Mantiuk et
al. 2009)."""

NORMAL_KEYS = (0.2, 0.4)
"""Log-average light of well exposed pictures. Only what is beyond is made brighter or darker."""

NIGHT, DARKER, DARKEST_KEY = 2.0, 0.25, 0.4
"""Luminance in cd/m^2 that is less than lit rooms have: pictures of darker scenes are darker by this power of what is
left of it, as eyes see them, down to this share."""


@dataclass(frozen=True)
class Range:
    """The stops that light ranges over, and what becomes of them.

    `low` and `high` are shadows and highlights, `slope` what large contrasts are multiplied by about middle grey, and
    `gain` what is added then. `maximum` are the brightest stops after that, adapted to surroundings, and `contrast` is
    what the picture gets then; where that is None, a picture has its own of both. `top` is that of its pyramids.
    """

    low: float
    high: float
    slope: float
    gain: float
    maximum: float = 0.0
    contrast: Contrast | None = None
    top: int = 1


def measure(samples: Sequence[np.ndarray], adjustments: Adjustments) -> Range:
    """The range of all `samples` (h, w, 3) together."""
    light = [brightness(balanced(one, adjustments)) for one in samples]
    found = replace(_range(joined(light), adjustments), top=AGREEING_TOP)
    changed = joined([in_stops(one) + _change(one, found, adjustments) for one in light])
    maximum, picture = _ends(changed, joined(light), found, adjustments)
    return replace(found, maximum=maximum, contrast=picture)


def _range(light: np.ndarray, adjustments: Adjustments, white_luminance: float | None = None) -> Range:
    low, high = scene_range(light)
    slope = compression(low, high) ** _strength(adjustments)
    darker = 1.0 if white_luminance is None else night(log_average(light) * white_luminance)
    shown = np.exp2(MIDDLE + slope * (in_stops(light) - MIDDLE))
    gain = float(np.log2(exposure_gain(shown, darker))) + adjustments.exposure
    return Range(low, high, slope, gain)


def _strength(adjustments: Adjustments) -> float:
    return 1 + adjustments.strength / 100


def _ends(stops: np.ndarray, light: np.ndarray, found: Range, adjustments: Adjustments) -> tuple[float, Contrast]:
    """The brightest of `stops`, which is what `light` has become, and the contrast that its picture gets.

    Without compression the picture would have its shadows at `low`.
    """
    maximum = max(float(np.quantile(stops, 0.999)), 0.0)
    white = _white(maximum, HEADROOM, _strength(adjustments))
    shown = soft_clip(np.exp2(shoulder(stops, maximum, white)))[light > DARKEST]
    return maximum, contrast(shown, 2.0 ** (found.low + found.gain), adjustments.strength / 100)


def apply(radiance: RadianceMap, adjustments: Adjustments = NEUTRAL, statistics: Range | None = None) -> DisplayImage:
    """Tone-map a radiance map as a photographer would.

    Colours keep their hue; what is brighter than the display's white fades into white. `strength` is the power of the
    compression's slope and, up to 1, the share of what lies above white that is brought back.
    """
    pixels = balanced(radiance.pixels, adjustments)
    light = plane(pixels, brightness)
    found = statistics or _range(sample(light), adjustments, radiance.white_luminance)
    change = _change(light, found, adjustments)
    maximum, picture = found.maximum, found.contrast
    if picture is None:
        some = sample(light)
        maximum, picture = _ends(in_stops(some) + sample(change), some, found, adjustments)
    white = _white(maximum, HEADROOM, _strength(adjustments))
    tones, colours = picture.table()

    def band_to_display(band: np.ndarray, rows: slice) -> np.ndarray:
        stops = in_stops(light[rows]) + change[rows]
        shown = shoulder(stops, maximum, white)
        lost = np.clip((stops - shown) / 3, 0, 1)
        wanted = soft_clip(np.exp2(shown))
        place = (np.sqrt(wanted) * np.float32(len(tones) - 1) + np.float32(0.5)).astype(np.uint16)
        tone = np.take(tones, place)
        linear = coloured(scaled(band, light[rows], tone), np.take(colours, place))
        return encode(faded(linear, tone, np.float32(FADING) * lost, wanted), adjustments)

    return DisplayImage(by_bands(pixels, band_to_display))


def _change(light: np.ndarray, found: Range, adjustments: Adjustments) -> np.ndarray:
    """By how many stops (H, W) each pixel of brightness `light` becomes brighter or darker, `exposure` among them."""
    slope, gain = found.slope, found.gain
    maximum = MIDDLE + slope * (found.high - MIDDLE) + gain
    white = _white(maximum, LOCAL_HEADROOM, _strength(adjustments))
    if slope == 1 and white == maximum:
        return np.full(light.shape, gain, np.float32)

    def curve(stops: np.ndarray) -> np.ndarray:
        return shoulder(np.float32(MIDDLE + gain) + np.float32(slope) * (stops - np.float32(MIDDLE)), maximum, white)

    stops = in_stops(light)
    np.maximum(stops, np.float32(found.low - DEPTH), out=stops)
    shown = _local_laplacian.shown(stops, curve, found.low, found.high, found.top)
    shown -= stops
    return shown


def _white(maximum: float, headroom: float, strength: float) -> float:
    """What stops of `maximum` become: all of them at a strength of 0; from 1 on, those up to white less `headroom`."""
    brought_back = min(maximum, -headroom * min(max(2 * maximum, 0), 1))
    return maximum + min(strength, 1) * (brought_back - maximum)


def in_stops(light: np.ndarray) -> np.ndarray:
    """Light in stops about 1, which is white."""
    return np.log2(np.maximum(light, np.float32(DARKEST)))


def scene_range(light: np.ndarray) -> tuple[float, float]:
    """Shadows and highlights in stops: all but one pixel in a hundred, and in a thousand, that are darker, brighter.

    What is black does not count.
    """
    lit = in_stops(light[light > DARKEST])
    return tuple(np.quantile(lit, (0.01, 0.999)).tolist()) if lit.size else (0.0, 0.0)


def compression(low: float, high: float) -> float:
    """Slope, from `LEAST_SLOPE` to 1, at which stops from `low` to `high` become `RANGE`."""
    return float(np.clip(RANGE / max(high - low, RANGE), LEAST_SLOPE, 1))


def exposure_gain(light: np.ndarray, darker: float = 1.0) -> float:
    """By how much to brighten a picture of which this is the `light`, 0.25 to 8: 1 where it is well exposed.

    That is also what is as much `darker` as its scene was, up to 1.
    """
    key, (low, high) = log_average(np.minimum(light, 1)), NORMAL_KEYS
    return float(np.clip(np.clip(key, low * darker, high) / key, 0.25, 8))


def night(luminance: float) -> float:
    """How dark a picture of a scene of this log-average luminance, in cd/m^2, is to be: 1 for all that is lit."""
    return float(np.clip((luminance / NIGHT) ** DARKER, DARKEST_KEY, 1))


def shoulder(stops: np.ndarray, maximum: float, white: float) -> np.ndarray:
    """The identity up to `SHOULDER`, then smoothly so that `maximum` becomes `white`; where it is no higher, all of it.

    Stops are relative to the display's white; slopes are from 0 to 1.
    """
    room, reach = white - SHOULDER, maximum - SHOULDER
    if reach <= room:
        return stops
    bend = np.float32(room**-SHARPNESS - reach**-SHARPNESS)
    above = np.maximum(stops - np.float32(SHOULDER), 0)
    raised = above * np.sqrt(above) if SHARPNESS == 1.5 else above**SHARPNESS  # a root is quicker than a power
    return np.minimum(stops, np.float32(SHOULDER)) + above / (1 + bend * raised) ** (1 / SHARPNESS)


TONE_MAPPER = ToneMapper(
    apply=apply,
    measure=measure,
    summary="bright as usual, with highlights and shadows brought back (the default)",
    source="Paris, Hasinoff & Kautz, Local Laplacian Filters, SIGGRAPH 2011; Aubry et al., ACM TOG 2014; curve: hdrcli",
    local=True,
)
