"""Synthetic brackets with known truth, made in batches on the training device.

A scene is a crop of a linear image, with objects cut from other crops pasted along soft masks. Each frame but the
reference sees the camera and the objects a little elsewhere; it is exposed, given shot and read noise, clipped, encoded
and quantised as a camera would. All warps are bilinear: cubic ones ring around lamps in linear light.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor

from hdrcli.training.cameras import Camera, CameraSettings
from hdrcli.training.jpeg import compressed
from hdrcli.training.seeds import step_seed

LUMINANCE = (0.2126, 0.7152, 0.0722)


@dataclass(frozen=True)
class BracketSettings:
    """What the synthetic brackets are like. Lengths in pixels, angles in degrees, exposures in stops.

    `crop_scale` are the pixels of an image for one of a scene: enlarged panoramas are too soft. Half of what moves was
    aligned before, which leaves one of the displacements `left_by_alignment`. `thin_share` of the objects are thin, as
    cables and twigs are.
    """

    patch: int = 96
    margin: int = 28
    steps: tuple[float, ...] = (1.0, 1.5, 2.0, 2.0, 2.0, 2.5, 3.0, 3.0, 3.0)
    key_stops: float = 1.2
    static_share: float = 0.25
    objects: int = 3
    object_share: float = 0.75
    thin_share: float = 0.25
    crop_scale: tuple[float, float] = (0.9, 2.2)
    camera_shift: float = 3.0
    left_by_alignment: tuple[float, ...] = (0.0, 0.1, 0.2, 0.6, 1.5)
    camera_angle: float = 0.3
    object_shift: float = 10.0
    shot_noise: tuple[float, float] = (1e-5, 1e-3)
    read_noise: tuple[float, float] = (3e-4, 5e-3)
    gamma_share: float = 0.2
    sixteen_bit_share: float = 0.1
    jpeg_share: float = 0.4
    jpeg_quality: tuple[float, float] = (75, 98)
    camera: CameraSettings = field(default_factory=CameraSettings)


MOSTLY_MOVING = BracketSettings(static_share=0.15, key_stops=1.8, object_shift=12.0)
"""Motion, and overexposed reference frames: the rest is easy, and the static merge's."""


@dataclass(frozen=True)
class Batch:
    """`frames` (B, 3, 3, P, P) linear in [0, 1], short to long; `times` (B, 3), shortest 1; `truth` (B, 3, P, P) in
    [0, 1], in units where the shortest frame saturates at 1."""

    frames: Tensor
    times: Tensor
    truth: Tensor


