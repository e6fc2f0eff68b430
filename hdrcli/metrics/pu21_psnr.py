"""PSNR of what a display shows, in steps that look equal: for light in cd/m^2, from deep shadow to bright highlight."""

from __future__ import annotations

import math

import numpy as np

from hdrcli.comparison import Comparison
from hdrcli.contracts import Metric
from hdrcli.metrics import _psnr, _pu21


def pu21_psnr(comparison: Comparison) -> float:
    """PSNR in dB, peak 256, of the PU21 units of R, G and B; inf for equal images."""
    ready = _pu21.colours(comparison)
    return _psnr.psnr(comparison.prediction, comparison.reference, ready, _pu21.PEAK)


def _error_map(comparison: Comparison) -> np.ndarray:
    return _psnr.error(comparison.prediction, comparison.reference, _pu21.colours(comparison))


METRIC = Metric(
    measure=lambda comparison: (pu21_psnr(comparison),),
    figures=("pu21_psnr",),
    compares=("linear",),
    best=math.inf,
    summary="Peak signal-to-noise ratio of displayed light in perceptually uniform units.",
    variant="banding_glare, R, G and B as pu21_metric.m's PSNR, peak 256; 1.0 is shown at the peak luminance",
    source="Mantiuk & Azimi, PCS 2021",
    unit="dB",
    error_map=_error_map,
    map_unit="PU21 units, 256 at 100 cd/m^2",
)
