"""The frames of a whole shoot split into brackets, by what their headers say."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from hdrcli import readers
from hdrcli.errors import ExposureError, ReadError
from hdrcli.exposure import relative_exposures
from hdrcli.image import FrameHeader

GAP = 5.0
"""Seconds between the end of an exposure and the start of the next within a bracket.

Cameras take bracketed frames within a second or two of each other, and their clocks mostly tell whole seconds; to
compose anew, or to set the camera for another bracket, takes longer. Brackets set by hand are told by their exposures.
"""

_SAME = 0.1
"""Stops; cameras step by a third and round the times they write by up to a tenth."""

Group = list[int]
"""Indices of frames in file order."""


def natural(path: Path) -> tuple[list[str | int], str]:
    """The key that sorts file names as people count: img2 before img10."""
    parts = re.split(r"([0-9]+)", path.name.casefold())
    return [int(part) if index % 2 else part for index, part in enumerate(parts)], path.name


@dataclass(frozen=True)
class Frames:
    """Files in file order, with the headers that could be read and the errors of the others, by index."""

    files: tuple[Path, ...]
    headers: dict[int, FrameHeader] = field(default_factory=dict)
    errors: dict[int, ReadError] = field(default_factory=dict)

    @classmethod
    def of(cls, files: Sequence[Path]) -> Frames:
        """Read the headers of files."""
        frames = cls(tuple(files))
        for index, file in enumerate(files):
            try:
                frames.headers[index] = readers.read_header(file)
            except ReadError as error:
                frames.errors[index] = error
        return frames

    def only(self, indices: Sequence[int]) -> Frames:
        """Some of the frames, in the order of `indices`."""
        return Frames(
            tuple(self.files[i] for i in indices),
            {new: self.headers[i] for new, i in enumerate(indices) if i in self.headers},
            {new: self.errors[i] for new, i in enumerate(indices) if i in self.errors},
        )


def runs_of(frames: Frames, size: int) -> list[Group] | None:
    """Runs of `size` frames in the order they were taken, or in file order if one does not say; None if some remain."""
    order = _by_time(frames) if not frames.errors else list(range(len(frames.files)))
    if len(order) % size:
        return None
    return [sorted(order[start : start + size]) for start in range(0, len(order), size)]


def groups_of_shoot(frames: Frames, gap: float | None) -> tuple[list[Group], str]:
    """The brackets of a folder, in the order taken, each in file order, and a note where the choice needs telling.

    A new bracket starts when a relative exposure repeats, when the camera, lens or focal length changes or the camera
    is turned, or after more than `gap` seconds (None: GAP) between the end of one exposure and the start of the next.
    Unless `gap` is given, frames that differ in nothing but their exposure times, all of them different, are one
    bracket set by hand, however long that took. A frame whose header cannot be read goes to the shorter of the brackets
    next to it, or to both. Raises ExposureError when the folder is a shoot of which only some frames tell their
    exposure.
    """
    headers = [frames.headers[i] for i in sorted(frames.headers)]
    untimed = next((header for header in headers if header.exposure_time is None), None)
    if untimed is not None:
        return _partly_timed(frames, headers, untimed)
    exposures = dict(zip(sorted(frames.headers), relative_exposures(headers) or (), strict=True))
    groups: list[Group] = []
    for index in _by_time(frames):
        if groups and _belongs(frames, exposures, groups[-1], index, GAP if gap is None else gap):
            groups[-1].append(index)
        else:
            groups.append([index])
    note = ""
    if len(groups) > 1 and gap is None and _is_set_by_hand(headers):
        groups = [[index for group in groups for index in group]]
        note = "only the exposure times differ and none repeats, so that the frames are taken as one bracket."
    groups = [sorted(group) for group in groups]
    for index in sorted(frames.errors):
        for group in _beside(groups, index):
            group.append(index)
    return [sorted(group) for group in groups], note


def _by_time(frames: Frames) -> Group:
    """All indices with a header by time taken, then file order; by file order alone when a frame does not say when."""
    taken = {i: header.taken for i, header in frames.headers.items()}
    indices = sorted(taken)
    if any(time is None for time in taken.values()):
        return indices
    return sorted(indices, key=lambda i: (taken[i], i))


def _belongs(frames: Frames, exposures: dict[int, float], group: Group, index: int, gap: float) -> bool:
    """Whether a frame goes on with the bracket whose last frame was taken before it."""
    last, frame = frames.headers[group[-1]], frames.headers[index]
    if not _same_setup(last, frame) or any(_same(exposures[index], exposures[i]) for i in group):
        return False
    if last.taken is None or frame.taken is None:
        return True
    return (frame.taken - last.taken).total_seconds() - (last.exposure_time or 0) <= gap


def _same_setup(one: FrameHeader, other: FrameHeader) -> bool:
    if (one.camera, one.lens) != (other.camera, other.lens):
        return False
    # A camera turned upright begins another bracket. Other differences in size are a mistake, to be told, not hidden.
    if (one.width, one.height) == (other.height, other.width) and one.width != one.height:
        return False
    if one.focal_length is None or other.focal_length is None:
        return one.focal_length == other.focal_length
    return math.isclose(one.focal_length, other.focal_length, rel_tol=0.02)


def _same(one: float, other: float) -> bool:
    return abs(math.log2(one / other)) < _SAME


def _is_set_by_hand(headers: Sequence[FrameHeader]) -> bool:
    first = headers[0]
    if not all(_same_setup(first, h) and (h.f_number, h.iso) == (first.f_number, first.iso) for h in headers):
        return False
    times = sorted(header.exposure_time or 0 for header in headers)
    return not any(_same(one, other) for one, other in pairwise(times))


def _beside(groups: list[Group], index: int) -> list[Group]:
    """The groups that an unreadable frame may belong to, by its place in file order."""
    before = max(groups, key=lambda group: max((i for i in group if i < index), default=-1))
    after = min(groups, key=lambda group: min((i for i in group if i > index), default=math.inf))
    if not any(i < index for i in before):
        return [after]
    if not any(i > index for i in after) or before is after:
        return [before]
    if len(before) != len(after):
        return [min(before, after, key=len)]
    return [before, after]


def _partly_timed(frames: Frames, headers: Sequence[FrameHeader], untimed: FrameHeader) -> tuple[list[Group], str]:
    """One bracket, if no exposure repeats among the frames that tell theirs; the others' may be given by option."""
    timed = [header for header in headers if header.exposure_time is not None]
    values = sorted(relative_exposures(timed) or ())
    if any(_same(one, other) for one, other in pairwise(values)):
        raise ExposureError(
            f"{untimed.path} has no exposure time, so that its folder cannot be split into brackets.",
            "Give the files of one bracket by name, or move that frame away.",
        )
    return [list(range(len(frames.files)))], f"{untimed.path.name} has no exposure time."
