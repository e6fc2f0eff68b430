"""MS-SSIM of display pictures in grey, as Wang's program msssim.m takes them."""

from __future__ import annotations

from hdrcli.comparison import Comparison
from hdrcli.contracts import Metric
from hdrcli.metrics import _channels, _ms_ssim, _windows


def ms_ssim(comparison: Comparison) -> float:
    """MS-SSIM of the grey levels, 0 to 1.

    Raises MetricError for pictures whose coarsest scale holds no whole window.
    """
    _windows.check_size(comparison.prediction, _ms_ssim.LEAST_SIDE, "MS-SSIM", "ms_ssim")
    return _ms_ssim.ms_ssim(_channels.grey(comparison.prediction), _channels.grey(comparison.reference), 255)


METRIC = Metric(
    measure=lambda comparison: (ms_ssim(comparison),),
    figures=("ms_ssim",),
    compares=("display",),
    best=1.0,
    summary="Multi-scale structural similarity of the grey pictures.",
    variant="msssim.m, also at odd sizes; grey as rgb2gray rounds it",
    source="Wang, Simoncelli & Bovik, Asilomar 2003",
)
