"""Parameters and pictures by formula, so that networks can be compared without any weights file."""

from __future__ import annotations

import zlib

import numpy as np
import torch
from torch import nn


def parameter(name: str, shape: tuple[int, ...]) -> torch.Tensor:
    """A parameter's values: a sine of its index, with a phase from its name, scaled by what it is."""
    phase = zlib.crc32(name.encode()) % 1000
    values = np.sin(0.7351 * np.arange(int(np.prod(shape))) + phase)
    if len(shape) > 1:
        values *= np.sqrt(2 / np.prod(shape[1:]))
    elif name.endswith(("gamma", "bn_weight", "bn_var")):
        values = 1 + 0.2 * values
    else:
        values *= 0.1
    return torch.from_numpy(values.reshape(shape).astype(np.float32))


def fill(module: nn.Module) -> None:
    """Give every parameter of a module its values by formula."""
    with torch.no_grad():
        for name, value in module.named_parameters():
            value.copy_(parameter(name, tuple(value.shape)))


def picture(tag: str, channels: int, height: int, width: int) -> np.ndarray:
    """A smooth (C, H, W) float32 picture, about [0, 1]."""
    phase = zlib.crc32(tag.encode()) % 1000
    y, x = np.mgrid[:height, :width]
    planes = [
        0.5 + 0.25 * np.sin(0.31 * x + 0.07 * y + phase + i) + 0.25 * np.cos(0.11 * x - 0.23 * y + 2 * phase + 1.7 * i)
        for i in range(channels)
    ]
    return np.stack(planes).astype(np.float32)
