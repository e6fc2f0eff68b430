"""LightFuse: exposure fusion of two frames by a network of 18,630 parameters.

"LightFuse: Lightweight CNN based Dual-exposure Fusion" and its authors' program
(Taichi-Pink/LightFuse-Lightweight-CNN-based-Dual-exposure-Fusion), whose graph of the paper's time (256 and 64
channels) this follows: a DetailNet that sees single pixels, and a GlobalNet of an eighth of the resolution.
Each frame is stretched to [0, 1] by its least and its largest value over all pixels and channels; `planes` does so on
the whole image, so that tiles need no statistics.
"""

from __future__ import annotations

import re

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hdrcli.contracts import Network
from hdrcli.exposure import encoded
from hdrcli.image import Bracket, DisplayImage, Exposure
from hdrcli.networks._extremes import conditions, finish
from hdrcli.networks._precision import precisely
from hdrcli.planes import Planes, bordered, of_frames
from hdrcli.tiling import Conditions, Statistics, TiledModule

CPU_ROWS = 4  # of a tile at a time: their 256 channels stay in the cache
INPUTS = 6  # RGB of the under-exposed, then of the over-exposed frame


def pad_same(x: Tensor) -> Tensor:
    """Zeros around (B, C, H, W) for a 3x3 convolution of stride 2 whose result has ceil(H/2) rows, ceil(W/2) columns.

    TensorFlow's "same": what cannot be shared evenly goes to the bottom and the right, so an even side gets none before
    it and one behind it, where PyTorch's `padding=1` would move the picture by a pixel.
    """
    below, right = 1, 1
    above, left = (side % 2 for side in x.shape[2:])
    return F.pad(x, (left, right, above, below))


class GlobalNet(nn.Module):
    """(B, 6, H, W) -> (B, 3, H/8, W/8): depthwise convolutions of stride 2 and one across channels, all linear."""

    def __init__(self) -> None:
        super().__init__()
        self.depthwise0 = nn.Conv2d(INPUTS, INPUTS, 3, stride=2, groups=INPUTS)
        self.depthwise1 = nn.Conv2d(INPUTS, INPUTS, 3, stride=2, groups=INPUTS)
        self.depthwise2 = nn.Conv2d(INPUTS, INPUTS, 3, stride=2, groups=INPUTS, bias=False)
        self.pointwise = nn.Conv2d(INPUTS, 3, 1)

    def forward(self, x: Tensor) -> Tensor:
        for depthwise in (self.depthwise0, self.depthwise1, self.depthwise2):
            x = depthwise(pad_same(x))
        return self.pointwise(x)


class LightFuse(TiledModule):
    """(B, 6, H, W): RGB of the under- and over-exposed frame, each stretched to [0, 1] -> (B, 3, H, W) in [0, 1].

    H and W are multiples of 8. `first` and `second` are the channels of DetailNet's two hidden layers.
    """

    multiple_of = 8
    tile_multiple = 8
    halo = 8  # a block of 8 pixels sees 7 pixels below it and to its right, none above it

    def __init__(self, first: int = 256, second: int = 64) -> None:
        super().__init__()
        self.detail = nn.ModuleList([nn.Conv2d(INPUTS, first, 1), nn.Conv2d(first, second, 1), nn.Conv2d(second, 3, 1)])
        self.add_module("global", GlobalNet())  # a keyword of Python, so no attribute can be written for it

    def forward(self, planes: Tensor, conditions: Conditions, statistics: Statistics | None = None) -> Tensor:
        x = planes * 2 - 1
        rows = CPU_ROWS if x.device.type == "cpu" else x.shape[2]
        detail = torch.cat([self.details(some) for some in torch.split(x, rows, 2)], 2)
        with torch.autocast(x.device.type, enabled=False):
            overall = F.interpolate(self.get_submodule("global")(x.float()), scale_factor=8.0, mode="nearest")
            return (torch.tanh(detail + overall) + 1) / 2

    def details(self, x: Tensor) -> Tensor:
        """DetailNet: (B, 6, h, w) -> (B, 3, h, w)."""
        hidden = F.relu(precisely(self.detail[0], x), inplace=True)
        hidden = F.relu(self.detail[1](hidden), inplace=True)
        with torch.autocast(x.device.type, enabled=False):  # dark values need more than bfloat16's 8 bits
            return F.relu(self.detail[2](hidden.float()))


def planes(bracket: Bracket, module: nn.Module) -> Planes:
    """Two frames, dark first, as (6, H + 16, W + 16): sRGB-encoded, each stretched to [0, 1] over the whole image."""
    return bordered(of_frames(tuple(_stretched(encoded(one)) for one in bracket.exposures), np.asarray), LightFuse.halo)


def _stretched(exposure: Exposure) -> Exposure:
    """The frame with its least value at 0 and its largest at 1; one of a single value becomes 0."""
    ends = exposure.stored.min(), exposure.stored.max()
    low, high = ends if exposure.table is None else exposure.table[list(ends)]
    if high <= low:
        return exposure.mapped(np.zeros_like, "srgb")
    return exposure.mapped(lambda values: (values - low) / (high - low), "srgb")


def from_authors(checkpoints: list[dict[str, Tensor]]) -> tuple[dict[str, int], dict[str, Tensor]]:
    """Build settings and parameters from the authors' Keras checkpoint, by the kinds of its layers and their order.

    Layers are numbered from anywhere on. DetailNet's three layers may be one, `custconv2d`, as in later checkpoints.
    Raises KeyError when the layers are not LightFuse's.
    """
    found: dict[str, list[Tensor]] = {}
    for checkpoint in checkpoints:
        for name, value in checkpoint.items():
            kind = re.sub(r"_\d+$", "", name.partition("/")[0])
            found.setdefault("conv2d" if kind == "custconv2d" else kind, []).append(value)
    state: dict[str, Tensor] = {}
    for kind, parts in KERAS_LAYERS.items():
        values = found.get(kind, [])
        if len(values) != len(parts):
            raise KeyError(f"there are {len(values)} weights in layers named {kind}, where LightFuse has {len(parts)}")
        state |= {part: _from_keras(part, value) for part, value in zip(parts, values, strict=True)}
    first, second = (state[f"detail.{layer}.bias"].numel() for layer in (0, 1))
    return {"first": first, "second": second}, state


KERAS_LAYERS = {
    "conv2d": [f"detail.{layer}.{part}" for layer in range(3) for part in ("weight", "bias")],
    "depthwise_conv2d": [f"global.depthwise{layer}.{part}" for layer in range(2) for part in ("weight", "bias")],
    "separable_conv2d": ["global.depthwise2.weight", "global.pointwise.weight", "global.pointwise.bias"],
}


def _from_keras(name: str, value: Tensor) -> Tensor:
    """Kernels (H, W, inputs, outputs), or (H, W, channels, 1) of a depthwise layer, as PyTorch has them."""
    if value.ndim != 4:
        return value
    return value.permute(2, 3, 0, 1) if "depthwise" in name else value.permute(3, 2, 0, 1)


NETWORK = Network(
    build=LightFuse,
    planes=planes,
    conditions=conditions,
    finish=finish,
    makes=DisplayImage,
    frames=2,
    needs_times=False,
    summary="two exposures of a still scene to a display picture, by a very small network",
    source='"LightFuse: Lightweight CNN based Dual-exposure Fusion"; the authors\' program '
    "Taichi-Pink/LightFuse-Lightweight-CNN-based-Dual-exposure-Fusion",
    bytes_per_pixel=1300,
    from_authors=from_authors,
)
