"""What this machine can do: the best rate of 3x3 convolutions, of which networks are made almost wholly."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

DTYPES = {"bf16": torch.bfloat16, "fp32": torch.float32}
CHANNELS = (32, 64, 128, 256)
WORK = {"cpu": (8192, 16384, 32768), "cuda": (65536, 131072, 262144)}
"""Channels times the side of a square tile in pixels: a convolution of w does 18 w^2 operations."""
SECONDS = 5.0
"""For each type of number; a processor without bf16 may be slow at it."""
ROUNDS = 3


def rates(device: str = "cpu", seconds: float = SECONDS) -> list[dict[str, Any]]:
    """For each type of number the best rate in FLOP/s (a multiplication and an addition are two), and where it was."""
    with torch.inference_mode():
        return [max(_tried(dtype, torch.device(device), seconds), key=lambda one: one["rate"]) for dtype in DTYPES]


def _tried(dtype: str, device: torch.device, seconds: float) -> Iterator[dict[str, Any]]:
    """The rate of each number of channels and size of tile, while there is time."""
    until = time.perf_counter() + seconds
    for work in WORK[device.type]:
        for channels in CHANNELS:
            if time.perf_counter() > until:
                return
            side = work // channels
            took = _seconds(DTYPES[dtype], channels, side, device)
            yield {"precision": dtype, "rate": operations(channels, side) / took, "channels": channels, "side": side}


def operations(channels: int, side: int) -> int:
    """Operations of a 3x3 convolution from `channels` to as many, over a square."""
    return 2 * 9 * channels**2 * side**2


def _seconds(dtype: torch.dtype, channels: int, side: int, device: torch.device) -> float:
    """The least time of one convolution, channels last."""
    convolution = nn.Conv2d(channels, channels, 3, padding=1, bias=False).to(device, dtype)
    convolution = convolution.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    x = torch.rand(1, channels, side, side, device=device, dtype=dtype).contiguous(memory_format=torch.channels_last)
    convolution(x)
    times = []
    for _ in range(ROUNDS):
        finish(device)
        began = time.perf_counter()
        convolution(x)
        finish(device)
        times.append(time.perf_counter() - began)
    return min(times)


def finish(device: torch.device) -> None:
    """Wait until the device has done all that it was told."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
