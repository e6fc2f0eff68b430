"""Synthetic brackets: the truth is what an exact camera would have seen, and noise is as asked."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from hdrcli.training import cameras
from hdrcli.training.brackets import Batch, BracketMaker, BracketSettings, expose, srgb_decode, srgb_encode
from hdrcli.training.movers import MoverSettings

EXACT = BracketSettings(
    patch=48,
    margin=8,
    static_share=1.0,
    shot_noise=(1e-12, 2e-12),
    read_noise=(1e-9, 2e-9),
    sixteen_bit_share=1.0,
    camera=cameras.EXACT,
)


def images() -> list[torch.Tensor]:
    random = torch.Generator().manual_seed(5)
    return [torch.rand(3, 128, 256, generator=random).half() * 4 for _ in range(3)]


def make(settings: BracketSettings, step: int = 3) -> Batch:
    return BracketMaker(images(), settings, seed=7).batch(4, step)


def test_a_static_noiseless_frame_is_the_truth_times_its_exposure_clipped() -> None:
    batch = make(EXACT)
    light = batch.truth[:, None] * batch.times[:, :, None, None, None]
    # the truth is itself clipped where the shortest frame saturates
    seen = batch.truth[:, None].expand_as(light) < 1
    error = (batch.frames - light.clamp(0, 1)).abs()[seen]
    assert float(error.max()) < 2e-4  # the coarsest of 16-bit sRGB and gamma steps
    assert float(batch.frames.max()) <= 1
    assert float(batch.times[:, 0].min()) == float(batch.times[:, 0].max()) == 1


def test_times_ascend_by_the_steps_asked_for() -> None:
    times = make(replace(EXACT, steps=(2.0,))).times
    assert torch.allclose(times, torch.tensor([[1.0, 4.0, 16.0]]).expand(4, 3))


def test_the_same_step_makes_the_same_batch_and_another_step_another() -> None:
    one, same, other = make(EXACT), make(EXACT), make(EXACT, step=4)
    assert torch.equal(one.frames, same.frames)
    assert not torch.equal(one.frames, other.frames)


def test_eight_bits_make_at_most_256_levels() -> None:
    frames = make(replace(EXACT, sixteen_bit_share=0.0, gamma_share=0.0)).frames
    codes = srgb_encode(frames) * 255
    assert float((codes - codes.round()).abs().max()) < 1e-2


def test_moving_scenes_move_in_all_frames_but_the_reference() -> None:
    still, moving = make(EXACT), make(replace(EXACT, static_share=0.0))
    light = moving.truth * moving.times[:, 1].view(-1, 1, 1, 1)
    seen = moving.truth < 1
    assert float((moving.frames[:, 1] - light.clamp(0, 1)).abs()[seen].max()) < 2e-4
    assert float((moving.frames[:, 0] - moving.truth).abs().mean()) > 10 * float(
        (still.frames[:, 0] - still.truth).abs().mean()
    )


@pytest.mark.parametrize("smeared", [0.0, 1.0])
def test_frames_agree_wherever_it_is_not_near_what_moved(smeared: float) -> None:
    """Of aligned brackets without parallax; and movers are somewhere."""
    movers = MoverSettings(smeared_share=smeared, share=1)
    settings = replace(EXACT, static_share=0.0, unaligned_share=0.0, parallax_share=0.0, left_by_alignment=(0.0,))
    batch = make(replace(settings, movers=movers))
    light = (batch.truth[:, None] * batch.times[:, :, None, None, None]).clamp(0, 1)
    far = ((batch.frames - light).abs() > 2e-4) & (batch.truth[:, None] < 1)
    assert 0.1 < float(batch.near.mean()) < 0.95
    assert not bool((far & (batch.near[:, None] == 0)).any())
    assert bool((far & (batch.near[:, None] == 1)).any())


def test_a_still_bracket_is_near_nothing_but_what_its_reference_clips() -> None:
    batch = make(EXACT)
    clipped = batch.frames[:, 1].amax(1, keepdim=True) > 0.951
    dim = batch.frames[:, 1].amax(1, keepdim=True) < 0.949
    assert bool((batch.near[clipped] == 1).all())
    assert bool((batch.near[dim] == 0).all())
    assert not bool(batch.lost.any())


def test_what_is_lost_is_clipped_in_the_reference_and_something_else_in_the_shortest_frame() -> None:
    movers = MoverSettings(share=1, stops=(-4.0, -3.0))
    batch = make(replace(EXACT, static_share=0.0, key_stops=3.0, movers=movers), step=8)
    lost = batch.lost.expand_as(batch.truth) > 0
    assert 0.005 < float(batch.lost.mean()) < 0.5
    assert bool((batch.frames[:, 1].amax(1, keepdim=True)[batch.lost > 0] > 0.949).all())
    off = (batch.frames[:, 0] - batch.truth).abs().mean(1, keepdim=True) / batch.truth.mean(1, keepdim=True)
    assert float(off[lost[:, :1]].min()) > 0.14


def test_noise_has_the_variance_of_shot_and_read_noise() -> None:
    flat = [torch.full((3, 128, 256), 1.0).half()]
    settings = replace(
        EXACT, movers=MoverSettings(count=0), patch=96, shot_noise=(1e-3, 1.0001e-3), read_noise=(1e-2, 1.0001e-2)
    )
    batch = BracketMaker(flat, settings, seed=1).batch(8, 0)
    middle = batch.frames[:, 1]
    level = middle.mean((1, 2, 3))
    inner = (level > 0.1) & (level < 0.7)  # away from clipping at both ends
    assert inner.any()
    wanted = (1e-3 * middle.mean((2, 3)) + 1e-4)[inner]
    assert torch.allclose(middle.var((2, 3))[inner], wanted, rtol=0.05)


def test_expose_puts_the_log_average_where_asked() -> None:
    crops = torch.rand(2, 3, 32, 32) + 0.01
    made = expose(crops, torch.tensor([0.2, 0.05]).view(2, 1, 1, 1))
    luminance = (made * torch.tensor([0.2126, 0.7152, 0.0722]).view(1, 3, 1, 1)).sum(1)
    assert torch.allclose(luminance.log().mean((1, 2)).exp(), torch.tensor([0.2, 0.05]), rtol=1e-3)


def test_srgb_there_and_back() -> None:
    x = torch.linspace(0, 1, 1001)
    assert torch.allclose(srgb_decode(srgb_encode(x)), x, atol=1e-6)
