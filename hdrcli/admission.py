"""Brackets that begin only when there is memory for them beside those in work."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from hdrcli import heap, memory
from hdrcli.errors import HdrcliError
from hdrcli.footprint import Footprint

EVERY = 0.5
"""Seconds between two signs of life of one that waits."""

log = logging.getLogger("hdrcli")

_changed = threading.Condition()
_in_work: list[float] = []
_waiting: list[object] = []
_room: list[float] = []
"""What was available when the first of those in work began."""


@contextmanager
def admitted(name: str, needed: Footprint, alive: Callable[[], None]) -> Iterator[bool]:
    """Wait until there is memory for a bracket beside those in work; whether it had to wait.

    Those that wait begin in the order they came; one with none beside it always begins. Meanwhile `alive` is called,
    which may raise. Raises HdrcliError where the bracket cannot fit even alone; warns where it may not.
    """
    waited = _begin(name, needed, alive)
    try:
        yield waited
    finally:
        heap.trim()  # brackets of many sizes leave holes, which would add up for an hour or two
        with _changed:
            _in_work.remove(needed.usual)
            _changed.notify_all()


def _begin(name: str, needed: Footprint, alive: Callable[[], None]) -> bool:
    turn, waited = object(), False
    with _changed:
        _waiting.append(turn)
        try:
            while _waiting[0] is not turn or (_in_work and sum(_in_work) + needed.usual > _room[0]):
                waited = True
                _changed.wait(EVERY)
                alive()
            if not _in_work:
                _check(name, needed)
                _room[:] = [memory.available()]
            _in_work.append(needed.usual)
        finally:
            _waiting.remove(turn)
            _changed.notify_all()
    return waited


def _check(name: str, needed: Footprint) -> None:
    """Raises HdrcliError for a bracket that cannot fit; warns of one that may not."""
    free, most = memory.available(), memory.spare()
    told = f"about {in_words(needed.usual)} of memory, and {in_words(free)} are free"
    if needed.least > most and memory.is_certain():
        raise HdrcliError(
            f"{name} would take {told}.", "Close other programs, use smaller pictures or fewer, or a larger computer."
        )
    if needed.usual > free:
        log.warning("%s may take %s.", name, told)


def in_words(count: float) -> str:
    """Bytes as people read them."""
    return f"{count / 1e9:.1f} GB" if count < 1e10 else f"{count / 1e9:.0f} GB"
