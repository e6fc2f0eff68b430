"""Networks that pool over the whole image again and again: exact results by working layer by layer.

A channel attention needs the mean of a feature map over the whole image before the next layer can begin; with twenty of
them one after the other, statistics passes would run the first layers twenty times. Instead every layer goes over the
tiles with the small halo of its own, and its whole map is kept (in host memory where the device has too little) until
no later layer reads it.

A network states its layers once, in `compose`; who calls it decides how they run: `Whole` on a tensor at once, which is
training, or `Layerwise` over the tiles of a picture.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import ceil
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from hdrcli.planes import reduced
from hdrcli.tiling import Conditions, Progress, Statistics, TiledModule, TiledRun, Window, free_memory, split, with_halo

log = logging.getLogger("hdrcli")

STORE_SHARE = 0.35  # of the free memory that stored maps may take; MEMORY_SHARE of it is a tile's
REDUCED_PIXELS = 1_500_000  # of the picture that means come from when the whole picture's maps do not fit


class Layers(Protocol):
    """How the layers of a network run. Maps are what `layer` returns and takes."""

    def layer(self, function: Callable[..., Any], *maps: Any, halo: int, strides: tuple[int, ...] = (1,)) -> Any:
        """The map that `function` makes of `maps`; as many maps as `strides` has entries, which are their strides.

        A result depends on `halo` pixels of the picture around it; `halo` is a multiple of the strides.
        """

    def pooled(self, function: Callable[..., Any], x: Any, y: Any) -> Any:
        """`function(x, y, mean)`, pixel by pixel, where `mean` (B, C) is that of `y` over the image; `x` is used up."""


class Whole:
    """All layers on tensors at once, differentiable.

    With `statistics` the tensors are a tile of a picture whose means these are.
    """

    def __init__(self, statistics: Statistics | None = None) -> None:
        self._means: Iterator[Tensor] | None = iter(statistics.values()) if statistics else None

    def layer(self, function: Callable[..., Any], *maps: Any, halo: int, strides: tuple[int, ...] = (1,)) -> Any:
        return function(*maps)

    def pooled(self, function: Callable[..., Any], x: Tensor, y: Tensor) -> Tensor:
        mean = y.float().mean((2, 3)) if self._means is None else next(self._means)
        return function(x, y, mean)


class Work:
    """Runs nothing: adds up the pixels that the layers would make, as a share of the picture's, for progress."""

    def __init__(self) -> None:
        self.total = 0.0
        self.pools = False

    def layer(self, function: Callable[..., Any], *maps: Any, halo: int, strides: tuple[int, ...] = (1,)) -> Any:
        self.total += 1 / min(strides) ** 2
        return strides if len(strides) > 1 else strides[0]

    def pooled(self, function: Callable[..., Any], x: int, y: int) -> int:
        self.total += 1 / x**2
        self.pools = True
        return x


@dataclass(frozen=True)
class Input:
    """One of the maps that the network takes, by its number and its stride."""

    number: int
    stride: int


