"""APNT-Fusion: Attention-guided Progressive Neural Texture Fusion, of three exposures with motion.

Chen, Yang, Chan, Li, Hou & Chau, "Attention-Guided Progressive Neural Texture Fusion for High Dynamic Range Image
Restoration" (IEEE TIP 2022). No program of the authors is public; what the paper leaves open is decided here:

* saturation: the mid exposure saturates where H >= eps / t_m in any channel, eps = 0.99^2.2; the short frame is
  clipped there too, so that both look alike to the matching;
* matching: on linear H, in fp32 (in bfloat16 dark textures are lost); cosine similarity, both patches normalised (the
  paper's inner product, normalised by the target alone, prefers bright patches); windows of 17 x 17 cells at quarter
  resolution, then 5 x 5 twice; the nearest of equal ones;
* swapped patches are averaged where they overlap, without what they show beyond the border;
* the motion attention in eq. 9 is the one of eq. 4, after its sigmoid;
* the last sigmoid is of the sum, which the mid frame enters as its logit: a sigmoid of H_mef alone can only add light
  and stops learning where the mid frame is saturated, one of the plain sum could not pass the mid frame on;
* blocks as in RCAN, transposed convolutions 4 x 4 of their own for each enlargement, all widths alike.

The matching sees the first five convolutions of VGG19, frozen (Visual Geometry Group, University of Oxford, CC BY 4.0);
they are part of the network and of its weights. Units: the SHORTEST frame saturates at 1.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hdrcli.contracts import Network
from hdrcli.image import RadianceMap
from hdrcli.layered import LayeredModule, Layers
from hdrcli.networks._kalantari import EXPOSURES, conditions, finish, planes
from hdrcli.networks._matching import correspondences, transfer
from hdrcli.networks._vgg19 import VGG19
from hdrcli.tiling import Conditions
from hdrcli.transfer import NETWORK_GAMMA

SATURATED = 0.99**NETWORK_GAMMA
STRIDES = (1, 2, 4)
DARKEST = 1e-6  # of H_m: a logit has no zero
REFINE = 2  # cells around what the coarser scale found
Activation = Callable[[], nn.Module]


def convolutions(inside: int, features: int, outside: int, last: Activation) -> nn.Sequential:
    """Two 3 x 3 convolutions with a leaky ReLU between: (B, inside, H, W) -> (B, outside, H, W)."""
    return nn.Sequential(
        nn.Conv2d(inside, features, 3, padding=1),
        nn.LeakyReLU(),
        nn.Conv2d(features, outside, 3, padding=1),
        last(),
    )


halved = partial(F.avg_pool2d, kernel_size=2)  # as bilinear interpolation between pixels' centres gives it


def attention_blocks(features: int, count: int) -> nn.ModuleList:
    return nn.ModuleList(ChannelAttentionBlock(features) for _ in range(count))


def doubling(features: int) -> nn.ConvTranspose2d:
    """(B, n, H, W) -> (B, n, 2 H, 2 W)."""
    return nn.ConvTranspose2d(features, features, 4, stride=2, padding=1)


class ChannelAttentionBlock(nn.Module):
    """CAB: a residual whose channels are weighed by what their means over the image say (Zhang et al., RCAN)."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(features, features, 3, padding=1), nn.ReLU(), nn.Conv2d(features, features, 3, padding=1)
        )
        squeezed = max(4, features // 16)
        self.attention = nn.Sequential(
            nn.Linear(features, squeezed), nn.ReLU(), nn.Linear(squeezed, features), nn.Sigmoid()
        )

    def add(self, x: Tensor, residual: Tensor, mean: Tensor) -> Tensor:
        """x + residual, weighed; `mean` (B, n) is the residual's over the image."""
        return x + residual * self.attention(mean)[..., None, None].to(residual.dtype)


def attended(layers: Layers, blocks: Any, x: Any, stride: int = 1) -> Any:
    """A map of some stride after channel attention blocks, one after the other."""
    for block in blocks:
        residual = layers.layer(block.body, x, halo=2 * stride, strides=(stride,))
        x = layers.pooled(block.add, x, residual)
        del residual  # before the next one is made
    return x


class Frames:
    """The three frames of (B, 9, H, W) planes in linear light, H_k = X_k^2.2 / t_k, and where they saturate."""

    def __init__(self, planes: Tensor, times: Tensor) -> None:
        batch, _, height, width = planes.shape
        coded = planes.reshape(batch, EXPOSURES, 3, height, width)
        linear = coded**NETWORK_GAMMA / times.view(-1, EXPOSURES, 1, 1, 1)
        self.short, self.mid, self.long = linear.unbind(1)
        self.limit = SATURATED / times[:, 1].view(-1, 1, 1, 1)

    def saturated(self, frame: Tensor) -> Tensor:
        """(B, 1, H, W): 1 where the mid exposure shows no texture of what `frame` shows, else 0."""
        return (frame.amax(1, keepdim=True) >= self.limit).to(frame.dtype)


class APNT(LayeredModule):
    """(B, 9, H, W): short, mid, long frame's RGB, display-coded X = linear^(1/2.2) in [0, 1] -> (B, 3, H, W) linear.

    `conditions["exposure_times"]` is (B, 3), relative to the shortest. `features` is the width of all maps, `blocks`
    the number of attention blocks that merge, `radius` that of the search windows in cells of quarter resolution and
    `vgg_width` the width of the matching's first layer. The attention blocks' mean residuals are its statistics.
    """

    multiple_of = 4
    tile_multiple = 16  # the blocks that are matched at one time

    def __init__(self, features: int = 64, blocks: int = 8, radius: int = 8, vgg_width: int = 64) -> None:
        super().__init__()
        n = features
        self.radius = radius
        self.matching_halo = -(-(4 * radius + 24) // 16) * 16  # windows, patches, VGG's reach
        self.tile_halo = self.matching_halo
        self.halo = -(-(4 * radius + 2 * blocks + 116) // 16) * 16
        self.stored_bytes_per_pixel = 11 * n  # of fp32: maps at three scales before and after the transfer
        self.vgg = VGG19(("relu1_1", "relu2_1", "relu3_1"), vgg_width)
        self.extractor = convolutions(3, n, n, nn.LeakyReLU)
        self.motion_short = convolutions(2 * n, n, n, nn.Sigmoid)
        self.motion_long = convolutions(2 * n, n, n, nn.Sigmoid)
        self.saturation = convolutions(1, n, n, nn.Sigmoid)
        self.encoder = nn.ModuleList(attention_blocks(n, 2) for _ in STRIDES)
        self.decoder = nn.ModuleList(attention_blocks(n, 2) for _ in STRIDES)
        self.decoder_up = nn.ModuleList(doubling(n) for _ in range(2))
        self.decoder_join = nn.ModuleList(nn.Conv2d(2 * n, n, 3, padding=1) for _ in range(2))
        self.up2 = doubling(n)
        self.up4 = nn.Sequential(doubling(n), doubling(n))
        self.scale0 = convolutions(2 * n, n, n, nn.Sigmoid)
        self.scale1 = convolutions(2 * n, n, n, nn.Sigmoid)
        self.merge_in = nn.Conv2d(6 * n, n, 3, padding=1)
        self.merge = attention_blocks(n, blocks)
        self.merge_out = nn.Conv2d(n, 3, 3, padding=1)
        self.weight = convolutions(n, n, 3, nn.Sigmoid)

    def compose(self, layers: Layers, planes: Any, conditions: Conditions) -> Any:
        times = conditions["exposure_times"]
        texture = layers.layer(partial(self.textures, times=times), planes, halo=4)
        encoded = []
        for stride, blocks in zip(STRIDES, self.encoder, strict=True):
            if stride > 1:
                texture = layers.layer(halved, texture, halo=0, strides=(stride,))
            texture = attended(layers, blocks, texture, stride)
            encoded.append(texture)
        del texture
        swap = partial(self.swap, times=times)
        full, half, coarse = layers.layer(swap, planes, *encoded, halo=self.matching_halo, strides=STRIDES)
        del encoded
        coarse = attended(layers, self.decoder[2], coarse, 4)
        half = layers.layer(partial(self.join, scale=1), coarse, half, halo=8, strides=(2,))
        half = attended(layers, self.decoder[1], half, 2)
        full = layers.layer(partial(self.join, scale=0), half, full, halo=4)
        full = attended(layers, self.decoder[0], full)
        x = layers.layer(partial(self.mix, times=times), planes, coarse, half, full, halo=12)
        del coarse, half, full
        x = attended(layers, self.merge, x)
        return layers.layer(partial(self.picture, times=times), planes, x, halo=4)

    def textures(self, planes: Tensor, times: Tensor) -> Tensor:
        """The short frame's features that matter: F_nft (eq. 9)."""
        frames = Frames(planes, times)
        short, mid = self.extractor(frames.short), self.extractor(frames.mid)
        attention = self.motion_short(torch.cat([short, mid], 1))
        return short * torch.sigmoid(attention + self.saturation(frames.saturated(frames.short)))

    def fields(self, planes: Tensor, times: Tensor) -> list[Tensor]:
        """Displacements from the mid frame's patches to the short frame's, at full, half and quarter resolution."""
        frames = Frames(planes, times)
        exact: AbstractContextManager[None] = nullcontext()
        if planes.is_cuda:  # not elsewhere: these are switches of the whole process, and tiles may be side by side
            exact = torch.backends.cudnn.flags(enabled=True, deterministic=True, allow_tf32=False)
        with torch.no_grad(), torch.autocast(planes.device.type, enabled=False), exact:
            pair = frames.mid, torch.minimum(frames.short, frames.limit)
            mid, short = (self.vgg(one.contiguous(memory_format=torch.channels_last)) for one in pair)
            return correspondences(mid, short, self.radius, REFINE)

    def swap(self, planes: Tensor, *encoded: Tensor, times: Tensor) -> tuple[Tensor, ...]:
        """The short frame's encoded features where the mid frame has the same textures, at three scales."""
        fields = self.fields(planes, times)
        return tuple(transfer(one, field) for one, field in zip(encoded, fields, strict=True))

    def join(self, coarse: Tensor, skip: Tensor, scale: int) -> Tensor:
        """The decoder's step to the next finer scale."""
        return self.decoder_join[scale](torch.cat([self.decoder_up[scale](coarse), skip], 1))

    def mix(self, planes: Tensor, coarse: Tensor, half: Tensor, full: Tensor, times: Tensor) -> Tensor:
        """Textures of three scales under their attention (eqs. 10 to 12), and the frames under theirs (F_mef)."""
        frames = Frames(planes, times)
        short, mid, long = (self.extractor(one) for one in (frames.short, frames.mid, frames.long))
        short = short * self.motion_short(torch.cat([short, mid], 1))
        long = long * self.motion_long(torch.cat([long, mid], 1))
        coarse, half = self.up4(coarse), self.up2(half)
        textures = [
            coarse * self.saturation(frames.saturated(frames.mid)),
            half * self.scale1(torch.cat([coarse, half], 1)),
            full * self.scale0(torch.cat([half, full], 1)),
        ]
        return self.merge_in(torch.cat([*textures, mid, short, long], 1))

    def picture(self, planes: Tensor, x: Tensor, times: Tensor) -> Tensor:
        """H_m (1 - F_wgt[A_sat^m]) + H_mef, both as logits, and the sigmoid of the sum."""
        frames = Frames(planes, times)
        weight = self.weight(self.saturation(frames.saturated(frames.mid)))
        with torch.autocast(x.device.type, enabled=False):  # dark values need more than bfloat16's 8 bits
            mid = torch.logit(frames.mid.float(), DARKEST)
            return torch.sigmoid(mid * (1 - weight.float()) + self.merge_out(x.float()))


NETWORK = Network(
    build=APNT,
    planes=planes,
    conditions=conditions,
    finish=finish,
    makes=RadianceMap,
    frames=3,
    needs_times=True,
    summary="three exposures with motion to a linear radiance map, textures matched into what is saturated",
    source="Chen, Yang, Chan, Li, Hou & Chau, APNT-Fusion: Attention-Guided Progressive Neural Texture Fusion",
    bytes_per_pixel=4800,
)
