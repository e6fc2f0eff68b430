"""What a process does that lives for a file: it runs a function, and sends what came of it."""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import socket
import sys
import traceback
from importlib import import_module
from pathlib import Path
from typing import Any

from hdrcli import errors, limits
from hdrcli.sandbox import allowance, wire

_libc = ctypes.CDLL(None)
_DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG of Linux's prctl."""


class _Notes(logging.Handler):
    """Keeps what is logged, for the process that asked."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.kept: list[tuple[int, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.kept.append((record.levelno, record.getMessage()))


def die_with(parent: int) -> None:
    """End this process when its parent has ended, also in the midst of native code (on Linux alone)."""
    if sys.platform.startswith("linux"):
        _libc.prctl(_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def serve(line: socket.socket) -> None:
    """Answer what is asked on the line, as a rule one request, with (value, error, notes), until it is closed."""
    notes = _Notes()
    logging.getLogger("hdrcli").addHandler(notes)
    while True:
        try:
            asked = wire.receive(line)
        except wire.Broken:
            return
        notes.kept = []
        try:
            value, error = _done(asked), None
        except Exception as raised:  # noqa: BLE001 (it is raised again where it was asked for)
            value, error = None, _told(raised)
        try:
            wire.send(line, {"value": value, "error": error, "notes": notes.kept})
        except (MemoryError, TypeError) as raised:  # while it was packed: nothing is sent yet
            wire.send(line, {"value": None, "error": _told(raised), "notes": []})


def _done(asked: dict[str, Any]) -> Any:
    if asked["folder"] is not None:
        os.chdir(asked["folder"])
    function = getattr(import_module(asked["module"]), asked["name"])
    allowance.grant(asked["path"])
    with limits.at_most(asked["pixels"]):
        return function(asked["path"], *asked["arguments"])


def _told(error: Exception) -> tuple[str, ...]:
    """(class, message, hint) of an error; of a bug the traceback in place of the hint."""
    if isinstance(error, errors.HdrcliError):
        return type(error).__name__, error.message, error.hint
    return type(error).__name__, str(error), "".join(traceback.format_exception(error))


def request(function: Any, path: Path, arguments: tuple[Any, ...]) -> dict[str, Any]:
    """What `serve` takes: a module's function, by its name."""
    try:
        folder = Path.cwd()  # paths may start from it, and it may change during a run
    except OSError:  # it was removed
        folder = None
    return {
        "folder": folder,
        "module": function.__module__,
        "name": function.__qualname__,
        "path": path,
        "arguments": arguments,
        "pixels": limits.pixels(),
    }
