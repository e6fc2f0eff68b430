"""DPG: the Deep Prior Guided network, two exposures to a display picture.

Yin, Chen, Peng & Tsai, "Deep Prior Guided Network for High-quality Image Fusion" (ICME 2020), and its authors' program
(bigmms/prior_guided_network_hdr), which this graph follows: a U-net whose encoder is given a content prior at each
level and whose decoder a detail prior. The priors come from pyramids over the whole picture (`hdrcli/priors.py`), by
the paper's equations; weights that were trained with the authors' program take its own priors (`prior="authors"`).

Levels: level l has stride 2^l; the network's side heads go from coarse (stride 32) to fine (stride 1).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hdrcli.contracts import Network
from hdrcli.exposure import encoded_pixels
from hdrcli.image import Bracket, DisplayImage
from hdrcli.networks._extremes import conditions
from hdrcli.priors import LEVELS, YCBCR, authors_priors, priors
from hdrcli.tiling import Conditions, Statistics, TiledModule
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


class DPG(TiledModule):
    """A tuple of maps, finest first, one for each stride -> (B, 3, H, W), sRGB-encoded, in [0, 1].

    The map at stride 1 is (B, 9, H, W): under and over RGB in [0, 1] and detail; for the prior "authors" two more, CbCr
    / 255 of the fused picture. Those at strides 2 … 32 are (B, 6, h, w): detail, about [-1, 1], and content in [0, 1].
    `prior_maps` makes them. H and W are multiples of 64. `width` is the number of features at full size,
    `dropout` the encoder's share in training.
    """

    strides = (1, 2, 4, 8, 16, 32)
    multiple_of = MULTIPLE
    tile_multiple = MULTIPLE
    halo = 512  # 4 * 63 pixels down the decoder, 2 * 64 at its foot, 2 * 63 up the encoder, and 4 of rounding

    def __init__(self, width: int = 16, prior: str = "mertens", dropout: float = 0.3) -> None:
        super().__init__()
        if prior not in PRIORS:
            raise TypeError(f"prior {prior!r} is none of {', '.join(PRIORS)}")
        self.prior = prior
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

    def forward(
        self, planes: tuple[Tensor, ...], conditions: Conditions | None = None, statistics: Statistics | None = None
    ) -> Tensor:
        *_, features = self.features(planes)
        picture = self.head(-1, features)
        return with_chroma(picture, planes[0][:, DETAIL.stop :]) if self.prior == "authors" else picture

    def forward_scales(self, planes: tuple[Tensor, ...]) -> list[Tensor]:
        """The picture at six sizes, coarse to fine (strides 32 … 1), each (B, 3, h, w) in [0, 1]; for training."""
        return [self.head(step, features) for step, features in enumerate(self.features(planes))]

    def head(self, step: int, features: Tensor) -> Tensor:
        """A decoder step's features to a picture in [0, 1]."""
        with torch.autocast(features.device.type, enabled=False):  # bfloat16's 8 bits would show as bands
            return (torch.tanh(self.heads[step](features.float())) + 1) / 2

    def features(self, planes: tuple[Tensor, ...]) -> Iterator[Tensor]:
        """The decoder's features at strides 32 … 1: (B, width * stride, h, w)."""
        details = [planes[0][:, DETAIL], *(one[:, :3] for one in planes[1:])]
        x = self.enc[0](planes[0][:, RAW] * 2 - 1)
        skips = [x]
        for level in range(1, LEVELS):
            content = self.cpg[str(level)](planes[level][:, 3:] * 2 - 1)
            x = self.enc[level](torch.cat([F.max_pool2d(x, 2), content], 1))
            skips.append(x)
        x = self.mid(F.max_pool2d(x, 2))
        for up, dpg, d1, d2 in zip(self.up, self.dpg, self.d1, self.d2, strict=True):
            x = torch.cat([up(x), skips.pop()], 1) + dpg(details.pop())
            x = d2(d1(x))
            yield x


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


def planes(bracket: Bracket, module: DPG) -> tuple[np.ndarray, ...]:
    """The maps of two exposures, darkest first, whose outermost pixels are repeated around them: see `_padded`."""
    under, over = (_padded(encoded_pixels(exposure)) for exposure in bracket.exposures)
    with torch.inference_mode():
        return tuple(one[0].numpy() for one in prior_maps(under, over, module.prior))


def _padded(pixels: np.ndarray) -> Tensor:
    """(H, W, 3) -> (1, 3, H', W'), MULTIPLE pixels more before each side, and as many or more behind it.

    Sides become multiples of 64, and what zero padding does at the edge of the deepest map falls outside the frames.
    """
    height, width, _ = pixels.shape
    picture = torch.from_numpy(pixels).permute(2, 0, 1)[None].contiguous()
    behind = (MULTIPLE + -width % MULTIPLE, MULTIPLE + -height % MULTIPLE)
    return F.pad(picture, (MULTIPLE, behind[0], MULTIPLE, behind[1]), mode="replicate")


def finish(output: np.ndarray, bracket: Bracket) -> DisplayImage:
    """(3, H', W') -> the picture, of the bracket's size."""
    width, height = bracket.exposures[0].size
    inside = output[:, MULTIPLE : MULTIPLE + height, MULTIPLE : MULTIPLE + width]
    return DisplayImage(np.ascontiguousarray(inside.transpose(1, 2, 0)).clip(0, 1))


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
