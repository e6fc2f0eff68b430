"""Tiled = untiled, for every network, tile size and odd image size; and the parts of tiling by closed forms."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from hdrcli import plugins, tiling
from hdrcli.image import Bracket, Exposure
from hdrcli.tiling import StatisticsPass, TiledModule, Window
from tests import formula

CPU = torch.device("cpu")
SMALL = {
    "apnt": {"features": 4, "blocks": 1, "radius": 1, "vgg_width": 4},
    "dfgnet": {"features": 4, "vector": 16},
    "dpg": {"width": 2},
    "lightfuse": {"first": 8, "second": 4},
    "twophase": {"width": 4, "features": 4, "growth": 4},
}
CONDITIONS = {
    "apnt": {"exposure_times": [1.0, 4.0, 16.0]},
    "dfgnet": {"exposure_times": [1.0, 4.0, 16.0]},
    "dpg": {},
    "lightfuse": {},
    "twophase": {},
}
CHANNELS = {"apnt": 9, "dfgnet": 9, "dpg": 6, "lightfuse": 6, "twophase": 6}


@pytest.mark.parametrize("name", plugins.names("networks"))
@pytest.mark.parametrize(("height", "width"), [(251, 333), (37, 53), (100, 90), (1, 1), (3, 130), (128, 96)])
@pytest.mark.parametrize("tile", [32, 64, 96])
def test_tiled_equals_untiled(name: str, height: int, width: int, tile: int) -> None:
    network = plugins.load("networks", name).NETWORK
    module = network.build(**SMALL[name])
    formula.fill(module)
    # a ramp in brightness, so that tiles differ in their own statistics
    ramp = np.linspace(0.1, 1, width, dtype=np.float32)
    planes = np.clip(formula.picture(name, CHANNELS[name], height, width) * ramp, 0, 1)
    if len(module.strides) > 1:  # a network with maps of its own pads the picture for them
        frames = (Exposure(frame.transpose(1, 2, 0), "srgb", name) for frame in np.split(planes, 2))
        planes = network.planes(Bracket(name, tuple(frames), 0), module)
        height, width = planes[0].shape[1:]
    whole = tiling.run(module, planes, CONDITIONS[name], tile=None, device=CPU)
    tiled = tiling.run(module, planes, CONDITIONS[name], tile=tile, device=CPU)
    assert whole.shape == tiled.shape == (3, height, width)
    assert np.isfinite(whole).all()
    assert np.abs(whole - tiled).max() <= 1e-4
    assert np.ptp(whole) > 1e-3 or height * width == 1


class MeanShift(TiledModule):
    """Subtracts the image's mean, twice its first pass's count away: a network with statistics and no weights."""

    tile_multiple = 8

    def __init__(self) -> None:
        super().__init__()
        self.passes = (StatisticsPass(8, MeanShift.measure, MeanShift.finish),)

    def measure(self, planes: Tensor, conditions: object, known: object, window: Window) -> dict[str, Tensor]:
        rows, columns = window.at_stride(1, *planes.shape[2:])
        part = planes[:, :, rows, columns].double()
        return {"sum": part.sum(), "count": torch.tensor(part.numel(), dtype=torch.float64)}

    def finish(self, sums: dict[str, Tensor]) -> dict[str, Tensor]:
        return {"mean": (sums["sum"] / sums["count"]).float()}

    def forward(self, planes: Tensor, conditions: object, statistics: dict[str, Tensor] | None = None) -> Tensor:
        return planes - (planes.mean() if statistics is None else statistics["mean"])


@pytest.mark.parametrize("tile", [8, 24, 40, 1000])
def test_a_pass_sees_every_pixel_once(tile: int) -> None:
    planes = np.random.default_rng(1).random((3, 61, 75)).astype(np.float32)
    made = tiling.run(MeanShift(), planes, {}, tile=tile, device=CPU)
    np.testing.assert_allclose(made, planes - planes.mean(dtype=np.float64), atol=1e-6)


@pytest.mark.parametrize(("height", "width", "tile"), [(7, 5, 4), (64, 64, 32), (1, 100, 33), (50, 50, 64)])
def test_windows_cover_the_image_once(height: int, width: int, tile: int) -> None:
    seen = np.zeros((height, width), int)
    for window in tiling.split(height, width, tile):
        assert window.bottom - window.top <= tile
        assert window.right - window.left <= tile
        seen[window.top : window.bottom, window.left : window.right] += 1
    assert (seen == 1).all()


def test_cut_repeats_the_last_pixels_beyond_the_image() -> None:
    planes = np.arange(12, dtype=np.float32).reshape(1, 3, 4)
    tile = tiling.cut(planes, Window(1, 2, 5, 6))[0, 0].numpy()
    np.testing.assert_array_equal(tile, [[6, 7, 7, 7], [10, 11, 11, 11], [10, 11, 11, 11], [10, 11, 11, 11]])


def test_progress_ends_at_one() -> None:
    shares: list[float] = []
    tiling.run(MeanShift(), np.zeros((3, 40, 40), np.float32), {}, tile=16, device=CPU, progress=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1)


def test_running_out_of_memory_halves_the_tile() -> None:
    class Hungry(MeanShift):
        def forward(self, planes: Tensor, conditions: object, statistics: dict[str, Tensor] | None = None) -> Tensor:
            if planes.shape[2] > 24:
                raise torch.cuda.OutOfMemoryError("too large")
            return super().forward(planes, conditions, statistics)

    planes = np.random.default_rng(2).random((3, 64, 64)).astype(np.float32)
    made = tiling.run(Hungry(), planes, {}, tile=64, device=CPU)
    np.testing.assert_allclose(made, planes - planes.mean(dtype=np.float64), atol=1e-6)
