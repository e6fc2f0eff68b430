"""Memory that one layer of a network gives back serves the next one.

The C library of Linux (glibc) takes a block of megabytes from the kernel for itself and returns it at once when it is
freed; the next one of its size is then mapped and cleared anew, page by page. That was up to half of the time of a
network on a CPU. While `kept` lasts the process holds on to what it frees; at the end it returns all that is free.
"""

from __future__ import annotations

import ctypes
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# of malloc.h: how much free memory at the heap's end is returned, from what size a block is mapped, how many may be
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _MMAP_MAX, _ARENA_MAX = -1, -3, -4, -8
_MAPPED_FROM = 32 * 2**20  # bytes: where glibc's own threshold ends up as large blocks come and go

_lock = threading.Lock()
_users: list[int] = []  # the threads that are in `kept`


def _glibc() -> ctypes.CDLL | None:
    """The C library of this process, where it is one with these calls."""
    if not sys.platform.startswith("linux"):
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "gnu_get_libc_version") else None


def _hold(library: ctypes.CDLL) -> None:
    library.mallopt(_MMAP_MAX, 0)
    library.mallopt(_TRIM_THRESHOLD, 2**31 - 1)


def _let_go(library: ctypes.CDLL) -> None:
    library.mallopt(_MMAP_MAX, 65536)  # as glibc begins
    library.mallopt(_MMAP_THRESHOLD, _MAPPED_FROM)
    library.mallopt(_TRIM_THRESHOLD, 2 * _MAPPED_FROM)
    library.malloc_trim(0)


def shared() -> None:
    """Let threads that begin from now on take their memory from the one heap that `kept` is about.

    Each would have a heap of its own (an arena of glibc's), which holds no block of more than 64 MB.
    """
    library = _glibc()
    if library is not None:
        library.mallopt(_ARENA_MAX, 1)


def trim() -> None:
    """Return now what is free: before a part of a work that will take its memory in other pieces."""
    library = _glibc()
    if library is not None:
        library.malloc_trim(0)


@contextmanager
def kept() -> Iterator[None]:
    """Freed memory stays with the process; with another C library nothing changes. May be entered by several threads.

    glibc does so in the main thread's heap; large blocks of other threads are mapped one by one as before.
    """
    library = _glibc()
    if library is None:
        yield
        return
    with _lock:
        if not _users:
            _hold(library)
        _users.append(threading.get_ident())
    try:
        yield
    finally:
        with _lock:
            _users.remove(threading.get_ident())
            if not _users:
                _let_go(library)
