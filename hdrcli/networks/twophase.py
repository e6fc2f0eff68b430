"""Two-phase progressive exposure fusion of two extreme exposures: a UNet drafts the picture, attention refines it.

The two-phase progressive multi-exposure fusion network was published as a talk, without a program; its figure's legend
(3 x 3 convolutions of stride 1 and 2, dilated ones, 4 x 4 transposed ones) leaves the rest open. Our readings:

* Phase one, `unet`: three halvings, three dilated convolutions (2, 4, 8) at the bottom, transposed convolutions back,
  LeakyReLU(0.2) throughout, no normalisation. The legend's "transposed 4 x 4, stride 1" cannot keep the size, so the
  head is a 1 x 1 convolution and a sigmoid.
* Phase two, `amnet`: AHDRNet's layout (Yan et al., CVPR 2019) with the draft as its reference: each extreme is compared
  with the draft, weighed by attention and merged by dilated residual dense blocks. It has the frames beside the frozen
  first phase's draft, whose exposure lies between them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hdrcli.contracts import Network
from hdrcli.exposure import encoded
from hdrcli.image import Bracket, DisplayImage
from hdrcli.layered import LayeredModule, Layers
from hdrcli.networks._extremes import conditions, finish
from hdrcli.networks._precision import precisely
from hdrcli.planes import Planes, bordered, of_frames
from hdrcli.tiling import Conditions

LEVELS = 3
UNET_HALO = 160  # the bottom sees far at stride 8
AMNET_HALO = 40
MARGIN = 32  # pixels around the frames, in which what zero padding does has faded


def _leaky(conv: nn.Module, slope: float) -> nn.Sequential:
    return nn.Sequential(conv, nn.LeakyReLU(slope))


def _conv(inputs: int, outputs: int, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    return _leaky(nn.Conv2d(inputs, outputs, 3, stride, padding=dilation, dilation=dilation), 0.2)


class UNet(nn.Module):
    """Phase one: (B, 6, H, W) in [0, 1] -> the draft, (B, 3, H, W) in [0, 1]. Sides are multiples of 8."""

    def __init__(self, width: int) -> None:
        super().__init__()
        w = [width * 2**level for level in range(LEVELS + 1)]
        self.entry = nn.Sequential(_conv(6, w[0]), _conv(w[0], w[0]))
        self.down = nn.ModuleList(
            nn.Sequential(_conv(w[i], w[i + 1], stride=2), _conv(w[i + 1], w[i + 1])) for i in range(LEVELS)
        )
        self.bottom = nn.Sequential(*(_conv(w[-1], w[-1], dilation=dilation) for dilation in (2, 4, 8)))
        self.up = nn.ModuleList(
            _leaky(nn.ConvTranspose2d(w[i + 1], w[i], 4, stride=2, padding=1), 0.2) for i in reversed(range(LEVELS))
        )
        self.merge = nn.ModuleList(
            nn.Sequential(_conv(2 * w[i], w[i]), _conv(w[i], w[i])) for i in reversed(range(LEVELS))
        )
        self.head = nn.Conv2d(w[0], 3, 1)

    def forward(self, frames: Tensor) -> Tensor:
        x = self.entry[1](precisely(self.entry[0], frames))
        skips = []
        for down in self.down:
            skips.append(x)
            x = down(x)
        x = self.bottom(x)
        for up, merge, skip in zip(self.up, self.merge, reversed(skips), strict=True):
            x = merge(torch.cat([up(x), skip], 1))
        return _to_display(self.head, x)


class DenseBlock(nn.Module):
    """Dilated residual dense block: each layer sees all before it; (B, C, H, W) -> the same."""

    def __init__(self, channels: int, growth: int, layers: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Conv2d(channels + i * growth, growth, 3, padding=2, dilation=2) for i in range(layers)
        )
        self.fuse = nn.Conv2d(channels + layers * growth, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        seen = x
        for layer in self.layers:
            seen = torch.cat([seen, F.relu(layer(seen))], 1)
        return x + self.fuse(seen)


class Attention(nn.Module):
    """How much of a frame's features to take, seen beside the draft's: (B, C, H, W) twice -> (B, C, H, W) in [0, 1]."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.compare = nn.Conv2d(2 * channels, 2 * channels, 3, padding=1)
        self.weigh = nn.Conv2d(2 * channels, channels, 3, padding=1)

    def forward(self, frame: Tensor, draft: Tensor) -> Tensor:
        return torch.sigmoid(self.weigh(F.leaky_relu(self.compare(torch.cat([frame, draft], 1)))))


