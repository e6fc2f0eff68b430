"""Several files take their names together: also where the process, or the power, ends between two of them.

What is going to be moved is on the disk, and so is the record that says so, before the first file gets its name.
Whoever finds the record of a process that is gone finishes its moves; without a whole record nothing has been moved.
Moves are finished only where all targets are as they were left: a file that someone has put there since stays.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from hdrcli.disk import claims, folders
from hdrcli.disk.folders import naming

Stamp = tuple[int, int]
"""Size in bytes and time of the last change (ns): what tells one file from another that had its name."""

LARGEST = 1 << 20
"""Bytes of a record that are read: a move takes some hundred."""


def stamp(path: Path) -> Stamp | None:
    """The stamp of the file, or link, `path`; None where there is none."""
    try:
        about = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return about.st_size, about.st_mtime_ns


@dataclass(frozen=True)
class Move:
    """From the name `source` to `target`, which changes from the stamp `before` to `after`; None removes `target`."""

    source: str | None
    target: str
    before: Stamp | None
    after: Stamp | None

    def carry_out(self, folder: Path) -> None:
        """Raises WriteError."""
        target = folder / self.target
        with naming(target):
            if self.source is None:
                target.unlink(missing_ok=True)
            else:
                (folder / self.source).replace(target)

    def is_to_do(self, folder: Path) -> bool:
        """Whether it can be carried out, and target and source are as they were left."""
        is_there = self.source is None or stamp(folder / self.source) == self.after
        return is_there and stamp(folder / self.target) == self.before


def record(file: IO[bytes], moves: list[Move]) -> None:
    """Put `moves` into the record, down to the disk, in place of those that are in it. Raises OSError."""
    claims.put(file, json.dumps([vars(move) for move in moves]).encode() + b"\n")


def finish(path: Path) -> None:
    """Carry out what is left of the moves in the record `path`, whose process is gone. Raises OSError, WriteError."""
    folder, moves = path.parent, _recorded(path)
    to_do = [move for move in moves if move.is_to_do(folder)]
    is_as_left = all(move in to_do or stamp(folder / move.target) == move.after for move in moves)
    if to_do and is_as_left:
        for move in to_do:
            move.carry_out(folder)
        folders.flush(folder)


def _recorded(path: Path) -> list[Move]:
    """The moves of the last whole line of a record, if they are of its own temporaries in its own folder."""
    with path.open("rb") as file:
        whole, newline, _ = file.read(LARGEST).rpartition(b"\n")
    try:
        moves = [_move(entry) for entry in json.loads(whole.splitlines()[-1])] if newline else []
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        return []
    own = all(move.source is None or move.source.startswith(f"{path.stem}-") for move in moves)
    names = [name for move in moves for name in (move.source or "-", move.target)]
    is_inside = all(name == os.path.basename(name) and name.strip(".") and "\0" not in name for name in names)  # noqa: PTH119
    return moves if own and is_inside else []


def _move(entry: Mapping[str, object]) -> Move:
    source, target, before, after = (entry[name] for name in ("source", "target", "before", "after"))
    if not isinstance(target, str) or not isinstance(source, (str, type(None))):
        raise TypeError("names are texts")
    stamps = [None if one is None else tuple(map(int, one)) for one in (before, after)]  # type: ignore[call-overload]
    return Move(source, target, *stamps)
