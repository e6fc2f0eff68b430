"""VIF of display pictures in grey, as Sheikh & Bovik's program vifp_mscale.m takes them."""

from __future__ import annotations

from hdrcli.comparison import Comparison
from hdrcli.contracts import Metric
from hdrcli.metrics import _channels, _vif, _windows


def vif(comparison: Comparison) -> float:
    """VIF of the grey levels, 1 for equal pictures; the truth is the reference, and the other way round it differs.

    Raises MetricError for pictures whose coarsest scale holds no whole window, and for a flat truth.
    """
    _windows.check_size(comparison.prediction, _vif.LEAST_SIDE, "VIF", "vif")
    return _vif.vif(_channels.grey(comparison.prediction), _channels.grey(comparison.reference))


METRIC = Metric(
    measure=lambda comparison: (vif(comparison),),
    figures=("vif",),
    compares=("display",),
    best=1.0,
    summary="Visual information fidelity of the grey pictures.",
    variant="pixel domain, vifp_mscale.m, grey as rgb2gray rounds it; neither the wavelets' VIF nor fusion's VIFF",
    source="Sheikh & Bovik, IEEE TIP 2006",
)
