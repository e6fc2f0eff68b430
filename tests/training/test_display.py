"""Pairs for the display fusers: exposures as a camera's, aims that belong to them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity

from hdrcli.errors import ReadError
from hdrcli.training import losses
from hdrcli.training.brackets import srgb_encode
from hdrcli.training.critic import critic_loss, deceit_loss
from hdrcli.training.display import PairMaker, Pairs, PairSettings
from hdrcli.training.display_pack import (
    LitScene,
    ShotScene,
    load_display_pack,
    make_display_pack,
    many_exposure_fusion,
)
from hdrcli.transfer import linear_to_srgb

CPU = torch.device("cpu")
PLAIN = PairSettings(
    patch=32,
    under=(2, 2),
    over=(3, 3),
    contrast=(1, 1),
    shot_noise=(1e-12, 1e-12),
    read_noise=(1e-9, 1e-9),
    colour_stops=0,
    jpeg_share=0,
)


def lit_scene(height: int = 64, width: int = 96) -> LitScene:
    """Smooth light of 0.02 to 0.5 whose aim is its own sRGB picture."""
    coarse = torch.rand(1, 3, 4, 6, generator=torch.Generator().manual_seed(5))
    light = 0.02 + 0.48 * torch.nn.functional.interpolate(coarse, (height, width), mode="bilinear")[0]
    return LitScene(light.half(), (srgb_encode(light) * 255).round().to(torch.uint8))


def test_the_frames_are_the_light_exposed_and_the_aim_is_of_the_same_place() -> None:
    batch = PairMaker([lit_scene()], PLAIN, seed=1).batch(6, step=0)
    light = torch.where(batch.aim <= 0.04045, batch.aim / 12.92, ((batch.aim + 0.055) / 1.055) ** 2.4)
    for frame, stops in ((batch.frames[:, :3], -2), (batch.frames[:, 3:], 3)):
        # the aim's and the frame's own steps of 1/255, and half precision
        torch.testing.assert_close(frame, srgb_encode((light * 2**stops).clamp(0, 1)), atol=0.012, rtol=0)


def test_the_ends_are_those_of_the_whole_frame() -> None:
    scene = lit_scene()
    batch = PairMaker([scene], PLAIN, seed=1).batch(4, step=0)
    brightest = srgb_encode((scene.light.float().max() * 2**-2).clamp(0, 1))
    assert float(batch.highs[:, 0].max()) <= float(brightest) + 1 / 255
    assert (batch.highs[:, 1] == 1).all()  # three stops over, the brightest are clipped
    for index, frame in enumerate((batch.frames[:, :3], batch.frames[:, 3:])):
        assert (frame.amin((1, 2, 3)) >= batch.lows[:, index]).all()
        assert (frame.amax((1, 2, 3)) <= batch.highs[:, index]).all()


def test_a_step_gives_the_same_pairs_each_time_and_another_step_others() -> None:
    maker = PairMaker([lit_scene()], replace(PLAIN, shot_noise=(1e-4, 1e-3)), seed=1)
    first, other, again = maker.batch(2, 0), maker.batch(2, 1), maker.batch(2, 0)
    assert torch.equal(first.frames, again.frames)
    assert not torch.equal(first.frames, other.frames)


def test_of_real_frames_a_dark_and_a_bright_one_are_taken_and_recoloured_with_the_aim() -> None:
    levels = torch.arange(20, 230, 30, dtype=torch.uint8)
    frames = levels.view(-1, 1, 1, 1).expand(-1, 3, 64, 64).contiguous()
    scene = ShotScene(frames, torch.full((3, 64, 64), 100, dtype=torch.uint8))
    batch = PairMaker([scene], replace(PLAIN, colour_stops=0.5), seed=1).batch(16, 0)
    tint = batch.aim[:, :, 0, 0] * 255 / 100
    assert float(tint.std()) > 0.01
    assert float(tint.max()) <= 1
    dark, bright = (batch.frames[:, part, 0, 0] * 255 / tint for part in (slice(0, 3), slice(3, 6)))
    assert {round(float(value)) for value in dark.flatten()} <= {20, 50}  # the darker third of seven
    assert {round(float(value)) for value in bright.flatten()} <= {170, 200}
    assert torch.allclose(batch.lows, batch.highs)


def test_the_aim_shows_both_ends_of_a_range_no_exposure_holds() -> None:
    light = np.full((128, 256, 3), 0.004, np.float32)
    light[:, 128:] = 4.0  # ten stops brighter
    # textured and coloured: the fusion weighs by contrast and saturation
    light *= np.random.default_rng(1).uniform(0.5, 2, (128, 256, 3)).astype(np.float32)
    aim = many_exposure_fusion(light)
    dark, bright = aim[:, :120], aim[:, 136:]
    assert 0.15 < dark.mean() < bright.mean() < 0.97
    assert dark.std() > 0.05
    assert bright.std() > 0.05
    single = linear_to_srgb(np.clip(light, 0, 1))
    assert single[:, 136:].std() == 0
    assert single[:, :120].std() < dark.std() / 3


def test_a_pack_of_photographs_and_of_scenes_with_references(tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    (tmp_path / "photos").mkdir()
    cv2.imwrite(str(tmp_path / "photos" / "one.png"), random.integers(0, 255, (80, 100, 3), np.uint8))
    scene = tmp_path / "scenes" / "hall"
    scene.mkdir(parents=True)
    for name, level in (("b", 30), ("a", 200), ("reference", 90)):
        cv2.imwrite(str(scene / f"{name}.png"), np.full((60, 90, 3), level, np.uint8))
    file = tmp_path / "pack.safetensors"
    assert make_display_pack([tmp_path / "photos", tmp_path / "scenes"], file) == 2
    lit, shot = load_display_pack(file, CPU)
    assert isinstance(lit, LitScene)
    assert isinstance(shot, ShotScene)
    assert lit.light.shape == lit.aim.shape == (3, 80, 100)
    assert shot.frames[:, 0, 0, 0].tolist() == [30, 200]  # darkest first, whatever their names
    assert shot.aim.unique().tolist() == [90]


def test_a_scene_of_one_frame_is_refused_by_name(tmp_path: Path) -> None:
    scene = tmp_path / "scenes" / "hall"
    scene.mkdir(parents=True)
    for name in ("a", "reference"):
        cv2.imwrite(str(scene / f"{name}.png"), np.full((60, 90, 3), 90, np.uint8))
    with pytest.raises(ReadError, match="hall holds no scene to train on"):
        make_display_pack([tmp_path / "scenes"], tmp_path / "pack.safetensors")


def test_ssim_is_scikit_images() -> None:
    random = np.random.default_rng(3)
    one = random.random((40, 50, 3))
    other = np.clip(one + random.normal(0, 0.1, one.shape), 0, 1)
    tensors = (torch.from_numpy(picture).permute(2, 0, 1)[None] for picture in (one, other))
    expected = structural_similarity(
        one, other, data_range=1, channel_axis=-1, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
    )
    assert float(losses.ssim(*tensors)) == pytest.approx(expected, abs=1e-6)


def test_a_critic_that_cannot_tell_is_half_wrong_and_one_that_can_is_not() -> None:
    frames, aim = torch.rand(2, 6, 16, 16), torch.ones(2, 3, 16, 16)
    batch = Pairs(frames, aim, torch.zeros(2, 2), torch.ones(2, 2))

    class Brightness(torch.nn.Module):
        def forward(self, frames: torch.Tensor, picture: torch.Tensor) -> torch.Tensor:
            return picture.mean((1, 2, 3))

    assert float(critic_loss(Brightness(), torch.zeros_like(aim), batch)) == 0
    assert float(critic_loss(Brightness(), aim, batch)) == 0.5
    assert float(deceit_loss(Brightness(), aim, batch)) == 0
    assert float(deceit_loss(Brightness(), torch.zeros_like(aim), batch)) == 1
