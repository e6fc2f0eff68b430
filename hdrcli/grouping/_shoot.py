"""The frames of a whole shoot split into brackets, by what their headers say."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from hdrcli.errors import ExposureError
from hdrcli.exposure import relative_exposures
from hdrcli.grouping import _evidence
from hdrcli.grouping._evidence import SLOW, Shot, Shots, boundary, bursts, is_same, pause, steps
from hdrcli.grouping._folders import some
from hdrcli.grouping._frames import Frames
from hdrcli.grouping._readings import Course, Reading, courses, forward, readings_of
from hdrcli.image import FrameHeader


@dataclass(frozen=True)
class Group:
    """A bracket or single: indices in file order, and why it ends where it does ("" for the last one).

    Where the evidence contradicts itself, `readings` are the ways to read these frames, as indices in the order taken.
    """

    frames: tuple[int, ...]
    ends: str = ""
    readings: tuple[tuple[tuple[int, ...], ...], ...] = ()


@dataclass(frozen=True)
class _Part:
    """Shots between two boundaries, and what may be made of them."""

    shots: Shots
    ends: str = ""
    readings: tuple[Reading, ...] = ()


def groups_of_shoot(frames: Frames, gap: float | None) -> tuple[list[Group], list[str]]:
    """The brackets of a folder, in the order taken, and notes where the choice needs telling.

    A new bracket starts when the camera, lens or focal length changes or the camera is turned, when the camera's own
    count of a bracket starts anew, when an exposure repeats, or after more than `gap` seconds (None: GAP) between the
    end of one exposure and the start of the next. Unless `gap` is given, frames that the camera counts may be up to
    SLOW seconds apart; and frames that differ in nothing but their exposure times, all of them different, are one
    bracket set by hand, however long that took, unless their pauses part them into brackets. Frames that can be read in
    two ways, with nothing to decide, are one group with both `readings`. A frame whose header cannot be read goes to
    the shorter of the brackets next to it, or to both. Raises ExposureError when the folder is a shoot of which only
    some frames tell their exposure.
    """
    headers = [frames.headers[i] for i in sorted(frames.headers)]
    untimed = next((header for header in headers if header.exposure_time is None), None)
    if untimed is not None:
        return _partly_timed(frames, headers, untimed)
    exposures = dict(zip(sorted(frames.headers), relative_exposures(headers) or (), strict=True))
    parts, notes = [], []
    for shots in _by_camera(frames, exposures, gap):
        found, said = _parts_of_camera(shots, gap)
        parts += found
        notes += said
    notes += _short_of_others(parts)
    taken = {index: place for place, index in enumerate(frames.by_time())}
    parts.sort(key=lambda part: taken[part.shots[0].index])
    parts = [replace(part, ends=part.ends or "the camera changes") for part in parts[:-1]] + parts[-1:]
    groups = [_group(part) for part in parts]
    for index in sorted(frames.errors):
        beside = _beside([list(group.frames) for group in groups], index)
        groups = [
            replace(g, frames=tuple(sorted((*g.frames, index)))) if n in beside else g for n, g in enumerate(groups)
        ]
    return groups, notes


def _by_camera(frames: Frames, exposures: Mapping[int, float], gap: float | None) -> list[Shots]:
    """The shots of each camera in the order taken, with the dark frames it takes, less a count that never advances."""
    cameras: dict[str | None, list[Shot]] = {}
    for index in frames.by_time():
        header = frames.headers[index]
        shot = Shot(index, header, exposures[index], header.exposure_time or 0)
        cameras.setdefault(header.camera, []).append(shot)
    streams = list(map(tuple, cameras.values()))
    for place, shots in enumerate(streams):
        if gap is None and _evidence.takes_dark_frames(shots):
            streams[place] = tuple(replace(shot, busy=2 * shot.busy) for shot in shots)
        if len({shot.header.bracket_number for shot in shots}) == 1:
            plain = [replace(shot, header=replace(shot.header, bracket_number=None)) for shot in streams[place]]
            streams[place] = tuple(plain)
    return streams


def _parts_of_camera(shots: Shots, gap: float | None) -> tuple[list[_Part], list[str]]:
    parts = _parts(shots, gap)
    return _with_slow_brackets(parts, shots) if gap is None else (parts, [])


def _parts(shots: Shots, gap: float | None) -> list[_Part]:
    """Brackets, singles, and runs that have several readings, in the order taken."""
    runs: list[_Part] = []
    start = 0
    for place, (one, other) in enumerate(pairwise(shots), 1):
        if why := boundary(one, other, gap):
            runs.append(_Part(shots[start:place], why))
            start = place
    runs.append(_Part(shots[start:]))
    counted = [_counted(run.shots) for run in runs]
    driven = [bursts(run.shots) if gap is None else () for run in runs]  # an explicit gap overrules other pauses
    found = [Counter() if own else courses(run.shots, go) for run, own, go in zip(runs, counted, driven, strict=True)]
    known: Counter[Course] = Counter()
    for here in found:
        known.update(here)
    parts = []
    for run, own, go, here in zip(runs, counted, driven, found, strict=True):
        readings = (own,) if own else readings_of(run.shots, known - here, go)
        parts += [replace(run, readings=readings)] if len(readings) > 1 else _parted(readings[0], run.ends)
    return parts


def _counted(run: Shots) -> Reading:
    """What the camera's count makes of a run: one bracket, or several of the same course that it counted on through."""
    if not _evidence.is_numbered(run):
        return ()
    brackets = forward(run)
    same = len(run) > len(brackets) > 1 and all(_shape(shots) == _shape(brackets[0]) for shots in brackets)
    return brackets if same else (run,)


