"""What data sets have in common: folders of frames, in the order people count in."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from hdrcli import readers
from hdrcli.grouping import natural


def inside(folder: Path) -> list[Path]:
    """What lies in a folder, hidden files aside, in natural order."""
    return sorted((path for path in folder.iterdir() if not path.name.startswith(".")), key=natural)


def folders(root: Path, depth: int) -> list[Path]:
    """`root` and the folders in it, down to `depth`."""
    below = [deep for path in inside(root) if path.is_dir() for deep in folders(path, depth - 1)] if depth else []
    return [root, *below]


def frames(folder: Path, apart: Iterable[Path] = ()) -> tuple[Path, ...]:
    """The files in a folder that can be read as frames, but for those `apart`."""
    left = set(apart)
    return tuple(path for path in inside(folder) if path.is_file() and readers.is_frame(path) and path not in left)


def called(folder: Path, stems: Iterable[str]) -> list[Path]:
    """The readable files in a folder whose stem, in small letters, is one of `stems`."""
    wanted = set(stems)
    return [path for path in frames(folder) if path.stem.lower() in wanted]


def name(scene: Path, root: Path) -> str:
    """A scene's name: its path below the data set, with "-" between folders."""
    return "-".join(scene.relative_to(root).parts) or root.resolve().name
