"""Hidden files of a run in an output folder, and whether the process they are of still lives.

A process holds a lock on its claims, which the system drops with the process, however that ends. Process numbers tell
less: they come again, and in containers that share a folder they are the same. Locks of network storage may reach no
further than one computer, so what looks abandoned by another one is so only when it has been quiet for a day; and where
the system has no such locks (Windows), that goes for all.
"""

from __future__ import annotations

import os
import re
import secrets
import socket
import stat
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

QUIET = 24 * 3600.0
"""Seconds without a change after which another computer's file is taken to be abandoned."""

HOST = f"{zlib.crc32(socket.gethostname().encode()):08x}"
_OURS = re.compile(r"\.hdrcli-([0-9a-f]{8})-([0-9a-f]{16}(?:-[0-9a-f]{8})?)(?:-\d+)?\.(moves|tmp|jsonl|probe)")


def run_name() -> str:
    """A new name for a run."""
    return secrets.token_hex(4)


def own_name(ending: str, run: str | None = None) -> str:
    """A new name for a claim; `run` is that of a run which several processes do."""
    return f".hdrcli-{HOST}-{secrets.token_hex(8)}{f'-{run}' if run else ''}.{ending}"


@contextmanager
def claimed(folder: Path, ending: str) -> Iterator[tuple[Path, IO[bytes]]]:
    """A claim in `folder` by its path and open, removed in the end. Raises OSError."""
    path = folder / own_name(ending)
    file = claim(path)
    try:
        yield path, file
    finally:
        with suppress(OSError):  # the next run removes it
            path.unlink(missing_ok=True)
        file.close()


def claim(path: Path) -> IO[bytes]:
    """Make the file `path`, which is this process's while it is open. Raises OSError."""
    while True:
        file = path.open("x+b", buffering=0)
        if fcntl is not None:
            with suppress(OSError):  # a file system without locks
                fcntl.flock(file, fcntl.LOCK_EX)
        if is_at(file, path):
            return file
        file.close()  # another process took it for abandoned, before it was locked


def is_at(file: IO[bytes], path: Path) -> bool:
    """Whether an open file still has the name `path`."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat(follow_symlinks=False))
    except FileNotFoundError:
        return False


def put(file: IO[bytes], content: bytes) -> None:
    """Add `content` to a claim, on the disk, or nothing of it. Raises OSError."""
    end = file.seek(0, os.SEEK_END)
    try:
        left = memoryview(content)
        while left:
            left = left[file.write(left) :]
        os.fsync(file.fileno())
    except BaseException:
        with suppress(OSError):  # a part of a line would spoil the next one
            file.truncate(end)
        raise


def temporary(path: Path, number: int) -> Path:
    """The name of a temporary that belongs to the claim `path`: as short, whatever its target is called."""
    return path.with_name(f"{path.stem}-{number}.tmp")


def abandoned(folder: Path, *endings: str) -> list[Path]:
    """The claims with one of these endings in `folder` whose processes are gone."""
    names = [name for name in os.listdir(folder) if name.startswith(".hdrcli-")]  # noqa: PTH208 (5 times as fast)
    ours = {name: match for name in sorted(names) if (match := _OURS.fullmatch(name)) and match[3] in endings}
    return [folder / name for name, match in ours.items() if _is_abandoned(folder / name, match[1])]


def loose(folder: Path) -> list[Path]:
    """Temporaries whose claim is gone: it is made before them and removed after them, but for a power cut."""
    found = []
    for name in os.listdir(folder):  # noqa: PTH208
        match = _OURS.fullmatch(name)
        if match and match[3] == "tmp" and not (folder / f"{name.rpartition('-')[0]}.moves").exists():
            is_own = match[1] == HOST and fcntl is not None
            with suppress(OSError):
                if is_own or _is_quiet((folder / name).lstat()):
                    found.append(folder / name)
    return found


def _is_abandoned(path: Path, host: str) -> bool:
    try:
        # neither a link nor a pipe that someone has put there is waited for
        descriptor = os.open(path, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError:  # another user's, in a shared folder: not ours to remove, and in nobody's way
        return False
    with os.fdopen(descriptor, "r+b", buffering=0) as file:
        about = os.fstat(file.fileno())
        if not stat.S_ISREG(about.st_mode):
            return False
        return _is_quiet(about) if (free := _is_free(file)) is None else free and (host == HOST or _is_quiet(about))


def _is_free(file: IO[bytes]) -> bool | None:
    """Whether no process holds a file; None where that cannot be known."""
    if fcntl is None:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _is_quiet(about: os.stat_result) -> bool:
    return time.time() - about.st_mtime > QUIET
