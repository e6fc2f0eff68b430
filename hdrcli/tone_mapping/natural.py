"""natural: the reference frame as it was exposed, with its blown highlights and blocked shadows brought back.

A tone curve is applied to the slow part of brightness while the detail upon it stays (Durand & Dorsey 2002, with the
guided filter of He et al. 2010 in place of the bilateral one: no halos). Middle tones are left as they are.
"""

from __future__ import annotations

import numpy as np

from hdrcli import transfer
from hdrcli.contracts import ToneMapper
from hdrcli.image import DisplayImage, RadianceMap
from hdrcli.tone_mapping._bands import by_bands
from hdrcli.tone_mapping._base import Base
from hdrcli.tone_mapping._colour import encode, largest_channel, scaled
from hdrcli.tone_mapping._statistics import DARKEST, log_average, robust_maximum, sample

SHOULDER, FOOT = -2.0, -4.0
"""Stops below white between which nothing changes: a quarter of white, and a sixteenth."""

SHADOW_SLOPE = 0.75
"""Contrast of the shadows far below the foot, which opens them by a quarter of their depth."""

SHARPNESS = 1.5
"""How late the shoulder bends: with 1 white walls turn grey, with 3 bright skies lose their shades."""

HEADROOM = 0.2
"""Stops left above the brightest slow tone for the detail upon it, where half a stop or more is to be brought back."""

KNEE = 0.85
"""Display light from which on brightness nears 1 but does not reach it."""

WHITE_FROM = 0.93
"""Display light from which on colours run into white."""

FADING = 0.25
"""Saturation lost where the curve takes three stops away: compressed colours look stronger than they were (Mantiuk et
al. 2009)."""

NORMAL_KEYS = (0.08, 0.5)
"""Log-average luminances, up to white, of well exposed frames. Only frames beyond are made brighter or darker."""


def apply(radiance: RadianceMap) -> DisplayImage:
    """Tone-map a radiance map as a photographer would: bright parts get their detail, the rest stays as shot.

    Colours keep their hue; what is brighter than the display's white fades into white.
    """
    pixels = radiance.pixels
    seen = sample(pixels)
    gain = exposure_gain(transfer.luminance(seen))
    maximum = max(float(np.log2(gain * robust_maximum(brightness(seen)))), 0.0)
    base = Base(pixels, brightness)

    def band_to_display(band: np.ndarray, rows: slice) -> np.ndarray:
        bright = brightness(band)
        stops = np.log2(np.maximum(bright, np.float32(DARKEST)))
        slow = base.of(stops, rows)
        shown = tone_curve(slow + np.float32(np.log2(gain)), maximum)
        wanted = soft_clip(np.exp2(shown + stops - slow))
        lost = np.clip((slow + np.float32(np.log2(gain)) - shown) / 3, 0, 1)
        return encode(_faded(scaled(band, bright, wanted), wanted, np.float32(FADING) * lost))

    return DisplayImage(by_bands(pixels, band_to_display))


def brightness(linear: np.ndarray) -> np.ndarray:
    """Mean (...) of luminance and largest channel of linear RGB (..., 3), the channel counting for 0.6.

    With luminance alone bright colours bleach; with the channel alone blue skies turn dark and noisy.
    """
    return np.float32(0.6) * largest_channel(linear) + np.float32(0.4) * transfer.luminance(linear)


def exposure_gain(luminance: np.ndarray) -> float:
    """By how much to brighten the picture, 0.5 to 4: 1 for a well exposed reference frame, two thirds of the way there
    (in stops) for others."""
    key = log_average(np.minimum(luminance, 1))
    return float(np.clip((np.clip(key, *NORMAL_KEYS) / key) ** (2 / 3), 0.5, 4))


def tone_curve(stops: np.ndarray, maximum: float) -> np.ndarray:
    """Display stops of slow scene stops, both relative to white; `maximum` >= 0 is shown just below white.

    The identity from foot to shoulder, and up to white too where `maximum` is 0; smooth and rising everywhere.
    """
    reach = maximum - SHOULDER
    room = -SHOULDER - HEADROOM * min(2 * maximum, 1)
    bend = np.float32(max(room**-SHARPNESS - reach**-SHARPNESS, 0))
    above = np.maximum(stops - SHOULDER, 0)
    below = np.maximum(FOOT - stops, 0) + np.log2(1 + np.exp2(-2 * np.abs(FOOT - stops))) / 2
    shoulder = above / (1 + bend * above**SHARPNESS) ** (1 / SHARPNESS)
    return (np.minimum(stops, SHOULDER) + shoulder + (1 - SHADOW_SLOPE) * below).astype(stops.dtype)


def soft_clip(light: np.ndarray) -> np.ndarray:
    """The identity up to the knee, then an exponential that nears 1."""
    above = np.maximum(light - np.float32(KNEE), 0)
    return np.minimum(light, np.float32(KNEE)) - np.float32(1 - KNEE) * np.expm1(-above / np.float32(1 - KNEE))


def _faded(colours: np.ndarray, wanted: np.ndarray, fading: np.ndarray) -> np.ndarray:
    """Colours less saturated by `fading`, and white where the brightness `wanted` of them nears 1."""
    grey = transfer.luminance(colours)
    colours = colours + fading[..., None] * (grey[..., None] - colours)
    near = np.clip((wanted - np.float32(WHITE_FROM)) / np.float32(1 - WHITE_FROM), 0, 1)
    white = near * near * (3 - 2 * near)
    return colours + white[..., None] * (wanted[..., None] - colours)


TONE_MAPPER = ToneMapper(
    apply=apply,
    summary="as the reference frame was exposed, with highlights and shadows brought back (the default)",
    source="hdrcli; base and detail as Durand & Dorsey 2002, guided filter of He, Sun & Tang 2010",
)
