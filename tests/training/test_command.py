"""`hdrcli train` from folders of images to a weights file that fuses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import OpenEXR
import pytest
import torch

from hdrcli import plugins, weights
from hdrcli.errors import ReadError, UsageError
from hdrcli.networks.dfgnet import NETWORK
from hdrcli.training import command
from hdrcli.training.pack import inverse_tone_curve, load_pack, make_pack
from tests.training.test_loop import TINY


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A panorama with a lamp of 500 times white and a grey photograph."""
    folder = tmp_path / "data"
    folder.mkdir()
    random = np.random.default_rng(1)
    light = random.uniform(0.1, 1, (96, 192, 3)).astype(np.float32)
    light[40:44, 90:94] = 500
    OpenEXR.File({"type": OpenEXR.scanlineimage}, {"RGB": light}).write(str(folder / "hall.exr"))
    cv2.imwrite(str(folder / "grey.png"), np.full((96, 150, 3), 188, np.uint8))
    return folder


def test_a_pack_holds_light_above_white(data: Path, tmp_path: Path) -> None:
    assert make_pack([data], tmp_path / "pack.safetensors", long_side=1024) == 2
    grey, hall = load_pack(tmp_path / "pack.safetensors", torch.device("cpu"))
    assert hall.shape == (3, 96, 192)
    assert float(hall.max()) == 500
    # sRGB 188 is linear 0.503; the inverse of Reinhard's curve lifts it
    assert float(grey.mean()) == pytest.approx(0.503 / (1 - 0.75 * 0.503), rel=0.01)


def test_the_inverse_tone_curve_puts_white_two_stops_up_and_keeps_black() -> None:
    np.testing.assert_allclose(inverse_tone_curve(np.array([0, 0.01, 1])), [0, 0.01 / 0.9925, 4])


def test_training_makes_weights_that_load(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = plugins.load("training/recipes", "dfgnet")
    monkeypatch.setattr(recipe.RECIPE, "settings", replace(TINY, steps=2, checkpoint_every=2))
    file = command.train("dfgnet", [data], validation=[data], run=tmp_path / "run", seed=4)
    assert weights.load("dfgnet", NETWORK, str(file)).module.dfgnet.conv_tail2.out_channels == 3


def test_training_without_anything_held_out_is_refused(data: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no held-out images"):
        command.train("dfgnet", [data], validation=[], run=tmp_path / "run")


def test_a_folder_without_images_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ReadError, match="empty holds no images to train on"):
        make_pack([tmp_path / "empty"], tmp_path / "pack.safetensors")
