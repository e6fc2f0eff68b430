"""Commands run each in a forked process, with a limit of time; and what none of them may do, whatever it meets."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import sys
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

LIMIT = 300.0
"""Seconds that no command on a few small frames takes."""

PROMISED = (0, 1, 2)
"""Exit statuses."""

_OF_A_TERMINAL = re.compile(r"\x1b\[(0|[1-3]|3[1-6]|9[0-7]|[12];3[1-6])m|\x1b\[(1A|2K)|\x1b\[\?25[lh]")
"""What rich itself sends to a terminal: colours, and the cursor of its progress bars."""

LONGEST = 30_000
"""Characters that no command says of a few small frames, whatever they are called and hold."""

_BUGS = ("Traceback", "bug in hdrcli", "Warning:", "Error: '", "UnicodeEncodeError")


@dataclass(frozen=True)
class Outcome:
    """What a command did; `status` is None for one that had to be killed. `err` is all of a terminal."""

    arguments: tuple[str, ...]
    status: int | None
    out: str
    err: str
    seconds: float
    terminal: bool = False

    @property
    def faults(self) -> list[str]:
        """What no command may do, whatever the names and the pixels are."""
        found = []
        if self.status is None:
            found.append("hangs")
        elif self.status not in PROMISED:
            found.append(f"exit status {self.status}")
        said = _OF_A_TERMINAL.sub("", self.out + self.err) if self.terminal else self.out + self.err
        found += ["says too much"] if len(said) > LONGEST else []
        found += [f"says {words}" for words in ("Traceback", "bug in hdrcli", "RuntimeWarning") if words in said]
        raw = {c for c in said if not c.isprintable() and c not in "\n\r"}
        found += [f"raw characters {sorted(raw)!a}"] if raw else []
        if self.status and not re.search(r"(^|\r)Error: .+[.…]\s*$", said, re.MULTILINE):
            found.append("fails without a word")
        if "--json" in self.arguments and self.out.strip():
            found += _json_faults(self.out)
        return found


def _json_faults(text: str) -> list[str]:
    """Strict readers refuse halves of surrogate pairs, and numbers that JSON has not."""

    def refuse(word: str) -> NoReturn:
        raise ValueError(word)

    try:
        json.dumps(json.loads(text, parse_constant=refuse), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return ["JSON with halves of characters"]
    except ValueError as error:
        return [f"JSON that is none: {error}"]
    return []


def run(arguments: Sequence[str | Path], folder: Path, *, terminal: bool = False) -> Outcome:
    """Run `hdrcli ARGUMENTS` in a folder: in a fork of this process, which has loaded all and begun no thread."""
    _load()
    words = tuple(os.fspath(one) for one in arguments)
    out, out_end = os.pipe()
    err, err_end = pty.openpty() if terminal else os.pipe()
    begun = time.monotonic()
    child = os.fork()
    if child == 0:
        _be(words, folder, err_end if terminal and "--json" not in words else out_end, err_end)
    os.close(out_end)
    os.close(err_end)
    texts, in_time = _heard({out: b"", err: b""}, begun + LIMIT)
    if not in_time:
        os.killpg(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status) if in_time else None
    return Outcome(words, code, texts[out], texts[err], time.monotonic() - begun, terminal)


def _load() -> None:
    from hdrcli import evaluation, inspection, pipeline, plugins, rendering  # noqa: F401
    from hdrcli.cli import app, scoreboard  # noqa: F401

    for kind in ("readers", "writers", "classical", "tone_mapping", "metrics"):
        for name in plugins.names(kind):
            plugins.load(kind, name)


def _be(words: tuple[str, ...], folder: Path, out: int, err: int) -> NoReturn:
    """Become the command."""
    status = 99
    try:
        os.setsid()
        os.dup2(out, 1)
        os.dup2(err, 2)
        os.chdir(folder)
        for name, descriptor in (("stdout", 1), ("stderr", 2)):
            setattr(sys, name, os.fdopen(descriptor, "w", encoding="utf-8", buffering=1, closefd=False))
        warnings.simplefilter("error", RuntimeWarning)
        from hdrcli.cli.app import main

        status = main(words)
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(status)


def _heard(texts: dict[int, bytes], until: float) -> tuple[dict[int, str], bool]:
    """All that is said into these descriptors, which are closed in the end, and whether that ended in time."""
    open_ones = set(texts)
    while open_ones and time.monotonic() < until:
        ready, _, _ = select.select(list(open_ones), [], [], max(0.0, until - time.monotonic()))
        for descriptor in ready:
            try:
                said = os.read(descriptor, 1 << 16)
            except OSError:  # the terminal's other end is closed
                said = b""
            texts[descriptor] += said
            if not said:
                open_ones.discard(descriptor)
    for descriptor in texts:
        os.close(descriptor)
    return {one: said.decode("utf-8", "replace") for one, said in texts.items()}, not open_ones
