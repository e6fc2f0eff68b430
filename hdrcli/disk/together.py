"""Put files on disk all or nothing: a reader of the folder sees the old files or the new ones, never a part of one.

What a power cut leaves, on a file system that keeps what was flushed (POSIX fsync):
1. Each new file's content is flushed under a temporary name, before any name changes.
2. Of several, the record of their moves is flushed, and then the folder, so that the names of the temporaries and of
   the record are there. Until this line nothing has changed; from it on, the next run finishes the moves.
3. The renames; then the folder is flushed: now the new files have come to stay, and only now the caller goes on.
4. Record and older files go. What the power brings back of these, the next run removes.
A new folder is flushed into the one above it, before anything is written to it.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import IO

from hdrcli.disk import claims, folders, moves
from hdrcli.disk.folders import naming
from hdrcli.disk.moves import Move, Stamp, stamp
from hdrcli.errors import WriteError

LOOK_EVERY = 60.0
"""Seconds between two looks for what killed runs left: among 10,000 results, a look takes its time."""

_looked: dict[Path, float] = {}


def write_all(files: Mapping[Path, bytes], seen: Mapping[Path, Stamp | None] | None = None) -> None:
    """Write every file, or none of them, into one folder, which is made as needed.

    An error puts back what had been there. A killed process leaves temporaries, which a later call removes; one killed
    between two renames leaves a record, too, by which a later call finishes them (`moves`). `seen` are stamps of what
    may be replaced: a target that has another one by now, and other content than it is to have, is an error. Without
    it, whatever there is gives way.

    Raises WriteError, naming the file and the cause; ValueError for files of several folders.
    """
    if not files:
        return
    if len({target.parent for target in files}) > 1:
        raise ValueError("files of several folders cannot be written together")
    first = next(iter(files))
    folder = first.parent
    for target in files:
        folders.check_replaceable(target)
    with naming(first):
        folders.made(folder)
        if time.monotonic() - _looked.get(folder, -LOOK_EVERY) >= LOOK_EVERY:
            tidy(folder)
    with ExitStack() as stack:
        with naming(first):
            path, record = stack.enter_context(claims.claimed(folder, "moves"))
        new_name = stack.enter_context(_temporaries(path))
        temporaries = {target: _write_temporary(target, content, new_name) for target, content in files.items()}
        stack.enter_context(_alone_in(folder))
        if seen is not None:
            _check_unchanged(files, seen)
        _give_names(temporaries, record, new_name)


def _give_names(temporaries: Mapping[Path, Path], record: IO[bytes], new_name: Callable[[], Path]) -> None:
    """Rename the temporaries to their targets, all or none. Raises WriteError."""
    there, back = [], []
    for target, temporary in temporaries.items():
        with naming(target):
            kept, older, new = _keep(target, new_name), stamp(target), stamp(temporary)
        there.append(Move(temporary.name, target.name, older, new))
        back.append(Move(kept, target.name, new, older))
    folder = next(iter(temporaries)).parent
    try:
        with naming(next(iter(temporaries))):
            if len(there) > 1:
                moves.record(record, there)
                folders.flush(folder)
        for move in there:
            move.carry_out(folder)
        with naming(folder):
            folders.flush(folder)
    except BaseException:
        _put_back(folder, back, record)
        raise


def _put_back(folder: Path, back: list[Move], record: IO[bytes]) -> None:
    """Undo what has been moved, as far as the system lets us; what it does not is whole all the same."""
    with suppress(OSError):
        if len(back) > 1:
            moves.record(record, back)
    for move in back:
        with suppress(OSError, WriteError):
            if stamp(folder / move.target) == move.before:
                move.carry_out(folder)
    with suppress(OSError):
        folders.flush(folder)


def _check_unchanged(files: Mapping[Path, bytes], seen: Mapping[Path, Stamp | None]) -> None:
    """Raise WriteError for a target that another process has written since it was seen."""
    for target, content in files.items():
        with naming(target):
            now = stamp(target)
            if now in (None, seen.get(target)) or (now[0] == len(content) and target.read_bytes() == content):
                continue
        raise WriteError(
            f"{target} has been written meanwhile, by another run.",
            "Pass --overwrite to replace it, or --skip-existing to see what is left to do.",
        )


def _write_temporary(target: Path, content: bytes, new_name: Callable[[], Path]) -> Path:
    """Write `content` beside `target`, down to the disk."""
    with naming(target):
        temporary = new_name()
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    return temporary


def _keep(target: Path, new_name: Callable[[], Path]) -> str | None:
    """Another name for what `target` is now: the older file, if there is one."""
    if not target.is_file():
        return None
    kept = new_name()
    try:
        if target.is_symlink():
            kept.symlink_to(target.readlink())
        else:
            kept.hardlink_to(target)
    except OSError:  # FAT, exFAT and some network file systems have no hard links
        shutil.copy2(target, kept)
    return kept.name


@contextmanager
def _temporaries(claim: Path) -> Iterator[Callable[[], Path]]:
    """New names for temporaries of a claim, which are removed in the end."""
    names: list[Path] = []
    numbers = count()

    def new_name() -> Path:
        names.append(claims.temporary(claim, next(numbers)))
        return names[-1]

    try:
        yield new_name
    finally:
        for name in names:
            with suppress(OSError):  # the next run removes it
                name.unlink(missing_ok=True)


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Give names in `folder` when no other process does. Raises WriteError."""
    with ExitStack() as stack:
        try:
            with naming(folder):
                stack.enter_context(folders.held(folder))
        except WriteError as error:
            if isinstance(error.__cause__, TimeoutError):
                raise WriteError(
                    f"{folder} is held by another run, which does not go on.", "End that run, and try again."
                ) from error
            raise
        yield


def tidy(folder: Path) -> None:
    """Finish or remove what processes that are gone have left unfinished in `folder`. What cannot be, is left."""
    _looked[folder] = time.monotonic()
    with suppress(OSError, WriteError):
        for claim in claims.abandoned(folder, "moves", "probe"):
            with suppress(OSError, WriteError), folders.held(folder):
                moves.finish(claim)
                for temporary in folder.glob(f"{claim.stem}-*.tmp"):
                    temporary.unlink(missing_ok=True)
                claim.unlink(missing_ok=True)
        for path in claims.loose(folder):
            with suppress(OSError):
                path.unlink(missing_ok=True)
        if os.path.lexists(folder / folders.LOCK):
            with folders.held(folder, patience=0):
                pass  # it goes with who held it
