"""DFGNet: Deep Fusion with Global and local features for HDR imaging of three exposures with motion.

Lee, Chung & Cho, "Exposure-Structure Blending Network for High Dynamic Range Imaging of Dynamic Scenes", and its
authors' program (KeuntekLee/DFGNet), which this graph follows member by member; the mid exposure is the reference.
Only what the fusion needs of the spatial encoder is built (the authors' later layers serve its training alone).

Units: the network lives where the SHORTEST frame saturates at 1 and times are relative to the shortest (1, 4, 16).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hdrcli.contracts import Network
from hdrcli.image import RadianceMap
from hdrcli.networks._kalantari import EXPOSURES, conditions, finish, planes
from hdrcli.networks._precision import precisely
from hdrcli.tiling import Conditions, Statistics, StatisticsPass, TiledModule, Window, with_halo
from hdrcli.transfer import NETWORK_GAMMA

ROWS_AT_ONCE = 16
HALOS = (8, 12, 16)  # around a part of the picture, in pixels: what of the three scales' features it depends on
Norm = tuple[Tensor, Tensor]  # mean and standard deviation, each (B, 1, 1, 1)


def copied(x: Tensor, out: Tensor | None = None) -> Tensor:
    return x if out is None else out.copy_(x)


def rectified(x: Tensor, out: Tensor | None = None) -> Tensor:
    return F.relu(x) if out is None else torch.clamp_min(x, 0, out=out)


def reflected(x: Tensor, margin: int, through: Callable[..., Tensor] = copied) -> Tensor:
    """`through(x)` with reflection padding, (B, C, H + 2 margin, W + 2 margin).

    PyTorch's padding leaves channels_last and comes back. Where nothing is to be learned `through` writes into the
    padded map itself, so that activation and padding are one pass over memory.
    """
    if torch.is_grad_enabled():
        return F.pad(through(x), (margin,) * 4, mode="reflect")
    batch, channels, height, width = x.shape
    shape = (batch, channels, height + 2 * margin, width + 2 * margin)
    padded = torch.empty(shape, dtype=x.dtype, device=x.device, memory_format=torch.channels_last)
    through(x, out=padded[:, :, margin:-margin, margin:-margin])
    for dim, last in ((2, height), (3, width)):
        for step in range(margin):
            first, behind = margin - 1 - step, last + margin + step
            padded.select(dim, first).copy_(padded.select(dim, margin + 1 + step))
            padded.select(dim, behind).copy_(padded.select(dim, last + margin - 2 - step))
    return padded


class WholeTensorNorm(nn.Module):
    """Normalise by mean and unbiased standard deviation over the whole (C, H, W) of a sample, then scale by channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.empty(channels).uniform_())
        self.beta = nn.Parameter(torch.zeros(channels))

    @staticmethod
    def measure(x: Tensor) -> Norm:
        flat = x.float().flatten(1)
        mean, std = flat.mean(1), flat.std(1)
        return mean.view(-1, 1, 1, 1), std.view(-1, 1, 1, 1)

    def forward(self, x: Tensor, norm: Norm, out: Tensor | None = None) -> Tensor:
        mean, std = norm
        scale = self.gamma.view(1, -1, 1, 1) / (std + 1e-5)
        shift = self.beta.view(1, -1, 1, 1) - mean * scale
        return torch.addcmul(shift.to(x.dtype), x, scale.to(x.dtype), out=out)


class ExposureEncoder(nn.Module):
    """A frame to its exposure feature: (B, 3, H, W) in [-1, 1] -> (B, vector)."""

    def __init__(self, features: int, vector: int) -> None:
        super().__init__()
        n = features
        self.headconv = nn.Conv2d(3, n, 7)
        self.conv1 = nn.Conv2d(n, 2 * n, 4, stride=2)
        self.conv2 = nn.Conv2d(2 * n, 4 * n, 4, stride=2)
        self.conv3 = nn.Conv2d(4 * n, 4 * n, 4, stride=2)
        self.conv4 = nn.Conv2d(4 * n, 4 * n, 4, stride=2)
        self.fc = nn.Linear(4 * n, vector)

    def maps(self, x: Tensor) -> Tensor:
        """(B, 4n, H/16, W/16), before pooling."""
        x = self.headconv(reflected(x, 3))
        for conv in (self.conv1, self.conv2, self.conv3, self.conv4):
            x = conv(reflected(x, 1, rectified))
        return F.relu(x)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.maps(x).mean((2, 3)))


