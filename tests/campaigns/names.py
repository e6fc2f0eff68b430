"""Run the commands on files of awkward names and texts, and count what they do (`--help` tells how)."""

from __future__ import annotations

import argparse
import csv
import io
import os
import re
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from pathlib import Path

from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from tests import scenes
from tests.campaigns import awkward, texts
from tests.campaigns.commands import Outcome, run

say = partial(print, flush=True)

_TIMES = (1 / 400, 1 / 50, 1 / 6)
_MERTENS = ("-m", "mertens", "--no-config")

KINDS = {"name": awkward.NAMES, "file": awkward.FILES, "text": texts.TEXTS}

_OF_NO_PAGE = ("\x1b", "\x07", "\u202e", "\u2066", "<script>alert", "<img src=x", "<a b=", '" onload=')

_CALLS_A_FORMULA = re.compile(r"\s*[=+@|%-]|[\t\r\n]")


def frames(folder: Path, names: list[Path]) -> list[Path]:
    """A bracket of JPEGs with exposure times, one a name."""
    folder.mkdir(parents=True, exist_ok=True)
    scene = scenes.radiance(32, 48, stops=6)
    for number, (path, time) in enumerate(zip(names, _TIMES, strict=False)):
        exif = Image.Exif()
        taken = f"2024:05:01 12:00:{number:02}"
        exif[0x8769] = {0x829A: IFDRational(1, round(1 / time)), 0x829D: IFDRational(8), 0x8827: 100, 0x9003: taken}
        with path.open("wb") as file:
            pixels = Image.fromarray(scenes.photograph(scene, 100 * time))
            pixels.save(file, "JPEG", quality=95, subsampling=0, exif=exif)
    return names


def of_a_name(name: bytes, folder: Path, *, terminal: bool) -> Iterator[Outcome]:
    """All commands on a bracket, frames, results, a folder of results and broken frames of this name."""
    bracket = awkward.path(folder / "in", name)
    files = frames(bracket, [awkward.path(bracket, name[:235], f"{number}.jpg") for number in (1, 2, 3)])
    out, page, psnr = awkward.path(folder, name), folder / "page.html", ("--metrics", "psnr")

    def call(*arguments: str | Path) -> Outcome:
        return run(arguments, folder, terminal=terminal)

    yield call("inspect", "--no-config", bracket)
    yield call("inspect", "--no-config", "--json", bracket)
    yield call("fuse", *_MERTENS, "-o", out, "--dry-run", bracket)
    fused = call("fuse", *_MERTENS, "-o", out, "--report", page, "--json", bracket)
    yield fused
    yield call("fuse", *_MERTENS, "-o", out, bracket)
    yield call("fuse", *_MERTENS, "-o", out, "--skip-existing", "--", bracket)
    yield call("fuse", *_MERTENS, "-o", out, "--overwrite", "--", *files)
    yield call("fuse", "-m", "debevec", "--no-config", "-o", out, "--overwrite", "--format", "exr,uhdr", *files)
    yield call(
        "eval", "--no-config", "--csv", folder / "t.csv", "--json", "--overwrite", "--report", page, *psnr, out, out
    )
    yield call("eval", "--no-config", *psnr, out, out)
    yield call("tonemap", "--no-config", "-o", folder / "pictures", out)
    yield call("tonemap", "--no-config", "--json", "--overwrite", "-o", folder / "pictures", out)
    files[1].write_bytes(files[1].read_bytes()[:900])
    yield call("fuse", *_MERTENS, "-o", folder / "none", bracket)
    yield call("fuse", *_MERTENS, "-o", folder / "none", "--json", bracket)
    (bracket / "list.txt").write_bytes(name + b" 1 2\n" + name + b"\n")
    yield call("inspect", "--no-config", bracket)
    yield call("fuse", os.fsdecode(name), "--model", os.fsdecode(name), f"--format={os.fsdecode(name)}")


