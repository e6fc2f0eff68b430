"""Networks by the pixel: as their authors run them, as hdrcli does, and what the machine's own rate would allow."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

import hdrcli
from hdrcli import exposure, plugins, tiling, weights
from hdrcli.benchmarks.machine import DTYPES, finish
from hdrcli.benchmarks.turns import in_turn, ratio, spread
from hdrcli.contracts import Network
from hdrcli.image import Bracket, RadianceMap
from hdrcli.results import Fused
from hdrcli.tile_size import choose_tile
from hdrcli.tiling import Conditions, TiledModule, TiledRun, Window

EAGER = "eager"
"""The network run whole, as its authors' program does it: fp32, NCHW, nothing fused, nothing left out."""


class Case:
    """A network and what it sees of a bracket: once as its authors run it, once as hdrcli does."""

    def __init__(self, model: str, folder: Path, device: str) -> None:
        self.network: Network = plugins.load("networks", model).NETWORK
        self.device = torch.device(device)
        plain, ours = (weights.load(model, self.network, None).module for _ in range(2))
        self.plain: TiledModule = plain.to(self.device)
        self.ours: TiledModule = ours
        seen = _seen(_bracket(model, folder), self.network)
        self.width, self.height = seen.exposures[0].size
        self.planes = self.network.planes(seen, plain)
        self.conditions = self.network.conditions(seen)
        self.input, self.tensors = self._whole()

    @property
    def pixels(self) -> int:
        """Of the bracket, not of what a network puts around it."""
        return self.width * self.height

    def _whole(self) -> tuple[Any, Conditions]:
        """What the network takes of the whole picture: contiguous, the channels before rows and columns."""
        tensors = {name: torch.tensor([value], dtype=torch.float32) for name, value in self.conditions.items()}
        run = TiledRun(self.plain, self.planes, tensors, self.device)
        window = Window(0, 0, run.height, run.width)
        maps = zip(run.maps, self.plain.strides, strict=True)
        parts = tuple(tiling.cut(one, window.coarser(stride)).to(self.device) for one, stride in maps)
        return parts if len(parts) > 1 else parts[0], run.conditions

    def eager(self) -> None:
        """One run as the authors' program does it."""
        with torch.inference_mode():
            self.plain(self.input, self.tensors, None)
            finish(self.device)

    def operations(self) -> int:
        """Floating-point operations of that run: of convolutions and matrix products, by their shapes."""
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            self.plain(self.input, self.tensors, None)
        return counter.get_total_flops()

    def by_hdrcli(self, precision: str, tile: int | None = -1) -> np.ndarray:
        """The (3, H, W) output as hdrcli makes it: by tiles as `--tile auto` chooses them, unless told otherwise."""
        if tile == -1:
            tile = choose_tile(self.ours, self.network.bytes_per_pixel, self.device, DTYPES[precision])
        return tiling.run(
            self.ours, self.planes, self.conditions, tile=tile, device=self.device, precision=DTYPES[precision]
        )


def measured(model: str, folder: Path, device: str, repeats: int) -> dict[str, Any]:
    """Operations and seconds a pixel of a network on the bracket in `folder`, and whether tiles show in the result.

    Raises HdrcliError where the network cannot be run.
    """
    case = Case(model, folder, device)
    operations = case.operations()  # and all are warm after this
    side = max(case.width, case.height) // 2
    untiled, tiled = case.by_hdrcli("fp32", None), case.by_hdrcli("fp32", side)
    case.by_hdrcli("bf16")
    ways: dict[str, Callable[[], float]] = {EAGER: lambda: _seconds(case.eager)}
    ways |= {name: lambda name=name: _seconds(lambda: case.by_hdrcli(name)) for name in DTYPES}  # type: ignore[misc]
    found = in_turn(ways, repeats, _raise)
    return {
        "model": model,
        "pixels": case.pixels,
        "width": case.width,
        "height": case.height,
        "operations_per_pixel": operations / case.pixels,
        "microseconds": {name: spread([1e6 * one / case.pixels for one in times]) for name, times in found.items()},
        "times_faster": {name: ratio(found[EAGER], found[name]) for name in DTYPES},
        "tiled_untiled": float(np.abs(tiled - untiled).max()),
        "tile": side,
    }


def _bracket(model: str, folder: Path) -> Bracket:
    """The bracket as a model is given it."""
    kept: list[Bracket] = []

    def keep(fused: Fused) -> None:
        kept.append(fused.bracket)

    makes = plugins.load("networks", model).NETWORK.makes
    fuser = "debevec" if makes is RadianceMap else "mertens"  # its frames are decoded alike
    with tempfile.TemporaryDirectory() as output:
        report = hdrcli.fuse([folder], model=fuser, output=output, formats=("png",), align="off", on_fused=keep)
    for failed in report.failed:
        _raise(model, failed.error)
    return kept[0]


def _seen(bracket: Bracket, network: Network) -> Bracket:
    """The frames that a network takes: the two extremes, or the reference frame and its neighbours."""
    if len(bracket.exposures) == network.frames:
        return bracket
    if network.frames == 2 or bracket.relative_exposures is None:
        return bracket.extremes()
    return bracket.select(exposure.choose_frames(bracket.relative_exposures, bracket.reference, network.frames))


def _seconds(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def _raise(name: str, error: Any) -> None:
    raise error
