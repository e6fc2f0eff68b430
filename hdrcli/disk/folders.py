"""Output folders: made, looked into, flushed, held by one at a time; what the system refuses is said in words."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hdrcli.errors import WriteError

LOCK = ".hdrcli.lock"
PATIENCE = 120.0
"""Seconds to wait for another process that is giving files their names; it takes less than one."""

_CAUSES = {
    errno.ENOSPC: ("the disk is full", "Free some space, or write to another disk with --output."),
    errno.EDQUOT: ("your disk quota is used up", "Free some space, or write to another disk with --output."),
    errno.EFBIG: ("the file is too large for this file system", "Pass another --output folder."),
    errno.EACCES: ("permission is denied", "Pass an --output folder that you may write to."),
    errno.EPERM: ("permission is denied", "Pass an --output folder that you may write to."),
    errno.EROFS: ("the file system is read-only", "Pass an --output folder that you may write to."),
    errno.ENAMETOOLONG: ("the name is too long", "Pass a shorter --output folder, or rename the frames' folder."),
    errno.EISDIR: ("a folder has that name", "Move the folder away, or pass another --output."),
    errno.ENOTDIR: ("a part of the path is a file, not a folder", "Pass another --output folder."),
    errno.EEXIST: ("a part of the path is a file, not a folder", "Pass another --output folder."),
    errno.ENOENT: ("its folder is gone", "Run the same command again."),
}

_DEVICES = "/dev"

_NO_LOCKS = {errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK}
_NOT_OURS = {errno.EACCES, errno.EPERM}
"""What the system says of a lock file that another user has left in a shared folder."""


@contextmanager
def naming(target: Path) -> Iterator[None]:
    """Turn the system's error into a WriteError that names `target` and the cause."""
    try:
        yield
    except OSError as error:
        system_says = (error.strerror or str(error)).lower()
        cause, hint = _CAUSES.get(error.errno or 0, (system_says, "Pass another --output folder."))
        raise WriteError(f"{target} cannot be written: {cause}.", hint) from error


def existing(targets: Iterable[Path], *, holding: bool) -> list[Path]:
    """Those of `targets` whose names are taken; with `holding`, whose files hold something.

    An empty file, and a link to nothing, is no result. Raises WriteError for a folder.
    """
    found = []
    for target in targets:
        with naming(target):
            there = _looked_at(target)
            if there is not None and stat.S_ISDIR(there.st_mode):
                raise WriteError(f"{target} is a folder.", "Move it away, or pass another --output.")
            if there is not None:
                _refuse_no_file(target, there)
            holds = there is not None and there.st_size > 0
            if holds or (not holding and (there is not None or target.is_symlink())):
                found.append(target)
    return found


def check_replaceable(target: Path) -> None:
    """Raise WriteError where a file cannot take the name `target` without harm: to root the system denies nothing.

    A file that took the name of a device, of /dev/null say, would take the device from all programs; and /dev/stdout is
    a link, behind which there may be a file.
    """
    with naming(target):
        there = _looked_at(target)
    if os.path.realpath(target.parent) == _DEVICES:
        raise WriteError(f"{target} would lie among the system's devices.", "Write to a folder of your own.")
    if there is not None:
        _refuse_no_file(target, there)


def _refuse_no_file(target: Path, there: os.stat_result) -> None:
    if not stat.S_ISREG(there.st_mode) and not stat.S_ISDIR(there.st_mode):
        raise WriteError(f"{target} is a device, a pipe or a socket, and no file.", "Write to another name.")


def _looked_at(path: Path) -> os.stat_result | None:
    """What the system says of a file; None where there is none, also behind a link to nothing or to itself."""
    try:
        return path.stat()
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            return None
        raise


def check_writable(folder: Path) -> None:
    """Find out whether files can be written to `folder`, which need not exist yet, without leaving a trace.

    Raises WriteError when a part of the path is no folder, or a file cannot be made there.
    """
    with naming(folder):
        above = (folder, *folder.absolute().parents)
        there = next(path for path in above if path.exists() or path.is_symlink())
        if not there.is_dir():
            what = "a file, not a folder" if there.exists() else "a link to nothing"
            raise WriteError(f"{there} is {what}.", "Pass another --output folder.")
        with tempfile.TemporaryFile(dir=there):
            pass


def made(folder: Path) -> None:
    """Make `folder`, and those above it, to last through a power cut. Raises OSError."""
    new = [path for path in (folder, *folder.parents) if not os.path.lexists(path)]
    folder.mkdir(parents=True, exist_ok=True)
    for path in new:
        flush(path.parent)


def flush(folder: Path) -> None:
    """Make what names stand for in `folder` last through a power cut, where the system can open folders."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def held(folder: Path, name: str = LOCK, patience: float | None = None) -> Iterator[None]:
    """Be the only process, of all that ask, in `folder`. The lock file goes with the last of them.

    File systems without locks have none. Raises TimeoutError where another holds it for longer than `patience`.
    """
    import filelock

    file = folder / name
    wait = PATIENCE if patience is None else patience
    lock = filelock.FileLock(file, timeout=wait, poll_interval=0.005, mode=0o666)  # of all users of a shared folder
    try:
        lock.acquire()
    except NotImplementedError:
        yield
        return
    except OSError as error:
        if error.errno not in _NO_LOCKS | _NOT_OURS:
            raise
        if error.errno in _NO_LOCKS:
            file.unlink(missing_ok=True)
        yield
        return
    try:
        yield
    finally:
        with suppress(OSError):  # Windows removes it by itself
            file.unlink(missing_ok=True)  # while it is held: a waiting process sees that it is gone
        lock.release()
