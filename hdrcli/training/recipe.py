"""What a network's recipe tells the training loop: data, losses, scores. One file in `recipes/` makes one of these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from hdrcli.tiling import TiledModule
from hdrcli.training import display_pack, pack
from hdrcli.training.brackets import Batch, BracketMaker, BracketSettings
from hdrcli.training.display import PairMaker, Pairs, PairSettings
from hdrcli.training.losses import hdr_loss, mu_law, psnr, ssim


@dataclass(frozen=True)
class TrainingSettings:
    """One run, wholly: with the same settings, pack, start and device it makes the same weights.

    `phases` are the relative lengths of the parts of the run; the rate falls to its end in each of them.
    """

    data: BracketSettings | PairSettings
    steps: int = 8000
    batch: int = 8
    rate: float = 1e-3
    warm_up: int = 200
    final_rate_share: float = 0.01
    weight_decay: float = 1e-4
    clip: float = 1.0
    ema: float = 0.998
    seed: int = 1
    checkpoint_every: int = 250
    phases: tuple[float, ...] = (1.0,)
    build: dict[str, Any] = field(default_factory=dict)


class Recipe:
    """A network to train and how; `loss` and what else a paper has of its own is in the recipe's file.

    `batch` is what `maker(...).batch(size, step)` makes; `critic` a second network that learns to tell made pictures
    from true ones, for adversarial losses, or None.
    """

    def __init__(self, build: type[TiledModule], settings: TrainingSettings) -> None:
        self.build, self.settings = build, settings

    def make_pack(self, folders: Sequence[Path], file: Path) -> int:
        """Write the pack of the images in `folders`; returns how many. Raises ReadError."""
        raise NotImplementedError

    def load_pack(self, file: Path, device: torch.device) -> Sequence[Any]:
        raise NotImplementedError

    def maker(self, scenes: Sequence[Any], settings: TrainingSettings, seed: int) -> Any:
        """The maker of batches from the scenes of a pack."""
        raise NotImplementedError

    def prepare(self, module: nn.Module) -> None:
        """Fill or freeze, before the first step, what is not to be learnt."""

    def critic(self) -> nn.Module | None:
        return None

    def trained(self, module: nn.Module, phase: int) -> nn.Module:
        """The part of the network that learns in a phase."""
        return module

    def picture(self, module: nn.Module, batch: Any, phase: int) -> Tensor:
        """(B, 3, H, W), as the network is run when it is used, or as far as it has got in a phase."""
        raise NotImplementedError

    def loss(self, module: nn.Module, batch: Any, phase: int, critic: nn.Module | None) -> tuple[Tensor, Tensor]:
        """The loss, and the pictures made, which a critic is then shown."""
        raise NotImplementedError

    def scores(self, made: Tensor, batch: Any) -> dict[str, float]:
        """Figures of one held-out batch, by name."""
        raise NotImplementedError


class RadianceRecipe(Recipe):
    """Three frames with motion to linear radiance: L1 in the mu-law domain, and `linear_share` of linear L1.

    Pixels that are near neither motion nor clipped light count `elsewhere` of what others do, for `fuse` merges there.
    Those that no frame shows count `lost` times more: there the result is the network's alone.
    """

    def __init__(
        self, build: type[TiledModule], settings: TrainingSettings, linear_share: float, elsewhere: float, lost: float
    ) -> None:
        super().__init__(build, settings)
        self.linear_share, self.elsewhere, self.lost = linear_share, elsewhere, lost

    def make_pack(self, folders: Sequence[Path], file: Path) -> int:
        return pack.make_pack(folders, file)

    def load_pack(self, file: Path, device: torch.device) -> Sequence[Tensor]:
        return pack.load_pack(file, device)

    def maker(self, scenes: Sequence[Tensor], settings: TrainingSettings, seed: int) -> BracketMaker:
        if not isinstance(settings.data, BracketSettings):
            raise TypeError("a radiance recipe takes BracketSettings")
        return BracketMaker(scenes, settings.data, seed)

    def picture(self, module: nn.Module, batch: Batch, phase: int) -> Tensor:
        return module(planes_of(batch), {"exposure_times": batch.times})

    def loss(self, module: nn.Module, batch: Batch, phase: int, critic: nn.Module | None) -> tuple[Tensor, Tensor]:
        made = self.picture(module, batch, phase).float()
        weight = self.elsewhere + (1 - self.elsewhere) * batch.near + self.lost * batch.lost
        return hdr_loss(made, batch.truth, self.linear_share, weight), made

    def scores(self, made: Tensor, batch: Batch) -> dict[str, float]:
        return {"psnr_mu": psnr(mu_law(made), mu_law(batch.truth)), "psnr_l": psnr(made, batch.truth)}


class DisplayRecipe(Recipe):
    """Two extreme exposures to a display picture."""

    def make_pack(self, folders: Sequence[Path], file: Path) -> int:
        return display_pack.make_display_pack(folders, file)

    def load_pack(self, file: Path, device: torch.device) -> Sequence[display_pack.Scene]:
        return display_pack.load_display_pack(file, device)

    def maker(self, scenes: Sequence[display_pack.Scene], settings: TrainingSettings, seed: int) -> PairMaker:
        if not isinstance(settings.data, PairSettings):
            raise TypeError("a display recipe takes PairSettings")
        return PairMaker(scenes, settings.data, seed)

    def picture(self, module: nn.Module, batch: Pairs, phase: int) -> Tensor:
        return module(batch.frames, {})

    def scores(self, made: Tensor, batch: Pairs) -> dict[str, float]:
        made = made.clamp(0, 1)
        return {"psnr": psnr(made, batch.aim), "ssim": float(ssim(made, batch.aim))}


def planes_of(batch: Batch) -> Tensor:
    """(B, 9, P, P): the frames display-coded as the networks take them (X = linear^(1/2.2))."""
    size, _, _, *side = batch.frames.shape
    return (batch.frames ** (1 / 2.2)).view(size, 9, *side).contiguous(memory_format=torch.channels_last)
