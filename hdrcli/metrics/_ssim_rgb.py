"""Structural similarity of colour pictures: of red, green and blue by themselves, and the mean of the three."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from hdrcli.comparison import Comparison
from hdrcli.metrics import _channels, _ssim, _windows

Ready = Callable[[np.ndarray], np.ndarray]


def mean(comparison: Comparison, ready: Ready, peak: float, figure: str) -> float:
    """Mean SSIM of the channels once they are `ready`, with values up to `peak`.

    Raises MetricError, which names the `figure`, for pictures smaller than a window.
    """
    return float(np.mean([_ssim.mean(one, other, peak) for one, other in _planes(comparison, ready, figure)]))


def error(comparison: Comparison, ready: Ready, peak: float, figure: str) -> np.ndarray:
    """(H, W) float32 of 1 - SSIM around each pixel, the mean of the channels. Raises MetricError as `mean` does."""
    total = np.zeros(comparison.prediction.shape[:2])
    for one, other in _planes(comparison, ready, figure):
        total += _ssim.error(one, other, peak)
    return (total / comparison.prediction.shape[2]).astype(np.float32)


def _planes(comparison: Comparison, ready: Ready, figure: str) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    _windows.check_size(comparison.prediction, _windows.SIDE, "SSIM", figure)
    return _channels.channels(comparison.prediction, comparison.reference, ready)
