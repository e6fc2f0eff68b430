"""Whole processes and what they took: wall time, processor time, peak memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hdrcli
from hdrcli.errors import HdrcliError, UsageError


@dataclass(frozen=True)
class Usage:
    """What a process took: seconds by the clock, seconds of all processors, and bytes of peak resident memory.

    The memory is the most of it or of one of the processes it waited for. A process begins with the peak of the one it
    was started from, so that ours must be small.
    """

    wall: float
    cpu: float
    memory: int


def run(command: Sequence[str], name: str) -> tuple[str, Usage]:
    """What a command printed on stdout, and what it took.

    Raises HdrcliError, with its last words, where it fails; UsageError on a system that does not tell.
    """
    if not hasattr(os, "wait4"):
        raise UsageError("This system does not tell what a process took.", "Run hdrcli bench on Linux or macOS.")
    with tempfile.TemporaryFile() as printed, tempfile.TemporaryFile() as said:
        began = time.perf_counter()
        process = subprocess.Popen(  # noqa: S603 (our own commands)
            list(command), stdin=subprocess.DEVNULL, stdout=printed, stderr=said, env=_environment()
        )
        try:
            _, status, used = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            process.wait()
            raise
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        texts = [_text(stream) for stream in (printed, said)]
    unit = 1 if sys.platform == "darwin" else 1024
    if process.returncode:
        raise _failure(name, process.returncode, *texts)
    return texts[0], Usage(wall, used.ru_utime + used.ru_stime, used.ru_maxrss * unit)


def call(task: str, name: str, **arguments: Any) -> tuple[Any, Usage]:
    """What "module:function" of this package returns, called in a process of its own, and what that took.

    Raises HdrcliError where it fails.
    """
    words = json.dumps({key: str(value) if isinstance(value, Path) else value for key, value in arguments.items()})
    printed, used = run([sys.executable, "-m", "hdrcli.benchmarks.child", task, words], name)
    return json.loads(printed.splitlines()[-1])["made"], used


def _environment() -> dict[str, str]:
    """This process' environment, in which the same hdrcli is found, and no thread spins while it waits."""
    package = str(Path(hdrcli.__file__).parents[1])
    paths = os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")]))
    return {"OMP_WAIT_POLICY": "passive", **os.environ, "PYTHONPATH": paths}


def _text(stream: Any) -> str:
    stream.seek(0)
    return stream.read().decode(errors="replace")


def _failure(name: str, status: int, printed: str, said: str) -> HdrcliError:
    """The error that a process of ours printed, or the last line that another one said."""
    try:
        message, hint = json.loads(printed.splitlines()[-1])["error"]
        return HdrcliError(f"{name}: {message}", hint)
    except (IndexError, KeyError, TypeError, ValueError):
        lines = [line for line in said.splitlines() if line.strip()]
    how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
    last = f": {lines[-1].strip().rstrip('.')}" if lines else ""
    return HdrcliError(f"{name} {how}{last}.", "Pass fewer megapixels to --sizes where memory ran out.")
