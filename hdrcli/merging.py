"""Merge linear exposures into a radiance map: the average of least noise, under a model of what a pixel's noise is.

A frame of relative exposure t sees radiance E as the level y = E t, so y / t estimates E with variance var(y) / t^2.
The best average weights it with t^2 / var(y) (Debevec & Malik 1997, eq. 6, with the weights of Granados et al. 2010,
"Optimal HDR reconstruction with linear digital cameras"). With photon noise alone that is sum(y) / sum(t). The variance
is taken at the level that all frames together predict, not at the frame's own noisy one: weights from noisy levels
favour the values that err towards black.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hdrcli.errors import ExposureError
from hdrcli.image import Bracket, Exposure
from hdrcli.parallel import each
from hdrcli.strips import strips
from hdrcli.transfer import largest_channel, luminance

PHOTON_VARIANCE = 2e-4
"""Variance of photon noise at white, as a fraction of white squared: a full well of 5000 electrons."""

READ_NOISE = 1e-3
"""Standard deviation of read noise, as a fraction of white."""

LEAST_VARIANCE = 1e-10
"""Of a file that tells of no noise at all."""

SATURATION = (0.8, 0.95)
"""Linear levels between which a frame's weight falls to nothing. JPEG coding pulls clipped pixels this far down."""

LEAST_WEIGHT = 1e-6
"""What the darkest frame keeps of its weight when saturated, so that pixels saturated in all frames take it alone."""


def relative_times(bracket: Bracket) -> np.ndarray:
    """Exposures of the frames relative to the reference frame's, (N,) float32.

    Raises ExposureError when the bracket has no relative exposures.
    """
    if bracket.relative_exposures is None:
        raise ExposureError(f'"{bracket.name}" has no exposure times.', "Pass --times or --stops.")
    exposures = np.array(bracket.relative_exposures, np.float64)
    return (exposures / exposures[bracket.reference]).astype(np.float32)


def noise_variance(level: np.ndarray, exposure: Exposure) -> np.ndarray:
    """Variance of a pixel of the linear `level`, white = 1, in an exposure: what its file tells, or what is usual.

    Usual are read, photon and coding noise. Frames of 8 and 16 bits count as sRGB-encoded with an error of one code
    value: rounding alone makes 0.3, and JPEG adds to it. 32 bits mean floating point, without coding noise.
    """
    level, bits = np.maximum(level, 0), exposure.bits
    if exposure.noise is not None:
        shot, read = exposure.noise
        return np.maximum(shot * level + read, LEAST_VARIANCE)
    variance = READ_NOISE**2 + PHOTON_VARIANCE * level
    if bits > 16:
        return variance
    # The slope of the sRGB decoding curve (IEC 61966-2-1) at `level`, in linear light per unit of code.
    slope = np.maximum(1 / 12.92, 2.4 / 1.055 * np.maximum(level, 0.0031308) ** (1.4 / 2.4))
    return variance + (slope / (2**bits - 1)) ** 2


def unsaturated(exposure: Exposure, rows: slice = slice(None)) -> np.ndarray:
    """Weight (h, w) in [0, 1] of the pixels in some rows of an exposure, 0 where they are saturated.

    It falls smoothly as the brightest channel nears white, or, where the sensor tells what is saturated, as luminance
    does: EXIF rounds times by up to 7 %, and a sudden end of a frame would draw its outline in the sky.
    """
    return _unsaturated(exposure.part(rows), exposure, rows)


def _unsaturated(pixels: np.ndarray, exposure: Exposure, rows: slice) -> np.ndarray:
    """The same, of the `pixels` in these rows."""
    if exposure.saturated is not None:
        return fading(luminance(pixels), SATURATION) * ~exposure.saturated[rows]
    return fading(largest_channel(pixels), SATURATION)


def fading(value: np.ndarray, between: tuple[float, float]) -> np.ndarray:
    """1 below the first bound, 0 above the second, smooth between."""
    low, high = between
    x = np.clip((high - value) / (high - low), 0, 1)
    return x * x * (3 - 2 * x)