class Stored:
    """A whole map (1, C, H / stride, W / stride) and the float64 sums of its channels."""

    def __init__(self, like: Tensor, stride: int, height: int, width: int, home: torch.device) -> None:
        self.stride = stride
        shape = (1, like.shape[1], height // stride, width // stride)
        self.values = torch.empty(shape, dtype=like.dtype, device=home)
        self.sums = torch.zeros(like.shape[:2], dtype=torch.float64)

    def place(self, window: Window) -> tuple[slice, slice, slice, slice]:
        """The part of the map that lies in a window of the picture."""
        cells = window.coarser(self.stride)
        return slice(None), slice(None), slice(cells.top, cells.bottom), slice(cells.left, cells.right)

    def put(self, part: Tensor, window: Window) -> None:
        self.values[self.place(window)] = part.to(self.values.device)
        self.sums += part.sum((2, 3), dtype=torch.float64).cpu()

    def mean(self) -> Tensor:
        """(1, C) float32."""
        return (self.sums / self.values[0, 0].numel()).float()


class Layerwise:
    """One layer after the other over the tiles of a picture; `means` are those that it met, in their order."""

    def __init__(self, run: TiledRun, tile: int, home: torch.device, step: Callable[[float], None]) -> None:
        self.run, self.tile, self.home, self.step = run, tile, home, step
        self.means: Statistics = {}

    def layer(self, function: Callable[..., Any], *maps: Any, halo: int, strides: tuple[int, ...] = (1,)) -> Any:
        made: tuple[Stored, ...] = ()
        height, width = self.run.height, self.run.width
        windows = self._windows(min(*strides, *(one.stride for one in maps)))
        for window in windows:
            outer, inner = with_halo(window, halo, 1, height, width)
            results = function(*(self._tile(one, outer) for one in maps))
            results = results if len(strides) > 1 else (results,)
            if not made:
                sizes = zip(results, strides, strict=True)
                made = tuple(Stored(like, stride, height, width, self.home) for like, stride in sizes)
            for stored, result in zip(made, results, strict=True):
                stored.put(result[stored.place(inner)], window)
            self.step(1 / min(strides) ** 2 / len(windows))
        return made if len(made) > 1 else made[0]

    def pooled(self, function: Callable[..., Any], x: Stored, y: Stored) -> Stored:
        mean = y.mean().to(self.run.device)
        self.means[f"mean{len(self.means)}"] = mean
        windows = self._windows(x.stride)
        for window in windows:
            made = function(self._tile(x, window), self._tile(y, window), mean)
            x.values[x.place(window)] = made.to(self.home)
            self.step(1 / x.stride**2 / len(windows))
        return x

    def _windows(self, stride: int) -> list[Window]:
        """The tiles of maps of a stride and more, which take less memory: features double as sides are halved."""
        multiple = self.run.module.tile_multiple
        return list(split(self.run.height, self.run.width, int(self.tile * stride**0.5) // multiple * multiple))

    def _tile(self, one: Any, window: Window) -> Any:
        """A map's part in a window on the device."""
        if isinstance(one, Input):
            return self.run.map_on_device(one.number, window)
        part = one.values[one.place(window)].to(self.run.device)
        return part.contiguous(memory_format=torch.channels_last)


class LayeredModule(TiledModule):
    """A network whose layers `compose` states. `halo` is that of all layers together, for one pass with known means.

    `stored_bytes_per_pixel` is the most that the maps kept at one time take, in fp32.
    """

    stored_bytes_per_pixel = 0

    def compose(self, layers: Layers, planes: Any, conditions: Conditions) -> Any:
        """The (B, 3, H, W) picture of (B, C, H, W) `planes`, by calls of `layers` alone."""
        raise NotImplementedError

    def forward(self, planes: Tensor, conditions: Conditions, statistics: Statistics | None = None) -> Tensor:
        return self.compose(Whole(statistics), planes, conditions)

    def in_tiles(self, run: TiledRun, tile: int, progress: Progress) -> np.ndarray:
        """Layer by layer; or, where the maps do not fit, in one pass with the means of the reduced picture."""
        home = self._home(run)
        if home is not None:
            made, _ = self.layerwise(run, tile, home, progress)
            height, width = run.size
            return made[0, :, :height, :width].float().cpu().numpy()
        height, width = run.size
        log.warning(
            "the feature maps of %d x %d pixels do not fit into memory: "
            "attention means come from the picture reduced to 1.5 MP",
            width,
            height,
        )
        run.notes["attentionMeans"] = "image reduced to 1.5 MP"
        return run.tiled(tile, progress, self.reduced_means(run, tile))

    def layerwise(
        self, run: TiledRun, tile: int, home: torch.device, progress: Progress = lambda share: None
    ) -> tuple[Tensor, Statistics]:
        """The (1, 3, H, W) picture, padded to the network's size, and the means that its layers met."""
        work = Work()
        self.compose(work, self.strides if len(self.strides) > 1 else 1, run.conditions)
        done = 0.0

        def step(share: float) -> None:
            nonlocal done
            done += share
            progress(min(1.0, done / work.total))

        layers = Layerwise(run, max(self.tile_multiple, tile // self.tile_multiple * self.tile_multiple), home, step)
        inputs = tuple(Input(number, stride) for number, stride in enumerate(self.strides))
        return self.compose(layers, inputs if len(inputs) > 1 else inputs[0], run.conditions).values, layers.means

    def reduced_means(self, run: TiledRun, tile: int, pixels: int = REDUCED_PIXELS) -> Statistics:
        """The means that the layers meet in the picture reduced to `pixels` or less by area averaging."""
        height, width = run.size
        small = reduced(run.maps[0], max(1, ceil((height * width / pixels) ** 0.5)))
        return self.layerwise(TiledRun(self, small, run.conditions, run.device), tile, run.device)[1]

    def _home(self, run: TiledRun) -> torch.device | None:
        """Where maps are kept: on the device or in host memory; None, nowhere, if they do not fit and means can do."""
        needed = self.stored_bytes_per_pixel * run.height * run.width
        homes = (run.device, torch.device("cpu"))
        work = Work()
        self.compose(work, self.strides if len(self.strides) > 1 else 1, run.conditions)
        enough = (home for home in homes if needed <= free_memory(home) * STORE_SHARE)
        return next(enough, None if work.pools else homes[1])
