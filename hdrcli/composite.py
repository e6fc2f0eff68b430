"""The merge of all frames where nothing moved, and one consistent source where something did.

A merge of frames that agree is closer to the scene than any network; of frames that do not agree it is a ghost. Which
is which, `hdrcli.motion` says. Around what moved, a network's estimate and the merge of the frames that show what the
reference frame shows are averaged, each by one over its variance. Without a network each region that moved comes from
the frame that shows it best, alone; what that one has as white is filled from around.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hdrcli import merging, noise
from hdrcli.agreement import RESPONSE_ERROR, agreements
from hdrcli.image import Bracket, RadianceMap
from hdrcli.motion import Motion
from hdrcli.pyramids import filled
from hdrcli.sampling import averaged, enlarged
from hdrcli.strips import overwritten
from hdrcli.transfer import fading, largest_channel
from hdrcli.windows import RADIUS, blurred

NEAR = 48, 96
"""Pixels of the map around what moved up to which frames are held against the reference frame pixel by pixel, and from
which they are not."""

MATCHED = 1.5
"""Stops, at most, by which a network's light is brought to that of the merge around it."""

EXPOSED = 0.001, 0.8
"""Levels of the reference frame between which a network's light should be that of the merge."""

SMOOTH = 16.0
"""Standard deviation, in pixels of the map, of what that is told by: it is of the light, not of its texture."""

SATURATED = (0.92, 0.97)
"""Linear levels between which a channel comes to count as saturated."""

CLIPPED = (0.985, 0.999)
"""Linear levels of the darkest frame between which nothing is known any more but that light is brighter."""

NETWORK_ERROR = 0.1
"""Standard deviation of a network's radiance, relative: what 38 dB of PSNR-mu mean."""

NETWORK_FLOOR = 2e-4
"""Radiance, in units where the darkest frame saturates at 1, below which its error stops falling: 1 / mu."""

REFERENCE_BLACK = 1e-3
"""Error of a network's radiance where the reference frame, by which it goes, is black, as a fraction of its white."""

TURNED = 0.5
"""How far a network's colours are turned to those around where something moved before the reference frame's white: they
are guesses, and the eye sees a tint sooner than a wrong brightness."""

UNKNOWN = 1e-3
"""Precision below which no frame that counts shows a place below its white."""

WHITE, BLACK = 0.9, 0.004
"""Levels from which, and under which, a frame shows little of a region."""

PREFERRED = 0.25
"""Share of a region that the reference frame may show worse than another, and still be taken."""


def merged(bracket: Bracket) -> RadianceMap:
    """The merge of all frames, of which nothing moved."""
    return RadianceMap(merging.radiance(bracket, merging.covering(bracket)))


def with_network(result: RadianceMap, bracket: Bracket, motion: Motion) -> RadianceMap:
    """The merge of all frames, and a network's radiance map where it is the better of the two.

    `bracket` holds linear, aligned exposures and may have more frames than the network saw. Both are in units of the
    reference frame's white. `result` is used up: the composite takes its place in memory.
    """
    near = _near(motion)
    agreement = agreements(bracket, result, motion, near)
    covering = merging.covering(bracket)
    match = _match(result, bracket, motion)
    shape = result.pixels.shape
    for part, network in overwritten(result.pixels, RADIUS + 1):  # textures of the rim, too, have a pixel around
        rows, around = part.around[0], bracket.cut(*part.around)
        close = enlarged(near, part.around, shape)
        weights = []
        for index, agreed in enumerate(agreement):
            weight = agreed[rows] * (1 - enlarged(motion.frames[index].astype(np.float32), part.around, shape))
            weights.append(weight if covering is None else weight * covering[index][rows])
        moved = enlarged(motion.anywhere.astype(np.float32), part.around, shape)
        matched = network * np.exp2(enlarged(match, part.around, shape))
        result.pixels[part.place] = _averaged(matched, around, weights, close, moved)[part.within]
    return result


