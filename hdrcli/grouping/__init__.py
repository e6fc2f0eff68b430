"""Files and folders to brackets: which frames belong together, by folder, time taken, exposure and camera."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from hdrcli import readers
from hdrcli.errors import ExposureError, HdrcliError, ReadError, UsageError
from hdrcli.grouping._shoot import Frames, groups_of_shoot, natural, runs_of
from hdrcli.image import FrameHeader
from hdrcli.sidecars import find_sidecar

_TRUTHS = {"truth", "reference", "hdrimg"}
"""Stems of the ground truth that data sets keep beside their frames (the last in Kalantari's)."""

_A_BRACKET = "A bracket is two or more exposures of one scene."

_UNREAD_IMAGES = {".heic", ".heif", ".hif", ".avif", ".jxl", ".jp2", ".gif", ".psd", ".xcf"}


@dataclass(frozen=True)
class FoundBracket:
    """One bracket found: `headers` of its frames in file order (natural name order, or as given), what may be wrong.

    `name` is the folder's, or `<first stem>-<last stem>` for files and for a group of a shoot; it is unique among
    the brackets without `error`. `files` are all, also those without a readable header; `folder` is None for files.
    """

    name: str
    headers: tuple[FrameHeader, ...]
    folder: Path | None
    error: HdrcliError | None = None
    files: tuple[Path, ...] = ()


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
    left: list[Path] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


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
        raise UsageError("A bracket has at least 2 frames.", "Give a size of 2 or more.")
    if gap is not None and not gap >= 0:
        raise UsageError("The gap between brackets must be 0 seconds or more.", "Give it in seconds, such as 10.")
    search = _Search(gap, size, frozenset(map(os.path.realpath, exclude)))
    once: dict[str, Path] = {}
    for path in inputs:
        once.setdefault(os.path.realpath(path), path)
    if len(once) < len(inputs):
        search.notes.append("An input that is given twice counts once.")
    folders = list(filter(os.path.isdir, once.values()))
    for folder in folders:
        _add_tree(search, folder)
    if files := [path for path in once.values() if path not in folders]:
        _add_files(search, files)
    return Grouping(tuple(_with_unique_names(search.brackets)), tuple(search.left), tuple(search.notes))


def _add_tree(search: _Search, folder: Path) -> None:
    """The brackets of a folder and of the folders in it; deeper ones are left."""
    listed = _listed(search, folder)
    if listed is None:
        return
    frames, folders = listed
    below = [(sub, *inside) for sub in folders if (inside := _listed(search, sub))]
    deeper = [deep for _, _, subs in below for deep in subs if _holds_frames(deep)]
    search.left += deeper
    if deeper:
        search.notes.append(f"Folders too deep in {folder} are left, give them by name: {_some(deeper)}.")
    below = [entry for entry in below if entry[1]]
    if len(frames) == 1 and below:
        search.left += frames
        search.notes.append(f"{frames[0]} is a single frame beside folders and is left.")
    elif frames or not below:
        _add_folder(search, folder, frames, deeper)
    for sub, sub_frames, _ in below:
        _add_folder(search, sub, sub_frames)


def _listed(search: _Search, folder: Path) -> tuple[list[Path], list[Path]] | None:
    """The frames and the folders in a folder, in natural order; what only looks like a frame is left.

    None, and a bracket that says so, when the folder may not be read.
    """
    frames: list[Path] = []
    folders: list[Path] = []
    try:
        for path in sorted(folder.iterdir(), key=natural):
            if os.path.realpath(path) in search.exclude:
                continue
            if path.is_dir():
                folders += [] if path.name.startswith(".") else [path]
            elif path.suffix.lower() in _UNREAD_IMAGES:
                search.left.append(path)
                search.notes.append(f"{path} is of a format that is not read and is left.")
            elif readers.is_frame(path):
                is_apart = path.name.startswith(".") or path.stem.lower() in _TRUTHS
                (search.left if is_apart else frames).append(path)
    except OSError as error:
        problem = ReadError(f"{folder} cannot be read: {error.strerror or error}.", "Check its permissions.")
        search.brackets.append(_bracket(Frames(()), folder, folder, problem))
        return None
    return _without_jpegs_of_raws(search, frames), folders


def _holds_frames(folder: Path) -> bool:
    try:
        return any(readers.is_frame(path) for path in folder.iterdir())
    except OSError:
        return False


def _without_jpegs_of_raws(search: _Search, frames: list[Path]) -> list[Path]:
    raws = {(path.parent, path.stem.casefold()) for path in frames if readers.is_raw(path)}
    jpegs = [p for p in frames if p.suffix.lower() in (".jpg", ".jpeg") and (p.parent, p.stem.casefold()) in raws]
    if not jpegs:
        return frames
    search.left += jpegs
    search.notes.append(f"JPEGs beside RAW files of the same name are left: {_some(jpegs)}.")
    left = set(jpegs)
    return [path for path in frames if path not in left]


def _add_files(search: _Search, given: list[Path]) -> None:
    files = _without_jpegs_of_raws(search, given)
    frames = Frames.of(files)
    runs = [list(range(len(files)))] if search.size is None else runs_of(frames, search.size)
    if runs is None:
        search.brackets.append(_bracket(frames, None, None, _no_multiple("The list", len(files), search.size)))
        return
    for run in runs:
        search.brackets.append(_bracket(frames.only(run), None, None))


def _add_folder(search: _Search, folder: Path, files: list[Path], deeper: Sequence[Path] = ()) -> None:
    if len(files) < 2:
        what = "one frame only" if files else "no frames that can be read"
        cure = f"Give the folders in it by name: {_some(deeper)}." if deeper else _A_BRACKET
        problem = ReadError(f"{folder} holds {what}.", cure)
        search.brackets.append(_bracket(Frames(tuple(files)), folder, folder, problem))
        return
    frames = Frames.of(files)
    try:
        groups = _groups(search, folder, frames)
    except HdrcliError as problem:
        search.brackets.append(_bracket(frames, folder, folder, problem))
        return
    whole = len(groups) == 1 and len(groups[0]) == len(files)
    for group in groups:
        if len(group) > 1:
            search.brackets.append(_bracket(frames.only(group), folder if whole else None, folder))
    singles = [files[group[0]] for group in groups if len(group) == 1]
    search.left += singles
    if singles:
        search.notes.append(f"Frames that belong to no bracket are left: {_some(singles)}.")


def _some(paths: Sequence[Path]) -> str:
    """The paths, or the first few of many."""
    return ", ".join(map(str, paths[:4])) + (f" and {len(paths) - 4} more" if len(paths) > 4 else "")


def _groups(search: _Search, folder: Path, frames: Frames) -> list[list[int]]:
    everything = list(range(len(frames.files)))
    if search.size is not None:
        runs = runs_of(frames, search.size)
        if runs is None:
            raise _no_multiple(str(folder), len(everything), search.size)
        return runs
    if find_sidecar(folder) or not any(header.exposure_time for header in frames.headers.values()):
        return [everything]
    groups, note = groups_of_shoot(frames, search.gap)
    search.notes += [f"{folder}: {note}"] if note else []
    if all(len(group) == 1 for group in groups):
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


def _with_unique_names(brackets: Iterable[FoundBracket]) -> Iterator[FoundBracket]:
    """The same brackets, with an error for one whose outputs would overwrite an earlier one's."""
    first: dict[str, FoundBracket] = {}
    for bracket in brackets:
        # Some file systems do not tell capitals.
        earlier = first.setdefault(bracket.name.casefold(), bracket)
        if earlier is bracket or bracket.error:
            yield bracket
            continue
        places = " and ".join(str(b.folder or b.files[0].parent) for b in (earlier, bracket))
        clash = ReadError(
            f"Two brackets are named {bracket.name}: {places}.", "Fuse them by themselves, with another -o."
        )
        yield replace(bracket, error=clash)
