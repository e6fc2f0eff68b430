"""APNT's recipe: L1 in the mu-law domain as in the paper, with a share of linear L1, which sees highlights.

Pixels count as much as `fuse` leaves to the network, those that no frame shows most of all.

From random weights, but for the matching's frozen layers of VGG19, on synthetic brackets; half the proposed width and
half its merging blocks.
"""

from __future__ import annotations

from torch import nn

from hdrcli.networks.apnt import APNT
from hdrcli.training.brackets import MOSTLY_MOVING
from hdrcli.training.recipe import RadianceRecipe, TrainingSettings
from hdrcli.training.vgg19 import parameters

VGG_CONVOLUTIONS = 5


class APNTRecipe(RadianceRecipe):
    """The matching's VGG19 is filled once and stays as it is."""

    def prepare(self, module: nn.Module) -> None:
        module.get_submodule("vgg").load_state_dict(parameters(VGG_CONVOLUTIONS))


SETTINGS = TrainingSettings(
    MOSTLY_MOVING,
    steps=3000,
    batch=4,
    rate=1e-3,
    build={"features": 32, "blocks": 4},
)
RECIPE = APNTRecipe(APNT, SETTINGS, linear_share=0.5, elsewhere=0.3, lost=3.0)
