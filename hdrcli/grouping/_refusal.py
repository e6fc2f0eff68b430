"""The error of frames that can be read as brackets in more ways than one: the readings, and what to type for each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from hdrcli.errors import ExposureError
from hdrcli.grouping._evidence import GAP
from hdrcli.grouping._folders import some
from hdrcli.grouping._frames import Frames
from hdrcli.grouping._shoot import Group

_Reading = Sequence[Sequence[int]]


def refusal(frames: Frames, group: Group) -> ExposureError:
    """What `group.readings` are, in the names of the frames."""
    first, last = frames.files[group.frames[0]], frames.files[group.frames[-1]].name
    ways = "; or ".join(some([_named(frames, one) for one in reading]) for reading in group.readings)
    why = "neither the times nor the exposures decide"
    return ExposureError(
        f"{first} … {last} can be read in {len(group.readings)} ways: {ways}; {why}.", _cure(frames, group)
    )


def _named(frames: Frames, bracket: Sequence[int]) -> str:
    stems = [frames.files[index].stem for index in bracket]
    return stems[0] if len(stems) == 1 else f"{stems[0]}-{stems[-1]} ({len(stems)} frames)"


def _cure(frames: Frames, group: Group) -> str:
    by_name = "give the files of one bracket by name"
    whole = [reading for reading in group.readings if len(reading) == 1]
    pause = max(_pauses(frames, group), default=0)
    if whole and pause > GAP:
        return f"Pass --gap {math.ceil(pause)} for one bracket or --gap {GAP:g} to part them, or {by_name}."
    sizes = sorted({len(reading[0]) for reading in group.readings if len({*map(len, reading)}) == 1})
    fitting = [f"--size {size}" for size in sizes if len(frames.files) % size == 0]
    if fitting:
        return f"Pass {' or '.join(fitting)} if all brackets of the folder are so long, or {by_name}."
    return f"{by_name.capitalize()}, or move the odd frames away and pass --size N."


def _pauses(frames: Frames, group: Group) -> list[float]:
    taken = [frames.headers[i] for reading in group.readings[:1] for one in reading for i in one]
    return [
        (other.taken - one.taken).total_seconds() - (one.exposure_time or 0)
        for one, other in pairwise(taken)
        if one.taken and other.taken
    ]
