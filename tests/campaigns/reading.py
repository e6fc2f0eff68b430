"""What becomes of one hostile file: read in this process, or by the command line as the middle one of a bracket.

`python -m tests.campaigns.reading` does it for each case that comes as a line of JSON on standard input, and answers
with a line for each, so that a crash costs one file.
"""

from __future__ import annotations

import json
import os
import re
import resource
import sys
import time
import traceback
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import asdict, dataclass, replace
from io import StringIO
from pathlib import Path

import numpy as np

RESULT, NAMED, MEMORY, STDOUT = "result", "named error", "named error: memory", "words on stdout"
RIGHT = (RESULT, NAMED)
"""What may become of a file. An error for want of memory is named, too, but a small file should not get as far."""


@dataclass(frozen=True)
class Case:
    """A file to read ("read"), or to `inspect` or `fuse` between the two others of its bracket, into `output`."""

    name: str
    path: str
    how: str = "read"
    others: tuple[str, ...] = ()
    output: str = ""


@dataclass(frozen=True)
class Outcome:
    """What became of a case, the error's words or what is wrong, seconds, and the most memory in MB while it lasted."""

    name: str
    how: str
    path: str
    outcome: str
    words: str = ""
    seconds: float = 0.0
    megabytes: float = 0.0

    @property
    def is_right(self) -> bool:
        return self.outcome in RIGHT


def judge(case: Case) -> Outcome:
    """Do a case and say what became of it. Nothing is raised."""
    _forget_peak()
    start = time.monotonic()
    noise = StringIO()
    try:
        with redirect_stdout(noise):
            outcome, words = _read(Path(case.path)) if case.how == "read" else _command(case)
    except Exception as error:  # noqa: BLE001 (this is what is looked for)
        where = traceback.extract_tb(error.__traceback__)[-1]
        outcome, words = type(error).__name__, f"{error} ({Path(where.filename).name}:{where.lineno})"
    if noise.getvalue() and outcome in RIGHT:
        outcome, words = STDOUT, noise.getvalue()[:200]
    return Outcome(case.name, case.how, case.path, outcome, words, time.monotonic() - start, _peak())


def _read(path: Path) -> tuple[str, str]:
    """Header and pixels must agree; errors must be ours, name the file, and have a hint."""
    from hdrcli import readers
    from hdrcli.errors import HdrcliError

    header = None
    try:
        header = readers.read_header(path)
        exposure = readers.read(path)
    except HdrcliError as error:
        if str(path) not in error.message or not error.hint or "\n" in error.message:
            return "error without a name or hint", f"{error.message} | {error.hint}"
        return MEMORY if "memory" in error.message else NAMED, f"{error.message}"
    if exposure.size != (header.width, header.height):
        return "other size", f"header {header.width}x{header.height}, pixels {exposure.size}"
    if not np.isfinite(exposure.pixels).all():
        return "not finite", ""
    return RESULT, ""


def _command(case: Case) -> tuple[str, str]:
    """Exit status 0 with all frames in a bracket that is done, or 1 with an error; no traceback on either stream."""
    from hdrcli.cli.app import main

    out, err = StringIO(), StringIO()
    options = ["--stops", "-2,0,2", "--json", "-m", "mertens", "-o", case.output]
    arguments = [case.how, case.others[0], case.path, case.others[1], *options]
    with redirect_stdout(out), redirect_stderr(err):
        status = main([*arguments, "--overwrite", "--format", "png"] if case.how == "fuse" else arguments)
    said = err.getvalue()
    if "Traceback" in said or "bug in hdrcli" in said + out.getvalue():
        return "traceback", said[-400:] + out.getvalue()[-400:]
    try:
        told = json.loads(out.getvalue())
    except ValueError:
        return ("no JSON", f"status {status}: {said}"[:400]) if status != 2 else ("usage error", said[:400])
    errors = [bracket.get("error") for bracket in told["brackets"] if bracket.get("error")]
    frames = [bracket["frames" if case.how == "inspect" else "inputs"] for bracket in told["brackets"]]
    is_whole = [len(one) for one in frames] == [3] and not told["left"]
    if status == 0 and not errors and is_whole:
        return RESULT, ""
    if status == 1 and errors:
        return (NAMED, str(errors[0])) if re.search(r"\w", str(errors[0])) else ("error without words", "")
    return "wrong status", f"status {status}, {len(errors)} errors, whole: {is_whole}: {out.getvalue()}"[:400]


def _children() -> list[str]:
    """This process and those it has started."""
    found = ["self"]
    with suppress(OSError):
        found += Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return found


def _forget_peak() -> None:
    for process in _children():
        with suppress(OSError):  # not on this system, or no more
            Path(f"/proc/{process}/clear_refs").write_text("5")


def _peak() -> float:
    """The most memory in MB since `_forget_peak`, of this process and its children."""
    total = 0
    for process in _children():
        with suppress(OSError):
            found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{process}/status").read_text())
            total += int(found[1]) if found else 0
    return total / 1024


def main() -> None:
    """Answer cases until standard input ends. Two arguments: address space in MB (0: any), and a folder for chatter."""
    limit = int(sys.argv[1]) << 20
    if limit:
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answers = os.fdopen(os.dup(1), "w")
    for stream, name in ((1, "stdout"), (2, "stderr")):
        os.dup2(os.open(f"{sys.argv[2]}/{name}", os.O_WRONLY | os.O_CREAT | os.O_APPEND), stream)
    for line in sys.stdin:
        before = os.fstat(1).st_size
        outcome = judge(Case(**json.loads(line)))
        if outcome.is_right and os.fstat(1).st_size > before:  # a library's own, which would get among the results
            outcome = replace(outcome, outcome=STDOUT)
        answers.write(json.dumps(asdict(outcome)) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