class SpatialEncoder(nn.Module):
    """A frame to three taps of raw convolution outputs, at full, half and quarter resolution."""

    def __init__(self, features: int) -> None:
        super().__init__()
        n = features
        self.headconv = nn.Conv2d(3, n, 7)
        self.ln1 = WholeTensorNorm(n)
        self.conv1 = nn.Conv2d(n, 2 * n, 4, stride=2)
        self.ln2 = WholeTensorNorm(2 * n)
        self.conv2 = nn.Conv2d(2 * n, 4 * n, 4, stride=2)

    def full_map(self, x: Tensor) -> Tensor:
        """(B, n, H, W)."""
        return self.headconv(reflected(x, 3))

    def half_map(self, full: Tensor, norm: Norm) -> Tensor:
        """(B, 2n, H/2, W/2)."""
        return self.conv1(reflected(full, 1, partial(self._normalised, self.ln1, norm)))

    def quarter_map(self, half: Tensor, norm: Norm) -> Tensor:
        """(B, 4n, H/4, W/4)."""
        return self.conv2(reflected(half, 1, partial(self._normalised, self.ln2, norm)))

    @staticmethod
    def _normalised(ln: WholeTensorNorm, norm: Norm, x: Tensor, out: Tensor | None = None) -> Tensor:
        return F.relu(ln(x, norm, out), inplace=True)


class ExposureAttention(nn.Module):
    """EAU: weigh the exposures' features channel by channel, by a softmax over exposures of their exposure features."""

    def __init__(self, channels: int, vector: int) -> None:
        super().__init__()
        self.fcs = nn.ModuleList(nn.Linear(vector, channels) for _ in range(EXPOSURES))

    def forward(self, maps: list[Tensor], exposure_features: Tensor) -> Tensor:
        """What is attended, and the reference's features."""
        scores = torch.stack([fc(exposure_features[:, e]) for e, fc in enumerate(self.fcs)])
        weights = scores.float().softmax(0).to(maps[0].dtype)[..., None, None]
        made = torch.addcmul(maps[1], maps[0], weights[0])
        return made.addcmul_(maps[1], weights[1]).addcmul_(maps[2], weights[2])


class SpatialAttention(nn.Module):
    """SAU: gate each exposure's features by what its tap says of the scene's structure."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        c = channels
        self.conv1 = nn.Conv2d(c, c, 3, padding=1)
        self.feat_conv = nn.Conv2d(c, c, 1)
        self.filter1 = nn.Conv2d(2 * c, c, 3, padding=1)
        self.filter2 = nn.Conv2d(2 * c, c, 3, padding=1)
        self.filter3 = nn.Conv2d(2 * c, c, 3, padding=1)

    def forward(self, maps: list[Tensor], taps: list[Tensor]) -> Tensor:
        """What the gates let through, and the reference's features."""
        common = F.leaky_relu(self.conv1((maps[0] + maps[1]).add_(maps[2])), inplace=True)
        made = maps[1]
        for one, tap, gate in zip(maps, taps, (self.filter1, self.filter2, self.filter3), strict=True):
            structure = F.leaky_relu(self.feat_conv(tap), inplace=True)
            made = torch.addcmul(made, one, gate(torch.cat([common, structure], 1)).sigmoid_())
        return made


