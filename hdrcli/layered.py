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

from hdrcli import heap, lanes
from hdrcli.feature_maps import Stored
from hdrcli.planes import reduced, repeated
from hdrcli.tile_size import free_memory
from hdrcli.tiling import Conditions, Progress, Statistics, TiledModule, TiledRun, Window, split, with_halo

log = logging.getLogger("hdrcli")

STORE_SHARE = 0.35  # of the free memory that stored maps of a GPU may take; MEMORY_SHARE of it is a tile's
HOST_BYTES = 1.1e9  # that those of a CPU may take; always as many, so that no result hangs on what else runs there
BLOCK_BYTES = 300e6  # that those of a block of a larger picture may take: one of 24 MP is then fused in 2 GB
MEANS = "attention means come from the picture reduced to 1 MP"
REDUCED_PIXELS = 1_000_000  # of the picture that means come from when the whole picture's maps do not fit


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


class Layerwise:
    """One layer after the other over the tiles of a picture; `means` are those that it met, in their order.

    Of a part of a picture, the means are `known`.
    """

    def __init__(
        self, run: TiledRun, tile: int, home: torch.device, step: Callable[[float], None], known: Statistics | None
    ) -> None:
        self.run, self.tile, self.home, self.step = run, tile, home, step
        self.known, self.means = known, Statistics()

    def layer(self, function: Callable[..., Any], *maps: Any, halo: int, strides: tuple[int, ...] = (1,)) -> Any:
        made: tuple[Stored, ...] = ()
        height, width = self.run.height, self.run.width
        windows = self._windows(min(*strides, *(one.stride for one in maps)))

        def tile(window: Window) -> tuple[Window, tuple[Tensor, ...]]:
            outer, inner = with_halo(window, halo, 1, height, width)
            results = function(*(self._tile(one, outer) for one in maps))
            return inner, results if len(strides) > 1 else (results,)

        for window, (inner, results) in zip(windows, lanes.each(tile, windows, self.run.device), strict=True):
            if not made:
                sizes = zip(results, strides, strict=True)
                made = tuple(Stored(like, stride, height, width, self.home) for like, stride in sizes)
            for stored, result in zip(made, results, strict=True):
                stored.put(result[stored.place(inner)], window)
            self.step(1 / min(strides) ** 2 / len(windows))
        return made if len(made) > 1 else made[0]

    def pooled(self, function: Callable[..., Any], x: Stored, y: Stored) -> Stored:
        name = f"mean{len(self.means)}"
        mean = self.means[name] = y.mean() if self.known is None else self.known[name]
        windows = self._windows(x.stride)

        def tile(window: Window) -> Tensor:
            made: Tensor = function(self._tile(x, window), self._tile(y, window), mean)
            return made

        for window, made in zip(windows, lanes.each(tile, windows, self.run.device), strict=True):
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
    """A network whose layers `compose` states. `halo` is that of all layers together, for blocks with known means.

    `tile_halo` is that of the layers that take most memory.
    `stored_bytes_per_pixel` is the most that the maps kept at one time take, in fp32.
    """

    stored_bytes_per_pixel = 0

    def compose(self, layers: Layers, planes: Any, conditions: Conditions) -> Any:
        """The (B, 3, H, W) picture of (B, C, H, W) `planes`, by calls of `layers` alone."""
        raise NotImplementedError

    def forward(self, planes: Tensor, conditions: Conditions, statistics: Statistics | None = None) -> Tensor:
        return self.compose(Whole(statistics), planes, conditions)

    def in_tiles(self, run: TiledRun, tile: int, progress: Progress) -> np.ndarray:
        """Layer by layer; block by block, with the means of the reduced picture, where the maps would take too much."""
        height, width = run.size
        home = self._home(run)
        if home is not None:
            made, _ = self.layerwise(run, tile, home, progress)
            parts = ((one, made[0][one.index]) for one in split(*run.size, tile))
            return run.gathered(parts, lambda count: None)
        log.warning("the feature maps of %d x %d pixels would take too much memory: %s", width, height, MEANS)
        run.notes["attentionMeans"] = "image reduced to 1 MP"
        return self.blockwise(run, tile, self.reduced_means(run, tile), progress)

    def blockwise(self, run: TiledRun, tile: int, means: Statistics, progress: Progress) -> np.ndarray:
        """The (3, H, W) picture, in blocks with the halo of all layers, each layer by layer with known means."""
        side = int((BLOCK_BYTES / self._stored_bytes(run)) ** 0.5) - 2 * self.halo
        side = max(side, tile) // self.tile_multiple * self.tile_multiple
        windows = list(split(run.height, run.width, side))

        def block(number: int) -> Tensor:
            heap.trim()
            outer, inner = with_halo(windows[number], self.halo, self.tile_multiple, run.height, run.width)
            planes = repeated(run.maps[0], slice(outer.top, outer.bottom), slice(outer.left, outer.right))
            part = TiledRun(self, planes, run.conditions, run.device)
            made, _ = self.layerwise(
                part, tile, run.device, lambda share: progress((number + share) / len(windows)), means
            )
            return run.own(made[0][inner.index], windows[number])

        return run.gathered(((window, block(number)) for number, window in enumerate(windows)), lambda count: None)

    def layerwise(
        self, run: TiledRun, tile: int, home: torch.device, progress: Progress, known: Statistics | None = None
    ) -> tuple[Tensor, Statistics]:
        """The (1, 3, H, W) picture, padded to the network's size, and its layers' means, unless they are known."""
        work, done = self._work(run), 0.0

        def step(share: float) -> None:
            nonlocal done
            done += share
            progress(min(1.0, done / work.total))

        tile = max(self.tile_multiple, tile // self.tile_multiple * self.tile_multiple)
        layers = Layerwise(run, tile, home, step, known)
        inputs = tuple(Input(number, stride) for number, stride in enumerate(self.strides))
        return self.compose(layers, inputs if len(inputs) > 1 else inputs[0], run.conditions).values, layers.means

    def reduced_means(self, run: TiledRun, tile: int, pixels: int = REDUCED_PIXELS) -> Statistics:
        """The means that the layers meet in the picture reduced to `pixels` or less by area averaging."""
        height, width = run.size
        small = reduced(run.maps[0], max(1, ceil((height * width / pixels) ** 0.5)))
        run = TiledRun(self, small, run.conditions, run.device)
        return self.layerwise(run, tile, run.device, lambda share: None)[1]

    def _home(self, run: TiledRun) -> torch.device | None:
        """Where maps are kept: on the device or in host memory; None, nowhere, if they are too large and pooled."""
        needed = self._stored_bytes(run) * run.height * run.width
        homes = (run.device, torch.device("cpu"))
        rooms = (HOST_BYTES if run.device.type == "cpu" else free_memory(home) * STORE_SHARE for home in homes)
        fitting = (home for home, room in zip(homes, rooms, strict=True) if needed <= room)
        return next(fitting, None if self._work(run).pools else homes[1])

    def _stored_bytes(self, run: TiledRun) -> float:
        """What a pixel's maps take: half in 16 bits."""
        return self.stored_bytes_per_pixel / (2 if torch.is_autocast_enabled(run.device.type) else 1)

    def _work(self, run: TiledRun) -> Work:
        work = Work()
        self.compose(work, self.strides if len(self.strides) > 1 else 1, run.conditions)
        return work
