"""Put files on disk all or nothing: a reader of the folder sees the old files or the new ones, never a part of one."""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import socket
import tempfile
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path

from hdrcli.errors import WriteError

_HOST = f"{zlib.crc32(socket.gethostname().encode()):08x}"
_OURS = re.compile(rf"\.hdrcli-{_HOST}-(\d+)-[0-9a-f]{{8}}\.(tmp|jsonl)")

LOOK_EVERY = 60.0
"""Seconds between two looks for what killed runs left: among 10,000 results, a look takes its time."""

_looked: dict[Path, float] = {}

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
}


def write_all(files: Mapping[Path, bytes]) -> None:
    """Write every file, or none of them.

    Each goes to a temporary name in its own folder and is on the disk whole before the first gets its final name.
    Folders are made as needed. An error puts back what had been there; a killed process leaves only temporaries, which
    a later call removes. (A kill between two renames can leave a new file beside an older one; each is whole.)

    Raises WriteError, naming the file and the cause.
    """
    for folder, target in {target.parent: target for target in files}.items():
        with _naming(target):
            folder.mkdir(parents=True, exist_ok=True)
            if time.monotonic() - _looked.get(folder, -LOOK_EVERY) >= LOOK_EVERY:
                remove_stale(folder)
    with ExitStack() as always, ExitStack() as on_error:
        temporaries = {target: _write_temporary(target, content, always) for target, content in files.items()}
        for target, temporary in temporaries.items():
            with _naming(target):
                put_back = _keep(target, always) if len(files) > 1 else None
                temporary.replace(target)
                if put_back is not None:
                    on_error.callback(put_back)
        for folder in {target.parent for target in files}:
            with _naming(folder):
                _flush_folder(folder)
        on_error.pop_all()


def existing(targets: Iterable[Path], *, holding: bool) -> list[Path]:
    """Those of `targets` whose names are taken; with `holding`, whose files hold something.

    An empty file, and a link to nothing, is no result. Raises WriteError for a folder.
    """
    found = []
    for target in targets:
        with _naming(target):
            if target.is_dir():
                raise WriteError(f"{target} is a folder.", "Move it away, or pass another --output.")
            holds = target.exists() and target.stat().st_size > 0
            if holds or (not holding and (target.exists() or target.is_symlink())):
                found.append(target)
    return found


def check_writable(folder: Path) -> None:
    """Find out whether files can be written to `folder`, which need not exist yet, without leaving a trace.

    Raises WriteError when a part of the path is no folder, or a file cannot be made there.
    """
    with _naming(folder):
        above = (folder, *folder.absolute().parents)
        there = next(path for path in above if path.exists() or path.is_symlink())
        if not there.is_dir():
            what = "a file, not a folder" if there.exists() else "a link to nothing"
            raise WriteError(f"{there} is {what}.", "Pass another --output folder.")
        with tempfile.TemporaryFile(dir=there):
            pass


def _write_temporary(target: Path, content: bytes, always: ExitStack) -> Path:
    """Write `content` beside `target`, down to the disk, under a name that `always` removes."""
    with _naming(target):
        temporary = _new_name(target, always)
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    return temporary


def _keep(target: Path, always: ExitStack) -> Callable[[], object]:
    """A call that puts back what `target` is now: the older file, or nothing."""
    if not target.is_file():
        return partial(target.unlink, missing_ok=True)
    kept = _new_name(target, always)
    try:
        kept.hardlink_to(target)
    except OSError:  # FAT, exFAT and some network file systems have no hard links
        shutil.copy2(target, kept)
    return partial(kept.replace, target)


def _new_name(target: Path, always: ExitStack) -> Path:
    """A temporary name in the folder of `target`; its length does not depend on the target's, which may be near 255."""
    temporary = target.with_name(own_name("tmp"))
    always.callback(temporary.unlink, missing_ok=True)
    return temporary


def append(file: Path, content: bytes) -> None:
    """Add `content` to the end of a file, down to the disk; the folder is made as needed. Raises WriteError."""
    with _naming(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("ab") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())


def own_name(ending: str, run: str | None = None) -> str:
    """A name for a passing file of this process, hidden: `abandoned` tells it when the process is gone.

    It is a new one, or that of a run (`run_name`), which several processes may do.
    """
    return f".hdrcli-{_HOST}-{os.getpid()}-{run or run_name()}.{ending}"


def run_name() -> str:
    """A new name for a run."""
    return secrets.token_hex(4)


def abandoned(folder: Path, ending: str) -> list[Path]:
    """The files of such names and endings in `folder` whose processes, of this computer, are gone."""
    import psutil

    found = [name for name in os.listdir(folder) if name.startswith(".hdrcli-")]  # noqa: PTH208 (5 times as fast)
    ours = {name: match for name in found if (match := _OURS.fullmatch(name)) and match[2] == ending}
    return [folder / name for name, match in sorted(ours.items()) if not psutil.pid_exists(int(match[1]))]


def remove_stale(folder: Path) -> None:
    """Remove temporaries of processes of this computer that are gone."""
    _looked[folder] = time.monotonic()
    for path in abandoned(folder, "tmp"):
        with suppress(OSError):  # another user's, in a shared folder: not ours to remove, and in nobody's way
            path.unlink(missing_ok=True)


def _flush_folder(folder: Path) -> None:
    """Make the renames in `folder` last through a power cut, where the system can open folders."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _naming(target: Path) -> Iterator[None]:
    """Turn the system's error into a WriteError that names `target` and the cause."""
    try:
        yield
    except OSError as error:
        system_says = (error.strerror or str(error)).lower()
        cause, hint = _CAUSES.get(error.errno or 0, (system_says, "Pass another --output folder."))
        raise WriteError(f"{target} cannot be written: {cause}.", hint) from error
