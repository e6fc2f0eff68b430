"""Where nothing moved, let the noise-optimal merge of all frames correct a network's radiance map.

A merge of frames that agree is closer to the scene than any network; of frames that do not agree it is a ghost. So
every frame is first weighed, pixel by pixel, by how well it agrees with the reference frame under the noise model of
`hdrcli.merging`. Then the merge of what agrees and the network's estimate are averaged, each by one over its variance:
the merge prevails where frames were merged, the network where only a noisy or saturated reference frame is left.
"""

from __future__ import annotations

import numpy as np

from hdrcli import merging
from hdrcli.image import Bracket, Exposure, RadianceMap
from hdrcli.merging import fading
from hdrcli.windows import WINDOW, blurred, slope

COMPARABLE = 0.9
"""Linear level up to which two frames are compared; above, either may be saturated, which then counts as agreement."""

SATURATED = (0.92, 0.97)
"""Linear levels between which a channel comes to count as saturated."""

CLIPPED = (0.985, 0.999)
"""Linear levels of the darkest frame between which nothing is known any more but that light is brighter."""

NETWORK_ERROR = 0.1
"""Standard deviation of a network's radiance, relative: what 38 dB of PSNR-mu mean."""

NETWORK_FLOOR = 2e-4
"""Radiance, in units where the darkest frame saturates at 1, below which its error stops falling: 1 / mu."""

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

DEMOSAICED = 10.0
"""By how much less the noise of RAW frames averages out, in variance: neighbours share values, and in some light red is
amplified. Red was measured at 7; spots of high noise want some room."""

HIGHLIGHTS = (0.35, 0.8)
"""Relative difference to the network between which a frame loses its say where the reference is saturated."""

REACH = 16
"""Pixels around what moved in which saturated areas are in doubt."""

MARGIN = 7
"""Pixels around what moved that are left to the network: its blurred rim."""


def blend(result: RadianceMap, bracket: Bracket) -> RadianceMap:
    """Average a network's radiance map with the merge of what agrees with the reference frame, by their variances.

    `bracket` holds linear, aligned exposures and may have more frames than the network saw. Both are in units of the
    reference frame's white.
    """
    agreement = agreements(bracket, result)
    merged, precision = merging.merge(bracket, agreement)
    precision = np.maximum(precision[..., None], _near_white(bracket, agreement[0]))
    network = result.pixels
    variance = _network_variance(network, merged, precision, bracket, np.minimum.reduce(agreement))
    share = (precision * variance / (precision * variance + 1)).astype(np.float32)
    mixed = network + share * (merged - network)
    return RadianceMap(np.maximum(mixed, _least_light(bracket, agreement)))


def _network_variance(
    network: np.ndarray, merged: np.ndarray, precision: np.ndarray, bracket: Bracket, still: np.ndarray
) -> np.ndarray:
    """The variance of a network's radiance, (H, W, 1): its squared difference from the merge, less the merge's own.

    It is no less than what is to be expected of a good network; near what moved, where the frames' agreement `still` is
    not whole, a difference may be a ghost in the merge and says less.
    """
    darkest_white = 1 / merging.relative_times(bracket)[0]
    expected = np.float32(NETWORK_ERROR) * (network.mean(-1) + np.float32(NETWORK_FLOOR * darkest_white))
    known = precision.min(-1) > 0
    of_merge = np.where(known, 1 / np.maximum(precision.min(-1), 1e-6), 0)
    squared = np.where(known, ((merged - network) ** 2).mean(-1), 0)
    excess = blurred((squared - of_merge).astype(np.float32))
    return np.maximum(expected * expected, excess * still)[..., None]


def _near_white(bracket: Bracket, agreement: np.ndarray) -> np.ndarray:
    """How sure the darkest frame is of each channel close to its white, (H, W, 3) float32.

    There a merge lets it go, for brighter light than it holds may be behind it; but of a channel that is not clipped no
    network knows better.
    """
    darkest = bracket.exposures[0]
    time = float(merging.relative_times(bracket)[0])
    level = np.minimum(darkest.pixels.mean(-1), 1)
    error = merging.noise_variance(level, darkest) + (RESPONSE_ERROR * level) ** 2
    free = fading(darkest.pixels, CLIPPED) if darkest.saturated is None else ~darkest.saturated[..., None]
    return free * (agreement * time**2 / error)[..., None]


