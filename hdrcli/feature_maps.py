"""A whole map of features, put together from its tiles."""

from __future__ import annotations

import torch
from torch import Tensor

from hdrcli.tiles import Window


class Stored:
    """A whole map (1, C, H / stride, W / stride) and the float64 sums of its channels."""

    def __init__(self, like: Tensor, stride: int, height: int, width: int, home: torch.device) -> None:
        self.stride = stride
        shape = (1, like.shape[1], height // stride, width // stride)
        self.values = torch.empty(shape, dtype=like.dtype, device=home)
        self.sums = torch.zeros(like.shape[:2], dtype=torch.float64, device=like.device)

    def place(self, window: Window) -> tuple[slice, slice, slice, slice]:
        """The part of the map that lies in a window of the picture."""
        cells = window.coarser(self.stride)
        return slice(None), slice(None), slice(cells.top, cells.bottom), slice(cells.left, cells.right)

    def put(self, part: Tensor, window: Window) -> None:
        self.values[self.place(window)] = part.to(self.values.device)
        self.sums += part.sum((2, 3), dtype=torch.float64)  # on the device: it need not wait for the host

    def mean(self) -> Tensor:
        """(1, C) float32."""
        return (self.sums / self.values[0, 0].numel()).float()
