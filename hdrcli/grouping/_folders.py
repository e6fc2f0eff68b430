"""What lies in a folder: the frames, the folders, and what only looks like a frame and is left."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hdrcli import readers
from hdrcli.errors import ReadError
from hdrcli.grouping._frames import natural

_TRUTHS = {"truth", "reference", "hdrimg"}
"""Stems of the ground truth that data sets keep beside their frames (the last in Kalantari's)."""

_UNREAD_IMAGES = {".heic", ".heif", ".hif", ".avif", ".jxl", ".jp2", ".gif", ".psd", ".xcf"}


@dataclass
class Left:
    """Files and folders that are in no bracket, and sentences for people on why."""

    paths: list[Path] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def leave(self, paths: Sequence[Path], why: str) -> None:
        """Add files, if any, with a sentence."""
        self.paths += paths
        if paths:
            self.notes.append(f"{why}: {some(paths)}.")


@dataclass(frozen=True)
class _Entry:
    """What lies in a folder under one name: what `readers.kind` calls it, and its device and inode."""

    path: Path
    is_link: bool
    kind: str
    place: tuple[int, int]

    @classmethod
    def of(cls, folder: Path, found: os.DirEntry[str], device: int) -> _Entry:
        """A link is what it leads to; one to nothing, or in circles, is a "file": one that is missing.

        `device` is the folder's. Thousands of plain files are told apart without a look at each.
        """
        path, is_link = folder / found.name, found.is_symlink()
        if not is_link and (found.is_file() or found.is_dir()):
            return cls(path, is_link, "folder" if found.is_dir() else "file", (device, found.inode()))
        try:
            stat = found.stat()
        except OSError:
            return cls(path, is_link, "file", (device, found.inode()))
        return cls(path, is_link, readers.kind(stat.st_mode), (stat.st_dev, stat.st_ino))


def listed(folder: Path, exclude: Collection[str], left: Left) -> tuple[list[Path], list[Path]]:
    """The frames and the folders in a folder, in natural order. Raises ReadError when it may not be read.

    `exclude` are real paths to pass over. What only looks like a frame is left, and so is a frame's second name.
    """
    frames: list[_Entry] = []
    folders: list[Path] = []
    try:
        real, device = os.path.realpath(folder), folder.stat().st_dev
        with os.scandir(folder) as entries:
            found = [_Entry.of(folder, entry, device) for entry in entries]
        for entry in sorted(found, key=lambda one: natural(one.path)):
            path = entry.path
            # real paths of thousands of files take their time
            at = os.path.realpath(path) if entry.is_link else os.path.join(real, path.name)  # noqa: PTH118
            if at in exclude:
                continue
            if entry.kind == "folder" and entry.is_link and Path(real).is_relative_to(at):
                left.leave([path], "Links back to a folder that they are in are left")
            elif entry.kind == "folder":
                folders += [] if path.name.startswith(".") else [path]
            elif path.suffix.lower() in _UNREAD_IMAGES:
                left.paths.append(path)
                left.notes.append(f"{path} is of a format that is not read and is left.")
            elif readers.is_frame(path) and entry.kind != "file":
                left.leave([path], f"What is a {entry.kind} and no file is left")
            elif readers.is_frame(path) and _is_apart(path):
                left.paths.append(path)
            elif readers.is_frame(path):
                frames.append(entry)
    except OSError as error:
        raise ReadError(f"{folder} cannot be read: {error.strerror or error}.", "Check its permissions.") from error
    return _each_once(frames, left), folders


def _is_apart(path: Path) -> bool:
    return path.name.startswith(".") or path.stem.lower() in _TRUTHS


def _each_once(frames: Sequence[_Entry], left: Left) -> list[Path]:
    """The frames less further names of the same file: a link goes before any other."""
    first: dict[tuple[int, int], Path] = {}
    for entry in sorted(frames, key=lambda one: one.is_link):
        first.setdefault(entry.place, entry.path)
    again = [entry.path for entry in frames if first[entry.place] != entry.path]
    left.leave(again, "Second names of frames are left")
    return [entry.path for entry in frames if first[entry.place] == entry.path]


def holds_frames(folder: Path) -> bool:
    """Whether a folder has files with the suffix of a frame; False when it may not be read."""
    try:
        return any(readers.is_frame(path) for path in folder.iterdir())
    except OSError:
        return False


def some(paths: Sequence[object]) -> str:
    """The paths or names, or the first few of many."""
    return ", ".join(map(str, paths[:4])) + (f" and {len(paths) - 4} more" if len(paths) > 4 else "")
