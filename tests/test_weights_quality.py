"""Shipped weights are as good on the two example scenes as when they were recorded, within a tenth of a decibel.

The networks alone, in fp32, on aligned frames. What makes radiance is held against the truth; what makes a picture,
against that of the truth by the default tone mapping operator. Weights that are better get their figures written here.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from hdrcli import inference, plugins, readers, records
from hdrcli.image import Bracket, DisplayImage, RadianceMap
from hdrcli.plan import make_plans
from hdrcli.reading import linear, read_bracket
from hdrcli.settings import FuseSettings
from hdrcli.transfer import mu_law

EXAMPLES = Path(__file__).parent.parent / "examples" / "with_truth"
ROOM = 0.1
FIGURES = {
    "apnt_cc": (40.26, 37.61),
    "dfgnet_cc": (40.93, 39.04),
    "dpg_cc": (16.97, 16.86),
    "dpg_sice": (15.39, 15.75),
    "lightfuse_cc": (17.80, 18.21),
    "lightfuse_sice": (17.58, 17.86),
    "twophase_cc": (18.17, 16.81),
    "twophase_sice": (18.38, 17.45),
}
"""PSNR-mu or PSNR of `cellar` and of `garden`, in dB."""
ROWS = [row for name in plugins.names("networks") for row in records.records(name).values()]


@cache
def scene(name: str, model: str) -> tuple[Bracket, np.ndarray]:
    """The bracket as `model` is given it, and its truth, where the white of the darkest frame is 1."""
    settings = FuseSettings(model=model)
    plan = make_plans([EXAMPLES / name], settings).brackets[0]
    read = read_bracket(plan, settings)
    aligned = plugins.load("alignment", "auto").ALIGNER.align(read.bracket)
    bracket = linear(aligned, plan, settings, read.measured)[0]
    frames = plugins.load("networks", model).NETWORK.frames
    return bracket.extremes() if frames == 2 else bracket, readers.read_scene(EXAMPLES / name / "truth.exr")


def figure(model: str, tag: str, name: str) -> float:
    """PSNR-mu of radiance, PSNR of a picture, in dB."""
    bracket, truth = scene(name, model)
    settings = FuseSettings(model=model, weights=tag, precision="fp32", device="cpu")
    made = inference.run(model, bracket, settings, lambda share: None).image
    if isinstance(made, DisplayImage):
        operator = plugins.load("tone_mapping", "natural").TONE_MAPPER
        shown, wanted = made.pixels, operator.apply(RadianceMap(truth)).pixels
    else:
        times = bracket.relative_exposures or ()
        shown = mu_law(np.clip(made.pixels * (times[0] / times[bracket.reference]), 0, 1))
        wanted = mu_law(np.clip(truth, 0, 1))
    return float(-10 * np.log10(np.mean((shown - wanted) ** 2)))


@pytest.mark.parametrize("row", ROWS, ids=[row.file.stem for row in ROWS])
def test_shipped_weights_have_lost_nothing(row: records.Weights) -> None:
    found = [figure(row.network, row.tag, name) for name in ("cellar", "garden")]
    assert min(one - known for one, known in zip(found, FIGURES[row.file.stem], strict=True)) > -ROOM, found
