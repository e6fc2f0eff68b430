"""Measurements that are to be held against one another, taken in turn: A B A B, so that both meet the same weather."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any, TypeVar

from hdrcli.errors import HdrcliError

Measured = TypeVar("Measured")


def in_turn(
    ways: Mapping[str, Callable[[], Measured]],
    repeats: int,
    on_failure: Callable[[str, HdrcliError], None],
    on_turn: Callable[[str, int], None] = lambda name, number: None,
) -> dict[str, list[Measured]]:
    """What each way measured in each of `repeats` rounds; one that fails is told, and has no part in what follows."""
    found: dict[str, list[Measured]] = {name: [] for name in ways}
    for number in range(1, repeats + 1):
        for name, way in ways.items():
            if name not in found:
                continue
            on_turn(name, number)
            try:
                found[name].append(way())
            except HdrcliError as error:
                del found[name]
                on_failure(name, error)
    return found


def spread(values: Sequence[float]) -> dict[str, Any]:
    """The median, the least and the most of some figures."""
    return {"median": median(values), "least": min(values), "most": max(values), "runs": list(values)}


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> dict[str, Any]:
    """The spread of ours over theirs, round by round."""
    return spread([one / other for one, other in zip(ours, theirs, strict=True)])
