"""How far the frames of a bracket show what its reference frame shows, pixel by pixel, within noise.

What has no bound, the noise of a frame and the error of black, is told by the whole picture; all else by the window
around a pixel. So it is worked out part by part, and takes little memory beside its results.
"""

from __future__ import annotations

import numpy as np

from hdrcli import merging, noise
from hdrcli.image import Bracket, Exposure, RadianceMap
from hdrcli.motion import Motion
from hdrcli.sampling import enlarged
from hdrcli.strips import Place, blocks, overwritten
from hdrcli.transfer import fading
from hdrcli.windows import RADIUS, WINDOW, blurred, slope

COMPARABLE = 0.9
"""Linear level up to which two frames are compared; above, either may be saturated, which then counts as agreement."""

RESPONSE_ERROR = 0.03
"""Relative difference between frames that flicker, vignetting and an inexact response make without any motion."""

BLACK_ERROR = 1e-3
"""Level, as a fraction of white, by which noise that is clipped at black lifts the mean."""

BLACK = 2e-3
"""Light, as a fraction of the reference's white, below which the reference shows its black level, if frames of longer
exposure say so."""

PLACE_ERROR = (0.05, 0.15)
"""Displacement, in pixels, that is left in frames that were not warped and in frames that were."""

PIXELWISE = (1.5, 3.0)
"""Mean squared difference, in variances, from which agreement fades and at which it is gone."""

WINDOWED = (5.0, 14.0)
"""The same for the square of the mean difference: it finds faint motion that noise hides in single pixels."""

STILL, NOISIEST = 70, 40.0
"""Per cent of what did not move that is to agree, and how many times the variance of noise that may take at most."""

DIM = (0.003, 0.007)
"""Light of the reference below which it is too dark to tell what moved, and from which it tells."""

DEMOSAICED = 10.0
"""By how much less the noise of RAW frames averages out, in variance: neighbours share values, and in some light red is
amplified. Red was measured at 7; spots of high noise want some room."""

HIGHLIGHTS = (0.35, 0.8)
"""Relative difference to the network between which a frame loses its say where the reference is saturated."""

REACH = 16
"""Pixels around what moved in which saturated areas are in doubt."""

MARGIN = 7
"""Pixels around what moved that are left to the network: its blurred rim."""


def agreements(bracket: Bracket, result: RadianceMap, motion: Motion, near: np.ndarray) -> list[np.ndarray]:
    """How far each frame shows at each pixel what the reference frame shows, (H, W) float32 in [0, 1].

    It is 1 where it is not `near` (h, w) what moved, and for the reference itself. Where the reference is saturated, it
    can't tell what moved: darker frames that disagree with it nearby are held against `result` instead.
    """
    width, height = bracket.exposures[0].size
    times = merging.relative_times(bracket)
    black = _black_error(bracket)
    found = []
    for index in range(len(times)):
        if index == bracket.reference:
            found.append(np.broadcast_to(np.float32(1), (height, width)))
            continue
        same = _within_noise(bracket, index, black, motion, near)
        if times[index] < 1:
            _hold_against(result, same, bracket, index)
        found.append(same)
    return found


def _hold_against(result: RadianceMap, same: np.ndarray, bracket: Bracket, index: int) -> None:
    """Take from the agreement `same` of a darker frame what `result` contradicts where the reference is saturated."""
    time = merging.relative_times(bracket)[index]
    for part, agreed in overwritten(same, 2 * REACH):
        around = bracket.cut(*part.around)
        lost = 1 - merging.unsaturated(around.exposures[bracket.reference])
        if not lost[part.within].any():
            continue
        doubtful = lost * _nearby((1 - agreed) * (1 - lost))
        network = blurred(result.pixels[part.around].mean(-1))
        kept = 1 - doubtful * (1 - _agreement_with_network(around.exposures[index].pixels / time, network))
        same[part.place] *= kept[part.within]


def _black_error(bracket: Bracket) -> np.float32:
    """By how much light the reference errs where it is black by the brightest frame, in its worst channel.

    Noise that a camera clips at black lifts the mean, at high sensitivity by several times what is usual; others set
    what is nearly black to 0. The median is taken over all that is black, so that what moved does not count.
    """
    time = merging.relative_times(bracket)[-1]
    if time <= 1:
        return np.float32(0)
    found = []
    for part in blocks(bracket.exposures[0].stored.shape, RADIUS):
        around = bracket.cut(*part.around)
        brightest = around.exposures[-1]
        light = blurred(brightest.pixels) / time
        black = (light.max(-1) < BLACK) & (merging.unsaturated(brightest) == 1)
        if brightest.valid is not None:
            black &= brightest.valid
        black = black[part.within]
        if black.any():
            seen = blurred(around.exposures[bracket.reference].pixels)
            found.append((seen - light)[part.within][black])
    excess = [np.concatenate([some[:, channel] for some in found]) for channel in range(3)] if found else []
    return np.float32(max((abs(np.median(each, overwrite_input=True)) for each in excess), default=0))


