"""Hostile and broken files by the thousand: each must give a result or an error that names it.

    python -m tests.campaigns.hostile --count 10000 --keep FOLDER     mutations 0 to 9999 of all formats
    python -m tests.campaigns.hostile --tree DIR --count 0            every file of a folder tree
    python -m tests.campaigns.hostile --first 4711 --count 1 --show   one mutation again

Each file is read, and each tenth also goes through `hdrcli inspect` and `hdrcli fuse` as the middle frame of a bracket.
Failing are crashes, hangs, exceptions other than hdrcli's own, pixels that are not finite or not of the size that the
header says, words of libraries on stdout, memory above --megabytes, statuses other than those promised. Mutations are
the same again by number as long as the libraries that write the sound files are.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from hdrcli.readers import reader_for
from hdrcli.readers._file import content
from tests.campaigns.children import outcomes
from tests.campaigns.mutations import mutated
from tests.campaigns.reading import Case, Outcome
from tests.campaigns.seeds import Make, seeds

STEPS = {"dark": 0.25, "middle": 1.0, "bright": 4.0}
MEANT = {"jpeg": ".jpg", "png": ".png", "tiff": ".tif", "exr": ".exr", "hdr": ".hdr", "raw": ".dng"}
"""The suffix that the files of a folder were meant for, by the word that the folder's name begins with."""


def sound(folder: Path) -> dict[str, dict[str, Path]]:
    """Sound brackets of each kind, written into `folder`."""
    made: dict[str, dict[str, Path]] = {}
    for name, (suffix, make) in seeds().items():
        made[name] = _bracket(folder, name, suffix, make)
    return made


def _bracket(folder: Path, name: str, suffix: str, make: Make) -> dict[str, Path]:
    files = {step: folder / f"{name}-{step}{suffix}" for step in STEPS}
    for step, file in files.items():
        file.write_bytes(make(STEPS[step]))
    return files


def mutations(numbers: Iterable[int], made: dict[str, dict[str, Path]], folder: Path, share: int) -> Iterator[Case]:
    """The cases of mutated files, written into `folder` one at a time; each `share`-th also by the commands."""
    kinds = sorted(made)
    for number in numbers:
        kind, other = kinds[number % len(kinds)], kinds[(number * 7 + number // len(kinds)) % len(kinds)]
        middle, others = made[kind]["middle"], made[other]["middle"]
        path = folder / f"{number}-{kind}{middle.suffix}"
        path.write_bytes(mutated(number, middle.read_bytes(), others.read_bytes(), middle.suffix))
        neighbours = (str(made[kind]["dark"]), str(made[kind]["bright"]))
        yield from _cases(kind, path, neighbours, folder, number // len(kinds) % share == 0)
        path.unlink()


def tree(root: Path, made: dict[str, dict[str, Path]], folder: Path) -> Iterator[Case]:
    """The cases of all files below `root`, each under its own suffix, its content's and the one it was meant for."""
    neighbours = tuple(str(made["jpeg-baseline"][step]) for step in ("dark", "bright"))
    for number, file in enumerate(sorted(path for path in root.rglob("*") if path.is_file())):
        meant = MEANT.get(file.parent.name.split("_")[0], "")
        with file.open("rb") as stream:
            shown = content(stream.read(256))[1]
        own = file.suffix.lower()
        for suffix in dict.fromkeys(one for one in (own, shown, meant) if one):
            if suffix != own and reader_for(Path(f"a{own}")) is reader_for(Path(f"a{suffix}")):
                continue
            path = folder / f"{number}-{file.name[:80]}{'' if suffix == own else suffix}"
            shutil.copy(file, path)
            path.chmod(0o644)
            kind = suffix.removeprefix(".") if reader_for(path) else "other"
            yield from _cases(kind, path, neighbours, folder, True)
            path.unlink()


def _cases(kind: str, path: Path, others: tuple[str, ...], folder: Path, by_command: bool) -> Iterator[Case]:
    yield Case(kind, str(path))
    if by_command:
        yield from (Case(kind, str(path), how, others, str(folder / "fused")) for how in ("inspect", "fuse"))


def run(cases: Iterable[Case], arguments: argparse.Namespace, chatter: Path) -> list[Outcome]:
    """What became of the cases; failing files are kept, failures and progress told at once."""
    found: list[Outcome] = []
    for outcome in outcomes(cases, arguments.address_space, chatter):
        found.append(outcome)
        if arguments.show or fails(outcome, arguments.megabytes):
            print(f"{Path(outcome.path).name} {outcome.how}: {outcome.outcome}: {outcome.words}", flush=True)
        if arguments.keep and fails(outcome, arguments.megabytes):
            shutil.copy(outcome.path, arguments.keep)
        if len(found) % 1000 == 0:
            print(f"… {len(found)} done", file=sys.stderr, flush=True)
    return found


def fails(outcome: Outcome, megabytes: float) -> bool:
    """Whether an outcome is none that is allowed."""
    return not outcome.is_right or outcome.megabytes > megabytes


def tell(found: list[Outcome], megabytes: float) -> None:
    """Counts by format and outcome, and the slowest and largest cases."""
    names = sorted({one.outcome for one in found})
    rows: dict[str, Counter[str]] = {}
    for one in found:
        rows.setdefault(f"{one.how} {one.name.split('-')[0]}", Counter())[one.outcome] += 1
    width = max(map(len, rows), default=0)
    print(f"{'':{width}}  " + "  ".join(names))
    for row in sorted(rows):
        print(f"{row:{width}}  " + "  ".join(f"{rows[row][name]:{len(name)}}" for name in names))
    for word, key in (("slowest", "seconds"), ("largest", "megabytes")):
        print(f"\n{word}:")
        for one in sorted(found, key=lambda one: -getattr(one, key))[:6]:
            told = f"{one.seconds:6.2f} s {one.megabytes:6.0f} MB"
            print(f"  {told}  {Path(one.path).name} {one.how}: {one.outcome} {one.words[:90]}")
    bad = sum(fails(one, megabytes) for one in found)
    print(f"\n{len(found)} cases of {len({one.path for one in found})} files, {bad} failing")


def main() -> int:
    """Returns 1 if a case fails."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tree", type=Path, help="every file below this folder, before the mutations")
    parser.add_argument("--first", type=int, default=0, help="number of the first mutation")
    parser.add_argument("--count", type=int, default=10_000, help="how many mutations")
    parser.add_argument("--share", type=int, default=10, help="of how many files one goes through inspect and fuse")
    parser.add_argument("--megabytes", type=float, default=1500, help="resident memory that is too much")
    parser.add_argument("--address-space", type=int, default=4096, help="limit in MB put upon the children (0: none)")
    parser.add_argument("--keep", type=Path, help="folder for failing files")
    parser.add_argument("--show", action="store_true", help="tell every outcome")
    arguments = parser.parse_args()
    if arguments.keep:
        arguments.keep.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="hostile-") as name:
        folder = Path(name)
        made = sound(folder)
        cases = list[Iterable[Case]]()
        if arguments.tree:
            cases.append(tree(arguments.tree, made, folder))
        numbers = range(arguments.first, arguments.first + arguments.count)
        cases.append(mutations(numbers, made, folder, arguments.share))
        found = run((case for some in cases for case in some), arguments, arguments.keep or folder)
    tell(found, arguments.megabytes)
    return int(any(fails(one, arguments.megabytes) for one in found))


if __name__ == "__main__":
    sys.exit(main())
