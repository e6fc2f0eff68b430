"""How large tiles may be: what memory is free, what pays, and what a run may take on a CPU."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from hdrcli import lanes, memory

if TYPE_CHECKING:
    from hdrcli.tiling import TiledModule

CPU_TILE = 512  # pixels; larger tiles leave the cache and gain nothing on a CPU
CPU_BYTES = 600e6  # of activations on a CPU: a picture of 24 MP is then fused in 2 GB, frames and result included
CUDA_TILE = 2048  # maps of 256 channels, with a halo of 400 pixels, stay below the 2^31 values that cuDNN counts
MEMORY_SHARE = 0.5  # of the free memory that the activations of all tiles in work may take


def free_memory(device: torch.device) -> int:
    """Bytes that can still be had on the device."""
    if device.type == "cuda":  # what PyTorch keeps for its next tensors counts as taken there
        kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return torch.cuda.mem_get_info(device)[0] + kept
    return memory.available()


def choose_tile(
    module: TiledModule, bytes_per_pixel: int, device: torch.device, precision: torch.dtype = torch.float32
) -> int:
    """The tile side, in pixels, whose activations (`bytes_per_pixel` in fp32) fit into a share of the free memory.

    On a CPU they fit into CPU_BYTES, too, unless halos would then be more than three quarters of the work.
    """
    halo, needed = module.tile_halo or module.halo, bytes_per_pixel * precision.itemsize / 4
    if device.type == "cuda":
        largest = max(CUDA_TILE, 8 * halo)
    else:
        largest = min(max(CPU_TILE, 4 * halo), max(_side(CPU_BYTES / lanes.count(device), needed, halo), 2 * halo))
    room = free_memory(device) * MEMORY_SHARE / lanes.count(device)
    return max(2 * module.tile_multiple, min(largest, _side(room, needed, halo)))


def choose_lanes(module: TiledModule, bytes_per_pixel: int, device: torch.device, precision: torch.dtype) -> int:
    """How many tiles to have in work at once: fewer than pay where so many of the least that pay do not fit.

    A tile smaller than twice its halo is more than eight parts in nine halo.
    """
    if lanes.count(device) == 1:
        return 1
    halo = module.tile_halo or module.halo
    least = max(2 * module.tile_multiple, 2 * halo) + 2 * halo
    fitting = free_memory(device) * MEMORY_SHARE / (least**2 * bytes_per_pixel * precision.itemsize / 4)
    return max(1, min(lanes.count(device), int(fitting)))


def _side(room: float, bytes_per_pixel: float, halo: int) -> int:
    """The side of a tile that, with its halo, fits into so many bytes."""
    return int((room / bytes_per_pixel) ** 0.5) - 2 * halo
