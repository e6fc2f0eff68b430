"""Shifts, turns and bends of pictures, bilinear: cubic warps ring around lamps in linear light."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from hdrcli.training.draws import Draws


def move(images: Tensor, shift: Tensor, degrees: Tensor, bend: Tensor | None = None) -> Tensor:
    """Shift (B, 2) in pixels, turn (B,) about the centre and bend; what comes in from outside is mirrored.

    `bend` (B, S, S, 2) are further shifts, in pixels, of each place.
    """
    side = images.shape[-1]
    axis = (2 * torch.arange(side, device=images.device) + 1) / side - 1
    rows, columns = axis.view(1, -1, 1), axis.view(1, 1, -1)
    cos, sin = (turn(torch.deg2rad(degrees)).view(-1, 1, 1) for turn in (torch.cos, torch.sin))
    offset = (shift * 2 / side).view(-1, 1, 1, 2)
    grid = torch.stack([cos * columns - sin * rows, sin * columns + cos * rows], -1) + offset
    if bend is not None:
        grid = grid + bend * (2 / side)
    return F.grid_sample(images, grid, mode="bilinear", padding_mode="reflection", align_corners=False)


def bends(draws: Draws, sigma: Tensor, side: int) -> Tensor:
    """Smooth shifts (B, side, side, 2) of the standard deviation `sigma` (B, 1), as depth and cloth make them."""
    coarse = draws.normal(1, sigma.shape[0], 2, 4, 4) * sigma.view(-1, 1, 1, 1)
    return F.interpolate(coarse, (side, side), mode="bilinear", align_corners=True).permute(0, 2, 3, 1)
