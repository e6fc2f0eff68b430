"""Commands of which each step on the disk fails, or is the last of the process, one after the other.

    python -m tests.campaigns.crashes
    python -m tests.campaigns.crashes --every 20 --commands fuse,eval

A step is a call that makes, writes, flushes, renames or removes a file (`tests.faults`), of the outputs, of journals
and locks alike. With each a command is run anew, into an empty folder and into one of older results: the step raises
one of the system's errors, or the disk is full from then on, or the process ends there as by SIGKILL. Then: outputs
that belong together are all new or all as they were, the status and what is said fit to that, nothing is half-written,
and the next run ends as if nothing had been. Anything else is printed, and the status is 1.
"""

from __future__ import annotations

import argparse
import errno
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path

import cv2

from hdrcli.disk import tidy
from tests import faults, scenes
from tests.campaigns.kills import FORMATS, contents, digests, makings, say

ENDED = 9
"""Status of a process that has ended at a step; no command ends so by itself."""

ERRORS = ("ENOSPC", "EDQUOT", "EIO", "EROFS", "EACCES")
FULL, END = "full from then on", "end"
HOWS = (*ERRORS, FULL, END)
PAGE, TABLE = "page.html", "a.csv"
VARYING = ("fused.json", PAGE, TABLE)
"""Files that tell of times or errors."""


@dataclass(frozen=True)
class Command:
    """A command that writes to `out`: its words, options of older results and of the next run; `apart` says whether
    each of its files comes by itself, `hows` are the ways in which its steps fail."""

    words: str
    older: str = "--overwrite"
    following: str = "--overwrite"
    apart: bool = False
    hows: tuple[str, ...] = HOWS


FUSE, OTHERWISE = "fuse hall -m debevec -o out --format", "--tone-map reinhard --exposure=1"
COMMANDS = {
    "fuse": Command(f"{FUSE} {','.join(FORMATS)} --report out/{PAGE}", OTHERWISE, "--skip-existing"),
    "tonemap": Command(f"tonemap light.exr -o out --format {','.join(FORMATS)}", OTHERWISE),
    "eval": Command(
        f"eval light.exr other.exr --metrics ssim_mu --white auto --csv out/{TABLE} --maps out --report out/{PAGE}",
        "--gain lsq --overwrite",
        "",
        apart=True,
    ),
    **{name: Command(f"{FUSE} {name}", OTHERWISE, "--skip-existing", hows=("ENOSPC", END)) for name in FORMATS},
}


@dataclass
class Campaign:
    """The folder it works in, and what has been seen."""

    folder: Path
    counts: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    def prepare(self) -> None:
        """Frames, and two linear files made of them."""
        os.chdir(self.folder)
        cv2.setNumThreads(1)  # processes that are forked would miss the threads
        scenes.write_bracket(Path("hall"), scenes.radiance(24, 32, 8), [0.25, 1, 4])
        Path("hall/times.txt").write_text("0.01,0.04,0.16")
        for name, stops in (("light", "-2,0,2"), ("other", "-1.5,0,1.5")):
            self.must(f"fuse hall -m debevec -o made --format exr --overwrite --stops={stops}")
            Path("made/hall.exr").rename(f"{name}.exr")
        shutil.rmtree("made")
        for name in ("fuse", "tonemap", "eval"):  # in this process, for what it loads
            with Path("said").open("w") as said, redirect_stderr(said), redirect_stdout(said):
                command_line(COMMANDS[name].words)
            shutil.rmtree("out")
        self.inputs = self.given()

    def given(self) -> dict[str, tuple[str, int]]:
        """Content and time of all inputs."""
        files = digests(Path("hall"))
        return files | {name: one for name, one in digests(Path()).items() if name in ("light.exr", "other.exr")}

    def must(self, words: str) -> int:
        """Run what has to go well; the number of its steps."""
        status, said, steps = run(words)
        if status:
            raise SystemExit(f"{words} ended with {status}: {said}")
        return steps

    def command(self, name: str, every: int) -> None:
        """All steps of a command, or one in `every`, by all ways to fail, without older results and with."""
        command = COMMANDS[name]
        shutil.rmtree("out", ignore_errors=True)
        self.must(command.words)
        self.new = contents(Path("out"))
        self.makings = by_output(Path("out"))
        for older in (False, True):
            self.older = {}
            shutil.rmtree("out")
            if older:
                self.must(f"{command.words} {command.older}")
                shutil.copytree("out", "older")
                self.older = contents(Path("out"))
            steps = self.must(command.words + " --overwrite" * older)
            for place, how in enumerate(command.hows):
                for at in range(1 + place % every, steps + 1, every):
                    self.case(f"{name}: step {at}, {how}", command, at, how)
            shutil.rmtree("older", ignore_errors=True)

    def case(self, title: str, command: Command, at: int, how: str) -> None:
        """A run that fails at a step, and the next one."""
        shutil.rmtree("out")
        if self.older:
            shutil.copytree("older", "out")
        status, said, _ = run(command.words + " --overwrite" * bool(self.older), at, how)
        self.counts["ended at a step" if how == END else "of which a step failed"] += 1
        problems = [*self.wrong_words(status, said, how), *self.wrong_files(status, command)]
        following = command.words + f" {command.following}"
        after, said_then, _ = run(following)
        problems += [f"the next run ended with {after}: {said_then}"] * bool(after)
        problems += self.wrong_end()
        for problem in problems:
            self.problems.append(f"{title}{', older results' * bool(self.older)}: {problem}")
            say(f"PROBLEM: {self.problems[-1]}")

    def wrong_words(self, status: int, said: str, how: str) -> list[str]:
        """What is wrong with how a run ended."""
        kind = "named errors" if status == 1 else "results all the same" if status == 0 else "other ends"
        self.counts[kind] += how != END
        if (status == ENDED) != (how == END) or status not in (0, 1, ENDED):
            return [f"status {status}: {said}"]
        if "Traceback" in said or "a bug" in said:
            return [said]
        if status == 1 and not ("Error: " in said and "out" in said.partition("Error: ")[2] and "Hint: " in said):
            return [f"status 1, and no output is named: {said}"]
        return []

    def wrong_files(self, status: int, command: Command) -> list[str]:
        """What is wrong with the files that a run has left, once those of a process that is gone are tidied."""
        found = []
        copy = Path("copy")
        shutil.copytree("out", copy) if Path("out").exists() else copy.mkdir()
        hidden = [name for name in contents(copy) if name.startswith(".")]
        self.counts["left temporaries or a journal"] += bool(hidden)
        tidy(copy)
        there = contents(copy)
        found += [f"{name} stays" for name in there if name.startswith(".hdrcli") and not name.endswith(".jsonl")]
        is_new = {}
        for name in {*self.new, *self.older} - set(VARYING):
            is_new[name] = there.get(name) == self.new.get(name)
            if there.get(name) not in (self.new.get(name), self.older.get(name)):
                found.append(f"{name} is neither new nor older")
            if self.new.get(name) == self.older.get(name):
                del is_new[name]
        ends = {PAGE: b"</html>", TABLE: b"\n"}
        found += [f"{name} is not whole" for name, end in ends.items() if not there.get(name, end).endswith(end)]
        if not command.apart and len(set(is_new.values())) > 1:
            found.append(f"outputs are not together: {is_new}")
        if status == 0 and not all(is_new.values()):
            found.append(f"status 0, and not all is new: {is_new}")
        shutil.rmtree(copy)
        self.counts["files checked"] += len(there)
        return found

    def wrong_end(self) -> list[str]:
        """What is wrong with the folder once a run was let go on to its end."""
        found, there = [], contents(Path("out"))
        if {*there, PAGE} != {*self.new, PAGE}:  # a run that has nothing left to fuse writes no page
            found.append(f"in the end there are {sorted(there)}")
        found += [f"in the end {name} is another" for name in self.new
                  if name not in VARYING and there.get(name) != self.new[name]]  # fmt: skip
        if by_output(Path("out")) != self.makings:
            found.append("in the end fused.json is another")
        if self.given() != self.inputs:
            found.append("an input has changed")
        return found


