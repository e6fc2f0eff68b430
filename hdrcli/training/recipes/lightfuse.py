"""LightFuse's recipe: perceptual and squared differences, weight 1 each, as the paper and its authors' program have it.

The perceptual features are VGG19's (the paper names VGG19 without layers; the program takes VGG16's first rectified
layer of each of the five blocks, ours are those of three). The published width.
"""

from __future__ import annotations

from torch import Tensor, nn

from hdrcli.networks.lightfuse import LightFuse
from hdrcli.training.display import Pairs, PairSettings
from hdrcli.training.losses import PerceptualLoss
from hdrcli.training.recipe import DisplayRecipe, TrainingSettings


class LightFuseRecipe(DisplayRecipe):
    """Each frame is stretched by the ends of the whole frame, not of the patch."""

    perceptual = PerceptualLoss(samples=2)

    def picture(self, module: nn.Module, batch: Pairs, phase: int) -> Tensor:
        low, high = (ends.repeat_interleave(3, 1)[..., None, None] for ends in (batch.lows, batch.highs))
        return module((batch.frames - low) / (high - low).clamp(min=1e-6), {})

    def loss(self, module: nn.Module, batch: Pairs, phase: int, critic: nn.Module | None) -> tuple[Tensor, Tensor]:
        made = self.picture(module, batch, phase)
        # the paper's pictures are in [-1, 1]: twice the difference, four times its square
        return self.perceptual(made, batch.aim) + 4 * (made - batch.aim).square().mean(), made


RECIPE = LightFuseRecipe(LightFuse, TrainingSettings(PairSettings(), steps=2500, rate=2e-3))
