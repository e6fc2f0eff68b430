"""Runs of `hdrcli fuse` that are killed at random moments, each gone on with by --skip-existing, killed again or not.

    python -m tests.campaigns.kills --kills 200
    python -m tests.campaigns.kills --kills 50 --slow     flushes and renames take 15 ms, by strace

After each kill: files under final names are whole (those of an undisturbed run, to the byte, or those that were there
before), inputs are untouched, and the next run finds all outputs of a bracket new, or none. After a run that came to
its end: the folder is that of an undisturbed run, with nothing hidden beside. Anything else is printed, and the status
is 1.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from hdrcli.disk import tidy
from tests import scenes

ROOT = Path(__file__).parents[2]
FORMATS = ("png", "tiff", "jpg", "exr", "hdr", "uhdr", "avif", "jxl")
SUFFIXES = {"uhdr": "uhdr.jpg"}
BRACKETS = ("attic", "cellar", "hall")
SIGNALS = {"SIGKILL": 0.7, "SIGTERM": 0.1, "SIGINT": 0.1, "SIGHUP": 0.1}
STATUSES = {"SIGTERM": {143}, "SIGHUP": {143}, "SIGINT": {130}, "SIGKILL": {-9}}
SLOW = ("strace", "-f", "-qq", "-o", "/dev/null", "--seccomp-bpf", "-e", "trace=rename,fsync")
SLOW += ("-e", "inject=rename,fsync:delay_exit=15000")
BEFORE_PYTHON_LISTENS = {"SIGTERM": {-15}, "SIGHUP": {-1}, "SIGINT": {-2, 1}}
"""What an interpreter ends with that has not come to our first line; a shell shows 143 and 130, too, but for its 1."""


@dataclass
class Campaign:
    """The folder it works in, and what has been seen."""

    folder: Path
    formats: tuple[str, ...]
    random: random.Random
    slow: bool = False
    counts: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    def prepare(self) -> None:
        """Brackets, an undisturbed run, and another one with other settings, whose results are the older ones."""
        for number, name in enumerate(BRACKETS):
            scenes.write_bracket(self.folder / "shoot" / name, scenes.radiance(40 + number, 56, 8), [0.25, 1, 4])
            (self.folder / "shoot" / name / "times.txt").write_text("0.01,0.04,0.16")
        for name, options in (("new", ()), ("old", ("--tone-map", "reinhard", "--exposure=1"))):
            begun = time.monotonic()
            done = self.start(name, *options).wait()
            self.seconds = time.monotonic() - begun
            if done:
                raise SystemExit(f"The undisturbed run ended with {done}: {self.said()}")
        self.inputs = digests(self.folder / "shoot")
        self.new, self.old = (contents(self.folder / name) for name in ("new", "old"))
        for name in self.formats:
            decode(self.folder / "new" / f"hall.{SUFFIXES.get(name, name)}")

    def start(self, output: str, *options: str) -> subprocess.Popen[bytes]:
        """A process of the command, which writes to the folder `output`."""
        command = [sys.executable, "-m", "hdrcli", "fuse", "shoot", "-m", "debevec", "-o", output, *options]
        return subprocess.Popen(
            [*(SLOW if self.slow else ()), *command, "--format", ",".join(self.formats), "--no-config"],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
            stderr=(self.folder / "said").open("wb"),
            preexec_fn=listening,  # noqa: PLW1509 (no threads are running)
        )

    def said(self) -> str:
        return (self.folder / "said").read_text(errors="replace")

    def chain(self, number: int) -> None:
        """A run that is killed, and gone on with until one is not."""
        self.output = self.folder / f"out{number}"
        self.before: dict[str, bytes] = {}
        if self.random.random() < 0.5:
            shutil.copytree(self.folder / "old", self.output)
            self.before = self.old
        first = ["--overwrite"] if self.before else []
        while True:
            options = ["--jobs", self.random.choice("12")]
            if page := self.random.random() < 0.3:
                options += ["--report", "page.html"]
            process = self.start(self.output.name, *options, *first)
            self.page = page
            first = ["--skip-existing"]
            if self.random.random() < 0.25:
                self.finished(process)
                break
            self.kill(process)
        shutil.rmtree(self.output)

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """Kill at a moment of the whole run, or at one counted from when so many files are in the output folder."""
        aimed, deadline = self.random.random() < 0.65, time.monotonic() + 60
        if aimed:
            count = self.random.randint(1, (len(self.formats) + 1) * len(BRACKETS))
            have = len(names(self.output))
            while process.poll() is None and time.monotonic() < deadline:
                if len(names(self.output)) >= count or (have >= count and self.random.random() < 0.02):
                    break
                time.sleep(0.001)
            time.sleep(self.random.uniform(0, 0.03))
        else:
            time.sleep(self.random.uniform(0, self.seconds))
        kind = self.random.choices(list(SIGNALS), list(SIGNALS.values()))[0]
        if traced := self.traced(process):
            traced.send_signal(getattr(signal, kind))
        status = process.wait(1200)
        self.counts["launched"] += 1
        if status == 0:
            self.counts["ended before the signal"] += 1
        else:
            self.counts[f"killed by {kind}"] += 1
            if status in BEFORE_PYTHON_LISTENS.get(kind, ()):
                self.counts["of these before Python listened"] += 1
            elif status not in STATUSES[kind]:
                self.problem(f"{kind}: status {status}: {self.said()}")
            elif "Traceback" in self.said():
                self.problem(f"{kind}: {self.said()}")
        self.check()

    def traced(self, process: subprocess.Popen[bytes]) -> psutil.Process | None:
        """The process of the command itself, where strace is before it; None once it has ended."""
        while process.poll() is None:
            for one in [psutil.Process(process.pid), *psutil.Process(process.pid).children()]:
                with suppress(psutil.Error):
                    if one.cmdline()[1:3] == ["-m", "hdrcli"]:
                        return one
        return None

    def check(self) -> None:
        """What holds at any moment."""
        left = contents(self.output)
        hidden = [name for name in left if name.startswith(".")]
        self.counts["left temporaries"] += bool(hidden)
        self.counts["left a record of moves"] += any(name.endswith(".moves") and left[name] for name in hidden)
        for name, data in left.items():
            if name == "fused.json":
                json.loads(data)
            elif not name.startswith(".") and data not in (self.new.get(name), self.before.get(name)):
                self.problem(f"{name} is neither new nor older")
            else:
                self.counts["files checked"] += 1
        if missing := [name for name in self.before if name not in left]:
            self.problem(f"older results are gone: {missing}")
        page = self.folder / "page.html"
        if page.exists() and not page.read_text().rstrip().endswith("</html>"):
            self.problem("page.html is not whole")
        if digests(self.folder / "shoot") != self.inputs:
            self.problem("an input has changed")
        copy = self.folder / "copy"
        shutil.copytree(self.output, copy) if self.output.exists() else copy.mkdir()
        self.counts["between two names"] += any(self.mixed(self.output))
        tidy(copy)
        if any(self.mixed(copy)):
            self.problem(f"outputs of one bracket are not together: {self.mixed(copy)}")
        if tmp := [name for name in names(copy) if name.startswith(".") and not name.endswith(".jsonl")]:
            self.problem(f"the next run leaves {tmp}")
        shutil.rmtree(copy)

    def mixed(self, folder: Path) -> list[str]:
        """The brackets of which some outputs are new and some are not."""
        found = []
        for bracket in BRACKETS:
            files = [f"{bracket}.{SUFFIXES.get(name, name)}" for name in self.formats]
            is_new = {content(folder / name) == self.new[name] for name in files if self.new[name] != self.old[name]}
            found += [bracket] * (len(is_new) > 1)
        return found

    def finished(self, process: subprocess.Popen[bytes]) -> None:
        """What holds once a run was let go on to its end."""
        self.counts["launched"] += 1
        status = process.wait(1200)
        if status or "Traceback" in self.said():
            self.problem(f"the run that went on ended with {status}: {self.said()}")
        left = contents(self.output)
        if {name: data for name, data in left.items() if name != "fused.json"} != {
            name: data for name, data in self.new.items() if name != "fused.json"
        }:
            self.problem(f"the folder is not that of an undisturbed run: {sorted(left)}")
        if makings(self.output) != makings(self.folder / "new"):
            self.problem("fused.json is not that of an undisturbed run")
        if around := [name for name in names(self.folder) if name.startswith(".hdrcli") and self.page]:
            self.problem(f"temporaries of the page are left: {around}")
        self.counts["gone on with to the end"] += 1

    def problem(self, text: str) -> None:
        self.problems.append(text)
        say(f"PROBLEM: {text}")


def listening() -> None:
    """Signals act as in a terminal, also where this program is run by nohup or in the background."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def content(file: Path) -> bytes | None:
    return file.read_bytes() if file.exists() else None


def contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in names(folder)}


def digests(folder: Path) -> dict[str, tuple[str, int]]:
    """Content and time of all files below a folder."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns) for path in files}


def makings(folder: Path) -> Any:
    """What fused.json says, but for times of files."""
    made = json.loads((folder / "fused.json").read_text())["made"]
    for one in made:
        for state in (*one["inputs"].values(), *one["outputs"].values()):
            state["modified"] = bool(state["modified"])
    return made


def decode(file: Path) -> None:
    """Decode a file with another library than the one that wrote it; raises for one that is not whole."""
    if file.suffix in (".exr", ".hdr"):
        os.environ["OPENCV_IO_ENABLE_OPENEXR"] = "1"
        import cv2

        pixels = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
        if pixels is None and file.suffix == ".exr":
            return  # an OpenCV without OpenEXR
    elif file.suffix == ".jxl":
        import imagecodecs

        pixels = imagecodecs.jpegxl_decode(file.read_bytes())
    else:
        from PIL import Image

        with Image.open(file) as image:
            pixels = np.asarray(image)
    if pixels is None or pixels.ndim != 3 or not np.isfinite(pixels.astype(np.float32)).all():
        raise ValueError(f"{file} is not whole")
    say(f"decoded {file.name}: {pixels.shape} {pixels.dtype}")


def campaign(
    folder: Path, kills: int, seed: int, *, formats: tuple[str, ...] = FORMATS, slow: bool = False
) -> Campaign:
    """At least so many kills."""
    done = Campaign(folder, formats, random.Random(seed), slow)
    done.prepare()
    number = 0
    while sum(count for name, count in done.counts.items() if name.startswith("killed by")) < kills:
        done.chain(number := number + 1)
    return done


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--folder", type=Path, help="where to work; a temporary folder by default")
    parser.add_argument("--slow", action="store_true", help="slow down flushes and renames, as on a network")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hdrcli-kills-", dir=options.folder) as folder:
        done = campaign(Path(folder), options.kills, options.seed, slow=options.slow)
    for name, count in done.counts.items():
        say(f"{count:6} {name}")
    say(f"{len(done.problems):6} problems")
    return bool(done.problems)


if __name__ == "__main__":
    sys.exit(main())
