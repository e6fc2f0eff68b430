"""A write that has begun comes to its end before Ctrl-C, SIGTERM or SIGHUP ends the run.

A second signal ends it at once. Python hands signals to the main thread alone: in others there is nothing to hold back.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from types import FrameType
from typing import Any, NoReturn

_handlers: dict[int, Callable[[int, FrameType | None], Any]] = {}
_came: list[int] = []
_raised: list[KeyboardInterrupt] = []


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


@contextmanager
def handled(kinds: Mapping[str, type[KeyboardInterrupt]]) -> Iterator[None]:
    """Signals of these names, where they are, raise the exceptions; ignored ones (nohup) stay ignored."""
    before: dict[int, Any] = {}
    for name, kind in kinds.items():
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            before[number] = signal.signal(number, partial(_raise, kind))
    try:
        yield
    finally:
        _raised.clear()
        for number, handler in before.items():
            signal.signal(number, handler)


def _raise(kind: type[KeyboardInterrupt], number: int, frame: FrameType | None) -> NoReturn:
    _raised.append(kind())
    raise _raised[-1]


@contextmanager
def heeded() -> Iterator[None]:
    """An error that a library has made of an interruption (as PyTorch does while it is loaded) is that again."""
    try:
        yield
    except Exception as error:
        if _raised:
            raise _raised[-1] from error
        raise
