"""The convolutions of VGG19.

Simonyan & Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition" (ICLR 2015).

The parameters are those of the authors (Visual Geometry Group, University of Oxford; CC BY 4.0), which expect BGR in
0..255 less the mean of their training pictures. They are frozen here.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

CONVOLUTIONS = {  # name -> width, as a multiple of the first; between blocks lies a 2 x 2 maximum
    **{f"conv1_{i}": 1 for i in (1, 2)},
    **{f"conv2_{i}": 2 for i in (1, 2)},
    **{f"conv3_{i}": 4 for i in (1, 2, 3, 4)},
    **{f"conv{block}_{i}": 8 for block in (4, 5) for i in (1, 2, 3, 4)},
}
MEAN_BGR = (103.939, 116.779, 123.68)


class VGG19(nn.Module):
    """(B, 3, H, W) RGB in [0, 1] -> the ReLU outputs of the layers named, such as "relu3_1", in the order named.

    Only the convolutions that these need are there. A map of block b has the stride 2^(b - 1). `width` is that of the
    first block.
    """

    mean: Tensor

    def __init__(self, layers: tuple[str, ...], width: int = 64) -> None:
        super().__init__()
        self.layers = layers
        names = list(CONVOLUTIONS)
        self.names = names[: 1 + max(names.index(layer.replace("relu", "conv")) for layer in layers)]
        channels = 3
        for name in self.names:
            outside = width * CONVOLUTIONS[name]
            self.add_module(name, nn.Conv2d(channels, outside, 3, padding=1))
            channels = outside
        self.requires_grad_(False)
        self.register_buffer("mean", torch.tensor(MEAN_BGR).view(3, 1, 1), persistent=False)

    def forward(self, rgb: Tensor) -> list[Tensor]:
        x = rgb.flip(1) * 255 - self.mean
        found = {}
        for name in self.names:
            if name.endswith("_1") and name != "conv1_1":
                x = F.max_pool2d(x, 2)
            x = F.relu(self.get_submodule(name)(x), inplace=True)
            found[name.replace("conv", "relu")] = x
        return [found[layer] for layer in self.layers]