def _within_noise(bracket: Bracket, index: int, black: np.float32, motion: Motion, near: np.ndarray) -> np.ndarray:
    """Agreement of a frame with the reference, (H, W), within noise; `black` is the reference's own error at black.

    Frames differ by more than noise, in variance: responses are known to a tenth of a stop. What did not move tells by
    how much; most frames by so little that one pass is enough.
    """
    agreed, differing = _compared(bracket, index, black, 1.0, near)
    still = differing[_every_second((near > 0) & ~motion.anywhere, differing.shape)]
    if not len(still):
        return agreed
    noisier = float(np.clip(np.percentile(still, STILL) / PIXELWISE[0], 1, NOISIEST))
    return agreed if noisier == 1 else _compared(bracket, index, black, noisier, near)[0]


def _every_second(mask: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    import cv2

    return cv2.resize(mask.astype(np.uint8), shape[1::-1], interpolation=cv2.INTER_NEAREST) > 0


def _compared(
    bracket: Bracket, index: int, black: np.float32, noisier: float, near: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Agreement (H, W) of a frame that is so much `noisier`, and by how many variances every second pixel differs.

    The less `near` a place is, the more it agrees. Parts that are not near at all are passed over.
    """
    width, height = bracket.exposures[0].size
    agreed = np.ones((height, width), np.float32)
    differing = np.zeros((-(-height // 2), -(-width // 2)), np.float32)
    for part in blocks(agreed.shape, 2 * RADIUS + MARGIN + 1):
        if not _cut(near, part.place, agreed.shape).any():
            continue
        around = bracket.cut(*part.around)
        squared, windowed = _differences(around, index, black)
        every_second = tuple(slice(place.start // 2, -(-place.stop // 2)) for place in part.place)
        differing[every_second] = squared[part.within][::2, ::2]
        same = fading(squared / noisier, PIXELWISE) * fading(windowed / noisier, WINDOWED)
        valid = around.exposures[index].valid
        same = _without_rim(same if valid is None else same * valid)
        told = 1 - fading(blurred(around.exposures[bracket.reference].pixels).mean(-1), DIM)
        told *= enlarged(near, part.around, agreed.shape)
        agreed[part.place] = (1 - told * (1 - same))[part.within]
    return agreed, differing


def _cut(small: np.ndarray, place: Place, shape: tuple[int, ...]) -> np.ndarray:
    """What a map made small has of a part of the picture, and a little more."""
    bounds = [
        slice(int(one.start * side / whole), int(one.stop * side / whole) + 2)
        for one, side, whole in zip(place, small.shape, shape, strict=True)
    ]
    return small[tuple(bounds)]


def _differences(bracket: Bracket, index: int, black: np.float32) -> tuple[np.ndarray, np.ndarray]:
    """In variances, (H, W) each: mean squared difference of a frame to the reference, and that of the means, squared.

    `black` is the reference's own error at black.
    """
    frame, reference = bracket.exposures[index], bracket.exposures[bracket.reference]
    time = float(merging.relative_times(bracket)[index])
    highest = COMPARABLE * min(1, 1 / time)
    seen = np.minimum(frame.pixels / np.float32(time), highest)
    wanted = np.minimum(reference.pixels, highest)
    grey = wanted.mean(-1)
    level = np.minimum(blurred(grey), highest)
    variance = noise.variance(level * np.float32(time), frame) / time**2
    variance += noise.variance(level, reference)
    place = PLACE_ERROR[frame.valid is not None]
    systematic = (RESPONSE_ERROR * level) ** 2 + (place * slope(grey)) ** 2 + (BLACK_ERROR / time) ** 2 + black**2
    difference = _contradiction(seen - wanted, frame, reference)
    squared = blurred((difference * difference).mean(-1) / (variance + systematic))
    mean = blurred(difference)
    independent = 4 * np.pi * WINDOW**2 / (1 if reference.saturated is None else DEMOSAICED)
    return squared, (mean * mean).max(-1) / (variance / independent + systematic)


def _contradiction(difference: np.ndarray, frame: Exposure, reference: Exposure) -> np.ndarray:
    """The difference (H, W, 3) of a frame to the reference less what saturation explains: there may be more light."""
    for exposure, explained in ((frame, np.maximum), (reference, np.minimum)):
        if exposure.saturated is not None:
            proven = explained(difference.mean(-1, keepdims=True), 0)
            difference = np.where(exposure.saturated[..., None], proven, difference)
    return difference


def _nearby(moved: np.ndarray) -> np.ndarray:
    """The most that moved within REACH pixels, with a soft edge."""
    import cv2

    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * REACH + 1, 2 * REACH + 1))
    return cv2.GaussianBlur(cv2.dilate(moved, disc), (0, 0), REACH / 4, borderType=cv2.BORDER_REFLECT)


def _agreement_with_network(seen: np.ndarray, network: np.ndarray) -> np.ndarray:
    """Agreement of a frame's radiance (H, W, 3) with the network's blurred mean (H, W): the reference can't tell."""
    difference = np.abs(blurred(seen.mean(-1)) - network)
    return fading(difference / np.maximum(network, np.float32(1e-6)), HIGHLIGHTS)


def _without_rim(same: np.ndarray) -> np.ndarray:
    """Agreement less a margin around what does not agree, with a soft edge."""
    import cv2

    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (MARGIN, MARGIN))
    return cv2.GaussianBlur(cv2.erode(same, disc), (0, 0), 1.0, borderType=cv2.BORDER_REFLECT)
