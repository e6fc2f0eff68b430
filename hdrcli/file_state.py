"""What a file's content was, and whether it is still that: a digest, read only where size and time tell nothing."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class FileState:
    """A file's SHA-256 and size in bytes, and when it was last changed (ns); None: promised, not yet seen."""

    sha256: str
    size: int
    modified: int | None = None

    @classmethod
    def of(cls, path: Path) -> FileState:
        """The state of a file. Raises OSError, also for a pipe, which would be waited for."""
        if not stat.S_ISREG(path.stat().st_mode):
            raise OSError(errno.EINVAL, "it is no file", str(path))
        sha256, buffer = hashlib.sha256(), memoryview(bytearray(1 << 20))
        with path.open("rb", buffering=0) as file:
            while count := file.readinto(buffer):
                sha256.update(buffer[:count])
            state = os.fstat(file.fileno())
        return cls(sha256.hexdigest(), state.st_size, state.st_mtime_ns)

    def now(self, path: Path) -> FileState | None:
        """The state of `path` if it still has this content, else None.

        Where size and time are unchanged the content is taken to be; it is read only where they tell nothing.
        """
        try:
            state = path.stat()
            if state.st_size != self.size or not stat.S_ISREG(state.st_mode):
                return None
            found = self if state.st_mtime_ns == self.modified else FileState.of(path)
        except OSError:
            return None
        return found if found.sha256 == self.sha256 else None
