"""Run a network over an image in tiles so that the result equals that of the whole image.

What has whole-image support in a network (global pooling, whole-tensor normalisation, min-max stretch) is declared as
statistics passes. They run over the tiles first and accumulate sums in float64; then the picture is made tile by tile,
each tile with `halo` pixels around it and with the image's own border (zero or reflection padding) only where the image
ends. This file knows no network by name.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from hdrcli import heap, lanes, memory, transfers
from hdrcli.devices import computing, placed
from hdrcli.errors import HdrcliError
from hdrcli.planes import Planes, repeated
from hdrcli.tile_size import free_memory
from hdrcli.tiles import Window, split, with_halo

log = logging.getLogger("hdrcli")

Conditions = Mapping[str, Tensor]
Statistics = dict[str, Tensor]
Progress = Callable[[float], None]
Maps = Planes | np.ndarray

HELD_SHARE = 0.2  # of a CUDA device's free memory that the frames may take; tiles have MEMORY_SHARE of it


@dataclass(frozen=True)
class StatisticsPass:
    """One pass over the image for numbers that depend on all of it.

    `measure(module, planes, conditions, statistics, window)` sees a tile (1, C, h, w) and returns float64 sums over the
    part of it in `window`; sums of all tiles are added; `finish(module, sums)` turns them into statistics. Its tiles
    are `scale` times as wide and as high as the picture's, where its maps take less memory: less of the work is halo.
    """

    halo: int
    measure: Callable[..., Statistics]
    finish: Callable[..., Statistics]
    scale: int = 1


class TiledModule(nn.Module):
    """A network that can be given its whole-image statistics.

    `forward(planes, conditions, statistics=None)` maps (B, C, H, W) to (B, 3, H, W); without `statistics` it measures
    them on its input. `multiple_of` is what image sides and the picture's halos are multiples of, `tile_multiple` what
    tile corners and the halos of passes are (a multiple of it), `halo` the pixels around a tile that its result depends
    on (`tile_halo`, unless 0, those by which a tile is chosen), `min_side` the smallest side that paddings allow.
    `strides` are those of the maps that `forward` is given: (1,) for a picture; (1, 2, 4) for a tuple of a picture and
    maps of half and of quarter size.
    """

    strides: tuple[int, ...] = (1,)
    multiple_of = 1
    tile_multiple = 1
    halo = 0
    tile_halo = 0
    min_side = 1
    passes: tuple[StatisticsPass, ...] = ()

    def part(self, planes: Any, conditions: Conditions, statistics: Statistics | None, window: Window) -> Tensor:
        """What `window` holds of the (1, 3, h, w) result of a tile; its halo may shrink from layer to layer."""
        made: Tensor = self(planes, conditions, statistics)
        return made[window.index]

    def in_tiles(self, run: TiledRun, tile: int, progress: Progress) -> np.ndarray:
        """The (3, H, W) picture from tiles of `tile` x `tile` pixels."""
        return run.tiled(tile, progress)


def padded_size(height: int, width: int, module: TiledModule) -> tuple[int, int]:
    """The size the network sees: sides rounded up to its multiple and its smallest side."""
    m = module.multiple_of
    return tuple(-(-max(side, module.min_side) // m) * m for side in (height, width))  # type: ignore[return-value]


def cut(planes: Maps, window: Window) -> Tensor:
    """The (1, C, h, w) tile of a (C, H, W) image; what lies right of or below the image repeats its last pixels."""
    return torch.from_numpy(np.ascontiguousarray(repeated(planes, *window.slices)))[None]


class TiledRun:
    """One image through one network on one device: the statistics passes, then the picture.

    `notes` are what the result's header must say of the way it was made, by name.
    """

    def __init__(
        self, module: TiledModule, planes: Maps | tuple[Maps, ...], conditions: Conditions, device: torch.device
    ) -> None:
        self.module, self.device = module, device
        self.maps = planes if isinstance(planes, tuple) else (planes,)
        self.size: tuple[int, int] = self.maps[0].shape[1:]
        self.conditions = {name: value.to(device) for name, value in conditions.items()}
        self.height, self.width = padded_size(*self.size, module)
        self.notes: dict[str, str] = {}
        self.held = transfers.held(self.maps, device, HELD_SHARE * free_memory(device))

    def tile_on_device(self, window: Window) -> Tensor | tuple[Tensor, ...]:
        """The tile of the picture, or, of a module with several strides, the tiles of all its maps."""
        tiles = tuple(self.map_on_device(number, window) for number in range(len(self.maps)))
        return tiles if len(tiles) > 1 else tiles[0]

    def map_on_device(self, number: int, window: Window) -> Tensor:
        """The tile of one of the maps that the network takes."""
        part = window.coarser(self.module.strides[number])
        if self.held:
            return self.held[number].tile(*part.slices)
        return cut(self.maps[number], part).to(self.device).contiguous(memory_format=torch.channels_last)

    def whole(self) -> np.ndarray:
        """The picture from one run over the whole image."""
        return self._picture(None, 0, Window(0, 0, self.height, self.width)).float().cpu().numpy()

    def tiled(self, tile: int, progress: Progress, known: Statistics | None = None) -> np.ndarray:
        """The picture from tiles of `tile` x `tile` pixels; `progress` is told the share that is done.

        `known` are statistics that no pass has to find.
        """
        m = self.module.tile_multiple
        tile = max(m, tile // m * m)
        passes = len(self.module.passes) + 1
        statistics: Statistics = dict(known or {})
        for number, one in enumerate(self.module.passes):
            statistics |= self._found(one, statistics, tile, _one_of(passes, number, progress))
        windows = list(split(self.height, self.width, tile))
        picture = partial(self._picture, statistics, self.module.halo)
        parts = zip(windows, lanes.each(picture, windows, self.device), strict=True)
        last = _one_of(passes, passes - 1, progress)
        return self.gathered(parts, lambda made: last(made / len(windows)))

    def _found(self, one: StatisticsPass, known: Statistics, tile: int, progress: Progress) -> Statistics:
        """What a pass finds."""
        windows = list(split(self.height, self.width, tile * one.scale))
        sums: Statistics = {}
        for done, found in enumerate(lanes.each(partial(self._measured, one, known), windows, self.device), 1):
            sums = {name: value + sums[name] if sums else value for name, value in found.items()}
            progress(done / len(windows))
        return one.finish(self.module, sums)

    def _measured(self, one_pass: StatisticsPass, known: Statistics, window: Window) -> Statistics:
        """The sums of a pass over a window."""
        outer, inner = with_halo(window, one_pass.halo, self.module.tile_multiple, self.height, self.width)
        return one_pass.measure(self.module, self.tile_on_device(outer), self.conditions, known, inner)

    def gathered(self, parts: Iterable[tuple[Window, Tensor]], made: Callable[[int], None]) -> np.ndarray:
        """The (3, H, W) picture of parts (3, h, w) on the device; `made` is told how many there are."""
        picture = np.empty((*self.size, 3), np.float32).transpose(2, 0, 1)  # as it is read afterwards
        for number, (window, part) in enumerate(transfers.fetched(parts, self.device), 1):
            picture[:, window.slices[0], window.slices[1]] = part
            made(number)
        return picture

    def _picture(self, statistics: Statistics | None, halo: int, window: Window) -> Tensor:
        """The (3, h, w) result in `window`, without what lies beyond the image's own size."""
        outer, inner = with_halo(window, halo, self.module.multiple_of, self.height, self.width)
        return self.own(self.module.part(self.tile_on_device(outer), self.conditions, statistics, inner)[0], window)

    def own(self, made: Tensor, window: Window) -> Tensor:
        """What the image itself holds of the (3, h, w) result in `window`."""
        height, width = self.size
        return made[:, : height - window.top, : width - window.left]


