"""SSIM of the luminance that a display shows, in steps that look equal."""

from __future__ import annotations

import numpy as np

from hdrcli.comparison import Comparison
from hdrcli.contracts import Metric
from hdrcli.metrics import _channels, _pu21, _ssim, _windows
from hdrcli.metrics._windows import RIM


def pu21_ssim(comparison: Comparison) -> float:
    """Mean SSIM, peak 256, of the PU21 units of luminance, around every pixel; at most 1.

    Raises MetricError for images smaller than a window.
    """
    return _ssim.mean(*_planes(comparison), _pu21.PEAK)


def _planes(comparison: Comparison) -> tuple[np.ndarray, np.ndarray]:
    """Both images in PU21 units, their edges repeated so far that there is a window around every pixel."""
    _windows.check_size(comparison.prediction, _windows.SIDE, "SSIM", "pu21_ssim")
    ready = _pu21.luminance(comparison)
    one, other = (_channels.plane(image, ready) for image in (comparison.prediction, comparison.reference))
    return np.pad(one, RIM, mode="edge"), np.pad(other, RIM, mode="edge")


def _error_map(comparison: Comparison) -> np.ndarray:
    return _ssim.error(*_planes(comparison), _pu21.PEAK)[RIM:-RIM, RIM:-RIM].astype(np.float32)


METRIC = Metric(
    measure=lambda comparison: (pu21_ssim(comparison),),
    figures=("pu21_ssim",),
    compares=("linear",),
    best=1.0,
    summary="Structural similarity of displayed luminance in perceptually uniform units.",
    variant="banding_glare, luminance, peak 256, whole map with edges repeated as MATLAB's ssim; "
    "programs that cut the border of 5 pixels differ in the 3rd to 5th decimal; 1.0 is shown at the peak luminance",
    source="Mantiuk & Azimi, PCS 2021",
    error_map=_error_map,
    map_unit="1 - SSIM",
)
