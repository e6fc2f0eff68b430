"""Inputs are only ever read: an output that is one of them, by whatever name, is refused before any work."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path

from hdrcli import readers
from hdrcli.errors import WriteError


class Inputs:
    """What was given to be read: files, and frames in folders and below them. Nothing is looked into until needed.

    A file is known by what it is on the disk. So are other names of it: hard and symbolic links, relative ones, names
    in capitals where a file system does not tell them.
    """

    def __init__(self, given: Iterable[Path]) -> None:
        self._given = given

    def refuse(self, output: Path, hint: str = "Pass another --output folder.") -> None:
        """Raise WriteError for an output that is an input."""
        there = _identity(output)
        if there is not None and there in self._known:
            raise WriteError(f"{output} is one of the inputs.", hint)

    @cached_property
    def _known(self) -> frozenset[tuple[int, int]]:
        return frozenset(filter(None, map(_identity, _files(self._given))))


def _files(given: Iterable[Path]) -> Iterator[Path]:
    for path in given:
        if not os.path.isdir(path):  # noqa: PTH112 (False for a name that is too long)
            yield path
            continue
        for folder, _, names in os.walk(path):
            yield from (file for name in names if readers.is_frame(file := Path(folder, name)))


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        about = path.stat()
    except (OSError, ValueError):
        return None
    return about.st_dev, about.st_ino
