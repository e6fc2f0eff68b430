"""What a process that decodes may use: time and memory by the size of its file, and more once its header is known."""

from __future__ import annotations

import os
import re
import resource
from pathlib import Path

from hdrcli import limits

SECONDS, SECONDS_PER_MEGABYTE, SECONDS_PER_MEGAPIXEL = 30, 2, 2
"""Of a processor. The slowest demosaicing takes 0.2 s for a megapixel; twenty times as long is no work, but a loop."""

PATIENCE = 4
"""Seconds on the clock for each of a processor's, for disks and full machines; none goes by while a run is stopped."""

BYTES, PER_BYTE, PER_PIXEL = 1 << 30, 8, 256
"""Bytes for any file, for each byte of it, and for each pixel: demosaicing takes about 100."""

_VM_DATA, _MEM_AVAILABLE = (re.compile(rf"^{name}:\s+(\d+) kB", re.MULTILINE) for name in ("VmData", "MemAvailable"))

_granted: list[int] = []
"""Bytes that this process had before its first file, the size of its file, and the most pixels that it claims."""


def on_the_clock(path: Path) -> float:
    """Seconds after which nobody waits for a file any more."""
    return PATIENCE * _seconds(_size(path), 0)


def is_limited() -> bool:
    """Whether this process was made for a file."""
    return bool(_granted)


def grant(path: Path) -> None:
    """Limit this process to what a file of this size may need before anything is known of its pixels."""
    if not _granted:
        limits.watch(_grow)
    _granted[:] = [_granted[0] if _granted else _used(), _size(path), 0]
    _grow(0)


def _grow(pixels: int) -> None:
    """Let this process have what so many pixels take, as far as there is memory."""
    before, size, most = _granted
    _granted[2] = pixels = max(pixels, most)
    base = before + BYTES + PER_BYTE * size
    _limit(resource.RLIMIT_DATA, max(base, min(base + PER_PIXEL * pixels, _used() + _available())))
    _limit(resource.RLIMIT_CPU, int(_seconds(size, pixels) + sum(os.times()[:2])))


def _limit(kind: int, value: int) -> None:
    hard = resource.getrlimit(kind)[1]
    resource.setrlimit(kind, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))


def _seconds(size: int, pixels: int) -> float:
    return SECONDS + SECONDS_PER_MEGABYTE * size / 1e6 + SECONDS_PER_MEGAPIXEL * pixels / 1e6


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except (OSError, ValueError):
        return 0


def _used() -> int:
    return _kilobytes("/proc/self/status", _VM_DATA) << 10


def _available() -> int:
    """The system's. `memory.available` knows of containers, too, but psutil takes longer to import than a small frame
    to decode; and a process that its container kills costs that file alone.
    """
    return _kilobytes("/proc/meminfo", _MEM_AVAILABLE) << 10 or 1 << 62


def _kilobytes(file: str, name: re.Pattern[str]) -> int:
    """A figure of the system's, 0 where it does not tell."""
    try:
        found = name.search(Path(file).read_text())
    except OSError:
        return 0
    return int(found[1]) if found else 0
