"""VIF of display pictures in colour: the mean of red, green and blue."""

from __future__ import annotations

import numpy as np

from hdrcli.comparison import Comparison
from hdrcli.contracts import Metric
from hdrcli.metrics import _channels, _vif, _windows


def vif_rgb(comparison: Comparison) -> float:
    """Mean of the VIF of the levels of R, G and B, 1 for equal pictures.

    Raises MetricError for pictures whose coarsest scale holds no whole window, and for a truth with a flat channel.
    """
    _windows.check_size(comparison.prediction, _vif.LEAST_SIDE, "VIF", "vif_rgb")
    pairs = _channels.channels(comparison.prediction, comparison.reference, _channels.levels)
    return float(np.mean([_vif.vif(one, other) for one, other in pairs]))


METRIC = Metric(
    measure=lambda comparison: (vif_rgb(comparison),),
    usual=False,
    figures=("vif_rgb",),
    compares=("display",),
    best=1.0,
    summary="Visual information fidelity, the mean of red, green and blue.",
    variant="pixel domain, vifp_mscale.m for each channel; neither the wavelets' VIF nor fusion's VIFF",
    source="Sheikh & Bovik, IEEE TIP 2006",
)
