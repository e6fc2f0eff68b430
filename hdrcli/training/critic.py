"""The adversary of an adversarial loss: it learns to tell made pictures from true ones, patch by patch.

Isola et al., "Image-to-Image Translation with Conditional Adversarial Networks", CVPR 2017: the 70 x 70 PatchGAN, with
the least-squares loss of Mao et al. (ICCV 2017), which needs no normalisation to stay calm.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from hdrcli.training.display import Pairs


class PatchCritic(nn.Module):
    """(B, 9, H, W): both frames and a picture, in [0, 1] -> (B, 1, H/8, W/8), near 1 where the picture looks true."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inputs = 9
        for outputs in (width, 2 * width, 4 * width):
            layers += [nn.Conv2d(inputs, outputs, 4, stride=2, padding=1), nn.LeakyReLU(0.2)]
            inputs = outputs
        layers += [nn.Conv2d(inputs, 8 * width, 4, padding=1), nn.LeakyReLU(0.2), nn.Conv2d(8 * width, 1, 4, padding=1)]
        self.layers = nn.Sequential(*layers)

    def forward(self, frames: Tensor, picture: Tensor) -> Tensor:
        return self.layers(torch.cat([frames, picture], 1) * 2 - 1).float()


def deceit_loss(critic: nn.Module, made: Tensor, batch: Pairs) -> Tensor:
    """How far made pictures are from being taken for true ones."""
    return (critic(batch.frames, made) - 1).square().mean()


def critic_loss(critic: nn.Module, made: Tensor, batch: Pairs) -> Tensor:
    """How badly the critic tells: true pictures should give 1, made ones 0."""
    true, false = critic(batch.frames, batch.aim), critic(batch.frames, made)
    return ((true - 1).square().mean() + false.square().mean()) / 2
