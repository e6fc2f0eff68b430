"""DPG: the Deep Prior Guided network, two exposures to a display picture.

Yin, Chen, Peng & Tsai, "Deep Prior Guided Network for High-quality Image Fusion" (ICME 2020), and its authors' program
(bigmms/prior_guided_network_hdr), which this graph follows: a U-net whose encoder is given a content prior at each
level and whose decoder a detail prior. The priors come from pyramids over the whole picture (`hdrcli/priors.py`), by
the paper's equations; weights that were trained with the authors' program take its own priors (`prior="authors"`).

Levels: level l has stride 2^l; the network's side heads go from coarse (stride 32) to fine (stride 1).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hdrcli.contracts import Network
from hdrcli.exposure import encoded
from hdrcli.image import Bracket, DisplayImage
from hdrcli.layered import LayeredModule, Layers
from hdrcli.local_priors import LocalPriors, Maps
from hdrcli.networks._extremes import conditions, unbordered
from hdrcli.planes import Planes, of_frames, repeated
from hdrcli.priors import LEVELS, YCBCR, authors_priors, priors
from hdrcli.tiling import Conditions, Statistics
from hdrcli.transfer import LUMA_WEIGHTS

PRIORS = ("mertens", "none", "authors")
RAW, DETAIL = slice(0, 6), slice(6, 9)  # channels of the map at full size; the fused picture's CbCr may follow
MULTIPLE = 64


class BatchNorm(nn.Module):
    """Batch normalisation with Keras' constants and without torch's count of batches, which no file needs to hold."""

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        return F.batch_norm(
            x, self.running_mean, self.running_var, self.weight, self.bias, self.training, momentum=0.01, eps=1e-3
        )


class Block(nn.Module):
    """Twice a 3x3 convolution, ReLU and batch normalisation, in this order: (B, i, h, w) -> (B, o, h, w)."""

    def __init__(self, inputs: int, outputs: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inputs, outputs, 3, padding=1), BatchNorm(outputs)
        self.conv2, self.bn2 = nn.Conv2d(outputs, outputs, 3, padding=1), BatchNorm(outputs)
        self.dropout = dropout
        for conv in (self.conv1, self.conv2):
            std = (2 / (9 * conv.in_channels)) ** 0.5 / 0.8796  # He's, of a normal distribution cut at two of these
            nn.init.trunc_normal_(conv.weight, std=std, a=-2 * std, b=2 * std)
            nn.init.zeros_(conv.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        x = F.dropout(self.bn1(F.relu(self.conv1(x))), self.dropout, self.training)
        return self.bn2(F.relu(self.conv2(x)))


class DPG(LayeredModule):
    """A tuple of maps, finest first, one for each stride -> (B, 3, H, W), sRGB-encoded, in [0, 1].

    The map at stride 1 is (B, 9, H, W): under and over RGB in [0, 1] and detail; for the prior "authors" two more, CbCr
    / 255 of the fused picture. Those at strides 2 … 32 are (B, 6, h, w): detail, about [-1, 1], and content in [0, 1].
    `prior_maps` makes them. H and W are multiples of 64. `width` is the number of features at full size,
    `dropout` the encoder's share in training.

    Over tiles it goes in five steps, between which features of strides 8 and 32 are kept; finer ones, which are large,
    are made twice. In one pass every tile would need the 506 pixels around it that the deepest path sees.
    """

    strides = (1, 2, 4, 8, 16, 32)
    multiple_of = MULTIPLE
    tile_multiple = MULTIPLE
    halo = 64  # of the steps at full size; those below have larger halos, and smaller maps
    halos = (32, 128, 256, 160, 48)  # of each step: 2 pixels at its stride for each block of two convolutions

    def __init__(self, width: int = 16, prior: str = "mertens", dropout: float = 0.3) -> None:
        super().__init__()
        if prior not in PRIORS:
            raise TypeError(f"prior {prior!r} is none of {', '.join(PRIORS)}")
        self.prior = prior
        self.stored_bytes_per_pixel = 5 * width // 4  # of fp32: stride 8 twice and stride 32 twice
        widths = [width * 2**level for level in range(LEVELS)]
        deep = range(1, LEVELS)
        self.enc = nn.ModuleList(
            [Block(6, width, dropout), *(Block(3 * widths[n - 1], widths[n], dropout) for n in deep)]
        )
        self.cpg = nn.ModuleDict({str(n): Block(3, widths[n], dropout) for n in deep})
        self.mid = Block(widths[-1], 2 * widths[-1], dropout)
        coarse_to_fine = widths[::-1]
        self.up = nn.ModuleList(nn.ConvTranspose2d(2 * w, w, 2, stride=2) for w in coarse_to_fine)
        self.dpg = nn.ModuleList(Block(3, 1) for _ in coarse_to_fine)
        self.d1 = nn.ModuleList(Block(2 * w, w) for w in coarse_to_fine)
        self.d2 = nn.ModuleList(Block(w, w) for w in coarse_to_fine)
        self.heads = nn.ModuleList(nn.Conv2d(w, 3, 1) for w in coarse_to_fine)
        for layer in (*self.up, *self.heads):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(  # type: ignore[override]
        self, planes: tuple[Tensor, ...], conditions: Conditions | None = None, statistics: Statistics | None = None
    ) -> Tensor:
        *_, features = self.features(planes)
        return self.finished(features, planes[0])

    def compose(self, layers: Layers, planes: Any, conditions: Conditions) -> Any:
        fine, coarse = planes[:3], planes[3:]
        eighth = layers.layer(self.to_eighth, *planes[:4], halo=self.halos[0], strides=(8,))
        foot = layers.layer(self.to_foot, eighth, *planes[4:], halo=self.halos[1], strides=(32,))
        foot = layers.layer(self.from_foot, foot, planes[5], halo=self.halos[2], strides=(32,))
        eighth = layers.layer(self.from_eighth, foot, eighth, *coarse[:2], halo=self.halos[3], strides=(8,))
        return layers.layer(self.to_picture, eighth, *fine, halo=self.halos[4])

    def to_eighth(self, *planes: Tensor) -> Tensor:
        """The encoder down to stride 8."""
        return self.encoded(None, range(4), planes)[-1]

    def to_foot(self, eighth: Tensor, *planes: Tensor) -> Tensor:
        """The encoder from there to stride 32."""
        return self.encoded(eighth, range(4, 6), planes)[-1]

    def from_foot(self, foot: Tensor, planes: Tensor) -> Tensor:
        """The bottom of the network, and the decoder's step at stride 32."""
        return self.decoded(self.mid(F.max_pool2d(foot, 2)), 5, foot, planes)

    def from_eighth(self, x: Tensor, eighth: Tensor, *planes: Tensor) -> Tensor:
        """The decoder at strides 16 and 8."""
        (sixteenth,) = self.encoded(eighth, range(4, 5), planes[1:])
        return self.decoded(self.decoded(x, 4, sixteenth, planes[1]), 3, eighth, planes[0])

    def to_picture(self, x: Tensor, *planes: Tensor) -> Tensor:
        """The decoder at strides 4, 2 and 1, and its picture."""
        skips = self.encoded(None, range(3), planes)
        for level in (2, 1, 0):
            x = self.decoded(x, level, skips.pop(), planes[level])
        return self.finished(x, planes[0])

    def forward_scales(self, planes: tuple[Tensor, ...]) -> list[Tensor]:
        """The picture at six sizes, coarse to fine (strides 32 … 1), each (B, 3, h, w) in [0, 1]; for training."""
        return [self.head(step, features) for step, features in enumerate(self.features(planes))]

    def finished(self, features: Tensor, planes: Tensor) -> Tensor:
        """The picture of the decoder's features at full size."""
        picture = self.head(-1, features)
        return with_chroma(picture, planes[:, DETAIL.stop :]) if self.prior == "authors" else picture

    def head(self, step: int, features: Tensor) -> Tensor:
        """A decoder step's features to a picture in [0, 1]."""
        with torch.autocast(features.device.type, enabled=False):  # bfloat16's 8 bits would show as bands
            return (torch.tanh(self.heads[step](features.float())) + 1) / 2

    def features(self, planes: tuple[Tensor, ...]) -> Iterator[Tensor]:
        """The decoder's features at strides 32 … 1: (B, width * stride, h, w)."""
        skips = self.encoded(None, range(LEVELS), planes)
        x = self.mid(F.max_pool2d(skips[-1], 2))
        for level in reversed(range(LEVELS)):
            x = self.decoded(x, level, skips.pop(), planes[level])
            yield x

    def encoded(self, x: Tensor | None, levels: range, planes: Sequence[Tensor]) -> list[Tensor]:
        """The encoder's features at some levels, of those of the level above (None above the first) and their maps."""
        found: list[Tensor] = []
        for level, one in zip(levels, planes, strict=True):
            if x is None:
                x = self.enc[0](one[:, RAW] * 2 - 1)
            else:
                content = self.cpg[str(level)](one[:, 3:] * 2 - 1)
                x = self.enc[level](torch.cat([F.max_pool2d(x, 2), content], 1))
            found.append(x)
        return found

    def decoded(self, x: Tensor, level: int, skip: Tensor, planes: Tensor) -> Tensor:
        """The decoder's features at a level, of those below, the encoder's, and the level's map."""
        step = LEVELS - 1 - level
        detail = planes[:, DETAIL] if level == 0 else planes[:, :3]
        x = torch.cat([self.up[step](x), skip], 1) + self.dpg[step](detail)
        return self.d2[step](self.d1[step](x))