class BracketMaker:
    """Makes batches of synthetic brackets; the same seed and step give the same batch on the same kind of device."""

    def __init__(self, images: Sequence[Tensor], settings: BracketSettings, seed: int) -> None:
        self.images, self.settings, self.seed = images, settings, seed
        self.device = images[0].device
        self.random = torch.Generator(self.device)

    def uniform(self, low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand(shape, generator=self.random, device=self.device)

    def normal(self, sigma: float, *shape: int) -> Tensor:
        return sigma * torch.randn(shape, generator=self.random, device=self.device)

    def chance(self, share: float, batch: int) -> Tensor:
        return (self.uniform(0, 1, batch) < share).float()

    def batch(self, size: int, step: int) -> Batch:
        """The batch of training step `step`."""
        self.random.manual_seed(step_seed(self.seed, step))
        s = self.settings
        canvas = s.patch + 2 * s.margin
        times = self.times(size)
        middle = times[:, 1].view(-1, 1, 1, 1)
        key = 0.18 * 2 ** self.uniform(-s.key_stops, s.key_stops, size).view(-1, 1, 1, 1)
        crops = torch.stack([self.crop(canvas) for _ in range(size)])
        crops = crops * 2 ** self.normal(0.25, size, 3, 1, 1)  # colour of the light
        scene = expose(crops, key / middle)
        layers = self.objects(crops, key / middle, canvas)
        moves = (1 - self.chance(s.static_share, size)).view(-1, 1)
        frames, truth = [], scene
        for index in range(3):
            radiance = self.look(scene, layers, moves, still=index == 1)
            radiance = radiance[..., s.margin : -s.margin, s.margin : -s.margin]
            if index == 1:
                truth = radiance.clamp(0, 1)
            frames.append(radiance * times[:, index].view(-1, 1, 1, 1))
        return Batch(self.photograph(torch.stack(frames, 1)), times, truth)

    def times(self, size: int) -> Tensor:
        """Exposure times (B, 3) relative to the shortest; one in five brackets has unequal steps."""
        steps = torch.tensor(self.settings.steps, device=self.device)
        pick = torch.randint(len(steps), (size, 2), generator=self.random, device=self.device)
        uneven = self.chance(0.2, size) > 0
        first = steps[pick[:, 0]]
        second = torch.where(uneven, steps[pick[:, 1]], first)
        return torch.stack([torch.ones_like(first), 2**first, 2 ** (first + second)], 1)

    def crop(self, canvas: int) -> Tensor:
        """A random (3, canvas, canvas) crop of a random image: turned, mirrored and scaled."""
        pick = int(torch.randint(len(self.images), (1,), generator=self.random, device=self.device))
        image = self.images[pick]
        _, height, width = image.shape
        shorter = float(self.uniform(*self.settings.crop_scale, 1)) * canvas
        span = min(shorter, 0.8 * height, width)
        # the poles of a panorama are stretched beyond recognition: keep off the outer tenth
        top, left = float(self.uniform(0.1 * height, 0.9 * height - span, 1)), float(self.uniform(0, width - span, 1))
        part = image[:, int(top) : int(top + span), int(left) : int(left + span)].float()
        part = F.interpolate(part[None], (canvas, canvas), mode="bilinear", antialias=True)[0]
        turns, mirror = torch.randint(4, (2,), generator=self.random, device=self.device).tolist()
        part = torch.rot90(part, turns, (1, 2))
        return part.flip(2) if mirror % 2 else part

    def objects(self, crops: Tensor, scale: Tensor, canvas: int) -> list[tuple[Tensor, Tensor]]:
        """Moving objects: (texture, mask) of (B, 3, S, S) and (B, 1, S, S), cut from the other scenes of the batch."""
        s, size = self.settings, crops.shape[0]
        layers = []
        rows = torch.linspace(0, 1, canvas, device=self.device)
        for number in range(s.objects):
            gain = 2 ** self.uniform(-1.5, 2, size, 1, 1, 1)
            texture = expose(crops.roll(number + 1, 0).flip(3), scale) * gain
            bumps = F.interpolate(self.normal(1, size, 1, 6, 6), (canvas, canvas), mode="bicubic", align_corners=False)
            centre = self.uniform(0.2, 0.8, size, 2)
            distance = torch.hypot(
                rows.view(1, -1, 1) - centre[:, :1, None], rows.view(1, 1, -1) - centre[:, 1:, None]
            )[:, None]
            radius = self.uniform(0.06, 0.25, size, 1, 1, 1)
            sharpness = self.uniform(8, 50, size, 1, 1, 1)
            mask = torch.sigmoid((1 - distance / radius - 0.3 * bumps) * sharpness)
            thin = self.chance(s.thin_share, size).view(-1, 1, 1, 1)
            mask = mask * (1 - thin * (1 - torch.sigmoid((0.15 - bumps.abs()) * 2 * sharpness)))
            layers.append((texture, mask * self.chance(s.object_share, size).view(-1, 1, 1, 1)))
        return layers

    def look(self, scene: Tensor, layers: list[tuple[Tensor, Tensor]], moves: Tensor, still: bool) -> Tensor:
        """The scene as one frame sees it: camera and objects where they are at its time."""
        s, size = self.settings, scene.shape[0]
        left = torch.tensor(s.left_by_alignment, device=self.device)
        left = left[torch.randint(len(left), (size,), generator=self.random, device=self.device)]
        coarse = torch.where(self.chance(0.5, size) > 0, s.camera_shift, left).view(-1, 1)
        shift = self.normal(1, size, 2) * coarse * moves
        angle = self.normal(s.camera_angle, size) * moves[:, 0] * coarse[:, 0] / s.camera_shift
        seen = scene if still else move(scene, shift, angle)
        for texture, mask in layers:
            stroll = shift + self.normal(s.object_shift, size, 2) * moves
            weight = mask if still else move(mask, stroll, angle)
            seen = seen * (1 - weight) + (texture if still else move(texture, stroll, angle)) * weight
        return seen

    def photograph(self, light: Tensor) -> Tensor:
        """Exposed light (B, 3, 3, P, P) as a camera stores it and a reader decodes it: noisy, clipped, in steps."""
        s, size = self.settings, light.shape[0]
        shape = (size, 1, 1, 1, 1)
        shot, read = (
            torch.exp(self.uniform(math.log(low), math.log(high), *shape)) for low, high in (s.shot_noise, s.read_noise)
        )
        camera = Camera(s.camera, size, self.random)
        light = camera.through_lens(light)
        noise = torch.randn(light.shape, generator=self.random, device=self.device)
        light = (light + noise * (light * shot + read**2).sqrt()).clamp(0, 1)
        levels = torch.where(self.chance(s.sixteen_bit_share, size) > 0, 65535.0, 255.0).view(shape)
        is_gamma = self.chance(s.gamma_share, size).view(shape) > 0
        encoded = camera.developed(srgb_encode(light))
        by_srgb = srgb_decode(camera.undo((encoded * levels).round() / levels))
        by_gamma = ((light ** (1 / 2.2) * levels).round() / levels) ** 2.2
        stored = torch.where(is_gamma, by_gamma, by_srgb)
        is_jpeg = self.chance(s.jpeg_share, size).view(shape) > 0
        quality = self.uniform(*s.jpeg_quality, size).repeat_interleave(3)
        by_jpeg = srgb_decode(camera.undo(compressed(encoded.flatten(0, 1), quality).view(light.shape)))
        return torch.where(is_jpeg & (levels < 256), by_jpeg, stored)


def expose(crops: Tensor, level: Tensor) -> Tensor:
    """Scale each scene so that its log-average luminance is `level`."""
    weights = torch.tensor(LUMINANCE, device=crops.device).view(1, 3, 1, 1)
    luminance = (crops * weights).sum(1, keepdim=True)
    floor = 1e-6 * luminance.amax((2, 3), keepdim=True) + 1e-9
    return crops * level / torch.exp(torch.log(luminance + floor).mean((2, 3), keepdim=True))


def move(images: Tensor, shift: Tensor, degrees: Tensor) -> Tensor:
    """Shift (B, 2) in pixels and turn (B,) about the centre; what comes in from outside is mirrored."""
    side = images.shape[-1]
    cos, sin = torch.cos(torch.deg2rad(degrees)), torch.sin(torch.deg2rad(degrees))
    offset = shift * 2 / side
    theta = torch.stack([torch.stack([cos, -sin, offset[:, 0]], 1), torch.stack([sin, cos, offset[:, 1]], 1)], 1)
    grid = F.affine_grid(theta, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, mode="bilinear", padding_mode="reflection", align_corners=False)


def srgb_encode(linear: Tensor) -> Tensor:
    """sRGB of linear light in [0, 1] (IEC 61966-2-1)."""
    return torch.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear.clamp(min=0.0031308) ** (1 / 2.4) - 0.055)


def srgb_decode(encoded: Tensor) -> Tensor:
    """Linear light of sRGB values in [0, 1]."""
    return torch.where(encoded <= 0.04045, encoded / 12.92, ((encoded.clamp(min=0.04045) + 0.055) / 1.055) ** 2.4)
