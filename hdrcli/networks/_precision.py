"""First layers in full precision: bfloat16's 8 bits would round the frames themselves, by up to half a level of 255."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def precisely(layer: nn.Module, x: Tensor) -> Tensor:
    """`layer(x)` in fp32, whatever autocast says, as what autocast works in."""
    kind = x.device.type
    with torch.autocast(kind, enabled=False):
        made = layer(x.float())
    return made.to(torch.get_autocast_dtype(kind)) if torch.is_autocast_enabled(kind) else made
