"""A write that has begun comes to its end before Ctrl-C, SIGTERM or SIGHUP ends the run.

A second signal ends it at once. Python hands signals to the main thread alone: in others there is nothing to hold back.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

_handlers: dict[int, Callable[[int, FrameType | None], Any]] = {}
_came: list[int] = []


def hold() -> None:
    """From now on the first signal waits for `release`. Signals that Python does not handle stay as they are."""
    if threading.current_thread() is not threading.main_thread() or _handlers:
        return
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        handler = None if number is None else signal.getsignal(number)
        if number is not None and callable(handler):
            _handlers[number] = handler
            signal.signal(number, _keep)


def release() -> None:
    """Signals act again, and one that has come meanwhile does so now: as a rule, KeyboardInterrupt is raised."""
    if threading.current_thread() is not threading.main_thread():
        return
    handlers, came = dict(_handlers), list(_came)
    for number, handler in handlers.items():
        signal.signal(number, handler)
    _handlers.clear()
    _came.clear()
    if came:
        handlers[came[0]](came[0], None)


def _keep(number: int, frame: FrameType | None) -> None:
    if _came:
        _came.clear()
        _handlers[number](number, frame)
    else:
        _came.append(number)
