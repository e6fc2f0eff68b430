"""How large tiles may be: what memory is free, and what pays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psutil
import torch

if TYPE_CHECKING:
    from hdrcli.tiling import TiledModule

CPU_TILE = 512  # pixels; larger tiles leave the cache and gain nothing on a CPU
CUDA_TILE = 2048  # maps of 256 channels, with a halo of 400 pixels, stay below the 2^31 values that cuDNN counts
MEMORY_SHARE = 0.5  # of the free memory that one tile's activations may take


def free_memory(device: torch.device) -> int:
    """Bytes that can still be had on the device."""
    if device.type == "cuda":  # what PyTorch keeps for its next tensors counts as taken there
        kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return torch.cuda.mem_get_info(device)[0] + kept
    return psutil.virtual_memory().available


def choose_tile(
    module: TiledModule, bytes_per_pixel: int, device: torch.device, precision: torch.dtype = torch.float32
) -> int:
    """The tile side, in pixels, whose activations (`bytes_per_pixel` in fp32) fit into a share of the free memory."""
    on_cuda = device.type == "cuda"
    largest = max(CUDA_TILE if on_cuda else CPU_TILE, (8 if on_cuda else 4) * module.halo)  # else halos are the work
    needed = bytes_per_pixel * precision.itemsize / 4
    fits = int((free_memory(device) * MEMORY_SHARE / needed) ** 0.5) - 2 * module.halo
    return max(2 * module.tile_multiple, min(largest, fits))
