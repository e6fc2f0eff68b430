"""HDR-VDP-2 of a comparison: what a display shows of it, and what is seen of that."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np

from hdrcli import memory
from hdrcli.comparison import Comparison
from hdrcli.errors import MetricError
from hdrcli.metrics import _pu21

if TYPE_CHECKING:
    from hdrcli.metrics._hdrvdp2.model import Visibility

DARKEST = 0.005
"""The least luminance in cd/m^2 that a display shows, as in the other metrics that model one."""

BYTES_PER_PIXEL = 290
"""Measured peak of memory, without the two images."""

Encoding = Callable[[np.ndarray, float], np.ndarray]
"""Makes (H, W, C) float64 in cd/m^2 of linear light (H, W, 3) and the luminance of 1.0."""

_seen: WeakKeyDictionary[Comparison, dict[Encoding, Visibility]] = WeakKeyDictionary()
"""What has been found for comparisons that are at hand: figures and map are asked for one after the other."""


def colours(linear: np.ndarray, white: float) -> np.ndarray:
    """R, G and B as a display shows them."""
    return np.maximum(linear.astype(np.float64) * white, DARKEST)


def luminance(linear: np.ndarray, white: float) -> np.ndarray:
    """The luminance (H, W, 1) of what a display shows, with BT.709's weights."""
    return np.maximum(linear @ _pu21.LUMINANCE * white, DARKEST)[..., None]


def figures(comparison: Comparison, encoding: Encoding) -> tuple[float, float, float]:
    """Quality, the probability that any difference is seen, and the largest contrast in thresholds.

    Raises MetricError for pictures smaller than the pyramid's filters or brighter than any eye is modelled for, and for
    those that memory does not suffice for.
    """
    seen = _visibility(comparison, encoding)
    return seen.quality, seen.detection, seen.contrast


def probabilities(comparison: Comparison, encoding: Encoding) -> np.ndarray:
    """The probability (H, W) float32 that a difference is seen, for each pixel. Raises MetricError as `figures`."""
    return _visibility(comparison, encoding).probabilities.astype(np.float32)


def _visibility(comparison: Comparison, encoding: Encoding) -> Visibility:
    from hdrcli.metrics._hdrvdp2 import eye, model, pyramid

    height, width = comparison.prediction.shape[:2]
    if min(height, width) < pyramid.LEAST_SIDE:
        raise MetricError(
            f"HDR-VDP-2 needs {pyramid.LEAST_SIDE} pixels each way, and the picture is {width} x {height}.",
            "Pass larger images, or leave hdrvdp2 out of --metrics.",
        )
    needed = width * height * BYTES_PER_PIXEL
    if memory.available() < needed:
        raise MetricError(
            f"HDR-VDP-2 needs {needed / 1e9:.1f} GB of free memory for {width} x {height} pixels.",
            "Pass smaller images, or leave hdrvdp2 out of --metrics.",
        )
    known = _seen.setdefault(comparison, {})
    if encoding not in known:
        white = comparison.viewing.peak_luminance
        shown = [encoding(image, white) for image in (comparison.prediction, comparison.reference)]
        brightest = max(float(one.max()) for one in shown)
        if brightest > eye.BRIGHTEST:
            raise MetricError(
                f"HDR-VDP-2 knows no light of {brightest:.3g} cd/m^2.", "Pass a smaller --peak-luminance, or --white."
            )
        known[encoding] = model.visibility(shown[0], shown[1], comparison.viewing.pixels_per_degree)
    return known[encoding]
