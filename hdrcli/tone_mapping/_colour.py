"""Give a picture its new brightness and keep its colours: hue always, saturation as far as the display can show it."""

from __future__ import annotations

import numpy as np

from hdrcli import transfer

_KNEE = 0.8
"""The part of the way from grey to the display's limit that colours go unchanged."""


def largest_channel(pixels: np.ndarray) -> np.ndarray:
    """The largest channel (...) of (..., 3) pixels, four times faster than a reduction over so short an axis."""
    return np.maximum(np.maximum(pixels[..., 0], pixels[..., 1]), pixels[..., 2])


def scaled(linear: np.ndarray, brightness: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The colours of `linear` (H, W, 3), whose brightness (H, W) is `brightness`, at the brightness `wanted`."""
    ratio = np.divide(wanted, brightness, out=np.zeros_like(wanted), where=brightness > 0)
    return linear * ratio[..., None]


def encode(linear: np.ndarray) -> np.ndarray:
    """sRGB-encoded pixels (H, W, 3) in [0, 1] of linear ones whose luminance is in [0, 1].

    A colour with a channel near or above 1 is moved towards the grey of its luminance, gradually from the knee on, so
    that no channel clips: hues stay, lights fade into white.
    """
    grey = transfer.luminance(linear)[..., None]
    colour = linear - grey
    excess = largest_channel(colour)[..., None]
    colour *= _gamut_scale(excess, 1 - grey)
    return transfer.linear_to_srgb(np.clip(grey + colour, 0, 1))


def _gamut_scale(excess: np.ndarray, room: np.ndarray) -> np.ndarray:
    """By how much to shrink a colour `excess` above its grey when there is `room` up to 1: excess * scale <= room."""
    room = np.maximum(room, np.float32(1e-6))
    above = np.maximum(excess / room - np.float32(_KNEE), 0)
    used = np.float32(_KNEE) - np.float32(1 - _KNEE) * np.expm1(-above / np.float32(1 - _KNEE))
    return np.where(above > 0, used * room / np.maximum(excess, np.float32(1e-12)), np.float32(1))
