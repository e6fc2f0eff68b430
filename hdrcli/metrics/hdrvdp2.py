"""HDR-VDP-2: how alike two pictures look to an eye that sees them on a display, in colour.

Mantiuk, Kim, Rempel & Heidrich, "HDR-VDP-2: A calibrated visual metric for visibility and quality predictions in all
luminance conditions" (ACM Trans. Graphics 30(4), 2011); the quality as Narwaria, Mantiuk, Perreira Da Silva & Le Callet
fitted it anew (J. Electronic Imaging 24(1), 2015). The figures are those of the authors' program, version 2.2.1 with
its default options, for "rgb-bt.709". Not ported: its other displays, encodings and observers, the surround's options,
the quality of versions before 2.2.1 and their opinion scores.
"""

from __future__ import annotations

from hdrcli.contracts import Metric
from hdrcli.metrics import _visibility

METRIC = Metric(
    measure=lambda comparison: _visibility.figures(comparison, _visibility.colours),
    figures=("hdrvdp2", "hdrvdp2_p_det", "hdrvdp2_c_max"),
    compares=("linear",),
    best=100.0,
    summary="HDR-VDP-2: quality, 100 for no difference, and the chance that one is seen.",
    variant="2.2.1, rgb-bt.709 on an LCD with fluorescent backlight; 1.0 is shown at the peak luminance; compare equal "
    "sizes and pixels per degree only",
    source="Mantiuk et al., SIGGRAPH 2011; Narwaria et al., JEI 2015",
    usual=False,
    falling=("hdrvdp2_p_det", "hdrvdp2_c_max"),
    error_map=lambda comparison: _visibility.probabilities(comparison, _visibility.colours),
    map_unit="probability of detection",
)
