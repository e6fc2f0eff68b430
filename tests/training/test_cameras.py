"""Simulated cameras: an exact one changes nothing, and each fault is as large as it is said to be."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from hdrcli.training.cameras import EXACT, Camera, CameraSettings, bent_by, unbent_by
from hdrcli.training.draws import Draws

SIZE, SIDE = 64, 32
PLAIN = CameraSettings(
    share=1,
    gain=0,
    drift=0,
    glare=(1e-12, 2e-12),
    bloom=(1e-12, 2e-12),
    sharpening=0,
    softness=0,
    contrast=0,
    crushed=0,
    overlap=0,
)


def camera(settings: CameraSettings) -> Camera:
    return Camera(settings, SIZE, Draws(torch.device("cpu"), 5))


def light() -> torch.Tensor:
    return torch.rand(SIZE, 3, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("settings", [EXACT, PLAIN])
def test_an_exact_camera_changes_nothing(settings: CameraSettings) -> None:
    exact = camera(settings)
    torch.testing.assert_close(exact.separated(exact.to_sensor(light())), light(), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(exact.undo(exact.developed(light())), light(), rtol=1e-4, atol=1e-4)


def test_exposures_are_off_by_no_more_than_exif_rounds() -> None:
    """Two standard deviations at most: 0.08 stop, which is 6 %; each frame by another."""
    stops = (camera(replace(PLAIN, gain=0.04)).to_sensor(light()) / light()).log2().mean((2, 3, 4))
    assert stops.abs().max() < 0.081
    assert stops.std() == pytest.approx(0.035, rel=0.2)
    assert (stops[:, 0] - stops[:, 1]).abs().max() > 0.02


def test_scattered_light_is_as_much_as_was_taken() -> None:
    scattered = camera(replace(PLAIN, glare=(0.01, 0.0101), bloom=(0.03, 0.0301), bloom_share=1)).to_sensor(light())
    torch.testing.assert_close(scattered.mean(), light().mean(), rtol=1e-3, atol=0)
    lamp = torch.zeros(SIZE, 3, 3, SIDE, SIDE)
    lamp[..., 12:20, 12:20] = 100
    around = camera(replace(PLAIN, bloom=(0.03, 0.0301), bloom_share=1)).to_sensor(lamp)[..., 16, 24]
    assert around.min() > 0.05


@pytest.mark.parametrize("contrast", [0.0, 0.25, 0.5, 0.75])
def test_the_curve_of_a_picture_style_is_undone(contrast: float) -> None:
    values = torch.linspace(0, 1, 1001)
    bent = bent_by(values, torch.tensor(contrast))
    assert (bent.diff() > 0).all()
    assert (bent[501] - bent[499]) / (values[501] - values[499]) == pytest.approx(1 + contrast, abs=1e-3)
    torch.testing.assert_close(unbent_by(bent, torch.tensor(contrast)), values, rtol=0, atol=2e-4)


def test_what_is_crushed_is_black_and_sharpening_keeps_flat_places() -> None:
    dark = torch.full((SIZE, 3, 3, SIDE, SIDE), 0.004)
    crushing = camera(replace(PLAIN, crushed=0.03, crushed_share=1))
    assert 0.7 < (crushing.developed(dark) == 0).float().mean() < 1
    sharp = camera(replace(PLAIN, sharpening=0.8))
    flat = torch.full_like(dark, 0.4)
    torch.testing.assert_close(sharp.developed(flat), flat)
    assert sharp.developed(light()).std() > light().std()


def test_channels_that_overlap_are_separated_and_turn_colours_only_where_one_is_clipped() -> None:
    overlapping = camera(replace(PLAIN, overlap=0.25))
    sensed = overlapping.to_sensor(light())
    assert (sensed.std(2) < light().std(2) + 1e-6).all()
    torch.testing.assert_close(overlapping.separated(sensed), light(), rtol=0, atol=1e-5)
    red = torch.tensor([1.6, 0.4, 0.4]).view(1, 1, 3, 1, 1).expand(SIZE, 3, 3, SIDE, SIDE)
    seen = overlapping.separated(overlapping.to_sensor(red).clamp(0, 1))
    assert (seen[:, :, 0] == 1).all()
    assert (seen[:, :, 1:] >= 0.4 - 1e-5).all()
    assert seen[:, :, 1:].max() > 0.42
