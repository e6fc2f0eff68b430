"""Where nothing moved, let the noise-optimal merge of all frames correct a network's radiance map.

A merge of frames that agree is closer to the scene than any network; of frames that do not agree it is a ghost. So
every frame is first weighed, pixel by pixel, by how well it agrees with the reference frame under the noise model of
`hdrcli.merging`. Then the merge of what agrees and the network's estimate are averaged, each by one over its variance:
the merge prevails where frames were merged, the network where only a noisy or saturated reference frame is left.
"""

from __future__ import annotations

import numpy as np

from hdrcli import merging, noise
from hdrcli.agreement import RESPONSE_ERROR, agreements
from hdrcli.image import Bracket, RadianceMap
from hdrcli.strips import overwritten
from hdrcli.transfer import fading
from hdrcli.windows import RADIUS, blurred

SATURATED = (0.92, 0.97)
"""Linear levels between which a channel comes to count as saturated."""

CLIPPED = (0.985, 0.999)
"""Linear levels of the darkest frame between which nothing is known any more but that light is brighter."""

NETWORK_ERROR = 0.1
"""Standard deviation of a network's radiance, relative: what 38 dB of PSNR-mu mean."""

NETWORK_FLOOR = 2e-4
"""Radiance, in units where the darkest frame saturates at 1, below which its error stops falling: 1 / mu."""


def blend(result: RadianceMap, bracket: Bracket) -> RadianceMap:
    """Average a network's radiance map with the merge of what agrees with the reference frame, by their variances.

    `bracket` holds linear, aligned exposures and may have more frames than the network saw. Both are in units of the
    reference frame's white. `result` is used up: the average takes its place in memory.
    """
    agreement = agreements(bracket, result)
    if (covering := merging.covering(bracket)) is not None:
        agreement = [agreed * weight for agreed, weight in zip(agreement, covering, strict=True)]
    for part, network in overwritten(result.pixels, RADIUS):
        around = bracket.cut(*part.around)
        mixed = _averaged(network, around, [agreed[part.around] for agreed in agreement])
        result.pixels[part.place] = mixed[part.within]
    return result


def _averaged(network: np.ndarray, bracket: Bracket, agreement: list[np.ndarray]) -> np.ndarray:
    """The average (H, W, 3) of the network's radiance and of the merge of frames by how far each agrees."""
    merged, precision = merging.merge(bracket, agreement)
    precision = np.maximum(precision, _near_white(bracket, agreement[0]))
    variance = _network_variance(network, merged, precision, bracket, np.minimum.reduce(agreement))
    share = (precision * variance / (precision * variance + 1)).astype(np.float32)
    mixed = network + share * (merged - network)
    return np.maximum(mixed, _least_light(bracket, agreement))


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
    pixels = darkest.pixels
    level = np.minimum(pixels.mean(-1), 1)
    error = noise.variance(level, darkest) + (RESPONSE_ERROR * level) ** 2
    free = fading(pixels, CLIPPED) if darkest.saturated is None else ~darkest.saturated[..., None]
    return free * (agreement * time**2 / error)[..., None]


def _least_light(bracket: Bracket, agreement: list[np.ndarray]) -> np.ndarray:
    """What the darkest frame proves: where one of its channels is saturated, there is at least so much light."""
    darkest = bracket.exposures[0]
    pixels = darkest.pixels
    full = 1 - fading(pixels, SATURATED) if darkest.saturated is None else darkest.saturated[..., None]
    return pixels * full * (agreement[0][..., None] / merging.relative_times(bracket)[0])