def of_a_file(make: awkward.Make, folder: Path, *, terminal: bool) -> Iterator[Outcome]:
    """All commands on a bracket in which one thing of a frame's name is no plain file, and on that thing by name."""
    bracket = folder / "in"
    files = frames(bracket, [bracket / f"{number}.jpg" for number in (1, 2, 3)])
    for suffix in (".jpg", ".dng", ".exr"):
        odd = bracket / f"4{suffix}"
        make(odd, files[1])
        for arguments in (
            ("inspect", "--no-config", bracket),
            ("inspect", "--no-config", "--json", bracket),
            ("fuse", *_MERTENS, "-o", folder / "out", "--json", "--overwrite", bracket),
            ("fuse", *_MERTENS, "-o", folder / "out", *files, odd),
            ("tonemap", "--no-config", "-o", folder / "out", odd),
            ("tonemap", "--no-config", "-o", folder / "out", bracket),
            ("eval", "--no-config", bracket, bracket),
            ("eval", "--no-config", odd, files[1]),
        ):
            yield run(arguments, folder, terminal=terminal)
        shutil.rmtree(odd) if odd.is_dir() and not odd.is_symlink() else odd.unlink()


def cells(table: Path) -> list[str]:
    """Cells of a CSV file, if it is there, that a spreadsheet would compute."""
    if not table.exists():
        return []
    text = table.read_bytes().decode("utf-8", "surrogateescape")
    rows = [cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row]
    return [cell for cell in rows if _CALLS_A_FORMULA.match(cell) and not re.fullmatch(r"-\d+([.]\d+)?", cell)]


def files_faults(folder: Path) -> list[str]:
    """What is wrong with files that commands have made."""
    found = [f"formula in a cell: {cell[:80]!a}" for cell in cells(folder / "t.csv")]
    page = folder / "page.html"
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    text = text.replace('\\"', "")  # a quote within its JSON, where no tag can be
    found += [f"page holds {bad!a}" for bad in _OF_NO_PAGE if bad in text]
    return [*found, *["a name was run"] * bool([*folder.rglob("PWNED")])]


@dataclass
class Tally:
    """What the commands did."""

    verbose: bool
    statuses: Counter[int | None] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    slowest: tuple[float, str] = (0.0, "")

    def add(self, label: str, outcome: Outcome) -> None:
        """Count a command, and tell what is wrong with it."""
        self.statuses[outcome.status] += 1
        self.slowest = max(self.slowest, (outcome.seconds, f"{label}: {outcome.arguments[0]}"))
        if self.verbose:
            say(f"--- {label}: {outcome.arguments!a}\n{outcome.out!a}\n{outcome.err!a}")
        said = re.sub("\x1b[^a-zA-Z]*[a-zA-Z]|[^\x00-\x7f]", "", outcome.err)
        for fault in outcome.faults:
            self.fault(f"{label}: {outcome.arguments!a}: {said[-300:]!a}", fault)

    def fault(self, where: str, what: str) -> None:
        """Count a fault."""
        self.faults[what] += 1
        say(f"{what}: {where}")


def commands(kind: str, label: str, folder: Path, *, terminal: bool) -> Iterator[Outcome]:
    """All commands on one name, file or text."""
    if kind == "text":
        return texts.of_a_text(texts.TEXTS[label], folder, lambda *arguments: run(arguments, folder, terminal=terminal))
    if kind == "name":
        return of_a_name(awkward.NAMES[label], folder, terminal=terminal)
    return of_a_file(awkward.FILES[label], folder, terminal=terminal)


def main() -> int:
    """The exit status: 1 if anything went wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kinds", default=",".join(KINDS), help=f"some of {', '.join(KINDS)}, between commas")
    parser.add_argument("--only", help="labels of names, files and texts, between commas")
    parser.add_argument("--pipe", action="store_true", help="as in a pipe only, not also on a terminal")
    parser.add_argument("--verbose", action="store_true", help="show what the commands say")
    asked = parser.parse_args()
    tally = Tally(asked.verbose)
    chosen = asked.only.split(",") if asked.only else None
    kinds = [(kind, one) for kind in asked.kinds.split(",") for one in KINDS[kind] if not chosen or one in chosen]
    for (kind, label), terminal in product(kinds, (False,) if asked.pipe else (False, True)):
        with tempfile.TemporaryDirectory() as made:
            folder = Path(made)
            for outcome in commands(kind, label, folder, terminal=terminal):
                tally.add(f"{kind}: {label}", outcome)
            for fault in files_faults(folder):
                tally.fault(f"{kind}: {label}", fault)
    say(
        f"{len(kinds)} names, files and texts, {tally.statuses.total()} commands by exit status: {dict(tally.statuses)}"
    )
    say(f"slowest: {tally.slowest[1]}, {tally.slowest[0]:.1f} s; faults: {dict(tally.faults) or 'none'}")
    return 1 if tally.faults else 0


if __name__ == "__main__":
    sys.exit(main())
