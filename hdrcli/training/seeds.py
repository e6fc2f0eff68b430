"""The seed of one step of a run, so that a run that was broken off goes on with the same numbers."""

from __future__ import annotations


def step_seed(seed: int, step: int) -> int:
    """A number that no other step of this run, nor of a run with another seed below a million steps, has."""
    return seed * 1_000_003 + step
