"""MS-SSIM of display pictures in colour: the mean of red, green and blue."""

from __future__ import annotations

import numpy as np

from hdrcli.comparison import Comparison
from hdrcli.contracts import Metric
from hdrcli.metrics import _channels, _ms_ssim, _windows


def ms_ssim_rgb(comparison: Comparison) -> float:
    """Mean of the MS-SSIM of the levels of R, G and B, 0 to 1.

    Raises MetricError for pictures whose coarsest scale holds no whole window.
    """
    _windows.check_size(comparison.prediction, _ms_ssim.LEAST_SIDE, "MS-SSIM", "ms_ssim_rgb")
    pairs = _channels.channels(comparison.prediction, comparison.reference, _channels.levels)
    return float(np.mean([_ms_ssim.ms_ssim(one, other, 255) for one, other in pairs]))


METRIC = Metric(
    measure=lambda comparison: (ms_ssim_rgb(comparison),),
    usual=False,
    figures=("ms_ssim_rgb",),
    compares=("display",),
    best=1.0,
    summary="Multi-scale structural similarity, the mean of red, green and blue.",
    variant="msssim.m for each channel, also at odd sizes; pytorch-msssim and piq differ unless sides divide by 16",
    source="Wang, Simoncelli & Bovik, Asilomar 2003",
)