class Fusion(nn.Module):
    """The main network: features of three exposures at three scales, attended and fused coarse to fine."""

    def __init__(self, features: int, vector: int) -> None:
        super().__init__()
        n = features
        for e in range(1, EXPOSURES + 1):
            setattr(self, f"conv1_{e}", nn.Conv2d(6, n, 3, padding=1))
            setattr(self, f"conv2_{e}", nn.Conv2d(n, 2 * n, 3, stride=2, padding=1))
            setattr(self, f"conv3_{e}", nn.Conv2d(2 * n, 4 * n, 3, stride=2, padding=1))
            for scale, channels in enumerate((n, 2 * n, 4 * n), 1):
                setattr(self, f"prelu{scale}_{e}", nn.PReLU(channels))
        self.eau1, self.eau2, self.eau3 = (ExposureAttention(c, vector) for c in (n, 2 * n, 4 * n))
        self.sau1, self.sau2, self.sau3 = (SpatialAttention(c) for c in (n, 2 * n, 4 * n))
        self.tconv1 = nn.ConvTranspose2d(8 * n, 2 * n, 4, stride=2, padding=1)
        self.fuse_3_prelu = nn.PReLU(2 * n)
        self.tconv2 = nn.ConvTranspose2d(6 * n, n, 4, stride=2, padding=1)
        self.fuse_2_prelu = nn.PReLU(n)
        self.conv_tail = nn.Conv2d(3 * n, n, 3, padding=2, dilation=2)
        self.tail_prelu = nn.PReLU(n)
        self.conv_tail2 = nn.Conv2d(n, 3, 3, padding=1)

    def scale(self, scale: int, maps: list[Tensor]) -> list[Tensor]:
        """The next scale's features of each exposure."""
        made = []
        for e, one in enumerate(maps, 1):
            conv, prelu = getattr(self, f"conv{scale}_{e}"), getattr(self, f"prelu{scale}_{e}")
            made.append(prelu(precisely(conv, one) if scale == 1 else conv(one)))
        return made

    def forward(
        self, inputs: list[Tensor], taps: list[list[Tensor]], exposure_features: Tensor, window: Window
    ) -> Tensor:
        """What `window` holds of the picture."""
        near = [with_halo(window, halo, 1, *inputs[0].shape[2:])[0] for halo in HALOS]
        attended = []
        maps = inputs
        units = ((self.eau1, self.sau1), (self.eau2, self.sau2), (self.eau3, self.sau3))
        for scale, (exposure_attention, spatial_attention) in enumerate(units, 1):
            maps = self.scale(scale, maps)
            place = near[scale - 1].coarser(2 ** (scale - 1))
            own, own_taps = ([one[place.index] for one in some] for some in (maps, taps[scale - 1]))
            attended.append((exposure_attention(own, exposure_features), spatial_attention(own, own_taps)))
        (eau1, sau1), (eau2, sau2), (eau3, sau3) = attended
        up = self.fuse_3_prelu(self.tconv1(torch.cat([eau3, sau3], 1)))
        up = up[near[1].within(near[2]).coarser(2).index]
        up = self.fuse_2_prelu(self.tconv2(torch.cat([eau2, sau2, up], 1)))
        up = up[near[0].within(near[1]).index]
        tail = self.tail_prelu(self.conv_tail(torch.cat([up, eau1, sau1], 1)))
        with torch.autocast(tail.device.type, enabled=False):  # dark values need more than bfloat16's 8 bits
            made = torch.tanh(self.conv_tail2(tail.float()))
        return made[window.within(near[0]).index]


class DFGNet(TiledModule):
    """(B, 9, H, W): short, mid, long frame's RGB, display-coded X = linear^(1/2.2) in [0, 1] -> (B, 3, H, W) linear.

    `conditions["exposure_times"]` is (B, 3), relative to the shortest. Statistics: each exposure's feature (E_ex pools
    over the image) and the two whole-tensor normalisations of the spatial encoder whose outputs are used.
    """

    multiple_of = 4
    tile_multiple = 16  # the exposure encoder's stride
    halo = 24
    min_side = 32

    def __init__(self, features: int = 64, vector: int = 1024) -> None:
        super().__init__()
        self.exposure_encoder = ExposureEncoder(features, vector)
        self.spatial_encoder = SpatialEncoder(features)
        self.dfgnet = Fusion(features, vector)
        self.passes = (
            StatisticsPass(32, DFGNet.measure_exposure, DFGNet.finish_exposure, scale=2),
            StatisticsPass(16, DFGNet.measure_half, DFGNet.finish_half, scale=2),
        )

    def forward(self, planes: Tensor, conditions: Conditions, statistics: Statistics | None = None) -> Tensor:
        return self.part(planes, conditions, statistics, Window(0, 0, *planes.shape[2:]))

    def part(self, planes: Tensor, conditions: Conditions, statistics: Statistics | None, window: Window) -> Tensor:
        """What `window` holds of the picture, from features with no more halo than each layer needs."""
        batch, _, height, width = planes.shape
        encoded = planes.reshape(batch, EXPOSURES, 3, height, width)
        times = conditions["exposure_times"].view(-1, EXPOSURES, 1, 1, 1)
        linear = encoded**NETWORK_GAMMA / times
        inputs = [torch.cat([encoded[:, e], linear[:, e]], 1) * 2 - 1 for e in range(EXPOSURES)]
        frames = self.frames(planes)
        full = self.spatial_encoder.full_map(frames)
        half = self.spatial_encoder.half_map(full, self._norm(statistics, "full", full))
        quarter = self.spatial_encoder.quarter_map(half, self._norm(statistics, "half", half))
        taps = [list(tap.reshape(batch, EXPOSURES, *tap.shape[1:]).unbind(1)) for tap in (full, half, quarter)]
        if statistics is None:
            exposure_features = self.exposure_encoder(frames).view(batch, EXPOSURES, -1)
        else:
            exposure_features = statistics["exposure_features"]
        return (self.dfgnet(inputs, taps, exposure_features, window) + 1) / 2

    @staticmethod
    def frames(planes: Tensor) -> Tensor:
        """(B, 9, H, W) in [0, 1] -> (3 B, 3, H, W) in [-1, 1], the encoders' input."""
        batch, _, height, width = planes.shape
        frames = planes.reshape(batch * EXPOSURES, 3, height, width) * 2 - 1
        return frames.contiguous(memory_format=torch.channels_last)

    @staticmethod
    def _norm(statistics: Statistics | None, name: str, x: Tensor) -> Norm:
        if statistics is None:
            return WholeTensorNorm.measure(x)
        return statistics[f"{name}_mean"], statistics[f"{name}_std"]

    def measure_exposure(self, planes: Tensor, conditions: Conditions, known: Statistics, window: Window) -> Statistics:
        rows, columns = window.at_stride(16, *planes.shape[2:])
        sums = []
        for frame in torch.split(self.frames(planes), 1):  # one at a time takes a third of the memory
            maps = self.exposure_encoder.maps(frame)[:, :, rows, columns]
            pooled = {"pooled": maps.sum((2, 3), dtype=torch.float64), "cells": _count(maps[0, 0])[:, None]}
            sums.append(pooled | _moments(self.spatial_encoder.full_map(frame)[window.index]))
        return _together(sums)

    def finish_exposure(self, sums: Statistics) -> Statistics:
        pooled = (sums["pooled"] / sums["cells"]).float()
        return {"exposure_features": self.exposure_encoder.fc(pooled)[None]} | _norm_from(sums, "full")

    def measure_half(self, planes: Tensor, conditions: Conditions, known: Statistics, window: Window) -> Statistics:
        rows, columns = window.at_stride(2, *planes.shape[2:])
        sums = []
        for frame, mean, std in zip(
            torch.split(self.frames(planes), 1), known["full_mean"], known["full_std"], strict=True
        ):
            half = self.spatial_encoder.half_map(self.spatial_encoder.full_map(frame), (mean[None], std[None]))
            sums.append(_moments(half[:, :, rows, columns]))
        return _together(sums)

    def finish_half(self, sums: Statistics) -> Statistics:
        return _norm_from(sums, "half")