def by_output(folder: Path) -> dict[str, object]:
    """How each output was made, as fused.json says."""
    made = makings(folder) if (folder / "fused.json").exists() else []
    return {
        name: (one["bracket"], one["model"], one["settings"], one["inputs"], state)
        for one in made
        for name, state in one["outputs"].items()
    }


def run(words: str, at: int = 0, how: str = END) -> tuple[int, str, int]:
    """Run a command in a process of its own: its status, what it said, and the number of steps it came to."""
    if not (child := os.fork()):
        with Path("said").open("wb") as said:
            os.dup2(said.fileno(), 1)
            os.dup2(said.fileno(), 2)
        sys.stdout = sys.stderr = open(2, "w", closefd=False, buffering=1)  # noqa: SIM115 (to the end)
        status = ENDED + 1
        try:
            with faults.fault(Path("out"), at, deed(how), lasting=how == FULL) as counted:
                status = command_line(words)
            Path("steps").write_text(str(len(counted.calls)))
        finally:
            sys.stderr.flush()
            os._exit(status)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return status, Path("said").read_text(errors="replace"), int(Path("steps").read_text()) if status == 0 else 0


def command_line(words: str) -> int:
    """A command in this process, which decodes in itself: it reads none but our own files."""
    from hdrcli.cli.app import main
    from hdrcli.disk import together
    from hdrcli.sandbox import client

    client._zygotes[:] = [None]
    together._looked.clear()  # as at the start of a process
    return main([*words.split(), "--no-config"])


def deed(how: str) -> Callable[[], None]:
    """What a step does instead."""
    if how == END:
        return lambda: os._exit(ENDED)
    return faults.failing(getattr(errno, "ENOSPC" if how == FULL else how))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=1, help="one step in so many (default: all)")
    parser.add_argument("--commands", default=",".join(COMMANDS), help=f"by default all of {','.join(COMMANDS)}")
    parser.add_argument("--folder", type=Path, help="where to work; a temporary folder by default")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hdrcli-crashes-", dir=options.folder) as folder:
        done = Campaign(Path(folder).resolve())
        done.prepare()
        for name in options.commands.split(","):
            done.command(name, options.every)
            say(f"{name}: {sum(done.counts[one] for one in ('ended at a step', 'of which a step failed'))} runs so far")
        os.chdir("/")
    for name, count in done.counts.items():
        say(f"{count:6} {name}")
    say(f"{len(done.problems):6} problems")
    return bool(done.problems)


if __name__ == "__main__":
    sys.exit(main())
