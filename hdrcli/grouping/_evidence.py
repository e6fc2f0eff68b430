"""What two frames taken one after the other, and what the exposures of several, say of the bracket they are in."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from hdrcli.image import FrameHeader

GAP = 5.0
"""Seconds between the end of an exposure and the start of the next within a bracket.

Cameras take bracketed frames within a second or two of each other, and their clocks mostly tell whole seconds; to
compose anew, or to set the camera for another bracket, takes longer. No gap is right for brackets two seconds apart,
which HDRMerge joins by default: exposures that repeat tell those apart. Brackets set by hand are told by theirs.
"""

SLOW = 120.0
"""Seconds that a frame may wait for the next of its bracket, when the camera counts them or people set them by hand."""

_SAME = 0.1
"""Stops; cameras step by a third and round the times they write by up to a tenth."""

_CLEARLY, _CLEARLY_IN_FRACTIONS = 1.9, 0.5
"""Seconds by which a pause must exceed another to tell; clocks of whole seconds can be off by one at either end."""

_DRIVEN = 1.0
"""Seconds that a camera at most pauses within a burst; nobody sets an exposure so fast."""

_LONG, _LATE = 2.0, 1.5
"""Seconds from which on exposures are long enough to tell of dark frames, and by how much clocks may belie these."""


@dataclass(frozen=True)
class Shot:
    """A frame of a shoot: its index in file order, its header, and its exposure relative to the others'.

    `busy` are the seconds from its start in which the camera can take no other.
    """

    index: int
    header: FrameHeader
    exposure: float
    busy: float = 0.0


Shots = tuple[Shot, ...]
"""Frames one after the other as they were taken."""


def pause(one: Shot, other: Shot) -> float | None:
    """Seconds between the end of an exposure and the start of the next; None when a time is unknown."""
    if one.header.taken is None or other.header.taken is None:
        return None
    return (other.header.taken - one.header.taken).total_seconds() - one.busy


def takes_dark_frames(shots: Shots) -> bool:
    """Whether the camera takes a dark frame, as long again, after each long exposure to reduce its noise."""
    waits = [
        (one.header.exposure_time or 0, pause(one, other) or 0)
        for one, other in pairwise(shots)
        if (one.header.exposure_time or 0) >= _LONG
    ]
    return len(waits) > 1 and all(waited >= exposed - _LATE for exposed, waited in waits)


def boundary(one: Shot, other: Shot, gap: float | None) -> str:
    """Why a bracket must end between two frames, or "". `gap` overrules what the camera says of a bracket's course."""
    if not _same_setup(one.header, other.header):
        return "the camera, its lens or its focal length changes"
    if _is_turned(one.header, other.header):
        return "the camera is turned"
    modes = {one.header.exposure_mode, other.header.exposure_mode}
    if "bracket" in modes and len(modes - {None}) == 2:
        return "the camera's automatic bracketing is switched"
    numbers = (one.header.bracket_number, other.header.bracket_number)
    if None not in numbers and numbers[1] != (numbers[0] or 0) + 1:
        return "the camera counts anew"
    is_counted = None not in numbers or has_varied_bias((one, other))
    longest = gap if gap is not None else SLOW if is_counted else GAP
    seconds = pause(one, other)
    return f"a pause of {seconds:.0f} s follows" if seconds is not None and seconds > longest else ""


def _same_setup(one: FrameHeader, other: FrameHeader) -> bool:
    if (one.camera, one.lens) != (other.camera, other.lens):
        return False
    if one.focal_length is None or other.focal_length is None:
        return one.focal_length == other.focal_length
    return math.isclose(one.focal_length, other.focal_length, rel_tol=0.02)


def _is_turned(one: FrameHeader, other: FrameHeader) -> bool:
    # A camera turned upright begins another bracket. Other differences in size are a mistake, to be told, not hidden.
    return (one.width, one.height) == (other.height, other.width) and one.width != one.height


def is_numbered(shots: Shots) -> bool:
    """Whether the camera counted these frames as of one bracket; `boundary` has seen that the numbers go on."""
    return len(shots) > 1 and all(shot.header.bracket_number is not None for shot in shots)


def has_varied_bias(shots: Shots) -> bool:
    """Whether the camera bracketed automatically and wrote how far from the metered exposure."""
    biases = {shot.header.exposure_bias for shot in shots}
    return len(biases) > 1 and None not in biases and all(shot.header.exposure_mode == "bracket" for shot in shots)


