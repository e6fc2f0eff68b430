"""Calls by which files are written, counted, and made to fail, or to end the process, at a chosen one."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

METHODS = ("open", "mkdir", "replace", "unlink", "hardlink_to", "symlink_to")
TAKE_SPACE = ("open", "mkdir", "write", "fsync", "hardlink_to", "symlink_to")


class Faults:
    """Counts the calls on files below `folder`; the one of number `at` (from 1) does `deed` instead.

    What is opened to be read does not count. `calls` are the names of the calls and of what they were on. Where the
    deed is `lasting`, all calls after it that take space do it, too.
    """

    def __init__(self, folder: Path, at: int, deed: Callable[[], None], *, lasting: bool = False) -> None:
        self.calls: list[tuple[str, str]] = []
        self._folder, self._at, self._deed = os.path.realpath(folder), at, deed
        self._lasting = lasting

    def on(self, name: str, path: object) -> None:
        where = os.path.realpath(os.fsdecode(path))  # type: ignore[arg-type]
        if where == self._folder or where.startswith(self._folder + os.sep):
            self.calls.append((name, os.path.relpath(where, self._folder)))
            is_later = self._lasting and 0 < self._at < len(self.calls)
            if len(self.calls) == self._at or (is_later and name in TAKE_SPACE):
                self._deed()

    def method(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(path: Path, *arguments: Any, **options: Any) -> Any:
            mode = (*arguments, options.get("mode", "r"))[0] if name == "open" else "w"
            if set(str(mode)) & set("wxa+"):
                self.on(name, path)
            made = real(path, *arguments, **options)
            return Counted(made, self) if name == "open" and set(str(mode)) & set("wxa+") else made

        return call

    def os_open(self, real: Callable[..., int]) -> Callable[..., int]:
        """Locks, and files without a name, are opened by it."""

        def call(path: Any, flags: int, *arguments: Any, **options: Any) -> int:
            if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
                self.on("open", path)
            return real(path, flags, *arguments, **options)

        return call

    def fsync(self, real: Callable[[int], None]) -> Callable[[int], None]:
        def call(descriptor: Any) -> None:
            number = descriptor if isinstance(descriptor, int) else descriptor.fileno()
            self.on("fsync", Path(f"/proc/self/fd/{number}").readlink())
            real(number)

        return call


class Counted:
    """A file whose writes count."""

    def __init__(self, file: Any, faults: Faults) -> None:
        self._file, self._faults = file, faults

    def write(self, content: Any) -> int:
        self._faults.on("write", self._file.name)
        return self._file.write(content)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> Counted:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


@contextmanager
def fault(folder: Path, at: int, deed: Callable[[], None], *, lasting: bool = False) -> Iterator[Faults]:
    """Let the call of number `at` on files in `folder` do `deed`; 0 for none."""
    faults = Faults(folder, at, deed, lasting=lasting)
    with pytest.MonkeyPatch.context() as patch:
        for name in METHODS:
            patch.setattr(Path, name, faults.method(name, getattr(Path, name)))
        patch.setattr(os, "fsync", faults.fsync(os.fsync))
        patch.setattr(os, "open", faults.os_open(os.open))
        yield faults


def failing(number: int) -> Callable[[], None]:
    """A deed: the system's error of this number."""

    def fail() -> None:
        raise OSError(number, os.strerror(number))

    return fail


def full() -> None:
    """A deed: the disk is full."""
    failing(errno.ENOSPC)()
