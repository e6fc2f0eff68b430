"""Synthetic brackets with known truth, made in batches on the training device.

A scene is a crop of a linear image with movers before it. Each frame but the reference sees the camera and the movers a
little elsewhere; it is exposed, given shot and read noise, clipped, encoded and quantised as a camera would.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor

from hdrcli.training.cameras import Camera, CameraSettings
from hdrcli.training.draws import Draws
from hdrcli.training.jpeg import compressed
from hdrcli.training.movers import Mover, MoverSettings, View, bends, move

LUMINANCE = (0.2126, 0.7152, 0.0722)

CLIPPED, RIM = 0.95, 15
"""Level from which a channel of the reference is as good as clipped, and the side of the square around what moved."""

OTHER = 0.15
"""Relative difference in light from which a frame shows something else."""


@dataclass(frozen=True)
class BracketSettings:
    """What the synthetic brackets are like. Lengths in pixels, angles in degrees, exposures in stops.

    `crop_scale` are the pixels of an image for one of a scene: enlarged panoramas are too soft. A quarter of the moving
    brackets were not aligned: their frames are `camera_shift` apart; the others were, which leaves one of the
    displacements `left_by_alignment`. `parallax` is what depth adds to those, in `parallax_share` of all.
    """

    patch: int = 96
    margin: int = 28
    steps: tuple[float, ...] = (1.0, 1.5, 2.0, 2.0, 2.0, 2.5, 3.0, 3.0, 3.0)
    key_stops: float = 1.2
    static_share: float = 0.25
    movers: MoverSettings = field(default_factory=MoverSettings)
    crop_scale: tuple[float, float] = (0.9, 2.2)
    unaligned_share: float = 0.25
    camera_shift: float = 3.0
    left_by_alignment: tuple[float, ...] = (0.0, 0.1, 0.2, 0.6, 1.5)
    camera_angle: float = 0.3
    parallax_share: float = 0.3
    parallax: float = 1.0
    shot_noise: tuple[float, float] = (1e-5, 1e-3)
    read_noise: tuple[float, float] = (3e-4, 5e-3)
    gamma_share: float = 0.2
    sixteen_bit_share: float = 0.1
    jpeg_share: float = 0.4
    jpeg_quality: tuple[float, float] = (75, 98)
    camera: CameraSettings = field(default_factory=CameraSettings)


MOSTLY_MOVING = BracketSettings(static_share=0.15, key_stops=1.8, movers=MoverSettings(shift=12.0))
"""Motion, and overexposed reference frames: the rest is easy, and the merge's."""


@dataclass(frozen=True)
class Batch:
    """Brackets and their truth.

    `frames` (B, 3, 3, P, P) are linear in [0, 1], short to long, and `times` (B, 3) relative to the shortest; `truth`
    (B, 3, P, P) is in [0, 1], in units where the shortest frame saturates at 1. Two maps (B, 1, P, P) are 0 or 1:
    `near` where something moved or the reference is clipped, for there `fuse` takes a network's pixels; `lost` where no
    frame shows the scene: the reference is clipped, and the shortest frame shows something else.
    """

    frames: Tensor
    times: Tensor
    truth: Tensor
    near: Tensor
    lost: Tensor


