"""A network over a bracket: device, precision, weights, tiles."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import torch

from hdrcli import plugins, tile_size, tiling, weights
from hdrcli.contracts import Network
from hdrcli.errors import HdrcliError, UsageError
from hdrcli.image import Bracket, DisplayImage, RadianceMap
from hdrcli.settings import FuseSettings
from hdrcli.weights import LoadedNetwork

log = logging.getLogger("hdrcli")

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True)
class Inference:
    """What a network made, and the words for the header: weights, digest, device, precision, notes of how it ran."""

    image: RadianceMap | DisplayImage
    attributes: dict[str, str]


def choose_device(text: str) -> torch.device:
    """The device for "auto", "cpu", "cuda", "cuda:N" or "mps". Raises UsageError for one that is not here."""
    if text == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(text)
    except RuntimeError:
        raise UsageError(f'--device has no "{text}".', "Pass auto, cpu, cuda, cuda:1 or mps.") from None
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not there.get(device.type, False):
        raise UsageError(f"There is no {device.type} device here.", "Pass --device cpu or auto.")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise UsageError(f"There is no {device} here.", f"This machine has {torch.cuda.device_count()} CUDA device(s).")
    return device


def choose_precision(text: str, device: torch.device) -> torch.dtype:
    """fp32 on a CPU and bf16 on CUDA for "auto". Raises UsageError for fp16 on a CPU, which has no fast way for it."""
    if text == "auto":
        return torch.bfloat16 if device.type == "cuda" and torch.cuda.is_bf16_supported() else torch.float32
    if text == "fp16" and device.type == "cpu":
        raise UsageError("--precision fp16 is for GPUs; on a CPU it is slower than fp32.", "Pass fp32 or bf16.")
    return DTYPES[text]


@lru_cache(maxsize=2)
def _loaded(name: str, choice: str | None, prior: str | None) -> LoadedNetwork:
    """The network with its weights, read once for all brackets of a run. Raises UsageError for a prior it lacks."""
    network: Network = plugins.load("networks", name).NETWORK
    if prior is not None and prior not in network.priors:
        takes = f"it knows {' and '.join(network.priors)}" if network.priors else "it sees the frames alone"
        raise UsageError(f"--prior {prior} means nothing to {name}: {takes}.", "Leave --prior out, or pass -m dpg.")
    return weights.load(name, network, choice, {} if prior is None else {"prior": prior})


def check(name: str, settings: FuseSettings) -> None:
    """Raise now what would fail for every bracket: a device, precision or weights that cannot be had."""
    device = choose_device(settings.device)
    choose_precision(settings.precision, device)
    _loaded(name, settings.weights, settings.prior)


def run(name: str, bracket: Bracket, settings: FuseSettings, progress: Callable[[float], None]) -> Inference:
    """Fuse `bracket` (linear exposures, as many as the network takes) with the network `name`.

    Raises HdrcliError when the device fails or runs out of memory.
    """
    network: Network = plugins.load("networks", name).NETWORK
    device = choose_device(settings.device)
    precision = choose_precision(settings.precision, device)
    loaded = _loaded(name, settings.weights, settings.prior)
    notes: dict[str, str] = {}
    tile = settings.tile
    if tile == "auto":
        tile = tile_size.choose_tile(loaded.module, network.bytes_per_pixel, device, precision)
    try:
        made = tiling.run(
            loaded.module,
            network.planes(bracket, loaded.module),
            network.conditions(bracket),
            tile=None if tile == "off" else int(tile),
            device=device,
            precision=precision,
            progress=progress,
            notes=notes,
        )
    except RuntimeError as error:  # what torch raises for a failed allocation or a broken device
        reason = str(error).strip().splitlines()[0]
        raise HdrcliError(f"{name} failed on {device}: {reason}.", "Pass a smaller --tile, or --device cpu.") from error
    attributes = {
        "weights": loaded.label,
        "weightsSha256": loaded.sha256,
        "device": device.type,
        "precision": str(precision).removeprefix("torch."),
        **notes,
    }
    return Inference(network.finish(made, bracket), attributes)
