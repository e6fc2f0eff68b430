"""The two-phase network: sizes as the reading of the published ones, colours in order, the reach of its halo."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from hdrcli import tiling
from hdrcli.image import Bracket, Exposure
from hdrcli.networks import twophase
from hdrcli.networks.twophase import TwoPhase
from hdrcli.transfer import linear_to_srgb
from tests import formula

CPU = torch.device("cpu")


def test_parameters_of_the_published_width() -> None:
    with torch.device("meta"):
        module = TwoPhase()
    assert sum(p.numel() for p in module.unet.parameters()) == 4_212_867
    assert sum(p.numel() for p in module.amnet.parameters()) == 1_439_555


def test_planes_are_the_encoded_frames_dark_first() -> None:
    dark = Exposure(np.full((8, 9, 3), (0.1, 0.2, 0.3), np.float32), "srgb", "dark")
    bright = Exposure(np.full((8, 9, 3), (0.4, 0.5, 2.0), np.float32), "linear", "bright")
    planes = np.asarray(twophase.planes(Bracket("b", (dark, bright), 0), TwoPhase(4, 4, 4)))
    assert planes.dtype == np.float32
    wanted = [0.1, 0.2, 0.3, *linear_to_srgb(np.array([0.4, 0.5, 1.0]))]
    assert planes.shape == (6, 8 + 64, 9 + 64)
    np.testing.assert_allclose(planes[:, 35, 36], wanted, rtol=1e-6)


def test_the_picture_stays_in_range_and_depends_on_the_draft() -> None:
    module = TwoPhase(4, 4, 4)
    formula.fill(module)
    frames = torch.from_numpy(formula.picture("twophase", 6, 32, 40))[None]
    with torch.inference_mode():
        made = module(frames, {})
        other = module.amnet(frames, 1 - module.unet(frames))
    assert made.shape == (1, 3, 32, 40)
    assert 0 <= float(made.min()) < float(made.max()) <= 1
    assert float((made - other).abs().max()) > 1e-3


@pytest.mark.parametrize(("halo", "is_enough"), [(200, True), (192, False)])
def test_the_halo_is_just_enough(halo: int, is_enough: bool) -> None:
    """By the gradient of a tile's first pixels towards what lies left of the halo."""
    module = TwoPhase(1, 1, 1).double()
    for parameter in module.parameters():  # all alike and positive: every pixel in reach counts
        torch.nn.init.constant_(parameter, 0.3 if parameter.ndim > 1 else 0.0)
    planes = torch.ones(1, 6, 8, 480, dtype=torch.float64, requires_grad=True)
    x = module.unet.entry(planes)
    skips = []
    for down in module.unet.down:
        skips.append(x)
        x = down(x)
    x = module.unet.bottom(x)
    for up, merge, skip in zip(module.unet.up, module.unet.merge, reversed(skips), strict=True):
        x = merge(torch.cat([up(x), skip], 1))
    draft = module.unet.head(x)
    entry = torch.nn.functional.leaky_relu(module.amnet.entry(draft))
    mixed = module.amnet.merge(torch.cat([entry * 0, entry, entry * 0], 1))
    for block in module.amnet.blocks:
        mixed = block(mixed)
    out = module.amnet.head(module.amnet.tail(module.amnet.gather(mixed.repeat(1, 3, 1, 1))))
    start = 240  # a tile's left edge, a multiple of 8
    (reach,) = torch.autograd.grad(out[..., start].sum(), planes)
    beyond = reach[..., : start - halo].abs().sum()
    assert (float(beyond) == 0) == is_enough
    assert TwoPhase.halo == 200


def test_tiles_equal_the_whole_at_the_shipped_halo() -> None:
    module = TwoPhase(2, 2, 2)
    formula.fill(module)
    planes = formula.picture("twophase", 6, 24, 720)
    whole = tiling.run(module, planes, {}, tile=None, device=CPU)
    assert np.abs(whole - tiling.run(module, planes, {}, tile=64, device=CPU)).max() <= 1e-6


def test_a_flat_scene_has_no_edge() -> None:
    module = TwoPhase(4, 4, 4)
    formula.fill(module)
    frames = tuple(Exposure(np.full((40, 56, 3), level, np.float32), "srgb", str(level)) for level in (0.2, 0.7))
    bracket = Bracket("b", frames, 1)

    def unevenness(planes: np.ndarray) -> float:
        made = twophase.finish(tiling.run(module, planes, {}, tile=None, device=CPU), bracket).pixels
        assert made.shape == (40, 56, 3)
        return float(np.ptp(made, axis=(0, 1)).max())

    planes = np.asarray(twophase.planes(bracket, module))
    assert unevenness(planes) < 0.1 * unevenness(planes[:, 32:-32, 32:-32])
