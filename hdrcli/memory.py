"""How much memory this process can still have, and whether an error says that there was none left.

The system's free memory is not all that counts: a container has a limit of its own (a control group, `cgroup`), and a
process may have one (RLIMIT_AS, as by `ulimit -v`).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath

GROUPS, OWN = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")

_VERSION_2 = ("memory.max", "memory.current", "inactive_file")
_VERSION_1 = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
"""Files of a control group, and the entry of `memory.stat` that counts pages of files that can be dropped."""

_SAID = re.compile(
    r"can't allocate memory|not enough memory|insufficient memory|failed to allocate|unable to allocate|bad_alloc"
    r"|out of memory|cannot allocate memory|can't start new thread"
    r"|failed to map segment from shared object(?!: operation not permitted)",  # a library that is being loaded
    re.IGNORECASE,
)


def available() -> int:
    """Bytes that can still be had before the system, a container's limit or the process' own is reached."""
    import psutil

    return max(0, min([psutil.virtual_memory().available, *_rooms_in_groups(), *_room_for_addresses()]))


def spare() -> int:
    """Bytes that can be had with those that are swapped out for them: more than this, and a process is killed.

    Where a container or the process has a limit, or where swap grows as it is needed, it is what is `available`.
    """
    import psutil

    free = available()
    if free < psutil.virtual_memory().available:
        return free
    return free + psutil.swap_memory().free


def is_certain() -> bool:
    """Whether what cannot be had is refused, or kills: other systems compress memory and make room for it on disk."""
    return sys.platform.startswith("linux")


def is_exhausted(error: BaseException) -> bool:
    """Whether an error, of Python, NumPy, PyTorch or OpenCV, says that memory could not be had."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":  # that of PyTorch
        return True
    return isinstance(error, Exception) and bool(_SAID.search(str(error)))


def _rooms_in_groups() -> Iterator[int]:
    """What the control groups of this process leave: its own and those that this is in."""
    with suppress(OSError, ValueError):
        for line in OWN.read_text(encoding="utf-8").splitlines():
            _, kinds, path = line.split(":", 2)
            if kinds == "":
                yield from _along(GROUPS, path, *_VERSION_2)
            elif "memory" in kinds.split(","):
                yield from _along(GROUPS / "memory", path, *_VERSION_1)


def _along(root: Path, path: str, most: str, used: str, droppable: str) -> Iterator[int]:
    """The room in the group of this path and in those above; in a container paths may be those of outside it."""
    for name in (path, *map(str, PurePosixPath(path).parents)):
        group = root / name.lstrip("/")
        with suppress(OSError, ValueError):  # no such group here; "max" is no limit
            yield int((group / most).read_text()) - int((group / used).read_text()) + _entry(group, droppable)


def _entry(group: Path, name: str) -> int:
    """An entry of the group's `memory.stat`, 0 where there is none."""
    with suppress(OSError):
        found = re.search(rf"^{name} (\d+)$", (group / "memory.stat").read_text(), re.MULTILINE)
        return int(found[1]) if found else 0
    return 0


def _room_for_addresses() -> Iterator[int]:
    """What RLIMIT_AS leaves, where it is set."""
    with suppress(ImportError, OSError, ValueError, AttributeError):
        import resource

        import psutil

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        if limit != resource.RLIM_INFINITY:
            yield limit - psutil.Process().memory_info().vms
