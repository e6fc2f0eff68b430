"""Cases done in child processes under limits of memory and time: one child does many, a crash or hang costs one."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path

from tests.campaigns.reading import Case, Outcome

PATIENCE = 20.0
"""Seconds for one case."""

FIRST_PATIENCE = 120.0
"""Seconds for the first of a child, which imports what it needs."""

RECYCLED = 500
"""Cases after which a child is replaced, for memory that libraries keep."""


class Child:
    """A process that answers cases: at most `megabytes` of address space, chatter of libraries into `folder`."""

    def __init__(self, megabytes: int, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.campaigns.reading", str(megabytes), str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # so that a hang ends with all that it has started
        )
        self.done = 0

    def ask(self, case: Case) -> Outcome:
        """What became of a case: also of one that ends the process, or lasts too long."""
        stdin, stdout = self.process.stdin, self.process.stdout
        assert stdin
        assert stdout
        patience = PATIENCE if self.done else FIRST_PATIENCE
        self.done += 1
        with selectors.DefaultSelector() as selector:
            selector.register(stdout, selectors.EVENT_READ)
            try:
                stdin.write(json.dumps(asdict(case)).encode() + b"\n")
                stdin.flush()
                line = stdout.readline() if selector.select(patience) else None
            except BrokenPipeError:
                line = b""
        if line:
            return Outcome(**json.loads(line))
        self.end()
        if line is None:
            return Outcome(case.name, case.how, case.path, "hang", f"over {patience:g} s", patience)
        status = self.process.returncode
        words = signal.Signals(-status).name if status < 0 else f"status {status}"
        return Outcome(case.name, case.how, case.path, "crash", words)

    @property
    def is_over(self) -> bool:
        return self.process.poll() is not None or self.done >= RECYCLED

    def end(self) -> None:
        """End the process and what it has started."""
        assert self.process.stdin
        try:
            self.process.stdin.close()
            self.process.wait(1)
        except (BrokenPipeError, subprocess.TimeoutExpired):
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def outcomes(cases: Iterable[Case], megabytes: int, folder: Path) -> Iterator[Outcome]:
    """What became of each case, in order; children come and go as needed."""
    child = None
    try:
        for case in cases:
            if child is None or child.is_over:
                if child is not None:
                    child.end()
                child = Child(megabytes, folder)
            yield child.ask(case)
    finally:
        if child is not None:
            child.end()
