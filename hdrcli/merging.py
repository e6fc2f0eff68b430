"""Merge linear exposures into a radiance map: the average of least noise, under a model of what a pixel's noise is.

A frame of relative exposure t sees radiance E as the level y = E t, so y / t estimates E with variance var(y) / t^2.
The best average weights it with t^2 / var(y) (Debevec & Malik 1997, eq. 6, with the weights of Granados et al. 2010,
"Optimal HDR reconstruction with linear digital cameras"). With photon noise alone that is sum(y) / sum(t). The variance
is taken at the level that all frames together predict, not at the frame's own noisy one: weights from noisy levels
favour the values that err towards black.

The three channels are merged each by itself: of a sunset, a long exposure still tells blue where its red is white. For
RAW frames these are the channels of the sensor, where saturation is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hdrcli.errors import ExposureError
from hdrcli.image import Bracket, Exposure, Sensor
from hdrcli.noise import NoiseTable
from hdrcli.parallel import each
from hdrcli.strips import grown, strips
from hdrcli.transfer import fading, largest_channel, luminance
from hdrcli.windows import slope

SATURATION = (0.9, 0.98)
"""Linear levels between which a channel's weight falls to nothing."""

WHOLE_PIXEL = (0.8, 0.95)
"""The same where a pixel has one weight for its three channels."""

BESIDE_WHITE = (0.6, 0.8)
"""The same for the first estimate, of a channel of a coded frame whose brightest channel is white: JPEG codes colours
at half the resolution, so that a clipped channel may come out this dark. What darker frames show then tells."""

LEAST_WEIGHT = 1e-6
"""What the darkest frame keeps of its weight when saturated, so that pixels saturated in all frames take it alone."""

UNBOUNDED = 16.0
"""Level that no channel reaches: the white of RAW frames of which only the pixel is known to be saturated."""

CLIPPED = (0.92, 0.97)
"""Linear levels between which a channel comes to prove that there is at least so much light."""

PROOF = 0.9
"""Share of its own light that a clipped channel proves: EXIF rounds times by up to 7 %."""

CONTRADICTION = 2.0**0.25, 3.0
"""A darker frame allows such a proof up to this factor of its own light and so many standard deviations: what is more
has moved, or is not of the exposure that it is said to be."""

FEATHER = 0.03
"""Share of the diagonal over which a frame's weight grows from the border of what it covers: where frames disagree in
brightness by a little, a sudden border would show."""

PLACE = 0.3
"""Pixels by which what a warped frame shows may be out of its place: of texture, the reference frame counts the more,
so that a merge is as sharp."""

DIM = (0.01, 0.06)
"""Light, in whites of the reference frame, under which that is too dark for this, and from which it is not."""


@dataclass(frozen=True, eq=False)
class _Channel:
    """One channel of some rows of an exposure, each of its planes (h, w) float32.

    `level` is what it shows; `counts` the weight of its frame; `free` that weight as far as the channel is not
    saturated, `sure` as far as it cannot be, whatever coding has done; `proven` the least light that it proves where it
    is clipped; `time` the relative exposure; `place` the pixels by which it may be out of its place.
    """

    level: np.ndarray
    free: np.ndarray
    sure: np.ndarray
    counts: np.ndarray
    proven: np.ndarray
    time: np.float32
    noise: NoiseTable
    place: float


def relative_times(bracket: Bracket) -> np.ndarray:
    """Exposures of the frames relative to the reference frame's, (N,) float32.

    Raises ExposureError when the bracket has no relative exposures.
    """
    if bracket.relative_exposures is None:
        raise ExposureError(f'"{bracket.name}" has no exposure times.', "Pass --times or --stops.")
    exposures = np.array(bracket.relative_exposures, np.float64)
    return (exposures / exposures[bracket.reference]).astype(np.float32)


