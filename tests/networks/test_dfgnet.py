"""DFGNet against what its authors' program computed, and its numbers against the published ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from hdrcli.image import Bracket, Exposure
from hdrcli.networks import dfgnet
from hdrcli.networks.dfgnet import DFGNet
from tests import formula

REFERENCE = np.load(Path(__file__).parent / "dfgnet_reference.npz")


@pytest.fixture(scope="module")
def reference_run() -> tuple[DFGNet, torch.Tensor]:
    module = DFGNet(int(REFERENCE["n_features"]), 1024).eval()
    formula.fill(module)
    height, width, tag = int(REFERENCE["height"]), int(REFERENCE["width"]), str(REFERENCE["tag"])
    frames = [
        np.clip(formula.picture(f"{tag}{e}", 3, height, width) * gain, 0, 1)
        for e, gain in enumerate(REFERENCE["gains"])
    ]
    return module, torch.from_numpy(np.concatenate(frames).astype(np.float32))[None]


def test_picture_equals_the_authors_program(reference_run: tuple[DFGNet, torch.Tensor]) -> None:
    module, planes = reference_run
    times = torch.tensor(REFERENCE["exposure_times"], dtype=torch.float32)[None]
    with torch.inference_mode():
        made = module(planes, {"exposure_times": times})[0].numpy()
    difference = float(np.abs(made - REFERENCE["hdr"]).max())
    print(f"\nDFGNet: largest difference to the authors' program {difference:.2e}")  # noqa: T201
    assert difference <= 1e-5


def test_encoders_equal_the_authors_program(reference_run: tuple[DFGNet, torch.Tensor]) -> None:
    module, planes = reference_run
    frames = module.frames(planes)
    with torch.inference_mode():
        features = module.exposure_encoder(frames)[:, :8].numpy()
        full = module.spatial_encoder.full_map(frames)
        half = module.spatial_encoder.half_map(full, module.spatial_encoder.ln1.measure(full))
        quarter = module.spatial_encoder.quarter_map(half, module.spatial_encoder.ln2.measure(half))
    np.testing.assert_allclose(features, REFERENCE["exposure_feature_first8"], atol=1e-5)
    for number, tap in enumerate((full, half, quarter), 1):
        np.testing.assert_allclose(tap.mean((1, 2, 3)).numpy(), REFERENCE[f"tap{number}_mean"], atol=1e-5)


def test_published_width_has_the_published_number_of_parameters() -> None:
    with torch.device("meta"):
        module = DFGNet()
    assert sum(p.numel() for p in module.dfgnet.parameters()) == 9_558_467
    assert sum(p.numel() for p in module.exposure_encoder.parameters()) == 3_026_048
    # 665,600 is what the fusion needs of the spatial encoder
    assert sum(p.numel() for p in module.spatial_encoder.parameters()) == 665_600


def bracket_of(levels: list[float], relative: tuple[float, ...]) -> Bracket:
    frames = [Exposure(np.full((8, 9, 3), level, np.float32), "linear", f"{level}") for level in levels]
    return Bracket("b", tuple(frames), 1, relative)


def test_border_units_are_the_shortest_frames_inside_and_the_references_outside() -> None:
    bracket = bracket_of([0.02, 0.08, 0.32], (1 / 400, 1 / 100, 1 / 25))
    times = dfgnet.conditions(bracket)["exposure_times"]
    np.testing.assert_allclose(times, [1, 4, 16], rtol=1e-6)
    planes = np.asarray(dfgnet.planes(bracket, dfgnet.DFGNet(4, 16)))
    # the network's own linearisation X^2.2 / t finds one and the same radiance in all three frames
    radiance = [planes[3 * e] ** 2.2 / times[e] for e in range(3)]
    np.testing.assert_allclose(radiance, 0.02, rtol=1e-5)
    finished = dfgnet.finish(np.full((3, 8, 9), 0.02, np.float32), bracket)
    np.testing.assert_allclose(finished.pixels, 0.08, rtol=1e-6)  # what the reference frame shows
