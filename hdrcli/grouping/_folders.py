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


def listed(folder: Path, exclude: Collection[str], left: Left) -> tuple[list[Path], list[Path]]:
    """The frames and the folders in a folder, in natural order. Raises ReadError when it may not be read.

    `exclude` are real paths to pass over. What only looks like a frame is left.
    """
    frames: list[Path] = []
    folders: list[Path] = []
    try:
        real = os.path.realpath(folder)
        with os.scandir(folder) as entries:
            found = [(folder / entry.name, entry.is_symlink(), entry.is_dir()) for entry in entries]
        for path, is_link, is_folder in sorted(found, key=lambda one: natural(one[0])):
            # real paths of thousands of files take their time
            if (os.path.realpath(path) if is_link else os.path.join(real, path.name)) in exclude:  # noqa: PTH118
                continue
            if is_folder:
                folders += [] if path.name.startswith(".") else [path]
            elif path.suffix.lower() in _UNREAD_IMAGES:
                left.paths.append(path)
                left.notes.append(f"{path} is of a format that is not read and is left.")
            elif readers.is_frame(path):
                is_apart = path.name.startswith(".") or path.stem.lower() in _TRUTHS
                (left.paths if is_apart else frames).append(path)
    except OSError as error:
        raise ReadError(f"{folder} cannot be read: {error.strerror or error}.", "Check its permissions.") from error
    return frames, folders


def holds_frames(folder: Path) -> bool:
    """Whether a folder has files with the suffix of a frame; False when it may not be read."""
    try:
        return any(readers.is_frame(path) for path in folder.iterdir())
    except OSError:
        return False


def some(paths: Sequence[object]) -> str:
    """The paths or names, or the first few of many."""
    return ", ".join(map(str, paths[:4])) + (f" and {len(paths) - 4} more" if len(paths) > 4 else "")
