"""The two-phase network's recipe: the UNet first, then, with it frozen, the attention network; the same loss for both.

L1 + VGG + SSIM against the same picture (the talk's losses; their weights, which it does not give, are ours: 1, 0.1 and
1). Narrower than the reading of the published widths (32, 64 and 32): 24, 32 and 16. On some CPUs bfloat16 gradients
of dilated convolutions go wrong where channels are no multiple of 16.
"""

from __future__ import annotations

from torch import Tensor, nn

from hdrcli.networks.twophase import TwoPhase
from hdrcli.training.display import Pairs, PairSettings
from hdrcli.training.losses import PerceptualLoss, ssim
from hdrcli.training.recipe import DisplayRecipe, TrainingSettings

VGG_SHARE, SSIM_SHARE = 0.1, 1.0


class TwoPhaseRecipe(DisplayRecipe):
    """Phase 0 trains the UNet on its draft, phase 1 the attention network on the picture."""

    perceptual = PerceptualLoss(samples=1)

    def trained(self, module: TwoPhase, phase: int) -> nn.Module:  # type: ignore[override]
        return (module.unet, module.amnet)[phase]

    def picture(self, module: TwoPhase, batch: Pairs, phase: int) -> Tensor:  # type: ignore[override]
        draft = module.unet(batch.frames)
        return module.amnet(batch.frames, draft.detach()) if phase else draft

    def loss(  # type: ignore[override]
        self, module: TwoPhase, batch: Pairs, phase: int, critic: nn.Module | None
    ) -> tuple[Tensor, Tensor]:
        made = self.picture(module, batch, phase)
        far = (made - batch.aim).abs().mean() + SSIM_SHARE * (1 - ssim(made, batch.aim))
        return far + VGG_SHARE * self.perceptual(made, batch.aim), made


SETTINGS = TrainingSettings(
    PairSettings(), steps=3600, batch=4, rate=5e-4, phases=(2, 1), build={"width": 24, "features": 32, "growth": 16}
)
RECIPE = TwoPhaseRecipe(TwoPhase, SETTINGS)