class BracketMaker:
    """Makes batches of synthetic brackets; the same seed and step give the same batch on the same kind of device."""

    def __init__(self, images: Sequence[Tensor], settings: BracketSettings, seed: int) -> None:
        self.images, self.settings, self.seed = images, settings, seed
        self.device = images[0].device
        self.draws = Draws(self.device)

    def batch(self, size: int, step: int) -> Batch:
        """The batch of training step `step`."""
        self.draws.begin(self.seed, step)
        s, draws = self.settings, self.draws
        canvas = s.patch + 2 * s.margin
        times = self.times(size)
        middle = times[:, 1].view(-1, 1, 1, 1)
        key = 0.18 * 2 ** draws.uniform(-s.key_stops, s.key_stops, size, 1, 1, 1)
        crops = torch.stack([self.crop(canvas) for _ in range(size)])
        crops = crops * 2 ** draws.normal(0.25, size, 3, 1, 1)  # colour of the light
        scene = expose(crops, key / middle)
        others = [expose(crops.roll(number, 0).flip(3), key / middle) for number in range(1, s.movers.count + 1)]
        movers = [Mover(s.movers, light, draws) for light in others]
        moves = 1 - draws.chance(s.static_share, size, 1)
        smeared = float(draws.chance(s.movers.smeared_share)) > 0
        views = [self.view(times[:, [at]] / times[:, 2:], moves, still=at == 1, smeared=smeared) for at in range(3)]
        looks = [self.look(scene, movers, moves, view) for view in views]
        inner = slice(s.margin, -s.margin)
        seen, covered = (torch.stack(some, 1)[..., inner, inner] for some in zip(*looks, strict=True))
        exposed = seen * times.view(size, 3, 1, 1, 1)
        truth, clipped = seen[:, 1].clamp(0, 1), (exposed[:, 1].amax(1, keepdim=True) > CLIPPED).float()
        near = torch.maximum(_rim(covered.amax(1)) * moves.view(-1, 1, 1, 1), clipped)
        return Batch(self.photograph(exposed), times, truth, near, clipped * _other(seen[:, 0], truth))

    def times(self, size: int) -> Tensor:
        """Exposure times (B, 3) relative to the shortest; one in five brackets has unequal steps."""
        steps = torch.tensor(self.settings.steps, device=self.device)
        pick = self.draws.whole(len(steps), size, 2)
        uneven = self.draws.chance(0.2, size) > 0
        first = steps[pick[:, 0]]
        second = torch.where(uneven, steps[pick[:, 1]], first)
        return torch.stack([torch.ones_like(first), 2**first, 2 ** (first + second)], 1)

    def crop(self, canvas: int) -> Tensor:
        """A random (3, canvas, canvas) crop of a random image: turned, mirrored and scaled."""
        draws = self.draws
        image = self.images[int(draws.whole(len(self.images)))]
        _, height, width = image.shape
        shorter = float(draws.uniform(*self.settings.crop_scale)) * canvas
        span = min(shorter, 0.8 * height, width)
        # the poles of a panorama are stretched beyond recognition: keep off the outer tenth
        top, left = float(draws.uniform(0.1 * height, 0.9 * height - span)), float(draws.uniform(0, width - span))
        part = image[:, int(top) : int(top + span), int(left) : int(left + span)].float()
        part = F.interpolate(part[None], (canvas, canvas), mode="bilinear", antialias=True)[0]
        turns, mirror = draws.whole(4, 2).tolist()
        part = torch.rot90(part, turns, (1, 2))
        return part.flip(2) if mirror % 2 else part

    def view(self, exposure: Tensor, moves: Tensor, *, still: bool, smeared: bool) -> View:
        """How one frame sees the scenes."""
        s, draws, size = self.settings, self.draws, moves.shape[0]
        left = torch.tensor(s.left_by_alignment, device=self.device)
        left = left[draws.whole(len(left), size)]
        amount = torch.where(draws.chance(s.unaligned_share, size) > 0, s.camera_shift, left)[:, None] * moves
        amount = amount * (not still)
        angle = draws.normal(s.camera_angle, size) * amount[:, 0] / s.camera_shift
        return View(draws.normal(1, size, 2) * amount, angle, exposure, still, smeared)

    def look(self, scene: Tensor, movers: list[Mover], moves: Tensor, view: View) -> tuple[Tensor, Tensor]:
        """The scene (B, 3, S, S) as one frame sees it, and what movers cover of it (B, 1, S, S)."""
        s, seen = self.settings, scene
        covered = torch.zeros_like(scene[:, :1])
        if not view.still:
            depth = s.parallax * self.draws.chance(s.parallax_share, scene.shape[0], 1) * moves
            seen = move(scene, view.shift, view.angle, bends(self.draws, depth, scene.shape[-1]))
        for mover in movers:
            layer = mover.seen(view, moves)
            seen = seen * (1 - layer[:, 3:]) + layer[:, :3]
            covered = torch.maximum(covered, layer[:, 3:])
        return seen, covered

    def photograph(self, light: Tensor) -> Tensor:
        """Exposed light (B, 3, 3, P, P) as a camera stores it and a reader decodes it: noisy, clipped, in steps."""
        s, draws, size = self.settings, self.draws, light.shape[0]
        shape = (size, 1, 1, 1, 1)
        shot, read = draws.log_uniform(s.shot_noise, *shape), draws.log_uniform(s.read_noise, *shape)
        camera = Camera(s.camera, size, draws)
        light = camera.to_sensor(light)
        noise = draws.normal(1, *light.shape)
        light = camera.separated((light + noise * (light * shot + read**2).sqrt()).clamp(0, 1))
        levels = torch.where(draws.chance(s.sixteen_bit_share, *shape) > 0, 65535.0, 255.0)
        encoded = camera.developed(srgb_encode(light))
        quality = draws.uniform(*s.jpeg_quality, size).repeat_interleave(3)
        by_jpeg = compressed(encoded.flatten(0, 1), quality).view(light.shape)
        is_jpeg = (draws.chance(s.jpeg_share, *shape) > 0) & (levels < 256)
        by_srgb = srgb_decode(camera.undo(torch.where(is_jpeg, by_jpeg, (encoded * levels).round() / levels)))
        by_gamma = ((light ** (1 / 2.2) * levels).round() / levels) ** 2.2
        is_gamma = (draws.chance(s.gamma_share, *shape) > 0) & ~is_jpeg
        return torch.where(is_gamma, by_gamma, by_srgb)


def _rim(covered: Tensor) -> Tensor:
    """Where movers are, (B, 1, P, P), and a rim around them, which `fuse` leaves to the network too."""
    rows = F.max_pool2d((covered > 0.05).float(), (1, RIM), 1, (0, RIM // 2))
    return F.max_pool2d(rows, (RIM, 1), 1, (RIM // 2, 0))


def _other(seen: Tensor, truth: Tensor) -> Tensor:
    """Where light (B, 3, P, P) differs from what it should be by more than OTHER, (B, 1, P, P)."""
    off = (seen.clamp(0, 1) - truth).abs().mean(1, keepdim=True)
    return (off > OTHER * truth.mean(1, keepdim=True)).float()


def expose(crops: Tensor, level: Tensor) -> Tensor:
    """Scale each scene so that its log-average luminance is `level`."""
    weights = torch.tensor(LUMINANCE, device=crops.device).view(1, 3, 1, 1)
    luminance = (crops * weights).sum(1, keepdim=True)
    floor = 1e-6 * luminance.amax((2, 3), keepdim=True) + 1e-9
    return crops * level / torch.exp(torch.log(luminance + floor).mean((2, 3), keepdim=True))


def srgb_encode(linear: Tensor) -> Tensor:
    """sRGB of linear light in [0, 1] (IEC 61966-2-1)."""
    return torch.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear.clamp(min=0.0031308) ** (1 / 2.4) - 0.055)


def srgb_decode(encoded: Tensor) -> Tensor:
    """Linear light of sRGB values in [0, 1]."""
    return torch.where(encoded <= 0.04045, encoded / 12.92, ((encoded.clamp(min=0.04045) + 0.055) / 1.055) ** 2.4)
