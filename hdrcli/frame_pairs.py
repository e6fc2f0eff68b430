"""What pairs of frames say of the camera's response: encoded values that two exposures gave one and the same light.

Pixels speak if all around them both frames are below white, above black and flat (beside edges values are JPEG's and
the lens's as much as the scene's). Of each level equally many are taken, the flattest and greyest: a camera turns
saturated colours by more than its curve, and JPEG halves the resolution of colours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hdrcli.image import Exposure
from hdrcli.sampling import averaged, covered, reduced_size
from hdrcli.transfer import srgb_to_linear

PIXELS = 100_000
"""Frames are averaged down to so many pixels at most, which leaves little noise, coding and misplacement."""

BELOW, ABOVE = 10 / 255, 246 / 255
"""Encoded values that speak: below is black level and noise, above what JPEG makes of white."""

RIM = 7
"""Side, in pixels, of the square that must be below white: light blooms, and JPEG blurs by blocks."""

GROUPS, SAMPLES = 24, 16
"""Groups of levels, equally wide in encoded values, and how many values are taken from each at most."""

LEAST_PIXELS = 40
"""A group of fewer says nothing."""

STEP = (0.8, 7.0)
"""Stops between the frames of a pair: less shows little of a curve, more leaves little that both frames show."""

FAR, BELOW_FAR = 3.5, 3 / 255
"""Stops from which frames share no more than the darker one's shadows, and the value from which these then speak."""

LEVEL_ERROR = 0.03
"""Stops by which values err beside coding: flicker, and lens flare that moves with the camera."""

BLACK_ERROR = 1e-3
"""Linear light, as a fraction of white, by which noise that is clipped at black lifts a mean."""

GREY = 1.0
"""Stops between the channels of a pixel at which it counts half."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """Encoded values of the same light in the darker and the brighter frame of pairs, each (N,), in [0, 1].

    `frames` (P, 2) are the places of the two frames of each pair; `pair` (N,) is the pair of a value, `group` (N,) its
    pair, channel and level in one number; `weight` (N,) is one over the variance of log2 of the ratio, in stops.
    """

    dark: np.ndarray
    bright: np.ndarray
    frames: np.ndarray
    pair: np.ndarray
    group: np.ndarray
    weight: np.ndarray

    def where(self, chosen: np.ndarray) -> Pairs:
        """The values for which `chosen` (N,) is true."""
        values = (self.dark, self.bright, self.pair, self.group, self.weight)
        dark, bright, pair, group, weight = (value[chosen] for value in values)
        return Pairs(dark, bright, self.frames, pair, group, weight)


@dataclass(frozen=True, eq=False)
class _View:
    """A frame made small and smooth: (h, w, 3) values, how rough they are around, and where they speak."""

    values: np.ndarray
    roughness: np.ndarray
    speaks: np.ndarray


def find(exposures: Sequence[Exposure], stops: np.ndarray) -> Pairs:
    """The pairs of display-encoded exposures, `stops` (N,) apart in ascending order: each with the next one far enough.

    Pairs that have nothing to say are left out; there may be none.
    """
    views = [_view(exposure) for exposure in exposures]
    frames: list[tuple[int, int]] = []
    found = []
    for dark in range(len(stops) - 1):
        bright = next((k for k in range(dark + 1, len(stops)) if stops[k] - stops[dark] >= STEP[0]), None)
        if bright is None or stops[bright] - stops[dark] > STEP[1]:
            continue
        least = BELOW if stops[bright] - stops[dark] <= FAR else BELOW_FAR
        values = _compared(views[dark], views[bright], 3 * GROUPS * len(frames), least)
        if len(values):
            found.append(np.column_stack([values, np.full(len(values), len(frames))]))
            frames.append((dark, bright))
    whole = np.concatenate(found) if found else np.empty((0, 5))
    dark_values, bright_values, weight, group, pair = whole.T
    places = np.array(frames, int).reshape(-1, 2)
    return Pairs(dark_values, bright_values, places, pair.astype(int), group.astype(int), weight)


def _view(exposure: Exposure) -> _View:
    import cv2

    size = reduced_size(exposure.size, PIXELS)
    pixels = np.clip(averaged(exposure, size), 0, 1)
    near, around = np.ones((3, 3), np.uint8), np.ones((RIM, RIM), np.uint8)
    roughness = (cv2.dilate(pixels, near) - cv2.erode(pixels, near)).max(-1)
    speaks = cv2.dilate(pixels.max(-1), around) < ABOVE
    whole = covered(exposure, size).astype(np.uint8)
    speaks &= cv2.erode(whole, near, borderType=cv2.BORDER_REPLICATE) > 0
    return _View(cv2.blur(pixels, (3, 3)), roughness, speaks)


def _compared(dark: _View, bright: _View, first_group: int, least: float) -> np.ndarray:
    """(N, 4): values of the darker and the brighter frame, weight and group, of the pixels that speak best.

    `least` is the encoded value from which the darker frame speaks.
    """
    light = np.maximum(srgb_to_linear(bright.values), np.float32(1e-4))
    colour = np.log2(light.max(-1) / light.min(-1))
    both = dark.speaks & bright.speaks
    chosen = []
    for channel in range(3):
        one, other = dark.values[..., channel], bright.values[..., channel]
        places = np.flatnonzero(both & (one > least) & (other < ABOVE) & (other > BELOW))
        level = np.minimum((one.flat[places] + other.flat[places]) / 2 * GROUPS, GROUPS - 1).astype(int)
        rough = dark.roughness.flat[places] / one.flat[places] + bright.roughness.flat[places] / other.flat[places]
        worst = rough + colour.flat[places] / GREY
        for group in np.unique(level):
            member = np.flatnonzero(level == group)
            if len(member) < LEAST_PIXELS:
                continue
            best = member[np.argsort(worst[member], kind="stable")[: max(SAMPLES, len(member) // 2)]]
            some = best[np.linspace(0, len(best) - 1, SAMPLES).astype(int)]
            pixels = places[some]
            values = one.flat[pixels].astype(float), other.flat[pixels].astype(float)
            weight = 1 / _variance(*values) / (1 + (colour.flat[pixels] / GREY) ** 2)
            number = np.full(SAMPLES, first_group + channel * GROUPS + group)
            chosen.append(np.column_stack([*values, weight, number]))
    return np.concatenate(chosen) if chosen else np.empty((0, 4))


def _variance(dark: np.ndarray, bright: np.ndarray) -> np.ndarray:
    """Variance, in stops squared, of log2(bright / dark) of two encoded values with an error of one 8-bit step."""
    total = np.full_like(dark, LEVEL_ERROR**2)
    for value in (dark, bright):
        light = srgb_to_linear(value)
        step = srgb_to_linear(value + 1 / 255) - light
        total += ((step / light) ** 2 / 2 + (BLACK_ERROR / light) ** 2) / np.log(2) ** 2
    return total
