"""DFGNet's recipe: encoders and fusion together, from random weights, on synthetic brackets.

It differs from the paper, which trains the encoders first (with a decoder and a style loss) on Kalantari's real
brackets, then the fusion, at 64 features, on 256 x 256 patches: here everything is trained end to end at half width on
small patches, with a share of linear L1 beside the mu-law L1 because the latter hardly sees highlights. Pixels count as
much as `fuse` leaves to the network, those that no frame shows most of all.
"""

from hdrcli.networks.dfgnet import DFGNet
from hdrcli.training.brackets import MOSTLY_MOVING
from hdrcli.training.recipe import RadianceRecipe, TrainingSettings

SETTINGS = TrainingSettings(MOSTLY_MOVING, steps=6000, batch=8, rate=1e-3, build={"features": 32, "vector": 256})
RECIPE = RadianceRecipe(DFGNet, SETTINGS, linear_share=1.0, elsewhere=0.3, lost=3.0)