def repeats(bracket: Shots, shot: Shot) -> bool:
    """Whether a frame's exposure is one that the bracket has already.

    In automatic bracketing that is the camera's exposure bias: exposures change with the light, and end at the camera's
    limits. Elsewhere it is the relative exposure, or the bias where people bracket by it.
    """
    biases = [one.header.exposure_bias for one in bracket]
    is_same_bias = any(bias is not None and bias == shot.header.exposure_bias for bias in biases)
    if has_varied_bias((*bracket, shot)):
        return is_same_bias
    if any(is_same(one.exposure, shot.exposure) for one in bracket):
        return True
    return is_same_bias and len(biases) == len(set(biases)) > 1


def is_same(one: float, other: float) -> bool:
    """Whether two relative exposures are the same setting."""
    return abs(math.log2(one / other)) < _SAME


def order(steps_between: Sequence[float]) -> tuple[int, ...]:
    """The pattern of a bracket of so many stops from frame to frame: their places from the darkest to the brightest."""
    stops = (0.0, *accumulate(steps_between))
    return tuple(sorted(range(len(stops)), key=stops.__getitem__))


def steps(shots: Shots) -> list[float]:
    """Stops from each frame to the next."""
    return [math.log2(other.exposure / one.exposure) for one, other in pairwise(shots)]


def same_steps(some: Sequence[float], others: Sequence[float]) -> bool:
    """Whether steps are the same as a camera rounds them."""
    return len(some) == len(others) and all(abs(a - b) < 2 * _SAME for a, b in zip(some, others, strict=True))


def only_times_differ(shots: Sequence[Shot]) -> bool:
    """Whether people may have set this bracket by hand: frames differ in nothing but their times, none of them twice.

    Not so when the camera chose the times, with no bias that people gave it.
    """
    first = shots[0].header
    for one in (shot.header for shot in shots):
        if (
            not _same_setup(first, one)
            or _is_turned(first, one)
            or (one.f_number, one.iso) != (first.f_number, first.iso)
        ):
            return False
    biases = {shot.header.exposure_bias for shot in shots}
    if all(shot.header.exposure_mode == "auto" for shot in shots) and len(biases) == 1 and None not in biases:
        return False
    times = sorted(shot.header.exposure_time or 0 for shot in shots)
    return not any(is_same(one, other) for one, other in pairwise(times))


def overlap(brackets: Sequence[Shots]) -> bool:
    """Whether the ranges of exposure of two brackets overlap, as they never do when one goes on from another."""
    ends = [(min(s.exposure for s in shots), max(s.exposure for s in shots)) for shots in brackets if len(shots) > 1]
    return any(other[0] < one[1] and one[0] < other[1] for i, one in enumerate(ends) for other in ends[:i])


def _repeats_within(shots: Shots) -> bool:
    return any(repeats(shots[:place], shots[place]) for place in range(1, len(shots)))


def bursts(run: Shots) -> tuple[Shots, ...]:
    """The parts of a run that the camera must have taken in one go each, clear pauses between them; () if none tell."""
    pauses = [pause(one, other) for one, other in pairwise(run)]
    if None in pauses:
        return ()
    cuts = [place for place, waited in enumerate(pauses, 1) if (waited or 0) > _DRIVEN]
    parts = tuple(run[start:end] for start, end in pairwise((0, *cuts, len(run))))
    brackets = sorted(len(part) for part in parts if len(part) > 1)
    if not (len(brackets) > 1 or brackets[-1:] > [2]) or any(_repeats_within(part) for part in parts):
        return ()
    return parts if parts_at_pauses(parts) else ()


def parts_at_pauses(reading: Sequence[Shots]) -> bool:
    """Whether each pause between the brackets is clearly longer than any within them."""
    tells_fractions = any(shot.header.taken and shot.header.taken.microsecond for shots in reading for shot in shots)
    clearly = _CLEARLY_IN_FRACTIONS if tells_fractions else _CLEARLY
    within = [pause(one, other) for shots in reading for one, other in pairwise(shots)]
    between = [pause(one[-1], other[0]) for one, other in pairwise(reading)]
    if None in within or None in between or not between:
        return False
    return min(p for p in between if p is not None) >= max((p for p in within if p is not None), default=0) + clearly
