"""What JPEG compression does to a picture, on the training device (ITU-T T.81; quality as libjpeg counts it)."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

BLOCK = 8
# T.81 Annex K, tables K.1 and K.2, row by row
LUMINANCE_STEPS = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
CHROMINANCE_STEPS = (
    (17, 18, 24, 47, 99, 99, 99, 99),
    (18, 21, 26, 66, 99, 99, 99, 99),
    (24, 26, 56, 99, 99, 99, 99, 99),
    (47, 66, 99, 99, 99, 99, 99, 99),
    *((99,) * 8 for _ in range(4)),
)


def compressed(pictures: Tensor, quality: Tensor) -> Tensor:
    """Pictures (N, 3, H, W) in [0, 1], sRGB, as their JPEG files of `quality` (N,), 1 to 100, 4:2:0, would show them.

    H and W are multiples of 16. No gradient passes.
    """
    red, green, blue = (pictures * 255).round().unbind(1)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    chroma = torch.stack([(blue - luma) / 1.772, (red - luma) / 1.402], 1)
    luma = _quantised((luma - 128)[:, None], LUMINANCE_STEPS, quality)[:, 0] + 128
    chroma = _quantised(F.avg_pool2d(chroma, 2), CHROMINANCE_STEPS, quality)
    cb, cr = F.interpolate(chroma, scale_factor=2, mode="bilinear", align_corners=False).unbind(1)
    rgb = torch.stack([luma + 1.402 * cr, luma - 0.344136 * cb - 0.714136 * cr, luma + 1.772 * cb], 1)
    return rgb.round().clamp(0, 255) / 255


def _quantised(planes: Tensor, steps: tuple[tuple[int, ...], ...], quality: Tensor) -> Tensor:
    """(N, C, H, W) with each block's cosine coefficients rounded to multiples of their steps."""
    table = torch.tensor(steps, dtype=planes.dtype, device=planes.device)
    scale = torch.where(quality < 50, 5000 / quality, 200 - 2 * quality).floor().view(-1, 1, 1)
    table = ((table * scale + 50) / 100).floor().clamp(1, 255).view(-1, 1, 1, 1, BLOCK, BLOCK)
    count, channels, height, width = planes.shape
    blocks = planes.view(count, channels, height // BLOCK, BLOCK, width // BLOCK, BLOCK).transpose(3, 4)
    basis = _cosines(planes)
    coefficients = (basis @ blocks @ basis.T / table).round() * table
    return (basis.T @ coefficients @ basis).transpose(3, 4).reshape(planes.shape)


def _cosines(like: Tensor) -> Tensor:
    """The orthonormal cosine transform of eight samples, a frequency a row."""
    place = torch.arange(BLOCK, dtype=like.dtype, device=like.device)
    rows = torch.cos(math.pi / BLOCK * place[:, None] * (place + 0.5)) / 2
    rows[0] /= math.sqrt(2)
    return rows
