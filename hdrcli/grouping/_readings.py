"""The ways in which frames taken without a pause can be read as brackets, and which of them the evidence speaks for."""

from __future__ import annotations

from collections.abc import Collection
from itertools import pairwise

from hdrcli.grouping._evidence import Shots, has_varied_bias, order, parts_at_pauses, repeats, same_steps, steps

Reading = tuple[Shots, ...]
"""Frames split into brackets and singles, in the order taken."""

Order = tuple[int, ...]
"""The places of a bracket's frames from the darkest to the brightest: the pattern that a camera repeats."""


def forward(run: Shots) -> Reading:
    """A bracket ends where the first of its exposures repeats."""
    brackets: list[Shots] = []
    for shot in run:
        if brackets and not repeats(brackets[-1], shot):
            brackets[-1] += (shot,)
        else:
            brackets.append((shot,))
    return tuple(brackets)


def backward(run: Shots) -> Reading:
    """The same from the last frame: a bracket starts after the last of its exposures that repeats."""
    return tuple(shots[::-1] for shots in forward(run[::-1])[::-1])


def readings_of(run: Shots, known: Collection[Order]) -> tuple[Reading, ...]:
    """The readings of a run that the evidence leaves: one where it decides, else all.

    `known` are the orders of brackets elsewhere in the shoot. A run without repeats may still be several brackets of a
    known order, and one of unequal brackets may be regular otherwise. Two things can decide: the order that recurs, and
    pauses between brackets clearly longer than those within. They must not contradict each other.
    """
    if has_varied_bias(run):  # the camera's own course: a bracket ends where the first of its biases comes again
        return (forward(run),)
    plain, regular = forward(run), _regular(run, known)
    readings = tuple(dict.fromkeys([plain, backward(run), *regular]))
    if len(readings) == 1:
        return readings
    support = [_support(reading, known) for reading in readings]
    best = [reading for reading, found in zip(readings, support, strict=True) if found == max(support) > 0]
    if len(plain) == 1 and any(_goes_on(reading) for reading in regular):
        best = []
    parted = [reading for reading in readings if parts_at_pauses(reading)]
    chosen = {only[0] for only in (best, parted) if len(only) == 1}
    return tuple(chosen) if len(chosen) == 1 else readings


def _regular(run: Shots, known: Collection[Order]) -> list[Reading]:
    """Readings as brackets of one length and order, where `forward` gives one bracket or unequal ones."""
    plain = forward(run)
    if len(plain) > 1 and len({len(shots) for shots in plain}) == 1:
        return []
    found = []
    for length in range(2, min(len(run) // 2, max(map(len, plain))) + 1):
        if len(run) % length:
            continue
        parts = tuple(run[start : start + length] for start in range(0, len(run), length))
        orders = {order(shots) for shots in parts}
        is_pattern = len(orders) == 1 and all(len(forward(shots)) == 1 for shots in parts)
        if is_pattern and (len(plain) > 1 or orders & set(known)):
            found.append(parts)
    return found


def _support(reading: Reading, known: Collection[Order]) -> int:
    """How well brackets follow an order that recurs: 3 all one of the shoot's, 2 all the same, 1 some cut short, 0."""
    brackets = [shots for shots in reading if len(shots) > 1]
    orders = [order(shots) for shots in brackets]
    if orders and all(one in known for one in orders):
        return 3
    if len(orders) < 2:
        return 0
    if len(set(orders)) == 1:
        return 2
    longest = max(brackets, key=len)
    return int(all(one == order(longest[: len(one)]) for one in orders))


def _goes_on(reading: Reading) -> bool:
    """Whether the brackets may as well be one: exposures only rise, or only fall, and nothing marks where they part."""
    within = [steps(shots) for shots in reading]
    between = [steps((one[-1], other[0]))[0] for one, other in pairwise(reading)]
    every = [step for found in within for step in found] + between
    if not (all(step > 0 for step in every) or all(step < 0 for step in every)):
        return False
    alike = all(same_steps(within[0], found) for found in within)
    return not alike or any(same_steps([step], [found]) for step in between for found in within[0])
