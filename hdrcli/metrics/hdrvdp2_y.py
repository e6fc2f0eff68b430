"""HDR-VDP-2 of luminance: what colour is off does not count, and the light is taken for daylight.

As `hdrvdp2`, for the encoding "luminance" of the authors' program.
"""

from __future__ import annotations

from hdrcli.contracts import Metric
from hdrcli.metrics import _visibility

METRIC = Metric(
    measure=lambda comparison: _visibility.figures(comparison, _visibility.luminance),
    figures=("hdrvdp2_y", "hdrvdp2_y_p_det", "hdrvdp2_y_c_max"),
    compares=("linear",),
    best=100.0,
    summary="HDR-VDP-2 of luminance: quality, 100 for no difference, and the chance that one is seen.",
    variant="2.2.1, luminance with the spectrum of D65; 1.0 is shown at the peak luminance; compare equal sizes and "
    "pixels per degree only",
    source="Mantiuk et al., SIGGRAPH 2011; Narwaria et al., JEI 2015",
    usual=False,
    falling=("hdrvdp2_y_p_det", "hdrvdp2_y_c_max"),
    error_map=lambda comparison: _visibility.probabilities(comparison, _visibility.luminance),
    map_unit="probability of detection",
)