def without_network(bracket: Bracket, motion: Motion) -> RadianceMap:
    """The merge of all frames, in units of the reference frame's white; each region that moved is of one frame."""
    if not motion:
        return merged(bracket)
    covering, shape = merging.covering(bracket), bracket.exposures[0].stored.shape
    kept, unseen = _sources(_small(bracket, motion.anywhere.shape[::-1]), motion)
    weights = [enlarged(plane, (slice(0, shape[0]), slice(0, shape[1])), shape) for plane in kept]
    if covering is not None:
        weights = [weight * covered for weight, covered in zip(weights, covering, strict=True)]
    light = merging.radiance(bracket, weights)
    return RadianceMap(_filled(light, unseen) if unseen.any() else light)


def _near(motion: Motion) -> np.ndarray:
    """How near to what moved each place of the map is, (h, w) float32: 1 there, 0 far from it."""
    import cv2

    distance = cv2.distanceTransform(1 - motion.anywhere.astype(np.uint8), cv2.DIST_L2, 5)
    return fading(distance, NEAR)


def _match(result: RadianceMap, bracket: Bracket, motion: Motion) -> np.ndarray:
    """Stops, (h, w, 3) float32, by which the network's light is raised to meet the merge around what moved."""
    import cv2

    size = motion.anywhere.shape[::-1]
    network = cv2.resize(result.pixels, size, interpolation=cv2.INTER_AREA)
    small = _small(bracket, size)
    reference = small.exposures[bracket.reference].pixels
    low, high = EXPOSED
    known = (reference.min(-1) > low) & (largest_channel(reference) < high) & ~motion.anywhere & (network.min(-1) > 0)
    light = merging.radiance(small)
    floor = np.float32(1e-6)
    stops = np.log2(np.maximum(light, floor)) - np.log2(np.maximum(network, floor))
    around = filled(np.clip(stops, -MATCHED, MATCHED), known.astype(np.float32))
    return cv2.GaussianBlur(around, (0, 0), SMOOTH) + _colour(light, network, reference, motion)


def _colour(light: np.ndarray, network: np.ndarray, reference: np.ndarray, motion: Motion) -> np.ndarray:
    """Stops, (h, w, 3), that turn what moved before the reference's white to the colour of what is around."""
    import cv2

    floor = np.float32(1e-6)
    known = (~motion.anywhere).astype(np.float32)
    around = filled(np.log2(np.maximum(light, floor)), known)
    own = np.log2(np.maximum(network, floor))
    turned = (around - around.mean(-1, keepdims=True)) - (own - own.mean(-1, keepdims=True))
    white = motion.anywhere & (largest_channel(reference) > WHITE)
    share = cv2.GaussianBlur(white.astype(np.float32), (0, 0), 2.0) * white
    return turned * (TURNED * share[..., None])


