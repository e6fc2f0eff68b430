"""The files of a folder or a list with their headers, in the orders that people and cameras give them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from hdrcli import readers
from hdrcli.errors import ReadError
from hdrcli.image import FrameHeader


def natural(path: Path) -> tuple[list[str | int], str]:
    """The key that sorts file names as people count: img2 before img10."""
    parts = re.split(r"([0-9]+)", path.name.casefold())
    return [int(part) if index % 2 else part for index, part in enumerate(parts)], path.name


@dataclass(frozen=True)
class Frames:
    """Files in file order, with the headers that could be read and the errors of the others, by index."""

    files: tuple[Path, ...]
    headers: dict[int, FrameHeader] = field(default_factory=dict)
    errors: dict[int, ReadError] = field(default_factory=dict)

    @classmethod
    def of(cls, files: Sequence[Path]) -> Frames:
        """Read the headers of files, without what only outputs carry: it can be larger than all the rest."""
        frames = cls(tuple(files))
        for index, file in enumerate(files):
            try:
                frames.headers[index] = replace(readers.read_header(file), exif=None, xmp=None)
            except ReadError as error:
                frames.errors[index] = error
        return frames

    def only(self, indices: Sequence[int]) -> Frames:
        """Some of the frames, in the order of `indices`."""
        return Frames(
            tuple(self.files[i] for i in indices),
            {new: self.headers[i] for new, i in enumerate(indices) if i in self.headers},
            {new: self.errors[i] for new, i in enumerate(indices) if i in self.errors},
        )

    def by_time(self) -> list[int]:
        """All indices with a header by time taken, then file order; by file order alone when one does not say when."""
        taken = {i: header.taken for i, header in self.headers.items()}
        indices = sorted(taken)
        if any(time is None for time in taken.values()):
            return indices
        return sorted(indices, key=lambda i: (taken[i], i))

    def runs_of(self, size: int) -> list[list[int]] | None:
        """Runs of `size` frames as they were taken, or in file order if one does not say; None if some remain."""
        order = self.by_time() if not self.errors else list(range(len(self.files)))
        if len(order) % size:
            return None
        return [sorted(order[start : start + size]) for start in range(0, len(order), size)]
