"""The ways in which frames taken without a pause can be read as brackets, and which of them the evidence speaks for."""

from __future__ import annotations

from collections import Counter
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


def readings_of(run: Shots, known: Counter[Order]) -> tuple[Reading, ...]:
    """The readings of a run that the evidence leaves: one where it decides, else all.

    `known` counts the orders of brackets elsewhere in the shoot. A run without repeats may still be several brackets of
    the usual length, and one of unequal brackets may be regular otherwise. Two things can decide: the order that
    recurs, and pauses between brackets clearly longer than those within. They must not contradict each other.
    """
    if has_varied_bias(run):  # the camera's own course: a bracket ends where the first of its biases comes again
        return (forward(run),)
    plain = forward(run)
    if len(plain) == 1 and order(run) in known:
        return (plain,)
    regular = _regular(run, plain, known)
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


def _regular(run: Shots, plain: Reading, known: Counter[Order]) -> list[Reading]:
    """Readings as brackets of one length, where `plain` is one bracket or unequal ones."""
    if len({len(shots) for shots in plain}) == 1 < len(plain):
        return []
    lengths: Counter[int] = Counter()
    for one, times in known.items():
        lengths[len(one)] += times
    usual = max(lengths, key=lengths.__getitem__, default=0)
    found = []
    for length in range(2, min(len(run) // 2, max(map(len, plain))) + 1):
        parts = tuple(run[start : start + length] for start in range(0, len(run), length))
        recurs = length > 2 and len(plain) > 1 and len({order(shots) for shots in parts}) == 1
        is_whole = len(run) % length == 0 and all(len(forward(shots)) == 1 for shots in parts)
        if is_whole and (length == usual or recurs):
            found.append(parts)
    return found


def _support(reading: Reading, known: Counter[Order]) -> int:
    """How well brackets follow an order that recurs.

    4: all are of the shoot's orders, 3: so are the longest, and the others begin like them; the same of orders only
    this reading has, 2 and 1; else 0.
    """
    brackets = sorted((shots for shots in reading if len(shots) > 1), key=len)
    orders = [order(shots) for shots in brackets]
    if orders and all(one in known for one in orders):
        return 4
    if len(orders) < 2:
        return 0
    longest = brackets[-1]
    if len(set(orders)) == 1 and len(longest) > 2:
        return 2
    if not all(same_steps(steps(shots), steps(longest[: len(shots)])) for shots in brackets):
        return 0
    return 3 if orders[-1] in known else 1


def _goes_on(reading: Reading) -> bool:
    """Whether the brackets may as well be one: exposures only rise, or only fall, and nothing marks where they part."""
    within = [steps(shots) for shots in reading]
    between = [steps((one[-1], other[0]))[0] for one, other in pairwise(reading)]
    every = [step for found in within for step in found] + between
    if not (all(step > 0 for step in every) or all(step < 0 for step in every)):
        return False
    alike = all(same_steps(within[0], found) for found in within)
    return not alike or any(same_steps([step], [found]) for step in between for found in within[0])
