"""Simulated JPEG compression against libjpeg's."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from PIL import Image

from hdrcli.training.jpeg import compressed


def picture() -> np.ndarray:
    """Smooth colours with edges and grain, (96, 128, 3) uint8."""
    random = np.random.default_rng(4)
    y, x = np.mgrid[:96, :128]
    base = np.stack([120 + 80 * np.sin(x / 17), 110 + 60 * np.cos(y / 11), 90 + 50 * np.sin((x + y) / 23)], -1)
    base[20:60, 30:80] += 50
    return np.clip(base + random.normal(0, 6, base.shape), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("quality", [30, 75, 92])
def test_it_does_what_libjpeg_does(quality: int) -> None:
    original = picture()
    coded = io.BytesIO()
    Image.fromarray(original).save(coded, "jpeg", quality=quality, subsampling="4:2:0")
    theirs = np.asarray(Image.open(coded)).astype(float)
    planar = torch.from_numpy(original).permute(2, 0, 1)[None] / 255
    ours = (compressed(planar, torch.tensor([float(quality)]))[0].permute(1, 2, 0) * 255).numpy()
    damage = np.abs(theirs - original).mean()
    assert damage > 1
    # what is left is the rounding of their integer arithmetic
    assert np.abs(ours - theirs).mean() < 0.25 * damage
    assert abs(np.abs(ours - original).mean() - damage) < 0.05 * damage


def test_of_greys_all_but_rounding_is_the_same() -> None:
    original = picture()[..., :1].repeat(3, 2)
    coded = io.BytesIO()
    Image.fromarray(original).save(coded, "jpeg", quality=30)
    theirs = np.asarray(Image.open(coded)).astype(float)
    planar = torch.from_numpy(original).permute(2, 0, 1)[None] / 255
    ours = (compressed(planar, torch.tensor([30.0]))[0].permute(1, 2, 0) * 255).numpy()
    assert np.abs(ours - theirs).mean() < 0.15


def test_each_picture_has_its_own_quality() -> None:
    grey = torch.from_numpy(picture()[..., :1].repeat(3, 2))
    planar = (grey.permute(2, 0, 1) / 255).expand(2, -1, -1, -1)
    coarse, fine = compressed(planar, torch.tensor([20.0, 95.0]))
    assert (coarse - planar[0]).abs().mean() > 2 * (fine - planar[1]).abs().mean()
