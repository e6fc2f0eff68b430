"""What a library says on standard output, kept from among the results: that of one thread alone.

contextlib's redirect_stdout is for one thread at a time: of two frames that are read side by side, one would hear the
other's words, and leave standard output turned away for good.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from typing import Any


class _ByThread:
    """Stands for sys.stdout while some thread is heard; what others write goes through."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.heard: dict[int, StringIO] = {}
        self.stdout: Any = None

    def write(self, text: str) -> int:
        written: int = self.heard.get(threading.get_ident(), self.stdout).write(text)
        return written

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stdout, name)


_by_thread = _ByThread()


@contextmanager
def heard() -> Iterator[StringIO]:
    """What this thread writes to sys.stdout from here on."""
    said, thread = StringIO(), threading.get_ident()
    with _by_thread.lock:
        if not _by_thread.heard:
            _by_thread.stdout, sys.stdout = sys.stdout, _by_thread
        _by_thread.heard[thread] = said
    try:
        yield said
    finally:
        with _by_thread.lock:
            del _by_thread.heard[thread]
            if not _by_thread.heard:
                sys.stdout = _by_thread.stdout