def merge(bracket: Bracket, frame_weights: Sequence[np.ndarray] | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Merge linear exposures into radiance, and say how sure it is.

    `frame_weights` are (H, W) multipliers >= 0, one for each frame (what moved gets 0); pixels that are not `valid`
    weigh nothing. Returns the radiance, (H, W, 3) float32 >= 0 in units of the reference frame's white, and its
    precision, (H, W) float32: one over the variance of a channel, 0 where no frame counts.

    A pixel has one weight for its three channels, so that frames that disagree cannot turn its hue. It counts as
    saturated when any channel nears white. Pixels saturated in all frames take the darkest valid frame; the darker the
    scene, the more the brightest frame prevails (by t^2 in the limit); pixels that no frame counts for are 0.

    Raises ExposureError without relative exposures, ValueError for exposures that are not linear.
    """
    times = relative_times(bracket)
    if any(exposure.encoding != "linear" for exposure in bracket.exposures):
        raise ValueError("merge takes linear exposures")
    width, height = bracket.exposures[0].size
    radiance = np.empty((height, width, 3), np.float32)
    precision = np.empty((height, width), np.float32)

    def make(strip: slice) -> None:
        counts = [_counts(exposure, strip) for exposure in bracket.exposures]
        if frame_weights is not None:
            counts = [count * weight[strip] for count, weight in zip(counts, frame_weights, strict=True)]
        radiance[strip], precision[strip] = _merge_strip(bracket.exposures, strip, times, counts)

    each(make, strips(height, width))
    return radiance, precision


def _counts(exposure: Exposure, strip: slice) -> np.ndarray:
    """(h, w) float32 weight 1 where the strip shows the scene, 0 elsewhere."""
    if exposure.valid is None:
        return np.ones(exposure.stored[strip].shape[:2], np.float32)
    return exposure.valid[strip].astype(np.float32)


def _merge_strip(
    exposures: Sequence[Exposure], strip: slice, times: np.ndarray, counts: list[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Merge some rows: a first estimate weighted by exposure time alone, then one by the noise it predicts."""
    import cv2

    pixels = [exposure.part(strip) for exposure in exposures]
    free = [_unsaturated(frame, exposure, strip) for frame, exposure in zip(pixels, exposures, strict=True)]
    frames = [cv2.split(frame) for frame in pixels]
    weights = _with_darkest([count * weight for count, weight in zip(counts, free, strict=True)], counts)
    (red, green, blue), _ = _average(frames, times, weights)
    brightest_channel, mean = np.maximum(np.maximum(red, green), blue), (red + green + blue) / np.float32(3)
    weights = [
        weight * _below_white(brightest_channel * t, exposure) * t / noise_variance(mean * t, exposure)
        for weight, t, exposure in zip(weights, times, exposures, strict=True)
    ]
    channels, time = _average(frames, times, _with_darkest(weights, counts))
    return cv2.merge([np.maximum(channel, 0, out=channel) for channel in channels]), time


def _below_white(level: np.ndarray, exposure: Exposure) -> np.ndarray | np.float32:
    """Weight of a pixel by the level that the darker frames tell: above white, whatever JPEG has made of it."""
    return fading(level, SATURATION) if exposure.saturated is None else np.float32(1)


def _with_darkest(weights: list[np.ndarray], counts: list[np.ndarray]) -> list[np.ndarray]:
    """The weights, of which the darkest frame that counts keeps LEAST_WEIGHT."""
    free = np.ones(counts[0].shape, bool)
    kept = []
    for weight, count in zip(weights, counts, strict=True):
        kept.append(np.where(free, np.maximum(weight, LEAST_WEIGHT * count), weight))
        free &= count <= 0
    return kept


def _average(
    frames: Sequence[Sequence[np.ndarray]], times: np.ndarray, weights: Sequence[np.ndarray]
) -> tuple[list[np.ndarray], np.ndarray]:
    """sum(w y) / sum(w t) for each channel (h, w) of the frames, 0 where the weights vanish, and sum(w t)."""
    time = np.zeros(weights[0].shape, np.float32)
    for t, weight in zip(times, weights, strict=True):
        time += weight * t
    divisor = np.where(time > 0, time, np.float32(1))
    light = []
    for planes in zip(*frames, strict=True):
        total = np.zeros_like(time)
        for y, weight in zip(planes, weights, strict=True):
            total += weight * y
        light.append(np.divide(total, divisor, out=total))
    return light, time
