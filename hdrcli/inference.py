"""A network over a bracket: device, precision, weights, tiles."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch

from hdrcli import devices, lanes, memory, plugins, tile_size, tiling, weights
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
        return choose_device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(text)
    except RuntimeError:
        raise UsageError(f'--device has no "{text}".', "Pass auto, cpu, cuda, cuda:1 or mps.") from None
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not there.get(device.type, False):
        raise UsageError(f"There is no {device} device here.", "Pass --device cpu or auto.")
    if device.type != "cuda":
        return device
    device = torch.device("cuda", torch.cuda.current_device() if device.index is None else device.index)
    if device.index >= (count := torch.cuda.device_count()):
        raise UsageError(f"There is no {device} here.", f"This machine has {count} CUDA device(s), from cuda:0 on.")
    return device


def choose_precision(text: str, device: torch.device, network: Network) -> torch.dtype:
    """For "auto" bf16 where the device computes it fast and the network's picture bears it, else fp32.

    Raises UsageError for fp16 on a CPU, which has no fast way for it.
    """
    if text == "auto":
        bears = device.type != "cpu" or network.bf16_on_cpu
        return torch.bfloat16 if bears and has_fast_bf16(device) else torch.float32
    if text == "fp16" and device.type == "cpu":
        raise UsageError("--precision fp16 is for GPUs; on a CPU it is slower than fp32.", "Pass fp32 or bf16.")
    return DTYPES[text]


def has_fast_bf16(device: torch.device) -> bool:
    """Whether bf16 has instructions of its own there: on others it is fp32 with more work, or emulated.

    On CUDA there is no falling back to fp16, whose range ends at 65504: DFGNet's exposure features go beyond 10^6.
    """
    if device.type == "cpu":
        known: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()  # PyTorch 2.6 can't tell yet
        return any(known.get(name, False) for name in ("avx512_bf16", "amx_bf16"))
    return device.type == "cuda" and torch.cuda.get_device_capability(device) >= (8, 0)


@lru_cache(maxsize=16)  # two networks on eight devices
def _loaded(name: str, choice: str | None, prior: str | None, device: torch.device) -> LoadedNetwork:
    """The network with its weights, read once for all brackets of a run that a device takes, and placed there.

    Raises UsageError for a prior it lacks.
    """
    network: Network = plugins.load("networks", name).NETWORK
    if prior is not None and prior not in network.priors:
        takes = f"it knows {' and '.join(network.priors)}" if network.priors else "it sees the frames alone"
        raise UsageError(f"--prior {prior} means nothing to {name}: {takes}.", "Leave --prior out, or pass -m dpg.")
    loaded = weights.load(name, network, choice, {} if prior is None else {"prior": prior})
    devices.placed(loaded.module, device)
    return loaded


def check(name: str, settings: FuseSettings) -> None:
    """Raise now what would fail for every bracket: a device, precision or weights that cannot be had."""
    network: Network = plugins.load("networks", name).NETWORK
    for device in map(choose_device, settings.devices):
        choose_precision(settings.precision, device, network)
        _loaded(name, settings.weights, settings.prior, device)


def use_threads(count: int) -> None:
    """Let a network have so many CPU threads, whatever OMP_NUM_THREADS says."""
    torch.set_num_threads(count)


def run(name: str, bracket: Bracket, settings: FuseSettings, progress: Callable[[float], None]) -> Inference:
    """Fuse `bracket` (linear exposures, as many as the network takes) with the network `name`.

    It waits for one of the devices of `settings`. Raises HdrcliError when that fails or runs out of memory.
    """
    with devices.taken([str(choose_device(one)) for one in settings.devices]) as device:
        return _on(torch.device(device), name, bracket, settings, progress)


def _on(
    device: torch.device, name: str, bracket: Bracket, settings: FuseSettings, progress: Callable[[float], None]
) -> Inference:
    network: Network = plugins.load("networks", name).NETWORK
    precision = choose_precision(settings.precision, device, network)
    loaded = _loaded(name, settings.weights, settings.prior, device)
    notes: dict[str, str] = {}
    tile, needed = settings.tile, network.bytes_per_pixel
    try:
        with lanes.at_most(tile_size.choose_lanes(loaded.module, needed, device, precision)):
            if tile == "auto":
                tile = tile_size.choose_tile(loaded.module, needed, device, precision)
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
    except RuntimeError as error:  # what torch raises for a broken device, too
        if memory.is_exhausted(error):
            raise
        reason = str(error).strip().splitlines()[0]
        raise HdrcliError(f"{name} failed on {device}: {reason}.", "Pass a smaller --tile, or --device cpu.") from error
    if precision == torch.float16 and not np.isfinite(made).all():
        raise HdrcliError(f"{name} goes beyond the range of fp16 here.", "Pass --precision bf16, or fp32.")
    attributes = {
        "weights": loaded.label,
        "weightsSha256": loaded.sha256,
        "device": str(device),
        "precision": str(precision).removeprefix("torch."),
        **notes,
    }
    return Inference(network.finish(made, bracket), attributes)
