"""PSNR of display pictures: how far their levels are off, whatever there is to see."""

from __future__ import annotations

import math

import numpy as np

from hdrcli.comparison import Comparison
from hdrcli.contracts import Metric
from hdrcli.metrics import _channels, _psnr


def psnr(comparison: Comparison) -> float:
    """PSNR in dB, peak 255, of the levels of R, G and B; inf for equal pictures."""
    return _psnr.psnr(comparison.prediction, comparison.reference, _channels.levels, peak=255)


def _error_map(comparison: Comparison) -> np.ndarray:
    return _psnr.error(comparison.prediction, comparison.reference, _channels.levels)


METRIC = Metric(
    measure=lambda comparison: (psnr(comparison),),
    figures=("psnr",),
    compares=("display",),
    best=math.inf,
    summary="Peak signal-to-noise ratio of display pictures.",
    variant="one mean over pixels and R, G, B, peak 255; 16-bit pictures are not rounded to 8",
    source="10 log10(255^2 / mean squared error)",
    unit="dB",
    error_map=_error_map,
    map_unit="levels of 255",
)