def unsaturated(exposure: Exposure, rows: slice = slice(None)) -> np.ndarray:
    """Weight (h, w) in [0, 1] of the pixels in some rows of an exposure, 0 where any channel is saturated.

    It falls smoothly as the brightest channel nears white, or, where the sensor tells what is saturated, as luminance
    does: EXIF rounds times by up to 7 %, and a sudden end of a frame would draw its outline in the sky.
    """
    pixels = exposure.part(rows)
    if exposure.clipped is not None:
        return fading(luminance(pixels), WHOLE_PIXEL) * (exposure.clipped[rows] == 0)
    return fading(largest_channel(pixels), WHOLE_PIXEL)


def merge(bracket: Bracket, frame_weights: Sequence[np.ndarray] | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Merge linear exposures into radiance, and say how sure it is.

    `frame_weights` are (H, W) multipliers >= 0, one for each frame (what moved gets 0); pixels that are not `valid`
    weigh nothing. Returns the radiance, (H, W, 3) float32 >= 0 in units of the reference frame's white, and its
    precision, (H, W, 3) float32: one over the variance, 0 where no frame counts.

    Each channel is merged by itself. Where it is saturated in all frames it takes the darkest valid frame; the darker
    the scene, the more the brightest frame prevails (by t^2 in the limit); pixels that no frame counts for are 0. A
    clipped channel proves that there is at least so much light, as far as darker frames do not contradict it.

    Raises ExposureError without relative exposures, ValueError for exposures that are not linear.
    """
    precision = np.empty(bracket.exposures[0].stored.shape, np.float32)
    return _merged(bracket, frame_weights, precision), precision


def radiance(bracket: Bracket, frame_weights: Sequence[np.ndarray] | None = None) -> np.ndarray:
    """The radiance of `merge` alone, in less time and memory."""
    return _merged(bracket, frame_weights, None)


def _merged(bracket: Bracket, frame_weights: Sequence[np.ndarray] | None, precision: np.ndarray | None) -> np.ndarray:
    times = relative_times(bracket)
    if any(exposure.encoding != "linear" for exposure in bracket.exposures):
        raise ValueError("merge takes linear exposures")
    width, height = bracket.exposures[0].size
    merged = np.empty((height, width, 3), np.float32)
    sensor = common_sensor(bracket)
    noises = [_noises(exposure, sensor) for exposure in bracket.exposures]

    halo = 0 if all(exposure.valid is None for exposure in bracket.exposures) else 1

    def make(strip: slice) -> None:
        rows, within = grown(strip, halo, height)
        counts = [_counts(exposure, rows) for exposure in bracket.exposures]
        if frame_weights is not None:
            counts = [count * weight[rows] for count, weight in zip(counts, frame_weights, strict=True)]
        light, sure = _merge_strip(bracket.exposures, rows, times, counts, noises, sensor)
        np.maximum(light[within], 0, out=merged[strip])
        if precision is not None:
            precision[strip] = sure[within]

    each(make, strips(height, width))
    return merged


def _noises(exposure: Exposure, sensor: Sensor | None) -> list[NoiseTable]:
    """The noise of the three channels of an exposure."""
    if sensor is not None:
        return [NoiseTable(exposure, white) for white in sensor.white]
    return [NoiseTable(exposure, 1.0 if exposure.clipped is None else UNBOUNDED)] * 3


def common_sensor(bracket: Bracket) -> Sensor | None:
    """The sensor that all frames of a bracket come from; None where they come from several, or it is not known."""
    first = bracket.exposures[0].sensor
    if first is None:
        return None
    others = [exposure.sensor for exposure in bracket.exposures[1:]]
    same = all(one is not None and np.allclose(one.to_bt709, first.to_bt709, atol=1e-4) for one in others)
    return first if same else None


def _counts(exposure: Exposure, strip: slice) -> np.ndarray:
    """(h, w) float32 weight 1 where the strip shows the scene, 0 elsewhere."""
    if exposure.valid is None:
        return np.ones(exposure.stored[strip].shape[:2], np.float32)
    return exposure.valid[strip].astype(np.float32)


def covering(bracket: Bracket) -> list[np.ndarray] | None:
    """(H, W) float32 weights of the frames that grow from the borders of what each covers; None if all cover all.

    They are `frame_weights` for `merge`, without which borders show where frames disagree a little in brightness.
    """
    import cv2

    if all(exposure.valid is None or exposure.valid.all() for exposure in bracket.exposures):
        return None
    width, height = bracket.exposures[0].size
    weights, reach = [], max(1.0, FEATHER * float(np.hypot(width, height)))
    step = max(1, int(reach / 16))  # the border is smooth; its exact place is in `valid`
    for exposure in bracket.exposures:
        if exposure.valid is None or exposure.valid.all():
            weights.append(np.broadcast_to(np.float32(1), (height, width)))
            continue
        some = np.ascontiguousarray(exposure.valid[::step, ::step]).astype(np.uint8)
        distance = cv2.distanceTransform(some, cv2.DIST_L2, 5)
        weights.append(cv2.resize(1 - fading(distance, (0, reach / step)), (width, height)))
    return weights


def _merge_strip(
    exposures: Sequence[Exposure],
    strip: slice,
    times: np.ndarray,
    counts: list[np.ndarray],
    noises: list[list[NoiseTable]],
    sensor: Sensor | None,
) -> tuple[np.ndarray, np.ndarray]:
    """The light and the precision, (h, w, 3) each, of some rows."""
    import cv2

    of_frames = [
        _channels(exposure, strip, sensor, count, time, noise)
        for exposure, count, time, noise in zip(exposures, counts, times, noises, strict=True)
    ]
    merged = [_merge_channel([channels[channel] for channels in of_frames]) for channel in range(3)]
    light, precision = (cv2.merge(planes) for planes in zip(*merged, strict=True))
    if sensor is None:
        return light, precision
    return light @ sensor.to_bt709.T, _precision_in_bt709(precision, sensor)


def _channels(
    exposure: Exposure,
    strip: slice,
    sensor: Sensor | None,
    counts: np.ndarray,
    time: np.float32,
    noises: list[NoiseTable],
) -> list[_Channel]:
    """The three channels of some rows of an exposure, with what saturation leaves of them and what it proves."""
    import cv2

    pixels, place = exposure.part(strip), 0.0 if exposure.valid is None else PLACE
    if sensor is None and exposure.clipped is not None:  # which channel is clipped is not known, and proves nothing
        free = unsaturated(exposure, strip) * counts
        nothing, planes = np.zeros_like(free), cv2.split(pixels)
        pairs = zip(planes, noises, strict=True)
        return [_Channel(level, free, free, counts, nothing, time, noise, place) for level, noise in pairs]
    if sensor is not None:
        pixels = pixels @ np.linalg.inv(sensor.to_bt709).T.astype(np.float32)
    levels, clipped = cv2.split(pixels), None if exposure.clipped is None else exposure.clipped[strip].ravel()
    brightest = (
        largest_channel(pixels) if sensor is None else largest_channel(pixels / np.array(sensor.white, np.float32))
    )
    near = brightest.ravel() > SATURATION[0]
    places = np.flatnonzero(near if clipped is None else near | (clipped > 0))
    counted, white_beside = counts.ravel()[places], 1 - fading(brightest.ravel()[places], SATURATION)
    made = []
    for index, (level, noise) in enumerate(zip(levels, noises, strict=True)):
        seen, white = level.ravel()[places], np.float32(noise.white)
        free, proof = fading(seen / white, SATURATION), 1 - fading(seen / white, CLIPPED)
        if clipped is not None:
            saturated = (clipped[places] & np.uint8(1 << index)) > 0
            free, proof = free * ~saturated, proof * saturated
        free *= counted
        sure = free
        if clipped is None and exposure.bits <= 16:
            sure = free * (1 - white_beside * (1 - fading(seen, BESIDE_WHITE)))
        proven = np.minimum(seen, white) * proof * counted * np.float32(PROOF / time)
        nothing = np.zeros_like(counts)
        planes = [_with(plane, places, one) for plane, one in ((counts, free), (counts, sure), (nothing, proven))]
        made.append(_Channel(level, planes[0], planes[1], counts, planes[2], time, noise, place))
    return made


def _with(plane: np.ndarray, places: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The plane with other values at some places."""
    if not len(places):
        return plane
    plane = plane.copy()
    plane.reshape(-1)[places] = values
    return plane


def _merge_channel(frames: list[_Channel]) -> tuple[np.ndarray, np.ndarray]:
    """The radiance (h, w) that one channel of all frames tells, and its precision.

    The average by exposure alone predicts the noise of the second, and where it is textured.
    """
    light, _ = _average(frames, [frame.sure for frame in frames])
    steep = slope(light) * (1 - fading(light, DIM)) if any(frame.place for frame in frames) else None
    weights = []
    for frame in frames:
        weight = frame.noise.weight(light * frame.time)
        if frame.place and steep is not None:
            weight /= 1 + weight * np.square(np.float32(frame.place) * frame.time * steep)
        weight *= frame.free
        weight *= frame.time
        weights.append(weight)
    light, precision = _average(frames, weights)
    return _raised(light, frames), precision


def _average(frames: list[_Channel], weights: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """sum(w y) / sum(w t), 0 where the weights vanish, and sum(w t), (h, w) each.

    The darkest frame that counts keeps LEAST_WEIGHT.
    """
    import cv2

    total, time = np.zeros((2, *weights[0].shape), np.float32)
    left: np.ndarray | None = None
    for frame, free in zip(frames, weights, strict=True):
        weight = free
        if left is None or left.any():
            least = np.float32(LEAST_WEIGHT) * frame.counts
            weight = np.maximum(free, least if left is None else least * left)
            left = frame.counts <= 0 if left is None else left & (frame.counts <= 0)
        cv2.accumulateProduct(weight, frame.level, total)
        cv2.scaleAdd(weight, float(frame.time), time, time)
    return np.divide(total, np.where(time > 0, time, np.float32(1)), out=total), time


def _raised(light: np.ndarray, frames: list[_Channel]) -> np.ndarray:
    """The light (h, w), raised to what clipped frames prove and the darker ones before do not contradict."""
    import cv2

    bound = frames[0].proven
    for frame in frames[1:]:
        bound = cv2.max(bound, frame.proven)
    places = np.flatnonzero(bound > light)
    if not len(places):
        return light
    factor, deviations = CONTRADICTION
    least = np.zeros(len(places), np.float32)
    most = np.full(len(places), np.inf, np.float32)
    for frame in frames:
        proven, level, counts = (plane.ravel()[places] for plane in (frame.proven, frame.level, frame.counts))
        np.maximum(least, np.minimum(proven, most), out=least)
        level = np.maximum(level, np.float32(frame.noise.black))
        allowed = level + np.float32(deviations) * np.sqrt(frame.noise.variance(level))
        allowed *= np.float32(factor / frame.time)
        np.minimum(most, allowed / np.maximum(counts, np.float32(LEAST_WEIGHT)), out=most)
    flat = light.reshape(-1)
    flat[places] = np.maximum(flat[places], least)
    return light


def _precision_in_bt709(precision: np.ndarray, sensor: Sensor) -> np.ndarray:
    """One over the variance of BT.709 channels (h, w, 3), from that of the sensor's channels; 0 where one is 0."""
    known = (precision > 0).all(-1, keepdims=True)
    variance = (1 / np.where(known, precision, 1)) @ (sensor.to_bt709**2).T
    return known / variance