def with_chroma(picture: Tensor, chroma: Tensor) -> Tensor:
    """The colour of another picture, as the authors' program gives it: (B, 3, H, W) in [0, 1] from a picture's luma.

    The luma counts as the Y of 8-bit studio range (16 … 235) that the authors trained it to be; `chroma` is CbCr / 255.
    """
    luma = sum(picture[:, c] * float(LUMA_WEIGHTS[c]) for c in range(3))
    ycbcr = torch.stack([luma * 255 - 16, *(chroma * 255 - 128).unbind(1)], 1)  # type: ignore[list-item]
    matrix = torch.tensor(np.linalg.inv(YCBCR), dtype=picture.dtype, device=picture.device)
    return torch.stack([(ycbcr * row.view(-1, 1, 1)).sum(1) for row in matrix], 1).clamp(0, 1)


def prior_maps(under: Tensor, over: Tensor, prior: str) -> tuple[Tensor, ...]:
    """What `DPG` takes, of frames (B, 3, H, W), sRGB-encoded, in [0, 1], with sides that are multiples of 64.

    Without a prior (`none`, the paper's ablation) detail and content are zero at the network's first layers.
    """
    levels: Iterable[tuple[Tensor, Tensor]]
    full = [under, over]
    if prior == "authors":
        levels, chroma = authors_priors(under, over)
        full.append(chroma)
    elif prior == "none":
        blanks = [under.new_zeros(under[..., ::step, ::step].shape) for step in DPG.strides]
        levels = ((blank, blank + 0.5) for blank in blanks)
    else:
        levels = priors(under, over)
    maps: list[Tensor] = []
    for detail, content in levels:  # one after the other: the finest take most of the memory
        maps.append(torch.cat([*full[:2], detail, *full[2:]] if not maps else [detail, content], 1))
    return tuple(maps)


