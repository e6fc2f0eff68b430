"""MEF-SSIM: how much of the structure of all frames a fused picture holds.

Ma, Zeng & Wang, "Perceptual Quality Assessment for Multi-Exposure Image Fusion" (IEEE TIP 2015), on three scales as in
their program mef_ms_ssim.m 1.0. In each window a patch is wished for: of the contrast of the frame that has most, and
of the frames' structures, weighed the more by contrast the more they agree. The picture's likeness to it has no term of
luminance. The wish itself is never drawn: its variance, and its covariance with the picture, are sums of covariances of
frames, which windows give for whole strips at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from hdrcli.comparison import Comparison
from hdrcli.contracts import Metric
from hdrcli.errors import MetricError
from hdrcli.metrics import _channels, _scales, _windows

WEIGHTS = tuple(weight / sum(_scales.WEIGHTS[:3]) for weight in _scales.WEIGHTS[:3])
"""What each scale counts, finest first."""

LEAST_SIDE = _scales.least_side(len(WEIGHTS))
"""Pixels each way that it needs; mef_ms_ssim.m asks for 44."""

STABLE = (0.03 * 255) ** 2
"""What keeps a likeness finite where there is no contrast."""

LEAST_CONTRAST = 0.001
"""What is added to the contrast of each patch."""

MOST_POWER = 10.0
"""Power that the contrasts are weighed by where structures agree."""

CANCELLED = 1e-14
"""Squared length of a sum of unit structures that rounding alone may leave."""


def mef_ssim(comparison: Comparison) -> float:
    """MEF-SSIM of the grey levels of a picture and two or more frames in any order, 0 to 1.

    Raises MetricError for a single frame, and for pictures whose coarsest scale holds no whole window.
    """
    planes = _planes(comparison)
    means = []
    for scale in range(len(WEIGHTS)):
        planes = [_scales.halved(plane) for plane in planes] if scale else planes
        means.append(_windows.overall(_likenesses(planes)))
    return _scales.product(means, WEIGHTS)


def _planes(comparison: Comparison) -> list[np.ndarray]:
    """Grey levels of the picture, and of its frames."""
    if len(comparison.frames) < 2:
        raise MetricError("MEF-SSIM needs two frames at least.", "Pass the whole bracket to --bracket.")
    _windows.check_size(comparison.prediction, LEAST_SIDE, "MEF-SSIM", "mef_ssim")
    return [_channels.grey(one) for one in (comparison.prediction, *comparison.frames)]


def _likenesses(planes: Sequence[np.ndarray]) -> Iterator[np.ndarray]:
    """Likeness of the picture, the first of the planes, in each window, a strip at a time."""
    for picture, *frames in _windows.strips(_windows.SIDE, *planes):
        yield _likeness(picture, frames)


def _likeness(picture: np.ndarray, frames: list[np.ndarray]) -> np.ndarray:
    """Likeness of each window to the patch that is wished for, at most 1."""
    shares, contrast = _shares(frames)
    means = [_windows.means(frame) for frame in frames]
    mean = _windows.means(picture)
    length, variance, covariance = (np.zeros_like(mean) for _ in range(3))
    for i, frame in enumerate(frames):
        covariance += shares[i] * (_windows.means(frame * picture) - means[i] * mean)
        for j, other in enumerate(frames[: i + 1]):
            both = shares[i] * shares[j] * (1 if i == j else 2)
            length += both * _scatter(frame, other)
            variance += both * (_windows.means(frame * other) - means[i] * means[j])
    gain = np.where(length > CANCELLED, contrast / np.sqrt(np.maximum(length, CANCELLED)), 0)
    own = _windows.means(picture * picture) - mean * mean
    return (2 * gain * covariance + STABLE) / (gain * gain * variance + own + STABLE)


def _shares(frames: list[np.ndarray]) -> tuple[list[np.ndarray], np.ndarray]:
    """What each frame's patch is multiplied with to give its share of the structure, and the greatest contrast."""
    lengths = [np.sqrt(_scatter(frame, frame)) for frame in frames]
    whole = sum(frames[1:], frames[0])
    most = sum(lengths[1:], lengths[0])
    agreement = np.where(most > 0, np.sqrt(_scatter(whole, whole)) / np.maximum(most, LEAST_CONTRAST), 1)
    power = np.minimum(np.tan(np.pi / 2 * np.minimum(agreement, 1)), MOST_POWER)
    contrasts = [length + LEAST_CONTRAST for length in lengths]
    weights = [(contrast / _windows.SIDE) ** power + np.finfo(float).eps for contrast in contrasts]
    total = sum(weights[1:], weights[0])
    # of a flat patch there is nothing to share, and dividing rounding by LEAST_CONTRAST would make it something
    shares = [
        np.where(length > 0, weight / (total * contrast), 0)
        for length, weight, contrast in zip(lengths, weights, contrasts, strict=True)
    ]
    return shares, np.maximum.reduce(contrasts)


def _scatter(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Sum over each window of the product of what differs from the windows' means; without rounding, so 0 if flat."""
    count = _windows.SIDE**2
    return (count * _windows.sums(one * other) - _windows.sums(one) * _windows.sums(other)) / count


def _error_map(comparison: Comparison) -> np.ndarray:
    planes = [_windows.extended(plane) for plane in _planes(comparison)]
    return (1 - np.concatenate(list(_likenesses(planes)))).astype(np.float32)


METRIC = Metric(
    measure=lambda comparison: (mef_ssim(comparison),),
    figures=("mef_ssim",),
    compares=("fused",),
    best=None,
    summary="Structural similarity of a fused picture to all of its frames.",
    variant="mef_ms_ssim.m 1.0: three scales, grey as rgb2gray rounds it; not the one-scale loss of MEFNet",
    source="Ma, Zeng & Wang, IEEE TIP 2015",
    error_map=_error_map,
    map_unit="1 - MEF-SSIM of the finest scale",
)