def _one_of(passes: int, done: int, progress: Progress) -> Progress:
    """The progress of one pass of several."""
    return lambda share: progress((done + share) / passes)


@torch.inference_mode()
def run(
    module: TiledModule,
    planes: Maps | tuple[Maps, ...],
    conditions: Mapping[str, list[float]],
    *,
    tile: int | None,
    device: torch.device,
    precision: torch.dtype = torch.float32,
    progress: Progress = lambda share: None,
    notes: dict[str, str] | None = None,
) -> np.ndarray:
    """Run a network over an image.

    `planes` is (C, H, W) float32 (an array, or made window by window), or a tuple of such maps at the module's strides,
    finest first; `tile` is a side in pixels or None for the whole image at once. `notes` is filled with what a header
    must say of the way the result was made. Returns (3, H, W).
    When the device runs out of memory the tile is halved and the run begun again. Raises HdrcliError when none fits.
    """
    with computing(device):
        module = placed(module, device)
        tensors = {name: torch.tensor([value], dtype=torch.float32) for name, value in conditions.items()}
        one = TiledRun(module, planes, tensors, device)
        with heap.kept(), torch.autocast(device.type, dtype=precision, enabled=precision != torch.float32):
            made = _as_it_fits(one, tile, progress)
    if notes is not None:
        notes |= one.notes
    return made


def _as_it_fits(one: TiledRun, tile: int | None, progress: Progress) -> np.ndarray:
    """The picture in tiles of that size, or of the first half of it, of that half, … for which the memory is enough."""
    while True:
        try:
            return one.whole() if tile is None else one.module.in_tiles(one, tile, progress)
        except (MemoryError, RuntimeError) as error:
            if not memory.is_exhausted(error):
                raise
            if one.device.type == "cuda":
                torch.cuda.empty_cache()
            side = max(one.height, one.width) if tile is None else tile
            if side <= 2 * one.module.tile_multiple:
                few = f"{one.device} has too little free memory for the smallest tile."
                cure = "Close other programs, or pass -m mertens." if one.device.type == "cpu" else "Pass --device cpu."
                raise HdrcliError(few, cure) from error
            tile = side // 2
            log.warning("%s ran out of memory; going on with tiles of %d pixels", one.device, tile)
