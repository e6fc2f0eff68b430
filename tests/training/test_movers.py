"""Movers: where they are, how they bend, and how far they are smeared while a shutter is open."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from hdrcli.training.draws import Draws
from hdrcli.training.movers import Mover, MoverSettings, View, bends, move

SIZE, SIDE = 8, 64
ALWAYS = MoverSettings(share=1, thin_share=0, silhouette_share=0, near_share=0)
ONES = torch.ones(SIZE, 1)


def mover(settings: MoverSettings) -> Mover:
    light = torch.rand(SIZE, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(2))
    return Mover(settings, light, Draws(torch.device("cpu"), 3))


def view(exposure: float = 1.0, *, still: bool = False, smeared: bool = False) -> View:
    return View(torch.zeros(SIZE, 2), torch.zeros(SIZE), exposure * ONES, still, smeared)


def centre(layer: torch.Tensor) -> torch.Tensor:
    """Centres of mass (B, 2) of masks, in pixels."""
    mask = layer[:, 3]
    axis = torch.arange(SIDE, dtype=mask.dtype)
    total = mask.sum((1, 2))
    return torch.stack([(mask * axis).sum((1, 2)), (mask * axis[:, None]).sum((1, 2))], 1) / total[:, None]


def test_movers_stay_in_the_reference_and_in_static_scenes() -> None:
    one = mover(ALWAYS)
    assert torch.equal(one.seen(view(still=True), ONES), one.layer)
    torch.testing.assert_close(one.seen(view(), 0 * ONES), one.layer, rtol=0, atol=1e-4)
    assert ((one.seen(view(), ONES) - one.layer).abs().amax((1, 2, 3)) > 0.05).all()


def test_near_things_move_by_parallax_alone() -> None:
    far, near = mover(ALWAYS), mover(replace(ALWAYS, near_share=1, parallax=0.5, bend=0))
    strolled, shifted = ((centre(one.seen(view(), ONES)) - centre(one.layer)).norm(dim=1) for one in (far, near))
    assert shifted.max() < 2
    assert strolled.mean() > 3 * shifted.mean()


def test_silhouettes_and_thin_things_are_parts_of_a_blob() -> None:
    whole = mover(ALWAYS).layer[:, 3].mean()
    assert mover(replace(ALWAYS, silhouette_share=1)).layer[:, 3].mean() < 0.8 * whole
    assert mover(replace(ALWAYS, thin_share=1)).layer[:, 3].mean() < 0.5 * whole


@pytest.mark.parametrize("exposure", [1.0, 0.25])
def test_what_moves_is_smeared_by_its_path_while_the_shutter_is_open(exposure: float) -> None:
    """Its light is spread, not lost: four copies in equal steps have the variance of a path but for a sixteenth."""
    one = mover(replace(ALWAYS, smear=16))
    seen = one.seen(view(exposure, still=True, smeared=True), ONES)
    inside = one.layer[:, 3].sum((1, 2)) < 600
    assert inside.any()
    torch.testing.assert_close(seen.mean((2, 3))[inside], one.layer.mean((2, 3))[inside], rtol=0.15, atol=1e-3)
    spots = torch.zeros(SIZE, 4, SIDE, SIDE)
    spots[:, :, SIDE // 2, SIDE // 2] = 1
    one.layer = spots
    spot = one.seen(view(exposure, still=True, smeared=True), ONES)[:, 3]
    axis = torch.arange(SIDE) - SIDE // 2
    spread = (spot * (axis**2 + axis[:, None] ** 2)).sum((1, 2))
    path = (one.smear * exposure).square().sum(1) * (1 - 1 / 16) / 12
    assert (spread >= path - 1e-3).all()
    assert (spread <= path + 0.51).all()  # bilinear weights spread a spot by a quarter of a pixel each way


def test_move_by_whole_pixels_shifts_and_never_overshoots() -> None:
    picture = torch.zeros(1, 1, 21, 21)
    picture[0, 0, 10, 10] = 1000.0  # a lamp
    shifted = move(picture, torch.tensor([[3.0, -2.0]]), torch.zeros(1))
    assert float(shifted[0, 0, 12, 7]) == pytest.approx(1000, rel=1e-3)
    half = move(picture, torch.tensor([[0.5, 0.0]]), torch.tensor([7.0]))
    assert 0 <= float(half.min()) <= float(half.max()) <= 1000


def test_bends_are_smooth_and_as_large_as_asked_for() -> None:
    field = bends(Draws(torch.device("cpu"), 1), 2 * torch.ones(64, 1), SIDE)
    assert float(field[:, 0, 0].std()) == pytest.approx(2, rel=0.2)
    assert float(field.diff(dim=1).abs().max()) < 0.75
    assert torch.equal(bends(Draws(torch.device("cpu")), torch.zeros(2, 1), SIDE), torch.zeros(2, SIDE, SIDE, 2))
