"""Folders that hdrcli writes to, the room on their disks, and memory."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil

from hdrcli import disk, memory
from hdrcli.checkup.outcome import Check, Note
from hdrcli.errors import HdrcliError, WriteError

AREA = "places"
CURE = "Set TMPDIR to a folder that you may write to."

_LITTLE_MEMORY, _LITTLE_DISK = 2e9, 1e9
"""Bytes: three frames of 24 MP take less than 2 GB, their results 0.3 GB."""


def checks() -> Iterator[tuple[str, Check]]:
    """The temporary folder, the current one, memory."""
    yield "temporary folder", _temporary
    yield "current folder", _current
    yield "memory", _memory


def _temporary() -> str:
    folder = Path(tempfile.gettempdir())
    try:
        disk.check_writable(folder)
    except WriteError as error:
        raise HdrcliError(error.message, CURE) from error
    return f"writable, {_free(folder)}"


def _current() -> str:
    """Raises Note where nothing can be written: results can go elsewhere."""
    try:
        disk.check_writable(Path())
    except WriteError as error:
        raise Note("not writable: pass --output DIR") from error
    return f"writable, {_free(Path())}"


def _free(folder: Path) -> str:
    """The room on the disk of a folder. Raises Note where it is less than a large result takes."""
    free = shutil.disk_usage(folder).free
    if free < _LITTLE_DISK:
        raise Note(f"writable, but only {free / 1e9:.2f} GB of disk are free")
    return f"{free / 1e9:.0f} GB free"


def _memory() -> str:
    free, total = memory.available(), psutil.virtual_memory().total
    words = f"{free / 1e9:.1f} of {total / 1e9:.1f} GB free"
    if free < _LITTLE_MEMORY:
        raise Note(f"{words}: too little for frames of 24 MP")
    return words
