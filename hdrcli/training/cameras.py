"""What cameras make of the light of a bracket, beyond noise and steps: what networks meet in photographs.

Lenses scatter light, sensors bloom, shutters and sensitivities are not quite what they say, automatic white balance
drifts, and picture styles bend tones; `fuse` undoes their curve as far as frames tell of it, which leaves an error.
What is the same in all frames of a bracket (vignetting, lateral colour) is the scene's own to a merge, and is not made
here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from hdrcli.training.draws import Draws


@dataclass(frozen=True)
class CameraSettings:
    """How cameras differ from an exact one. Each share is that of the brackets in which they do.

    `gain` (stops) is by how much exposures are off: EXIF rounds by up to 7 %. `drift` (stops) is that of the white
    balance, of each channel and frame. `glare` is the share of all light that is spread over the whole frame, `bloom`
    that which bright places spread around them. `sharpening` is the amount of an unsharp mask, `softness` (pixels) the
    blur of demosaicing before it. `contrast` is that of a picture style, as fits of real curves have it, `misfit` the
    part of it by which the curve that undoes it is wrong, and `crushed` the encoded value up to which all is black.
    `overlap` is how much of the other channels each channel of the sensor sees; the matrix that takes it away comes
    after clipping, and turns colours where one channel is clipped.
    """

    share: float = 0.7
    gain: float = 0.05
    drift: float = 0.025
    glare: tuple[float, float] = (1e-4, 1e-2)
    bloom: tuple[float, float] = (1e-3, 3e-2)
    bloom_share: float = 0.5
    sharpening: float = 0.8
    softness: float = 0.6
    contrast: float = 0.5
    misfit: float = 0.2
    crushed: float = 0.03
    crushed_share: float = 0.25
    overlap: float = 0.25


EXACT = CameraSettings(share=0)


class Camera:
    """One camera for each bracket of a batch; the same for its three frames, but for what drifts."""

    def __init__(self, settings: CameraSettings, size: int, draws: Draws) -> None:
        self.settings, self.size, self.draws = settings, size, draws
        self.shape = (size, 1, 1, 1, 1)
        self.on = draws.chance(settings.share, *self.shape)
        self.contrast = self._up_to(settings.contrast)
        self.undone = self.contrast * (1 + settings.misfit * self._normal(*self.shape))
        self.crushed = draws.chance(settings.crushed_share, *self.shape) * self._up_to(settings.crushed)
        self.overlap = self._up_to(settings.overlap)

    def _up_to(self, most: float) -> Tensor:
        return self.on * self.draws.uniform(0, most, *self.shape)

    def _normal(self, *shape: int) -> Tensor:
        return self.draws.normal(1, *shape).clamp(-2, 2)

    def to_sensor(self, light: Tensor) -> Tensor:
        """Light (B, 3, 3, P, P), in units of white and beyond it, as the sensor's channels collect it."""
        s, frames, draws = self.settings, light.flatten(0, 1), self.draws
        stops = s.gain * self._normal(self.size, 3, 1, 1, 1) + s.drift * self._normal(self.size, 3, 3, 1, 1)
        spread = frames.mean((2, 3), keepdim=True).expand_as(frames).view(light.shape)
        coarse = F.avg_pool2d(F.avg_pool2d(frames, 8), 3, 1, 1, count_include_pad=False)
        around = F.interpolate(coarse, scale_factor=8, mode="bilinear", align_corners=False).view(light.shape)
        bloom = self.on * draws.log_uniform(s.bloom, *self.shape) * draws.chance(s.bloom_share, *self.shape)
        glare = self.on * draws.log_uniform(s.glare, *self.shape)
        light = (light * (1 - glare - bloom) + glare * spread + bloom * around) * 2 ** (self.on * stops)
        return light + self.overlap * (light.mean(2, keepdim=True) - light)

    def separated(self, sensed: Tensor) -> Tensor:
        """Light in [0, 1] of what the sensor's channels collected, their overlap taken away."""
        mean = sensed.mean(2, keepdim=True)
        return (mean + (sensed - mean) / (1 - self.overlap)).clamp(0, 1)

    def developed(self, encoded: Tensor) -> Tensor:
        """Display-encoded frames (B, 3, 3, P, P) in [0, 1] as their file has them: softened, sharpened, bent."""
        s = self.settings
        soft, sharp = self._up_to(s.softness), self._up_to(s.sharpening)
        encoded = _mixed(encoded, soft)
        encoded = (encoded + sharp * (encoded - _blurred(encoded))).clamp(0, 1)
        bent = bent_by(encoded, self.contrast)
        return ((bent - self.crushed) / (1 - self.crushed)).clamp(0, 1)

    def undo(self, stored: Tensor) -> Tensor:
        """What `fuse` decodes, display-encoded: the curve of the picture style undone, nearly."""
        return unbent_by(stored, self.undone)


def bent_by(encoded: Tensor, contrast: Tensor) -> Tensor:
    """An S-shaped curve of values in [0, 1] with the slope 1 + `contrast` in the middle; black and white stay.

    x - c sin(2 pi x) / (2 pi), which rises for |c| < 1.
    """
    return encoded - contrast * torch.sin(2 * math.pi * encoded) / (2 * math.pi)


def unbent_by(bent: Tensor, contrast: Tensor, rounds: int = 4) -> Tensor:
    """The values of which `bent_by` makes these, by Newton's method from below an inflection."""
    value = bent
    for _ in range(rounds):
        off = bent_by(value, contrast) - bent
        value = (value - off / (1 - contrast * torch.cos(2 * math.pi * value)).clamp(min=0.25)).clamp(0, 1)
    return value


def _blurred(frames: Tensor) -> Tensor:
    """Frames (B, 3, 3, P, P) blurred by a binomial of three pixels."""
    padded = F.pad(frames.flatten(0, 1), (1, 1, 1, 1), mode="replicate")
    rows = padded[..., :-2, :] + 2 * padded[..., 1:-1, :] + padded[..., 2:, :]
    return ((rows[..., :-2] + 2 * rows[..., 1:-1] + rows[..., 2:]) / 16).view(frames.shape)


def _mixed(frames: Tensor, softness: Tensor) -> Tensor:
    """Frames blurred by so many pixels, up to the binomial's 0.7."""
    return frames + (softness / 0.7).clamp(0, 1) ** 2 * (_blurred(frames) - frames)