def _least_light(bracket: Bracket, agreement: list[np.ndarray]) -> np.ndarray:
    """What the darkest frame proves: where one of its channels is saturated, there is at least so much light."""
    darkest = bracket.exposures[0]
    full = 1 - fading(darkest.pixels, SATURATED) if darkest.saturated is None else darkest.saturated[..., None]
    return darkest.pixels * full * (agreement[0][..., None] / merging.relative_times(bracket)[0])


def agreements(bracket: Bracket, result: RadianceMap) -> list[np.ndarray]:
    """How far each frame shows at each pixel what the reference frame shows, (H, W) float32 in [0, 1].

    1 for the reference itself. Where it is saturated, it can't tell what moved: darker frames that disagree with it
    nearby are held against `result` instead.
    """
    reference = bracket.exposures[bracket.reference]
    times = merging.relative_times(bracket)
    lost = 1 - merging.unsaturated(reference)
    network = blurred(result.pixels.mean(-1))
    black = _black_error(bracket)
    found = []
    for index, exposure in enumerate(bracket.exposures):
        if index == bracket.reference:
            found.append(np.ones(lost.shape, np.float32))
            continue
        same = _agreement(bracket, index, float(times[index]), black)
        if times[index] < 1:
            doubtful = lost * _nearby((1 - same) * (1 - lost))
            same *= 1 - doubtful * (1 - _agreement_with_network(exposure.pixels / times[index], network))
        found.append(same)
    return found


def _black_error(bracket: Bracket) -> np.float32:
    """By how much light the reference errs where it is black by the brightest frame, in its worst channel.

    Noise that a camera clips at black lifts the mean, at high sensitivity by several times what is usual; others set
    what is nearly black to 0. The median is taken over all that is black, so that what moved does not count.
    """
    brightest, time = bracket.exposures[-1], merging.relative_times(bracket)[-1]
    if time <= 1:
        return np.float32(0)
    light = blurred(brightest.pixels) / time
    black = (light.max(-1) < BLACK) & (merging.unsaturated(brightest) == 1)
    if brightest.valid is not None:
        black &= brightest.valid
    excess = (blurred(bracket.exposures[bracket.reference].pixels) - light)[black]
    return np.abs(np.median(excess, 0)).max() if len(excess) else np.float32(0)


def _agreement(bracket: Bracket, index: int, time: float, black: np.float32) -> np.ndarray:
    """Agreement of a frame of relative exposure `time` with the reference, within noise.

    `black` is the reference's own error at black.
    """
    frame, reference = bracket.exposures[index], bracket.exposures[bracket.reference]
    highest = COMPARABLE * min(1, 1 / time)
    seen = np.minimum(frame.pixels / np.float32(time), highest)
    wanted = np.minimum(reference.pixels, highest)
    grey = wanted.mean(-1)
    level = np.minimum(blurred(grey), highest)
    noise = merging.noise_variance(level * np.float32(time), frame) / time**2
    noise += merging.noise_variance(level, reference)
    place = PLACE_ERROR[frame.valid is not None]
    systematic = (RESPONSE_ERROR * level) ** 2 + (place * slope(grey)) ** 2 + (BLACK_ERROR / time) ** 2 + black**2
    difference = _contradiction(seen - wanted, frame, reference)
    squared = blurred((difference * difference).mean(-1) / (noise + systematic))
    mean = np.stack([blurred(difference[..., c]) for c in range(3)], -1)
    independent = 4 * np.pi * WINDOW**2 / (1 if reference.saturated is None else DEMOSAICED)
    windowed = (mean * mean).max(-1) / (noise / independent + systematic)
    quiet = _noise_scale(squared)
    same = (fading(squared / quiet, PIXELWISE) * fading(windowed / quiet, WINDOWED)).astype(np.float32)
    if frame.valid is not None:
        same *= frame.valid
    return _without_rim(same)


def _contradiction(difference: np.ndarray, frame: Exposure, reference: Exposure) -> np.ndarray:
    """The difference (H, W, 3) of a frame to the reference less what saturation explains: there may be more light."""
    for exposure, explained in ((frame, np.maximum), (reference, np.minimum)):
        if exposure.saturated is not None:
            proven = explained(difference.mean(-1, keepdims=True), 0)
            difference = np.where(exposure.saturated[..., None], proven, difference)
    return difference


def _noise_scale(squared: np.ndarray) -> float:
    """By how much the frames are noisier than the model, 1 to 6: told by the third of the scene that differs least."""
    return float(np.clip(np.percentile(squared[::2, ::2], 33), 1, 6))


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
