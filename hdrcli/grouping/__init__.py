"""Files and folders to brackets: which frames belong together, by folder, time taken, exposure and camera."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from hdrcli.errors import ExposureError, HdrcliError, ReadError, UsageError
from hdrcli.grouping._folders import Left, holds_frames, listed, some
from hdrcli.grouping._frames import Frames
from hdrcli.grouping._frames import natural as natural
from hdrcli.grouping._names import one_file_name as one_file_name
from hdrcli.grouping._names import with_unique_names as with_unique_names
from hdrcli.grouping._refusal import refusal
from hdrcli.grouping._shoot import Group, groups_of_shoot
from hdrcli.grouping._twins import one_file_a_shot, shots_of, without_copies
from hdrcli.image import FrameHeader
from hdrcli.sidecars import find_sidecar

_A_BRACKET = "A bracket is two or more exposures of one scene."


@dataclass(frozen=True)
class FoundBracket:
    """One bracket found: `headers` of its frames in file order (natural name order, or as given), what may be wrong.

    `name` is the folder's, or `<first stem>-<last stem>` for files and for a group of a shoot; it is unique among
    the brackets without `error`. `files` are all, also those without a readable header; `folder` is None for files.
    `ends` says of a group of a shoot why it ends where it does; "" for the last one and for all others.
    """

    name: str
    headers: tuple[FrameHeader, ...]
    folder: Path | None
    error: HdrcliError | None = None
    files: tuple[Path, ...] = ()
    ends: str = ""


@dataclass(frozen=True)
class Grouping:
    """The brackets of a run, the files and folders left in none of them, and sentences for people on what and why."""

    brackets: tuple[FoundBracket, ...]
    left: tuple[Path, ...]
    notes: tuple[str, ...]


@dataclass
class _Search:
    gap: float | None
    size: int | None
    exclude: frozenset[str]
    brackets: list[FoundBracket] = field(default_factory=list)
    left: Left = field(default_factory=Left)


def find_brackets(
    inputs: Sequence[Path], *, gap: float | None = None, size: int | None = None, exclude: Iterable[Path] = ()
) -> Grouping:
    """Find the brackets in folders and files.

    Each folder is one bracket or a whole shoot, and so are the folders in it, one level down. All files given by name
    are together one bracket. A folder that has a sidecar, or whose frames carry no exposure times, is one bracket;
    others are split as `groups_of_shoot` says, by `gap` seconds. `size` cuts folders, and the files, into runs of so
    many frames instead. `exclude` are folders and files to pass over, such as the outputs. What is wrong with one
    bracket is its `error`; only nonsense in the options raises (UsageError).
    """
    if size is not None and size < 2:
        raise UsageError(f"--size {size} is no bracket.", "Pass 2 or more frames.")
    if gap is not None and not gap >= 0:
        raise UsageError(f"--gap {gap:g} is no time between brackets.", "Pass 0 seconds or more, such as 10.")
    search = _Search(gap, size, frozenset(map(os.path.realpath, exclude)))
    once: dict[str, Path] = {}
    for path in inputs:
        once.setdefault(os.path.realpath(path), path)
    if len(once) < len(inputs):
        search.left.notes.append("An input that is given twice counts once.")
    folders = list(filter(os.path.isdir, once.values()))
    for folder in folders:
        _add_tree(search, folder)
    if files := [path for path in once.values() if path not in folders]:
        _add_files(search, files)
    brackets = _without_twins(search)
    return Grouping(tuple(with_unique_names(brackets, _clash)), tuple(search.left.paths), tuple(search.left.notes))


def _without_twins(search: _Search) -> list[FoundBracket]:
    """The brackets less those of JPEGs whose shots are there, in another folder, as RAW files."""
    raws = {shots_of(found.headers) for found in search.brackets if any(header.is_raw for header in found.headers)}
    twins = {
        id(found)
        for found in search.brackets
        if raws and not any(header.is_raw for header in found.headers) and (shots_of(found.headers) or ()) in raws
    }
    files = [path for found in search.brackets if id(found) in twins for path in found.files]
    search.left.leave(files, "Brackets that are there as RAW files too are left")
    return [found for found in search.brackets if id(found) not in twins]


def named_bracket(name: str, files: Sequence[Path]) -> FoundBracket:
    """The bracket of the files given, in their order, with a name of its own; what is wrong with it is its `error`."""
    return replace(_bracket(Frames.of(files), None, None), name=name)


def _add_tree(search: _Search, folder: Path) -> None:
    """The brackets of a folder and of the folders in it; deeper ones are left."""
    inside = _inside(search, folder)
    if inside is None:
        return
    frames, folders = inside
    below = [(sub, *found) for sub in folders if (found := _inside(search, sub))]
    deeper = [deep for _, _, subs in below for deep in subs if holds_frames(deep)]
    search.left.paths += deeper
    if deeper:
        search.left.notes.append(f"Folders too deep in {folder} are left, give them by name: {some(deeper)}.")
    below = [entry for entry in below if entry[1]]
    if len(frames) == 1 and below:
        search.left.paths += frames
        search.left.notes.append(f"{frames[0]} is a single frame beside folders and is left.")
    elif frames or not below:
        _add_folder(search, folder, frames, deeper)
    for sub, sub_frames, _ in below:
        _add_folder(search, sub, sub_frames)


def _inside(search: _Search, folder: Path) -> tuple[list[Path], list[Path]] | None:
    """The frames and the folders in a folder; None, and a bracket that says so, when it may not be read."""
    try:
        frames, folders = listed(folder, search.exclude, search.left)
        return one_file_a_shot(frames, search.left), folders
    except ReadError as problem:
        search.brackets.append(_bracket(Frames(()), folder, folder, problem))
        return None


def _add_files(search: _Search, given: list[Path]) -> None:
    files = one_file_a_shot(given, search.left)
    frames = Frames.of(files)
    runs = [list(range(len(files)))] if search.size is None else frames.runs_of(search.size)
    if runs is None:
        search.brackets.append(_bracket(frames, None, None, _no_multiple("The list", len(files), search.size)))
        return
    for run in runs:
        search.brackets.append(_bracket(frames.only(run), None, None))
    several = _several(frames, search.gap) if len(runs) == 1 else 0
    if several:
        search.left.notes.append(
            f"The {len(files)} files given by name are taken as one bracket; their folder would be read as {several}."
        )


def _several(frames: Frames, gap: float | None) -> int:
    """How many brackets a shoot of these frames would be read as; 0 for one, or where nothing tells."""
    if frames.errors or not all(header.exposure_time for header in frames.headers.values()):
        return 0
    groups, _ = groups_of_shoot(frames, gap)
    count = sum(len(group.frames) > 1 for group in groups)
    return count if count > 1 else 0


def _add_folder(search: _Search, folder: Path, files: list[Path], deeper: Sequence[Path] = ()) -> None:
    if len(files) < 2:
        what = "one frame only" if files else "no frames that can be read"
        cure = f"Give the folders in it by name: {some(deeper)}." if deeper else _A_BRACKET
        problem = ReadError(f"{folder} holds {what}.", cure)
        search.brackets.append(_bracket(Frames(tuple(files)), folder, folder, problem))
        return
    frames = without_copies(Frames.of(files), search.left)
    files = list(frames.files)
    try:
        groups = _groups(search, folder, frames)
    except HdrcliError as problem:
        search.brackets.append(_bracket(frames, folder, folder, problem))
        return
    for group in groups:
        if len(group.frames) == len(files) and not group.readings:
            search.brackets.append(_bracket(frames, folder, folder))
        elif len(group.frames) > 1:
            unclear = refusal(frames, group) if group.readings else None
            found = _bracket(frames.only(group.frames), None, folder, unclear)
            search.brackets.append(replace(found, ends=group.ends))
    singles = [files[group.frames[0]] for group in groups if len(group.frames) == 1]
    search.left.leave(singles, "Frames that belong to no bracket are left")


def _groups(search: _Search, folder: Path, frames: Frames) -> list[Group]:
    everything = tuple(range(len(frames.files)))
    if search.size is not None:
        runs = frames.runs_of(search.size)
        if runs is None:
            raise _no_multiple(str(folder), len(everything), search.size)
        return [Group(tuple(run)) for run in runs]
    if find_sidecar(folder) or not any(header.exposure_time for header in frames.headers.values()):
        return [Group(everything)]
    groups, notes = groups_of_shoot(frames, search.gap)
    search.left.notes += [f"{folder}: {note}" for note in notes]
    if all(len(group.frames) == 1 for group in groups):
        raise ExposureError(
            f"{folder} holds {len(everything)} frames, but no two of them make a bracket.",
            "Give the files of one bracket by name, or pass a longer --gap.",
        )
    return groups


def _no_multiple(what: str, count: int, size: int | None) -> ExposureError:
    return ExposureError(f"{what} holds {count} frames, which is no multiple of {size}.", "Move the odd ones away.")


def _bracket(
    frames: Frames, named_after: Path | None, folder: Path | None, error: HdrcliError | None = None
) -> FoundBracket:
    """The bracket of frames, named after a folder or else after its first and last file."""
    headers = tuple(frames.headers[i] for i in sorted(frames.headers))
    stems = [file.stem for file in frames.files]
    name = named_after.resolve().name or "root" if named_after else "-".join(stems[:1] + stems[1:][-1:])
    error = error or next(iter(frames.errors.values()), None) or _misfit(frames)
    return FoundBracket(name, headers, folder, error, frames.files)


def _misfit(frames: Frames) -> HdrcliError | None:
    """What keeps readable frames from being a bracket."""
    first, *others = frames.headers.values()
    if not others:
        return ReadError(f"{first.path} is one frame only.", _A_BRACKET)
    for other in others:
        if (other.width, other.height) != (first.width, first.height):
            sizes = f"{first.path} is {first.width}x{first.height} but {other.path} is {other.width}x{other.height}"
            return ReadError(f"{sizes}.", "The frames of a bracket must have one size; leave the other out.")
    return None


def _clash(earlier: FoundBracket, bracket: FoundBracket) -> ReadError:
    places = " and ".join(str(one.folder or one.files[0].parent) for one in (earlier, bracket))
    return ReadError(f"Two brackets are named {bracket.name}: {places}.", "Fuse them by themselves, with another -o.")