class AMNet(nn.Module):
    """Phase two: frames (B, 6, H, W) and draft (B, 3, H, W) -> the picture (B, 3, H, W), all in [0, 1]."""

    def __init__(self, features: int, growth: int, layers: int = 6, blocks: int = 3) -> None:
        super().__init__()
        n = features
        self.entry = nn.Conv2d(3, n, 3, padding=1)
        self.under, self.over = Attention(n), Attention(n)
        self.merge = nn.Conv2d(3 * n, n, 3, padding=1)
        self.blocks = nn.ModuleList(DenseBlock(n, growth, layers) for _ in range(blocks))
        self.gather = nn.Sequential(nn.Conv2d(blocks * n, n, 1), nn.Conv2d(n, n, 3, padding=1))
        self.tail = nn.Conv2d(n, n, 3, padding=1)
        self.head = nn.Conv2d(n, 3, 3, padding=1)

    def forward(self, frames: Tensor, draft: Tensor) -> Tensor:
        under, middle, over = (
            F.leaky_relu(precisely(self.entry, one)) for one in (frames[:, :3], draft, frames[:, 3:])
        )
        under = under * self.under(under, middle)
        over = over * self.over(over, middle)
        x = self.merge(torch.cat([under, middle, over], 1))
        stages = []
        for block in self.blocks:
            x = block(x)
            stages.append(x)
        return _to_display(self.head, self.tail(self.gather(torch.cat(stages, 1)) + middle))


def _to_display(head: nn.Module, x: Tensor) -> Tensor:
    """The last convolution and a sigmoid, in full precision: bfloat16 has too few steps for a picture."""
    with torch.autocast(x.device.type, enabled=False):
        return torch.sigmoid(head(x.float()))


class TwoPhase(LayeredModule):
    """(B, 6, H, W): under- and over-exposed frame, sRGB in [0, 1] -> (B, 3, H, W) display picture in [0, 1].

    `width` is the UNet's (the reading of the published one: 32), `features` and `growth` AMNet's (64 and 32). The draft
    of the whole picture comes first: in one pass over the tiles AMNet, most of the work, would see the UNet's halo too.
    """

    multiple_of = 8
    tile_multiple = 8
    halo = UNET_HALO + AMNET_HALO
    tile_halo = AMNET_HALO
    stored_bytes_per_pixel = 24  # the draft and the picture

    def __init__(self, width: int = 32, features: int = 64, growth: int = 32) -> None:
        super().__init__()
        self.unet = UNet(width)
        self.amnet = AMNet(features, growth)

    def compose(self, layers: Layers, planes: Any, conditions: Conditions) -> Any:
        draft = layers.layer(self.unet, planes, halo=UNET_HALO)
        return layers.layer(self.amnet, planes, draft, halo=AMNET_HALO)


def planes(bracket: Bracket, module: nn.Module) -> Planes:
    """The darkest and the brightest exposure, (6, H + 64, W + 64) sRGB-encoded float32."""
    return bordered(of_frames(tuple(map(encoded, bracket.exposures)), np.asarray), MARGIN)


NETWORK = Network(
    build=TwoPhase,
    planes=planes,
    conditions=conditions,
    finish=finish,
    makes=DisplayImage,
    frames=2,
    needs_times=False,
    summary="two extreme exposures to a display picture, drafted by a UNet and refined by attention",
    source="Two-phase progressive multi-exposure fusion (talk, no program); AMNet after AHDRNet, Yan et al., CVPR 2019",
    bytes_per_pixel=3700,
)
