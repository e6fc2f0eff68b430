"""DPG's recipe: squared differences at all six scales, structure at the finest, and a little of an adversary's opinion.

The paper gives neither the weights of its losses nor the adversary, and its authors' program has no training: ours are
weight 1 at each scale, 0.01 for the adversary, a patch critic. SSIM, with weight 0.5, is our addition: squared
differences, most of which are brightness, leave blotches on walls and blur. The priors of a patch are made from the
patch alone, which differs from the whole picture's at its borders. Half the published width, 8, of which dropout would
take whole colours away: there is none.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hdrcli.networks.dpg import DPG, prior_maps
from hdrcli.training.critic import PatchCritic, deceit_loss
from hdrcli.training.display import Pairs, PairSettings
from hdrcli.training.losses import ssim
from hdrcli.training.recipe import DisplayRecipe, TrainingSettings

DECEIT_SHARE, SSIM_SHARE = 0.01, 0.5


class DPGRecipe(DisplayRecipe):
    """Every scale's head is held against the aim, averaged down to its size."""

    def critic(self) -> nn.Module:
        return PatchCritic()

    def picture(self, module: nn.Module, batch: Pairs, phase: int) -> Tensor:
        return module(self.maps(module, batch), {})

    def maps(self, module: nn.Module, batch: Pairs) -> tuple[Tensor, ...]:
        with torch.no_grad(), torch.autocast(batch.frames.device.type, enabled=False):
            maps = prior_maps(batch.frames[:, :3], batch.frames[:, 3:], str(module.prior))
        return tuple(one.contiguous(memory_format=torch.channels_last) for one in maps)

    def loss(  # type: ignore[override]
        self, module: DPG, batch: Pairs, phase: int, critic: nn.Module
    ) -> tuple[Tensor, Tensor]:
        pictures = module.forward_scales(self.maps(module, batch))
        far = [(picture - F.adaptive_avg_pool2d(batch.aim, picture.shape[2])).square().mean() for picture in pictures]
        made = pictures[-1]
        loss = torch.stack(far).sum() + SSIM_SHARE * (1 - ssim(made, batch.aim))
        return loss + DECEIT_SHARE * deceit_loss(critic, made, batch), made


# The deepest maps have one cell for 64 pixels: small patches would be mostly zero padding there.
DATA = PairSettings(patch=384, scales=(0.6, 0.85))
SETTINGS = TrainingSettings(DATA, steps=6000, batch=2, rate=1e-3, build={"width": 8, "dropout": 0.0})
RECIPE = DPGRecipe(DPG, SETTINGS)
