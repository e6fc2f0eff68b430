"""ColorVideoVDP: how much worse than the truth a picture looks on a given display, by a model of the eye.

Mantiuk, Hanji, Ashraf, Asano & Chapiro, "ColorVideoVDP: A visual difference predictor for image, video and display
distortions" (SIGGRAPH 2024), by the authors' package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hdrcli.comparison import Comparison
from hdrcli.contracts import Metric
from hdrcli.errors import MetricError, choices_hint
from hdrcli.metrics import _colorvideovdp

if TYPE_CHECKING:
    import torch

DISPLAYS = {"linear": "standard_hdr_linear", "display": "standard_fhd"}
"""The display that each kind of comparison is looked at on, unless its viewing names another."""

DARKEST = 0.005
"""The least luminance in cd/m^2 that the model takes."""

LEAST_SIDE = 2
"""Pixels below which it has no scale to look at."""

BYTES_PER_PIXEL = 560
"""Measured peak of memory on a processor, without the two images."""


def cvvdp(comparison: Comparison) -> float:
    """Just-objectionable differences, JOD: 10 where none is seen, one less where 3 of 4 people see which is worse.

    Linear 1.0 is shown at the viewing's peak luminance, up to what the display can; how far away it is, and so the
    pixels per degree, is the display's. Runs on a CUDA device with room for it, else on the processor. Raises
    MetricError when the package is missing, for a display that it does not know or that shows another kind of picture,
    for pictures smaller than LEAST_SIDE, and for those that memory does not suffice for.
    """
    height, width = comparison.prediction.shape[:2]
    if min(height, width) < LEAST_SIDE:
        raise MetricError(
            f"ColorVideoVDP needs {LEAST_SIDE} pixels each way, and the picture is {width} x {height}.",
            "Pass larger images, or leave cvvdp out of --metrics.",
        )
    package = _colorvideovdp.package()
    display = comparison.viewing.display or DISPLAYS[comparison.kind]
    _check_display(package, display, comparison.kind == "linear")
    device = _device(width, height)
    shown = [_shown(image, comparison) for image in (comparison.prediction, comparison.reference)]
    with _colorvideovdp.quiet():
        jod, _ = package.cvvdp(display_name=display, device=device, quiet=True).predict(*shown, dim_order="HWC")
    return float(jod)


def _shown(image: np.ndarray, comparison: Comparison) -> np.ndarray:
    """What the display model takes, float32: luminance in cd/m^2 of R, G and B, or sRGB values."""
    if comparison.kind != "linear":
        return image.astype(np.float32)
    return np.maximum(image.astype(np.float32) * np.float32(comparison.viewing.peak_luminance), np.float32(DARKEST))


def _device(width: int, height: int) -> torch.device:
    """The first device that can hold all of it, as the package knows no tiles."""
    import torch

    from hdrcli import tile_size

    needed = width * height * BYTES_PER_PIXEL
    for device in map(torch.device, ("cuda", "cpu") if torch.cuda.is_available() else ("cpu",)):
        if tile_size.free_memory(device) >= needed:
            return device
    raise MetricError(
        f"ColorVideoVDP needs {needed / 1e9:.1f} GB of free memory for {width} x {height} pixels.",
        "Pass smaller images, or leave cvvdp out of --metrics.",
    )


def _check_display(package: Any, name: str, linear: bool) -> None:
    models = package.utils.json2dict(package.utils.config_files.find("display_models.json", []))
    takes = {one: model.get("colorspace", "sRGB") for one, model in models.items()}
    wanted = "BT.709-linear" if linear else "sRGB"
    if takes.get(name) != wanted:
        known = [one for one, space in takes.items() if space == wanted]
        what = "linear light" if linear else "sRGB pictures"
        raise MetricError(f"ColorVideoVDP has no display {name} for {what}.", choices_hint(name, known))


METRIC = Metric(
    measure=lambda comparison: (cvvdp(comparison),),
    figures=("cvvdp",),
    compares=("linear", "display"),
    best=10.0,
    summary="ColorVideoVDP: how visible the differences are on a display, 10 where they are not.",
    variant="cvvdp 0.5; display standard_hdr_linear (30 inch, up to 1500 cd/m^2, 10 lux) for linear light, "
    "standard_fhd (24 inch, 200 cd/m^2, 250 lux) for pictures, unless another is named",
    source="Mantiuk et al., SIGGRAPH 2024",
    unit="JOD",
    needs="pycvvdp",
)
