"""PSNR after the mu-law's compression: shadows count as they do on a display."""

from __future__ import annotations

import math

import numpy as np

from hdrcli.comparison import Comparison
from hdrcli.contracts import Metric
from hdrcli.metrics import _channels, _psnr


def psnr_mu(comparison: Comparison) -> float:
    """PSNR in dB, peak 1, of light compressed by the mu-law; inf for equal images."""
    return _psnr.psnr(comparison.prediction, comparison.reference, _channels.compressed)


def _error_map(comparison: Comparison) -> np.ndarray:
    return _psnr.error(comparison.prediction, comparison.reference, _channels.compressed)


METRIC = Metric(
    measure=lambda comparison: (psnr_mu(comparison),),
    figures=("psnr_mu",),
    compares=("linear",),
    best=math.inf,
    summary="Peak signal-to-noise ratio of light compressed by the mu-law.",
    variant="T(x) = log(1 + 5000 x) / log(5001), one mean over pixels and R, G, B; no rounding to 8 bits",
    source="Kalantari & Ramamoorthi, SIGGRAPH 2017, eq. 5",
    unit="dB",
    peaks_at_white=True,
    error_map=_error_map,
    map_unit="of the mu-law's range",
)