def _parted(reading: Reading, ends: str) -> list[_Part]:
    *before, last = reading
    return [*(_Part(shots, "its exposures repeat") for shots in before), _Part(last, ends)]


def _with_slow_brackets(parts: list[_Part], shots: Shots) -> tuple[list[_Part], list[str]]:
    """The same parts, where pauses within a bracket set by hand may have parted it."""
    paused = all(_only_paused(one, other) for one, other in pairwise(parts))
    if any(part.readings for part in parts) or not paused or not _evidence.only_times_differ(shots):
        return _rejoined(parts), []
    if len(parts) < 2:
        return parts, []
    apart = tuple(part.shots for part in parts)
    if sum(len(one) > 1 for one in apart) < 2:  # else all but one frame at most would be left
        note = "only the exposure times differ and none repeats, so that the frames are taken as one bracket."
        return [_Part(shots)], [note]
    longest = max(pause(one[-1], other[0]) or 0 for one, other in pairwise(apart))
    if longest > SLOW or (len({_shape(one) for one in apart}) == 1 and _evidence.overlap(apart)):
        return parts, []
    return [_Part(shots, readings=(apart, (shots,)))], []


def _rejoined(parts: list[_Part]) -> list[_Part]:
    """Two parts with a pause between them that together make a bracket as others in the shoot may be that bracket."""
    shapes = Counter(_shape(part.shots) for part in parts if len(part.shots) > 2)
    result: list[_Part] = []
    for part in parts:
        last = result[-1] if result else None
        if last is not None and _may_be_one(last, part, shapes):
            both = last.shots + part.shots
            result[-1] = _Part(both, part.ends, ((last.shots, part.shots), (both,)))
        else:
            result.append(part)
    return result


def _may_be_one(one: _Part, other: _Part, shapes: Counter[tuple[int, ...]]) -> bool:
    shots = one.shots + other.shots
    if one.readings or other.readings or _shape(shots) not in shapes or not _only_paused(one, other):
        return False
    if _shape(one.shots) in shapes or _shape(other.shots) in shapes:
        return False
    return (pause(one.shots[-1], other.shots[0]) or 0) <= SLOW and _evidence.only_times_differ(shots)


def _only_paused(one: _Part, other: _Part) -> bool:
    """Whether nothing but a pause parts them."""
    last, first = one.shots[-1], other.shots[0]
    return bool(boundary(last, first, None)) and not boundary(last, first, math.inf)


def _shape(shots: Shots) -> tuple[int, ...]:
    """Steps in half stops: what a bracket has in common with others of the shoot."""
    return tuple(round(2 * step) for step in steps(shots))


def _short_of_others(parts: Sequence[_Part]) -> list[str]:
    """A note on brackets that the camera counted and that break off where others of the shoot go on."""
    counted = [part.shots for part in parts if not part.readings and _evidence.is_numbered(part.shots)]
    courses = {shots: tuple(shot.header.exposure_bias for shot in shots) for shots in counted}
    longest = max(courses.values(), key=len, default=())
    short = [shots for shots, course in courses.items() if course != longest and course == longest[: len(course)]]
    if not short:
        return []
    names = some([f"{s[0].header.path.stem}-{s[-1].header.path.stem} ({len(s)} of {len(longest)})" for s in short])
    return [f"brackets that break off before others of the same course: {names}."]


def _group(part: _Part) -> Group:
    readings = tuple(tuple(tuple(s.index for s in shots) for shots in reading) for reading in part.readings)
    return Group(tuple(sorted(shot.index for shot in part.shots)), part.ends, readings)


def _beside(groups: Sequence[Sequence[int]], index: int) -> set[int]:
    """The places of the groups that an unreadable frame may belong to, by its own in file order."""
    places = range(len(groups))
    before = max(places, key=lambda n: max((i for i in groups[n] if i < index), default=-1))
    after = min(places, key=lambda n: min((i for i in groups[n] if i > index), default=math.inf))
    if not any(i < index for i in groups[before]):
        return {after}
    if not any(i > index for i in groups[after]) or before == after:
        return {before}
    if len(groups[before]) != len(groups[after]):
        return {min(before, after, key=lambda n: len(groups[n]))}
    return {before, after}


def _partly_timed(
    frames: Frames, headers: Sequence[FrameHeader], untimed: FrameHeader
) -> tuple[list[Group], list[str]]:
    """One bracket, if no exposure repeats among the frames that tell theirs; the others' may be given by option."""
    timed = [header for header in headers if header.exposure_time is not None]
    values = sorted(relative_exposures(timed) or ())
    if any(is_same(one, other) for one, other in pairwise(values)):
        raise ExposureError(
            f"{untimed.path} has no exposure time, so that its folder cannot be split into brackets.",
            "Give the files of one bracket by name, or move that frame away.",
        )
    return [Group(tuple(range(len(frames.files))))], [f"{untimed.path.name} has no exposure time."]
