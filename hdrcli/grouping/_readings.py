"""The ways in which frames taken without a pause can be read as brackets, and which of them the evidence speaks for."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from hdrcli.grouping._evidence import (
    Shots,
    has_varied_bias,
    order,
    overlap,
    parts_at_pauses,
    repeats,
    same_steps,
    steps,
)

Reading = tuple[Shots, ...]
"""Frames split into brackets and singles, in the order taken."""

Course = tuple[float, ...]
"""Stops from each frame of a bracket to the next, to a tenth: what a camera repeats."""

Order = tuple[int, ...]
"""The places of a bracket's frames from the darkest to the brightest: what it repeats of other steps too."""

_USUAL = 20
"""Courses of a shoot that are looked for in each of its runs, the commonest first."""


def courses(run: Shots, driven: Reading = ()) -> Counter[Course]:
    """The courses of the brackets that a run most simply holds; `driven` is its reading as bursts, if it has one."""
    brackets = [shots for burst in driven or (run,) for one in forward(burst) for shots in _least(one)]
    return Counter(tuple(round(step, 1) for step in steps(shots)) for shots in brackets if len(shots) > 1)


def _least(shots: Shots) -> Reading:
    """What has no repeats as brackets of the same steps again and again, if it can be read so."""
    for length in range(3, len(shots) // 2 + 1):
        parts = _cut(shots, length)
        if len(shots) % length == 0 and _comes_again(parts):
            return parts
    return (shots,)


def _cut(run: Shots, length: int) -> Reading:
    return tuple(run[start : start + length] for start in range(0, len(run), length))


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


def readings_of(run: Shots, elsewhere: Counter[Course], driven: Reading = ()) -> tuple[Reading, ...]:
    """The readings of a run that the evidence leaves: one where it decides, else all.

    `elsewhere` counts the courses of brackets in the rest of the shoot, `driven` is as in `courses`. A run without
    repeats may still be several brackets of the usual length or of the same steps, and one of unequal brackets may be
    regular otherwise. Two things can decide: the order that recurs, and pauses between brackets clearly longer than
    those within. They must not contradict each other.
    """
    known: Counter[Order] = Counter()
    for course, times in elsewhere.items():
        known[order(course)] += times
    if has_varied_bias(run):  # the camera's own course: a bracket ends where the first of its biases comes again
        return (forward(run),)
    plain = forward(run)
    familiar = _familiar(run, plain, elsewhere)
    if len(plain) == 1 and not driven and not familiar and order(steps(run)) in known:
        return (plain,)
    regular = _regular(run, plain, known)
    readings = tuple(dict.fromkeys([plain, backward(run), *regular, *familiar, *([driven] if driven else [])]))
    if len(readings) == 1:
        return readings
    support = [_support(reading, known) for reading in readings]
    best = [reading for reading, found in zip(readings, support, strict=True) if found == max(support) > 0]
    if len(plain) == 1 and any(_goes_on(reading) for reading in regular):
        best = []
    if len(plain) == 1 and familiar:
        best = familiar
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
    found: list[Reading] = []
    for length in range(2, min(len(run) // 2, max(map(len, plain))) + 1):
        parts = _cut(run, length)
        if len(run) % length or any(len(forward(shots)) > 1 for shots in parts):
            continue
        orders = {order(steps(shots)) for shots in parts}
        is_usual = length == usual and (len(orders) == 1 or all(one in known for one in orders))
        recurs = length > 2 and len(plain) > 1 and len(orders) == 1
        if is_usual or recurs or (len(plain) == 1 and not found and _comes_again(parts)):
            found.append(parts)
    return found


def _comes_again(parts: Reading) -> bool:
    """Whether a run without repeats is the same steps again and again."""
    return _alike(parts) and (len(parts[0]) > 2 or overlap(parts)) and not _goes_on(parts)


def _familiar(run: Shots, plain: Reading, elsewhere: Counter[Course]) -> list[Reading]:
    """The reading in which brackets of the same steps as others stand out of the frames beside them, if any does.

    None does where exposures go on beyond it with one of its steps, or where it may be a part of a longer bracket:
    the frames beside it must be as many as it has, or within its range, or taken after a clear pause.
    """
    known = sorted((course for course, _ in elsewhere.most_common(_USUAL)), key=len, reverse=True)
    own = [course for course in courses(run) if len(course) > 1]
    known += sorted(own, key=len)[:1] if len(plain) > 1 else []
    stops = steps(run)
    parts: list[Shots] = []
    found: list[Shots] = []
    start = place = 0
    while place < len(run):
        lengths = (len(one) + 1 for one in known if len(one) > 1 and same_steps(stops[place : place + len(one)], one))
        if length := next(lengths, 0):
            found.append(run[place : place + length])
            parts += [run[start:place], found[-1]]
            start = place + length
        place += length or 1
    reading = tuple(part for part in (*parts, run[start:]) if part)
    others = [part for part in reading if part not in found]
    is_apart = all(any(len(part) == len(one) or _within(part, one) for one in found) for part in others)
    stands_out = (is_apart or parts_at_pauses(reading)) and not _goes_evenly_on(reading)
    return [reading] if found and len(reading) > 1 and stands_out else []


def _within(part: Shots, bracket: Shots) -> bool:
    """Whether all exposures of a part lie between the extremes of a bracket."""
    exposures = [shot.exposure for shot in bracket]
    return all(min(exposures) < shot.exposure < max(exposures) for shot in part)


def _support(reading: Reading, known: Counter[Order]) -> float:
    """How well brackets follow an order that recurs.

    4 to 5: all are of the shoot's orders, the more the commoner these are; 3: so are the longest, and the others begin
    like them; the same of orders only this reading has, 2 and 1; else 0.
    """
    brackets = sorted((shots for shots in reading if len(shots) > 1), key=len)
    orders = [order(steps(shots)) for shots in brackets]
    if orders and all(one in known for one in orders):
        return 4 + min(known[one] for one in orders) / known.total()
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
    every = steps(tuple(shot for shots in reading for shot in shots))
    if not (all(step > 0 for step in every) or all(step < 0 for step in every)):
        return False
    return not _alike(reading) or _goes_evenly_on(reading)


def _alike(reading: Reading) -> bool:
    return all(same_steps(steps(shots), steps(reading[0])) for shots in reading)


def _goes_evenly_on(reading: Reading) -> bool:
    """Whether some bracket goes on into the next with one of its own steps."""
    return any(
        same_steps(steps((one[-1], other[0])), [step])
        for one, other in pairwise(reading)
        for step in (*steps(one), *steps(other))
    )
