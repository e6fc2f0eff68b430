"""What moves before a synthetic scene: people, leaves, cables, and near things that parallax shifts.

Movers are cut from other images of the batch. Half of them end where their own texture does, bright from dark, as
leaves and people do; some are thin. They bend as they go, and what moves while a shutter is open is smeared, the longer
the exposure the further. All warps are bilinear: cubic ones ring around lamps in linear light.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from hdrcli.training.draws import Draws

SMEARED_COPIES = 4


@dataclass(frozen=True)
class MoverSettings:
    """What moves. Lengths in pixels, brightness in stops from the scene's.

    Of `count` movers a scene has each with the chance `share`. `thin_share` of them are cables and twigs,
    `silhouette_share` end where their texture does. A mover is `shift` (a standard deviation) elsewhere in the other
    frames; `near_share` of them stand still, near the camera, and move by parallax, `parallax`. `bend` is by how much
    parts of a mover go their own way. In `smeared_share` of the batches movers are up to `smear` long in the longest
    exposure. Dark ones (people before a window) and bright ones (lamps) are both wanted.
    """

    count: int = 3
    share: float = 0.75
    thin_share: float = 0.25
    silhouette_share: float = 0.5
    stops: tuple[float, float] = (-3.0, 2.0)
    shift: float = 10.0
    near_share: float = 0.2
    parallax: float = 2.0
    bend: float = 1.5
    smeared_share: float = 0.3
    smear: float = 24.0


@dataclass(frozen=True)
class View:
    """How one frame sees a batch of scenes: the camera's shift (B, 2) in pixels and turn (B,) in degrees.

    `exposure` (B, 1) is the frame's time as a share of the longest; in a `still` frame, the reference, all is where it
    was put; if `smeared`, movers move while the shutter is open.
    """

    shift: Tensor
    angle: Tensor
    exposure: Tensor
    still: bool
    smeared: bool


class Mover:
    """One mover for each scene of a batch: `layer` (B, 4, S, S), its light where it is, and where it is, in [0, 1]."""

    def __init__(self, settings: MoverSettings, light: Tensor, draws: Draws) -> None:
        self.settings, self.draws, self.size = settings, draws, light.shape[0]
        light = light * 2 ** draws.uniform(*settings.stops, self.size, 1, 1, 1)
        mask = self._shape(light) * draws.chance(settings.share, self.size, 1, 1, 1)
        self.layer = torch.cat([light * mask, mask], 1)
        near = draws.chance(settings.near_share, self.size, 1)
        self.stride = settings.shift + near * (settings.parallax - settings.shift)
        self.smear = draws.uniform(-0.5, 0.5, self.size, 2) * settings.smear * (1 - near)

    def _shape(self, light: Tensor) -> Tensor:
        """(B, 1, S, S) in [0, 1]: a soft-edged blob, of which some keep but a line or a silhouette."""
        s, draws, size, side = self.settings, self.draws, self.size, light.shape[-1]
        rows = torch.linspace(0, 1, side, device=light.device)
        bumps = F.interpolate(draws.normal(1, size, 1, 6, 6), (side, side), mode="bicubic", align_corners=False)
        centre = draws.uniform(0.2, 0.8, size, 2)
        distance = torch.hypot(rows.view(1, -1, 1) - centre[:, :1, None], rows.view(1, 1, -1) - centre[:, 1:, None])
        radius, sharpness = draws.uniform(0.06, 0.25, size, 1, 1, 1), draws.uniform(8, 50, size, 1, 1, 1)
        blob = torch.sigmoid((1 - distance[:, None] / radius - 0.3 * bumps) * sharpness)
        line = torch.sigmoid((0.15 - bumps.abs()) * 2 * sharpness)
        kind = draws.uniform(0, 1, size, 1, 1, 1)
        cut = torch.where(kind < s.thin_share + s.silhouette_share, self._silhouette(light), torch.ones_like(blob))
        return blob * torch.where(kind < s.thin_share, line, cut)

    def _silhouette(self, light: Tensor) -> Tensor:
        """Where the texture is brighter (or darker) than its median, with an edge as sharp as its own."""
        stops = torch.log2(light.mean(1, keepdim=True) + 1e-4)
        middle = stops.flatten(1).median(1).values.view(-1, 1, 1, 1)
        sign = 2 * self.draws.chance(0.5, self.size, 1, 1, 1) - 1
        return torch.sigmoid((stops - middle) * sign * 6)

    def seen(self, view: View, moves: Tensor) -> Tensor:
        """The layer (B, 4, S, S) as one frame sees it; `moves` (B, 1) is 0 where the scene is static, else 1."""
        s, shift, bend = self.settings, view.shift, None
        if not view.still:
            shift = shift + self.draws.normal(1, self.size, 2) * self.stride * moves
            bend = bends(self.draws, s.bend * moves, self.layer.shape[-1])
        if not view.smeared:
            return self.layer if view.still else move(self.layer, shift, view.angle, bend)
        path = self.smear * view.exposure * moves
        places = [shift + path * ((copy + 0.5) / SMEARED_COPIES - 0.5) for copy in range(SMEARED_COPIES)]
        return torch.stack([move(self.layer, place, view.angle, bend) for place in places]).mean(0)


def move(images: Tensor, shift: Tensor, degrees: Tensor, bend: Tensor | None = None) -> Tensor:
    """Shift (B, 2) in pixels, turn (B,) about the centre and bend; what comes in from outside is mirrored.

    `bend` (B, S, S, 2) are further shifts, in pixels, of each place.
    """
    side = images.shape[-1]
    axis = (2 * torch.arange(side, device=images.device) + 1) / side - 1
    rows, columns = axis.view(1, -1, 1), axis.view(1, 1, -1)
    cos, sin = (turn(torch.deg2rad(degrees)).view(-1, 1, 1) for turn in (torch.cos, torch.sin))
    offset = (shift * 2 / side).view(-1, 1, 1, 2)
    grid = torch.stack([cos * columns - sin * rows, sin * columns + cos * rows], -1) + offset
    if bend is not None:
        grid = grid + bend * (2 / side)
    return F.grid_sample(images, grid, mode="bilinear", padding_mode="reflection", align_corners=False)


def bends(draws: Draws, sigma: Tensor, side: int) -> Tensor:
    """Smooth shifts (B, side, side, 2) of the standard deviation `sigma` (B, 1), as depth and cloth make them."""
    coarse = draws.normal(1, sigma.shape[0], 2, 4, 4) * sigma.view(-1, 1, 1, 1)
    return F.interpolate(coarse, (side, side), mode="bilinear", align_corners=True).permute(0, 2, 3, 1)
