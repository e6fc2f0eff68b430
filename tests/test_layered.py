"""Layer by layer = at once: with all means exact, whatever the tiles; and what is kept, freed and said."""

from __future__ import annotations

import logging
import weakref
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from hdrcli import layered, tiling
from hdrcli.layered import LayeredModule, Layers
from hdrcli.networks.apnt import APNT
from hdrcli.tiling import TiledRun
from tests import formula

CPU = torch.device("cpu")
APNT_CONDITIONS = {"exposure_times": [1.0, 4.0, 16.0]}
NOTE = {"attentionMeans": "image reduced to 1 MP"}


class Centred(LayeredModule):
    """Less its mean, halved, less the square's mean: (x - m, then 2 x 2 means y, then y - mean(y^2))."""

    multiple_of = 4
    tile_multiple = 8
    stored_bytes_per_pixel = 12

    def compose(self, layers: Layers, planes: Any, conditions: Any) -> Any:
        x = layers.layer(lambda p: p * 1, planes, halo=0)
        x = layers.pooled(lambda x, y, mean: x - mean[..., None, None], x, layers.layer(lambda x: x * 1, x, halo=0))
        half = layers.layer(lambda x: torch.nn.functional.avg_pool2d(x, 2), x, halo=0, strides=(2,))
        square = layers.layer(torch.square, half, halo=0, strides=(2,))
        half = layers.pooled(lambda x, y, mean: x - mean[..., None, None], half, square)
        return layers.layer(lambda y: y.repeat_interleave(2, 2).repeat_interleave(2, 3), half, halo=0)


def ramp(channels: int, height: int, width: int) -> np.ndarray:
    brightness = np.linspace(0.1, 1, width, dtype=np.float32)
    return np.clip(formula.picture("layered", channels, height, width) * brightness, 0, 1)


@pytest.mark.parametrize("tile", [8, 24, 1000])
def test_means_are_those_of_the_whole_picture(tile: int) -> None:
    planes = np.random.default_rng(1).random((3, 60, 76)).astype(np.float32)
    made = tiling.run(Centred(), planes, {}, tile=tile, device=CPU)
    x = planes - planes.mean((1, 2), dtype=np.float64)[:, None, None]
    half = x.reshape(3, 30, 2, 38, 2).mean((2, 4))
    expected = half - (half**2).mean((1, 2))[:, None, None]
    np.testing.assert_allclose(made, expected.repeat(2, 1).repeat(2, 2), atol=1e-6)


def small_apnt(**settings: int) -> APNT:
    module = APNT(**({"features": 4, "blocks": 1, "radius": 1, "vgg_width": 4} | settings))
    formula.fill(module)
    return module


def test_tiles_match_with_all_of_vgg_as_the_whole_picture_does() -> None:
    module, planes = small_apnt(vgg_width=64, radius=2), ramp(9, 52, 84)
    whole = tiling.run(module, planes, APNT_CONDITIONS, tile=None, device=CPU)
    tiled = tiling.run(module, planes, APNT_CONDITIONS, tile=48, device=CPU)
    assert np.abs(whole - tiled).max() <= 1e-4


def test_one_pass_with_the_exact_means_equals_the_whole_picture(caplog: pytest.LogCaptureFixture) -> None:
    module, planes = small_apnt(), ramp(9, 32, 400)  # wider than a tile with the halos of all layers
    assert 2 * module.halo + 96 < 400
    whole = tiling.run(module, planes, APNT_CONDITIONS, tile=None, device=CPU)
    module.stored_bytes_per_pixel = 2**60  # more than any memory
    notes: dict[str, str] = {}
    with caplog.at_level(logging.WARNING, "hdrcli"):
        # a picture this small is not reduced, so that its means are exact
        tiled = tiling.run(module, planes, APNT_CONDITIONS, tile=96, device=CPU, notes=notes)
    assert np.abs(whole - tiled).max() <= 1e-4
    assert notes == NOTE
    assert "would take too much memory" in caplog.text


def test_ordinary_runs_have_no_notes() -> None:
    notes: dict[str, str] = {}
    tiling.run(Centred(), ramp(3, 16, 16), {}, tile=8, device=CPU, notes=notes)
    assert notes == {}


def test_reduced_pictures_have_the_means_of_area_averages() -> None:
    planes = np.random.default_rng(2).random((3, 64, 96)).astype(np.float32)
    module = Centred()
    run = TiledRun(module, planes, {}, CPU)
    first, _ = module.reduced_means(run, 16, pixels=32 * 48).values()
    # a reduction by a whole number keeps the mean
    np.testing.assert_allclose(first[0].numpy(), planes.mean((1, 2), dtype=np.float64), atol=1e-6)


def test_progress_rises_to_one() -> None:
    shares: list[float] = []
    tiling.run(small_apnt(), ramp(9, 40, 72), APNT_CONDITIONS, tile=32, device=CPU, progress=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1)


def test_maps_are_freed_once_no_layer_reads_them(monkeypatch: pytest.MonkeyPatch) -> None:
    kept, most = 0, 0

    class Counted(layered.Stored):
        def __init__(self, like: Tensor, stride: int, height: int, width: int, home: torch.device) -> None:
            nonlocal kept, most
            super().__init__(like, stride, height, width, home)
            size = self.values.numel() * self.values.element_size()
            kept, most = kept + size, max(most, kept + size)
            weakref.finalize(self, self.forget, size)

        @staticmethod
        def forget(size: int) -> None:
            nonlocal kept
            kept -= size

    monkeypatch.setattr(layered, "Stored", Counted)
    module = small_apnt(blocks=3)
    tiling.run(module, ramp(9, 64, 64), APNT_CONDITIONS, tile=32, device=CPU)
    assert 0.9 * module.stored_bytes_per_pixel * 64 * 64 <= most <= module.stored_bytes_per_pixel * 64 * 64
    assert kept == 0
