"""Random numbers of one step of a run, so that a run that was broken off goes on with the same ones."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def step_seed(seed: int, step: int) -> int:
    """A number that no other step of this run, nor of a run with another seed below a million steps, has."""
    return seed * 1_000_003 + step


class Draws:
    """Tensors of random numbers on one device; all shapes are given."""

    def __init__(self, device: torch.device, seed: int = 0) -> None:
        self.device = device
        self.generator = torch.Generator(device)
        self.generator.manual_seed(seed)

    def begin(self, seed: int, step: int) -> None:
        """Begin the numbers of training step `step` of the run with this seed."""
        self.generator.manual_seed(step_seed(seed, step))

    def uniform(self, low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand(shape, generator=self.generator, device=self.device)

    def log_uniform(self, between: tuple[float, float], *shape: int) -> Tensor:
        """Between two positive ends, each doubling as probable as any other."""
        low, high = (math.log(end) for end in between)
        return torch.exp(self.uniform(low, high, *shape))

    def normal(self, sigma: float, *shape: int) -> Tensor:
        return sigma * torch.randn(shape, generator=self.generator, device=self.device)

    def chance(self, share: float, *shape: int) -> Tensor:
        """1 in this share of the places, 0 elsewhere."""
        return (self.uniform(0, 1, *shape) < share).float()

    def whole(self, below: int, *shape: int) -> Tensor:
        """Whole numbers from 0 to `below` - 1."""
        return torch.randint(below, shape, generator=self.generator, device=self.device)
