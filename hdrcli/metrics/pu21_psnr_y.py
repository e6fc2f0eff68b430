"""PSNR of the luminance that a display shows, in steps that look equal: what colour is off does not count."""

from __future__ import annotations

import math

import numpy as np

from hdrcli.comparison import Comparison
from hdrcli.contracts import Metric
from hdrcli.metrics import _psnr, _pu21


def pu21_psnr_y(comparison: Comparison) -> float:
    """PSNR in dB, peak 256, of the PU21 units of luminance; inf for equal images."""
    ready = _pu21.luminance(comparison)
    return _psnr.psnr(comparison.prediction, comparison.reference, ready, _pu21.PEAK)


def _error_map(comparison: Comparison) -> np.ndarray:
    return _psnr.error(comparison.prediction, comparison.reference, _pu21.luminance(comparison))


METRIC = Metric(
    measure=lambda comparison: (pu21_psnr_y(comparison),),
    usual=False,
    figures=("pu21_psnr_y",),
    compares=("linear",),
    best=math.inf,
    summary="Peak signal-to-noise ratio of displayed luminance in perceptually uniform units.",
    variant="banding_glare, luminance taken before encoding as pu21_metric.m's PSNRY, peak 256; "
    "1.0 is shown at the peak luminance",
    source="Mantiuk & Azimi, PCS 2021",
    unit="dB",
    error_map=_error_map,
    map_unit="PU21 units, 256 at 100 cd/m^2",
)
