"""Batches for the display fusers: an under- and an over-exposed frame, and the picture to make of them.

Made on the training device from the scenes of a display pack: crop, scale, turn and mirror; from light the two frames
are exposed, given noise, clipped, encoded and quantised; of real frames a dark and a bright one are picked.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from hdrcli.training.brackets import srgb_encode
from hdrcli.training.display_pack import LitScene, Scene, ShotScene
from hdrcli.training.draws import Draws
from hdrcli.training.jpeg import compressed


@dataclass(frozen=True)
class PairSettings:
    """What the pairs are like. Lengths in pixels, exposures in stops from the view's middle exposure.

    `real_share` is that of real scenes where there are rendered ones too.
    """

    patch: int = 128
    scales: tuple[float, float] = (0.8, 2.0)
    under: tuple[float, float] = (1.5, 4.5)
    over: tuple[float, float] = (1.5, 4.5)
    contrast: tuple[float, float] = (0.85, 1.3)
    colour_stops: float = 0.15
    shot_noise: tuple[float, float] = (1e-5, 3e-4)
    read_noise: tuple[float, float] = (1e-4, 2e-3)
    jpeg_share: float = 0.4
    jpeg_quality: tuple[float, float] = (75, 98)
    extremes_share: float = 0.5
    real_share: float = 0.7


@dataclass(frozen=True)
class Pairs:
    """`frames` (B, 6, P, P): under- and over-exposed RGB, sRGB in [0, 1]; `aim` (B, 3, P, P) sRGB in [0, 1].

    `lows` and `highs` (B, 2) are the least and greatest value of each whole frame, whose patches these are.
    """

    frames: Tensor
    aim: Tensor
    lows: Tensor
    highs: Tensor


class PairMaker:
    """Makes batches of pairs; the same seed and step give the same batch on the same kind of device."""

    def __init__(self, scenes: Sequence[Scene], settings: PairSettings, seed: int) -> None:
        self.settings, self.seed = settings, seed
        self.lit = [scene for scene in scenes if isinstance(scene, LitScene)]
        self.shot = [scene for scene in scenes if isinstance(scene, ShotScene)]
        self.device = scenes[0].aim.device
        self.draws = Draws(self.device)
        self.choices = Draws(torch.device("cpu"))  # single numbers: no waiting for the device

    def number(self, low: float, high: float) -> float:
        return low + (high - low) * float(self.choices.uniform(0, 1))

    def whole(self, below: int) -> int:
        return int(self.choices.whole(below))

    def batch(self, size: int, step: int) -> Pairs:
        """The batch of training step `step`."""
        for draws in (self.draws, self.choices):
            draws.begin(self.seed, step)
        made = [self.pair() for _ in range(size)]
        frames, aim, lows, highs = (torch.stack(parts) for parts in zip(*made, strict=True))
        return Pairs(frames.contiguous(memory_format=torch.channels_last), aim, lows, highs)

    def pair(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        if self.shot and (not self.lit or self.number(0, 1) < self.settings.real_share):
            return self.shot_pair(self.shot[self.whole(len(self.shot))])
        return self.lit_pair(self.lit[self.whole(len(self.lit))])

    def lit_pair(self, scene: LitScene) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Two exposures of the scene's light, as a camera would store them."""
        s = self.settings
        stops = (-self.number(*s.under), self.number(*s.over))
        light, aim = self.patches(scene.light, scene.aim.float() / 255)
        curve = self.number(*s.contrast)
        noise = [math.exp(self.number(math.log(low), math.log(high))) for low, high in (s.shot_noise, s.read_noise)]
        whole = scene.light[:, ::8, ::8].float()
        frames, lows, highs = [], [], []
        for stop in stops:
            exposed = light * 2**stop
            grain = self.draws.normal(1, *light.shape)
            exposed = exposed + grain * (exposed.clamp(0, 1) * noise[0] + noise[1] ** 2).sqrt()
            frames.append(_stored(exposed, curve))
            ends = _stored(torch.stack([whole.min(), whole.max()]) * 2**stop, curve)
            lows.append(ends[0])
            highs.append(ends[1])
        if self.number(0, 1) < s.jpeg_share:
            quality = torch.full((2,), self.number(*s.jpeg_quality), device=self.device)
            frames = list(compressed(torch.stack(frames), quality))
        # the ends of the whole frame are told from every eighth pixel: the patch may go beyond
        low = torch.minimum(torch.stack(lows), torch.stack([frame.min() for frame in frames]))
        high = torch.maximum(torch.stack(highs), torch.stack([frame.max() for frame in frames]))
        return torch.cat(frames), aim, low, high

    def shot_pair(self, scene: ShotScene) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """A dark and a bright frame of the scene: half of the time its extremes; all recoloured a little alike."""
        count = len(scene.frames)
        dark, bright = 0, count - 1
        if self.number(0, 1) > self.settings.extremes_share:
            dark, bright = self.whole(max(1, count // 3)), count - 1 - self.whole(max(1, count // 3))
        picked = scene.frames[[dark, bright]]
        ends = picked.flatten(1).float() / 255
        frames, aim = self.patches(picked.flatten(0, 1), scene.aim.float() / 255)
        frames = frames / 255
        tint = 2 ** (self.settings.colour_stops * (self.draws.uniform(0, 1, 3, 1, 1) - 1))
        frames, aim = frames * tint.repeat(2, 1, 1), aim * tint
        return frames, aim, ends.amin(1), ends.amax(1)

    def patches(self, first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
        """The same random patch of two maps of one view, scaled, turned and mirrored alike."""
        patch = self.settings.patch
        height, width = second.shape[1:]
        span = min(int(patch * self.number(*self.settings.scales)), height, width)
        top, left = self.whole(height - span + 1), self.whole(width - span + 1)
        both = [one[:, top : top + span, left : left + span].float() for one in (first, second)]
        if span != patch:
            both = [F.interpolate(one[None], (patch, patch), mode="bilinear", antialias=True)[0] for one in both]
        turns, mirror = self.whole(4), self.whole(2)
        both = [torch.rot90(one, turns, (1, 2)) for one in both]
        return (both[0].flip(2), both[1].flip(2)) if mirror else (both[0], both[1])


def _stored(exposed: Tensor, contrast: float) -> Tensor:
    """Exposed light as a camera's 8-bit file holds it: clipped, sRGB-encoded, with a tone curve about mid-grey."""
    encoded = srgb_encode(exposed.clamp(0, 1))
    bent = encoded**contrast
    bent = bent / (bent + (1 - encoded) ** contrast)
    return (bent * 255).round() / 255