def _count(x: Tensor) -> Tensor:
    return torch.full((1,), x.numel(), dtype=torch.float64, device=x.device)  # CUDA would wait for a tensor() from here


def _together(frames: list[Statistics]) -> Statistics:
    """Sums of frames one after the other, as those of a batch of them."""
    return {name: torch.cat([frame[name] for frame in frames]) for name in frames[0]}


def _moments(x: Tensor) -> Statistics:
    """Sums over all but the first dimension: in float32 over a few rows, which stay in the cache, in float64 of these.

    Over the whole of a tile at once, a float64 copy took longer than the convolution before it.
    """
    total = squares = torch.zeros(len(x), dtype=torch.float64, device=x.device)
    for part in torch.split(x, ROWS_AT_ONCE, 2):
        rows = part.float()
        total = total + rows.sum((1, 2, 3))
        squares = squares + rows.square().sum((1, 2, 3))
    return {"sum": total, "squares": squares, "count": _count(x[0])}


def _norm_from(sums: Statistics, name: str) -> Statistics:
    count = sums["count"]
    mean = sums["sum"] / count
    std = ((sums["squares"] - count * mean**2) / (count - 1)).clamp(min=0).sqrt()
    return {f"{name}_mean": mean.float().view(-1, 1, 1, 1), f"{name}_std": std.float().view(-1, 1, 1, 1)}


def from_authors(checkpoints: list[dict[str, Tensor]]) -> tuple[dict[str, int], dict[str, Tensor]]:
    """Build settings and parameters from the authors' three checkpoints (fusion, E_ex, E_sp), in any order.

    What the fusion does not use of E_sp is left out. Raises KeyError when one of the three is missing.
    """
    state: dict[str, Tensor] = {}
    for checkpoint in checkpoints:
        names = {name.removeprefix("module."): value for name, value in checkpoint.items()}
        kinds = {"eau1.fcs.0.weight": "dfgnet", "fc.weight": "exposure_encoder", "ln1.gamma": "spatial_encoder"}
        kind = next(part for mark, part in kinds.items() if mark in names)
        state |= {f"{kind}.{name}": value for name, value in names.items()}
    fc = state["exposure_encoder.fc.weight"]
    settings = {"features": fc.shape[1] // 4, "vector": fc.shape[0]}
    with torch.device("meta"):
        wanted = DFGNet(**settings).state_dict()
    return settings, {name: state[name] for name in wanted}


NETWORK = Network(
    build=DFGNet,
    planes=planes,
    conditions=conditions,
    finish=finish,
    makes=RadianceMap,
    frames=3,
    needs_times=True,
    summary="three exposures with motion to a linear radiance map",
    source="Lee, Chung & Cho, DFGNet; the authors' program KeuntekLee/DFGNet",
    bytes_per_pixel=3400,
    from_authors=from_authors,
)