def _small(bracket: Bracket, size: tuple[int, int]) -> Bracket:
    """The bracket at the size of the map, for light that need not be exact."""
    import cv2

    small = []
    for one in bracket.exposures:
        valid = (
            None
            if one.valid is None
            else cv2.resize(one.valid.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
        )
        small.append(replace(one, stored=averaged(one, size), valid=valid, clipped=None, sensor=None, table=None))
    return bracket.with_exposures(small)


def _averaged(
    network: np.ndarray, bracket: Bracket, weights: list[np.ndarray], near: np.ndarray, moved: np.ndarray
) -> np.ndarray:
    """The average (h, w, 3) of the network's radiance and of the merge of frames that weigh so much.

    Far from what moved it is the merge, wherever any frame shows what is there.
    """
    light, precision = merging.merge(bracket, weights)
    known = np.minimum(precision.min(-1, keepdims=True) / np.float32(UNKNOWN), 1)
    precision = np.maximum(precision, _near_white(bracket, weights[0]))
    variance = _network_variance(network, light, precision, bracket, np.minimum.reduce(weights))
    share = precision * variance / (precision * variance + 1)
    inside = (moved > 0.5)[..., None]  # one share for all channels, for a mixture of two things has the colour of none
    share = np.where(inside, share.min(-1, keepdims=True), share)
    share = 1 - np.maximum(near[..., None], 1 - known) * (1 - share)
    mixed = network + share * (light - network)
    return np.maximum(mixed, _least_light(bracket, weights))


def _network_variance(
    network: np.ndarray, light: np.ndarray, precision: np.ndarray, bracket: Bracket, still: np.ndarray
) -> np.ndarray:
    """The variance of a network's radiance, (h, w, 1): its squared difference from the merge, less the merge's own.

    It is no less than what is to be expected of a good network; near what moved, where not all frames count (`still`),
    a difference may be a ghost in the merge and says less.
    """
    darkest_white = 1 / merging.relative_times(bracket)[0]
    expected = np.float32(NETWORK_ERROR) * (network.mean(-1) + np.float32(NETWORK_FLOOR * darkest_white))
    expected = np.maximum(expected, np.float32(REFERENCE_BLACK))
    known = precision.min(-1) > 0
    of_merge = np.where(known, 1 / np.maximum(precision.min(-1), 1e-6), 0)
    squared = np.where(known, ((light - network) ** 2).mean(-1), 0)
    excess = blurred((squared - of_merge).astype(np.float32))
    return np.maximum(expected * expected, excess * still)[..., None]


def _near_white(bracket: Bracket, weight: np.ndarray) -> np.ndarray:
    """How sure the darkest frame, of this weight (h, w), is of each channel close to its white, (h, w, 3) float32.

    There a merge lets it go, for brighter light than it holds may be behind it; but of a channel that is not clipped no
    network knows better.
    """
    darkest = bracket.exposures[0]
    time = float(merging.relative_times(bracket)[0])
    pixels = darkest.pixels
    level = np.minimum(pixels.mean(-1), 1)
    error = noise.variance(level, darkest) + (RESPONSE_ERROR * level) ** 2
    free = fading(pixels, CLIPPED) if darkest.saturated is None else ~darkest.saturated[..., None]
    return free * (weight * time**2 / error)[..., None]


def _least_light(bracket: Bracket, weights: list[np.ndarray]) -> np.ndarray:
    """What the darkest frame proves: where one of its channels is saturated, there is at least so much light."""
    darkest = bracket.exposures[0]
    pixels = darkest.pixels
    full = 1 - fading(pixels, SATURATED) if darkest.saturated is None else darkest.saturated[..., None]
    return pixels * full * (weights[0][..., None] / merging.relative_times(bracket)[0])


def _sources(small: Bracket, motion: Motion) -> tuple[list[np.ndarray], np.ndarray]:
    """Weights (h, w) float32 of the frames of a bracket made small, and where the chosen frame is white, (h, w) bool.

    Each region of what moved is of the frame that has least of it white or black, and, if that is the reference, of all
    frames that show the same.
    """
    import cv2

    brightest = [largest_channel(one.pixels) for one in small.exposures]
    hidden = [False if one.valid is None else ~one.valid for one in small.exposures]
    lost = [(one > WHITE) | (one < BLACK) | outside for one, outside in zip(brightest, hidden, strict=True)]
    anywhere = motion.anywhere.astype(np.uint8)
    count, labels = cv2.connectedComponents(anywhere)
    inner = cv2.distanceTransform(anywhere, cv2.DIST_L2, 5)  # its middle tells more than its rim
    sizes = np.maximum(np.bincount(labels.ravel(), inner.ravel(), count), 1)
    shares = np.array([np.bincount(labels[poor], inner[poor], count) / sizes for poor in lost])
    shares[small.reference] -= PREFERRED
    chosen = shares.argmin(0)[labels]
    kept = []
    for index, moved in enumerate(motion.frames):
        of_others = (chosen == small.reference) & ~moved
        kept.append(np.where(motion.anywhere, (chosen == index) | of_others, True).astype(np.float32))
    of_chosen = np.take_along_axis(np.stack(brightest), chosen[None], 0)[0]
    return kept, motion.anywhere & (of_chosen > WHITE)


def _filled(light: np.ndarray, unseen: np.ndarray) -> np.ndarray:
    """Light (H, W, 3) that is no darker than its surroundings where, on the map, the chosen frame is white."""
    import cv2

    small = np.log2(np.maximum(cv2.resize(light, unseen.shape[::-1], interpolation=cv2.INTER_AREA), np.float32(1e-6)))
    around = filled(small, 1 - cv2.dilate(unseen.astype(np.float32), np.ones((3, 3), np.uint8)))
    for part, pixels in overwritten(light, 1):
        share = enlarged(unseen.astype(np.float32), part.around, light.shape)[..., None]
        smooth = np.exp2(enlarged(around, part.around, light.shape))
        light[part.place] = (pixels + share * np.maximum(smooth - pixels, 0))[part.within]
    return light
