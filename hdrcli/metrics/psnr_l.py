"""PSNR of linear light: what counts is how far highlights are off."""

from __future__ import annotations

import math

import numpy as np

from hdrcli.comparison import Comparison
from hdrcli.contracts import Metric
from hdrcli.metrics import _channels, _psnr


def psnr_l(comparison: Comparison) -> float:
    """PSNR in dB, peak 1, of linear light; inf for equal images."""
    return _psnr.psnr(comparison.prediction, comparison.reference, _channels.white_at_most)


def _error_map(comparison: Comparison) -> np.ndarray:
    return _psnr.error(comparison.prediction, comparison.reference, _channels.white_at_most)


METRIC = Metric(
    measure=lambda comparison: (psnr_l(comparison),),
    figures=("psnr_l",),
    compares=("linear",),
    best=math.inf,
    summary="Peak signal-to-noise ratio of linear light.",
    variant="one mean over pixels and R, G, B of light in [0, 1]; no rounding to 8 bits",
    source="Kalantari & Ramamoorthi, SIGGRAPH 2017",
    unit="dB",
    peaks_at_white=True,
    error_map=_error_map,
    map_unit="of white",
)