def planes(bracket: Bracket, module: DPG) -> tuple[Maps, ...]:
    """The maps of two exposures, darkest first, whose outermost pixels are repeated around them: see `_padded`.

    The authors' priors look at the whole picture, and are made at once.
    """
    frames = _padded(of_frames(tuple(map(encoded, bracket.exposures)), np.asarray))
    if module.prior == "authors":
        under, over = torch.from_numpy(np.ascontiguousarray(frames)).chunk(2)
        with torch.inference_mode():
            return tuple(one[0].numpy() for one in prior_maps(under[None], over[None], module.prior))
    height, width = frames.shape[1:]
    if module.prior == "none":
        blank = np.array([0, 0, 0, 0.5, 0.5, 0.5], np.float32)[:, None, None]
        maps: list[Maps] = [np.broadcast_to(blank, (6, height // step, width // step)) for step in DPG.strides]
    else:
        maps = LocalPriors(frames).maps()

    def make(rows: slice, columns: slice) -> np.ndarray:
        return np.concatenate([frames[:, rows, columns], maps[0][:3, rows, columns]])

    return (Planes((DETAIL.stop, height, width), make), *maps[1:])


def _padded(frames: Planes) -> Planes:
    """(C, H, W) -> (C, H', W'), MULTIPLE pixels more before each side, and as many or more behind it.

    Sides become multiples of 64, and what zero padding does at the edge of the deepest map falls outside the frames.
    """
    channels, height, width = frames.shape

    def make(rows: slice, columns: slice) -> np.ndarray:
        return repeated(frames, *(slice(one.start - MULTIPLE, one.stop - MULTIPLE) for one in (rows, columns)))

    height, width = (-(-side // MULTIPLE) * MULTIPLE + 2 * MULTIPLE for side in (height, width))
    return Planes((channels, height, width), make)


def finish(output: np.ndarray, bracket: Bracket) -> DisplayImage:
    """(3, H', W') -> the picture, of the bracket's size."""
    return unbordered(output, bracket, MULTIPLE, MULTIPLE)


def from_authors(checkpoints: list[dict[str, Tensor]]) -> tuple[dict[str, object], dict[str, Tensor]]:
    """Build settings and parameters from the authors' Keras checkpoint: "conv2d_1/kernel:0" -> tensor in Keras' layout.

    Keras numbers layers as it makes them, from 0 or from 1 or on from another model, so only their order counts. Raises
    KeyError when layers are missing.
    """
    layers = _keras_layers(checkpoints[0])
    if not layers["conv2d"]:
        raise KeyError("no layers conv2d")
    width = layers["conv2d"][0]["bias"].numel()
    with torch.device("meta"):
        module = DPG(width)
    state: dict[str, Tensor] = {}
    for of, kind in KERAS_KINDS.items():
        names = [name for name, layer in _in_order_of_making(module) if isinstance(layer, of)]
        found = layers[kind]
        if kind == "conv2d" and len(found) == len(names) + 1:
            del found[-2]  # a head that nothing reads, made just before the last one
        if len(found) != len(names):
            raise KeyError(f"{len(found)} layers {kind} instead of {len(names)}")
        for name, layer in zip(names, found, strict=True):
            for part, value in layer.items():
                state[f"{name}.{KERAS_PARTS[part]}"] = value.permute(3, 2, 0, 1) if value.ndim == 4 else value
    return {"width": width, "prior": "authors"}, state


KERAS_KINDS = {nn.Conv2d: "conv2d", BatchNorm: "batch_normalization", nn.ConvTranspose2d: "conv2d_transpose"}
KERAS_PARTS = {
    "kernel": "weight",
    "bias": "bias",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}


def _keras_layers(checkpoint: dict[str, Tensor]) -> dict[str, list[dict[str, Tensor]]]:
    """The layers of each kind in the order of their numbers, the first of which may have none."""
    layers: dict[str, dict[int, dict[str, Tensor]]] = {kind: {} for kind in KERAS_KINDS.values()}
    for name, value in checkpoint.items():
        found = re.search(r"(?:^|/)(\w+?)(?:_(\d+))?/(\w+):0$", name)
        if found is None or found[1] not in layers:
            raise KeyError(f"{name} is none of its layers")
        layers[found[1]].setdefault(int(found[2] or 0), {})[found[3]] = value
    return {kind: [of_kind[number] for number in sorted(of_kind)] for kind, of_kind in layers.items()}


def _in_order_of_making(module: DPG) -> Iterator[tuple[str, nn.Module]]:
    """The layers in the order in which the authors' program makes them."""
    steps = range(LEVELS)
    encoder = ["enc.0", *(f"{part}.{level}" for level in steps[1:] for part in ("cpg", "enc")), "mid"]
    decoder = [f"{part}.{step}" for step in steps for part in ("up", "dpg", "d1", "d2", "heads")]
    for root in encoder + decoder:
        yield from module.get_submodule(root).named_modules(prefix=root)


NETWORK = Network(
    build=DPG,
    planes=planes,
    conditions=conditions,
    finish=finish,
    makes=DisplayImage,
    frames=2,
    needs_times=False,
    summary="two exposures to a display picture, guided by exposure fusion",
    source="Yin, Chen, Peng & Tsai, DPG (ICME 2020); the authors' program bigmms/prior_guided_network_hdr",
    bytes_per_pixel=640,
    priors=("mertens", "none"),
    bf16_on_cpu=False,  # off by up to 18 levels of 255, to save a third of the time
    from_authors=from_authors,
)
