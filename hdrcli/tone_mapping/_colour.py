"""Give a picture its new brightness and keep its colours: hue always, saturation as far as the display can show it."""

from __future__ import annotations

import numpy as np

from hdrcli import transfer
from hdrcli.adjustments import NEUTRAL, Adjustments

PIVOT = float(transfer.linear_to_srgb(np.array(0.18)))
"""Middle grey as encoded, which contrast leaves as it is."""

_MOST_CONTRAST = 1.8
"""What 100 of contrast adds to the curve: slope 1.45 at the pivot, and none at black or white, nearly."""

KNEE = 0.85
"""Display light from which on brightness nears 1 but does not reach it."""

WHITE_FROM = 0.93
"""Display light from which on colours run into white."""

_ROOM = 0.8
"""The part of the way from grey to the display's limit that colours go unchanged."""


def brightness(linear: np.ndarray) -> np.ndarray:
    """Mean (...) of luminance and largest channel of linear RGB (..., 3), the channel counting for 0.6.

    With luminance alone bright colours bleach; with the channel alone blue skies turn dark and noisy.
    """
    return np.float32(0.6) * transfer.largest_channel(linear) + np.float32(0.4) * transfer.luminance(linear)


def soft_clip(light: np.ndarray) -> np.ndarray:
    """The identity up to the knee, then an exponential that nears 1."""
    above = np.maximum(light - np.float32(KNEE), 0)
    return np.minimum(light, np.float32(KNEE)) - np.float32(1 - KNEE) * np.expm1(-above / np.float32(1 - KNEE))


def exposed(light: np.ndarray, stops: float) -> np.ndarray:
    """Display light in [0, 1] brightened by `stops`: times 2^stops, bent so that 1 stays 1 where that is more.

    g x / (1 + (g^3 - 1) x^3)^(1/3): dark tones go by all the stops, middle ones nearly.
    """
    gain = np.float32(2**stops)
    if gain <= 1:
        return light * gain
    return gain * light / np.cbrt(1 + (gain**3 - 1) * light**3)


def faded(
    colours: np.ndarray, wanted: np.ndarray, fading: np.ndarray | float = 0.0, light: np.ndarray | None = None
) -> np.ndarray:
    """Colours (H, W, 3) less saturated by `fading`, and white where their `light` (H, W) nears 1.

    They have the brightness `wanted` (H, W), which is also that light unless another is given.
    """
    if np.any(fading):
        grey = transfer.luminance(colours)
        colours = colours + np.asarray(fading)[..., None] * (grey[..., None] - colours)
    light = wanted if light is None else light
    near = np.clip((light - np.float32(WHITE_FROM)) / np.float32(1 - WHITE_FROM), 0, 1)
    white = near * near * (3 - 2 * near)
    return colours + white[..., None] * (wanted[..., None] - colours)


def scaled(linear: np.ndarray, brightness: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The colours of `linear` (H, W, 3), whose brightness (H, W) is `brightness`, at the brightness `wanted`."""
    dimmest = np.finfo(np.float32).tiny  # below, light is black: a ratio to it is beyond all numbers
    ratio = np.divide(wanted, brightness, out=np.zeros_like(wanted), where=brightness >= dimmest)
    return linear * ratio[..., None]


def encode(linear: np.ndarray, adjustments: Adjustments = NEUTRAL) -> np.ndarray:
    """sRGB-encoded pixels (H, W, 3) in [0, 1] of linear ones whose luminance is in [0, 1].

    Contrast and saturation are adjusted first. A colour with a channel near or above 1 is moved towards the grey of its
    luminance, gradually, so that no channel clips: hues stay, lights fade into white.
    """
    if adjustments.contrast:
        grey = transfer.luminance(linear)
        linear = scaled(linear, grey, _contrasted(grey, adjustments.contrast))
    grey = transfer.luminance(linear)[..., None]
    colour = linear - grey
    if adjustments.saturation:
        colour *= saturation_scale(linear, grey, np.float32(1 + adjustments.saturation / 100))
    excess = transfer.largest_channel(colour)[..., None]
    colour *= _gamut_scale(excess, 1 - grey)
    return transfer.linear_to_srgb(np.clip(grey + colour, 0, 1))


def _contrasted(luminance: np.ndarray, contrast: float) -> np.ndarray:
    """Luminance with more contrast (or less), encoded e: e + k e (1 - e) (e - pivot). Black, pivot and white stay."""
    e = transfer.linear_to_srgb(np.clip(luminance, 0, 1))
    bend = np.float32(_MOST_CONTRAST * contrast / 100)
    return transfer.srgb_to_linear(np.clip(e + bend * e * (1 - e) * (e - np.float32(PIVOT)), 0, 1))


def saturated(linear: np.ndarray, saturation: float) -> np.ndarray:
    """Linear light (H, W, 3) of any range, more saturated (or less); luminance stays, and none falls below 0."""
    grey = transfer.luminance(linear)[..., None]
    return np.maximum(grey + (linear - grey) * saturation_scale(linear, grey, np.float32(1 + saturation / 100)), 0)


def saturation_scale(
    linear: np.ndarray, grey: np.ndarray, factor: np.ndarray | np.floating
) -> np.ndarray | np.floating:
    """By how much to stretch colours (H, W, 1): what is vivid less than what is pale, so that no channel falls below 0.

    The smallest channel, as a part of the grey, is raised to the power `factor`; less colour is a plain scale.
    """
    if np.all(factor <= 1):
        return factor
    smallest = np.minimum(np.minimum(linear[..., 0], linear[..., 1]), linear[..., 2])[..., None]
    part = np.clip(np.divide(smallest, grey, out=np.ones_like(grey), where=grey > 0), 0, 1)
    depth = 1 - part
    stretched = np.where(depth > 1e-4, (1 - part**factor) / np.maximum(depth, np.float32(1e-4)), factor)
    return np.where(factor > 1, stretched, factor)


def _gamut_scale(excess: np.ndarray, room: np.ndarray) -> np.ndarray:
    """By how much to shrink a colour `excess` above its grey when there is `room` up to 1: excess * scale <= room."""
    room = np.maximum(room, np.float32(1e-6))
    above = np.maximum(excess / room - np.float32(_ROOM), 0)
    used = np.float32(_ROOM) - np.float32(1 - _ROOM) * np.expm1(-above / np.float32(1 - _ROOM))
    return np.where(above > 0, used * room / np.maximum(excess, np.float32(1e-12)), np.float32(1))
