"""What the networks are trained to make small."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from hdrcli.transfer import MU


def mu_law(linear: Tensor) -> Tensor:
    """The mu-law of linear values >= 0 (mu = 5000), as `hdrcli.transfer.mu_law`, for tensors."""
    return torch.log1p(MU * linear.clamp(min=0)) / math.log1p(MU)


def hdr_loss(made: Tensor, truth: Tensor, linear_share: float) -> Tensor:
    """L1 in the mu-law domain (the papers' loss) plus `linear_share` times L1 in linear light, which sees highlights.

    `made` and `truth` are (B, 3, H, W) linear, in units where the shortest frame saturates at 1.
    """
    return (mu_law(made) - mu_law(truth)).abs().mean() + linear_share * (made - truth).abs().mean()


def psnr(made: Tensor, truth: Tensor) -> float:
    """Peak signal-to-noise ratio in dB, peak 1, one mean over everything."""
    return -10 * math.log10(float((made - truth).square().mean()) + 1e-12)
