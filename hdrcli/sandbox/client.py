"""The side that asks: starts the zygote once, and turns what became of a request into a value or an error."""

from __future__ import annotations

import atexit
import builtins
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from hdrcli import errors
from hdrcli.errors import HdrcliError, ReadError
from hdrcli.sandbox.handle import Gone, Session, ZygoteHandle

_CURE = "Copy the file again from the camera or its backup, or leave it out."

_MOST_SMALL = 500
"""Requests to one process: whatever they leave behind ends with it."""

_BUGS = ("AttributeError", "IndexError", "KeyError", "MemoryError", "OverflowError", "TypeError", "ValueError")

_log = logging.getLogger("hdrcli")

_lock = threading.Lock()
_zygotes: list[ZygoteHandle | None] = []
"""The one that runs; None where none can."""

Made = TypeVar("Made")


def prepare(modules: tuple[str, ...]) -> None:
    """`sandbox.prepare` where processes can be forked."""
    with _lock:
        if _zygotes:
            return
        _zygotes.append(_started())
        zygote = _zygotes[0]
    if zygote is not None and modules:
        try:
            zygote.load(modules)
        except Gone:  # which `call` finds out
            return


def call(function: Callable[..., Made], path: Path, *arguments: Any, modules: tuple[str, ...], small: bool) -> Made:
    """`sandbox.call` where processes can be forked."""
    from hdrcli.sandbox import allowance, task

    if allowance.is_limited():
        return function(path, *arguments)
    request = task.request(function, path, arguments)
    for _ in range(3):
        zygote = _zygote()
        if zygote is None:
            return function(path, *arguments)
        try:
            session = _idle(zygote) if small else None
            is_new = session is None
            session = session or zygote.fork((function.__module__, *modules))
            answer = _answer(session, request, path, is_new)
        except Gone:
            _forget(zygote)
            continue
        if answer is None:  # what an earlier file has left behind may be at fault
            continue
        if small and answer["error"] is None and session.asked < _MOST_SMALL:
            zygote.idle.append(session)
        else:
            session.close()
        return _taken(answer)
    raise ReadError(f"{path} brings down the process that decodes it, again and again.", _CURE)


def _idle(zygote: ZygoteHandle) -> Session | None:
    try:
        return zygote.idle.pop()
    except IndexError:
        return None


def _answer(session: Session, request: dict[str, Any], path: Path, is_new: bool) -> Any:
    """The answer to a request; None when the session, which is not new, has broken down. Raises ReadError and Gone."""
    from hdrcli.sandbox import allowance, wire

    session.asked += 1
    try:
        wire.send(session.line, request)
        return wire.receive(session.line, allowance.on_the_clock(path))
    except wire.Late:
        session.close()
        raise _late(path) from None
    except (wire.Broken, OSError):
        try:
            status = session.ending()
        finally:
            session.close()
        if is_new:
            raise _lost(path, status) from None
        return None
    except BaseException:  # Ctrl-C, or no memory for what comes
        session.close()
        raise


def _taken(answer: dict[str, Any]) -> Any:
    """The value of an answer, with what was logged; or its error, raised."""
    for level, text in answer["notes"]:
        _log.log(level, "%s", text)
    if answer["error"] is None:
        return answer["value"]
    name, message, hint = answer["error"]
    kind = getattr(errors, name, None)
    if isinstance(kind, type) and issubclass(kind, HdrcliError):
        raise kind(message, hint)
    bug: Exception = getattr(builtins, name)(message) if name in _BUGS else RuntimeError(f"{name}: {message}")
    raise bug from RuntimeError(f"in the process that decodes:\n{hint}")


def _late(path: Path) -> ReadError:
    return ReadError(f"{path} takes its decoder too long: it may be damaged.", _CURE)


def _lost(path: Path, status: int) -> ReadError:
    """The error for a file whose process ended without an answer."""
    if -status == signal.SIGXCPU:
        return _late(path)
    if -status == signal.SIGKILL:
        return ReadError(f"{path} was being decoded when its process was killed.", "See whether memory has run out.")
    how = signal.strsignal(-status) if status < 0 else f"exit status {status}"
    return ReadError(f"{path} crashed its decoder ({(how or 'unknown signal').lower()}).", _CURE)


def _zygote() -> ZygoteHandle | None:
    """The zygote process, once it has come up; None where none can."""
    prepare(())
    with _lock:
        zygote = _zygotes[0] if _zygotes else None
    if zygote is None or zygote.is_up():
        return zygote
    with _lock:
        if _zygotes and _zygotes[0] is zygote:
            zygote.close()
            _zygotes[:] = [None]
            _log.warning("No process can be started for decoding: a damaged file may end the run.")
    return None


def _started() -> ZygoteHandle | None:
    if getattr(sys, "frozen", False) or not sys.executable:
        return None
    try:
        return ZygoteHandle()
    except OSError:
        _log.warning("No process can be started for decoding: a damaged file may end the run.")
        return None


def _forget(zygote: ZygoteHandle) -> None:
    with _lock:
        if _zygotes and _zygotes[0] is zygote:
            zygote.close()
            _zygotes.clear()


def _reset() -> None:
    """Of a process forked from this one: it has a zygote of its own."""
    global _lock  # noqa: PLW0603 (another thread may have held it when the process was forked)
    _lock = threading.Lock()
    _zygotes.clear()


def _end() -> None:
    for zygote in _zygotes:
        if zygote is not None:
            zygote.close()
    _zygotes.clear()


atexit.register(_end)
os.register_at_fork(after_in_child=_reset)
