"""A journal: lines that a run adds to a file of its own beside the outputs, each on the disk before the run goes on."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import IO

from hdrcli import disk

ENDING = "jsonl"
LARGEST = 1 << 28
"""Bytes: the lines of a hundred thousand brackets take less."""


class Journal:
    """The journal of this process in `folder`, which need not exist; it is there from the first line on.

    A run of this name may have several processes; each has its own journal, which others leave alone until `close`, or
    until the process is gone.
    """

    def __init__(self, folder: Path, run: str) -> None:
        self.path = folder / disk.own_name(ENDING, run)
        self._file: IO[bytes] | None = None

    def add(self, line: str) -> None:
        """Add a line, whole or not at all. Raises WriteError."""
        with disk.naming(self.path):
            if self._file is not None and not disk.is_at(self._file, self.path):
                self.close()  # another process has merged it, or someone has removed the folder
            if self._file is None:
                disk.made(self.path.parent)
                self._file = disk.claim(self.path)
                disk.flush(self.path.parent)
            disk.put(self._file, f"{line}\n".encode())

    def close(self) -> None:
        """Leave the journal to others."""
        if self._file is not None:
            self._file.close()
        self._file = None


def of_run(folder: Path, run: str) -> list[Path]:
    """The journals in `folder` that may be merged: those of this run, and those of processes that are gone."""
    ours = sorted(folder.glob(f".hdrcli-*-{run}.{ENDING}"))
    return list(dict.fromkeys([*disk.abandoned(folder, ENDING), *ours]))


def text(file: Path, errors: str = "strict") -> str:
    """What a journal, or what journals were merged into, says; `errors` is as of `open`.

    Raises OSError, and ValueError for a pipe, which would be waited for, and for more than LARGEST.
    """
    state = file.stat()
    if not stat.S_ISREG(state.st_mode):
        raise ValueError("it is no file")
    if state.st_size > LARGEST:
        raise ValueError(f"it has {state.st_size} bytes")
    return file.read_text(encoding="utf-8-sig", errors=errors)
