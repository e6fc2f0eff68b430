"""Fuse for an hour in one process, failures mixed in, and see that nothing piles up.

    python -m tests.campaigns.soak --minutes 60

After each round of all cases, so that what is held is of the same one, it prints memory (USS: what belongs to the
processes alone, whoever else maps the same libraries), open descriptors, threads, child processes and files in the
temporary folder, of this process and of those it has started. A line through the rounds after the warm-up, by least
squares, is the slope of memory. Exit status 1 where that is above --slope, where descriptors or threads grow, where a
temporary file stays, or where a bracket does not end as it must.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import psutil

import hdrcli
from hdrcli import heap
from tests import scenes

ALL_FORMATS = ("png", "exr", "tiff", "jpg", "hdr")
LIGHT_FORMATS = ("avif", "jxl", "uhdr")


@dataclass(frozen=True)
class Case:
    """A bracket, how it is fused and how that must end: "done", or "failed"."""

    folder: Path
    status: str
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Sample:
    """What the processes hold at one moment: minutes since the beginning, megabytes, counts.

    `started` is the part of the memory that is of the processes that this one has started.
    """

    minute: float
    memory: float
    started: float
    descriptors: int
    threads: int
    children: int
    temporaries: int
    brackets: int


def main() -> int:
    """Run the campaign; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--warm-up", type=float, default=None, help="minutes not counted (default: a fifth)")
    parser.add_argument("--slope", type=float, default=30.0, help="largest growth of memory, MB an hour")
    given = parser.parse_args()
    heap.shared()  # as the command does
    warm_up = given.minutes / 5 if given.warm_up is None else given.warm_up
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        own = Path(folder) / "temporary"
        own.mkdir()
        tempfile.tempdir = str(own)  # where libraries and ours put passing files
        samples, ends = _soak(Path(folder), own, given.minutes)
    return _judged(samples, ends, warm_up, given.slope)


def _soak(folder: Path, own: Path, minutes: float) -> tuple[list[Sample], Counter[str]]:
    """Fuse all cases in turn until the time is over; a sample each round, and how many brackets ended how."""
    cases = list(_cases(folder))
    began, samples, ends = time.monotonic(), [], Counter[str]()
    _say(" minute   USS MB  of started  descriptors  threads  children  temporaries  brackets")
    while (time.monotonic() - began) / 60 < minutes:
        ends.update(_fused(case, folder / "fused") for case in cases)
        samples.append(_sample((time.monotonic() - began) / 60, own, folder / "fused", ends.total()))
        _show(samples[-1])
    return samples, ends


def _cases(folder: Path) -> Iterator[Case]:
    """Brackets of several sizes by several models into all formats, and one of each kind that must fail."""
    small, large = _bracket(folder / "small", 240, 320), _bracket(folder / "large", 800, 1200)
    wide, tiff = _bracket(folder / "wide", 97, 611), _bracket(folder / "tiff", 200, 300, ".tiff", 65535)
    times = {"times": (1 / 400, 1 / 100, 1 / 25)}
    for each in (small, wide, tiff, large):
        yield Case(each, "done", {"model": "mertens", "formats": ALL_FORMATS})
        yield Case(each, "done", {"model": "debevec", "formats": ALL_FORMATS + LIGHT_FORMATS, **times})
    for model in ("lightfuse", "dfgnet", "dpg", "twophase", "apnt"):
        yield Case(small, "done", {"model": model, "formats": ("png", "exr"), "tile": 128, **times})
    yield Case(large, "done", {"model": "lightfuse", "formats": ("jpg",)})
    yield Case(small, "done", {"model": "auto", "response": "estimate", "align": "homography", **times})
    yield Case(_cut(_bracket(folder / "cut", 240, 320)), "failed", {"model": "mertens"})
    yield Case(_odd(_bracket(folder / "odd", 240, 320)), "failed", {"model": "mertens"})
    yield Case(_junk(_bracket(folder / "junk", 240, 320)), "failed", {"model": "mertens"})
    yield Case(small, "failed", {"model": "debevec"})  # it has no times
    yield Case(large, "failed", {"model": "mertens", "formats": ("uhdr",)})  # it makes no light for that


def _bracket(folder: Path, height: int, width: int, suffix: str = ".jpg", levels: int = 255) -> Path:
    scene = scenes.radiance(height, width, stops=6)
    noise = np.random.default_rng(height).normal(1, 0.02, (height, width, 1)).astype(np.float32)
    scenes.write_bracket(folder, scene * noise, [0.25, 1, 4], suffix, levels)
    return folder


def _cut(folder: Path) -> Path:
    """The bracket with half a frame."""
    frame = folder / "2.jpg"
    frame.write_bytes(frame.read_bytes()[: frame.stat().st_size // 2])
    return folder


def _odd(folder: Path) -> Path:
    """The bracket with a frame of another size."""
    cv2.imwrite(str(folder / "3.jpg"), np.zeros((100, 100, 3), np.uint8))
    return folder


def _junk(folder: Path) -> Path:
    """The bracket with a frame that is none."""
    (folder / "1.jpg").write_bytes(bytes(range(256)) * 64)
    return folder


def _fused(case: Case, output: Path) -> str:
    """How a case ended: as it must ("done", "failed"), or what was wrong."""
    report = hdrcli.fuse(case.folder, output=output, overwrite=True, **case.options)
    (made,) = report.brackets
    if made.status == case.status and "a bug in hdrcli" not in str(made.error):
        return made.status
    return f"WRONG {case.folder.name} {case.options.get('model')}: {made.status} {made.error}"


def _sample(minute: float, own: Path, output: Path, brackets: int) -> Sample:
    me = psutil.Process()
    processes, children = [me], []
    with suppress(psutil.Error):
        children = me.children(recursive=True)
    memory, started, descriptors, threads = 0.0, 0.0, 0, 0
    for one in [*processes, *children]:
        with suppress(psutil.Error):
            alone = one.memory_full_info().uss / 1e6
            memory += alone
            started += alone if one != me else 0
            descriptors += one.num_fds()
            threads += one.num_threads()
    temporaries = sum(1 for path in own.rglob("*") if path.is_file()) + sum(1 for _ in output.glob(".*"))
    return Sample(minute, memory, started, descriptors, threads, len(children), temporaries, brackets)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _show(one: Sample) -> None:
    _say(
        f"{one.minute:7.1f} {one.memory:8.1f} {one.started:11.1f} {one.descriptors:12d} {one.threads:8d} "
        f"{one.children:9d} {one.temporaries:12d} {one.brackets:9d}"
    )


def _judged(samples: list[Sample], ends: Counter[str], warm_up: float, largest: float) -> int:
    """The verdict in words; 0 where all is flat and every bracket ended as it must."""
    counted = [one for one in samples if one.minute >= warm_up]
    _say(", ".join(f"{count} {end}" for end, count in ends.most_common()))
    if len(counted) < 3:
        _say("Too few rounds to judge memory by: pass more --minutes.")
        return 1
    slope = 60 * float(np.polyfit([one.minute for one in counted], [one.memory for one in counted], 1)[0])
    first, last = counted[: len(counted) // 3 or 1], counted[-(len(counted) // 3 or 1) :]
    grown = {
        name: max(getattr(one, name) for one in last) - max(getattr(one, name) for one in first)
        for name in ("descriptors", "threads", "temporaries")
    }
    wrong = [end for end in ends if end.startswith("WRONG")]
    _say(f"memory {slope:+.1f} MB an hour after {warm_up:g} minutes (at most {largest:g}); {grown}")
    failed = wrong or slope > largest or any(more > 0 for more in grown.values())
    _say("FAILED" if failed else "flat")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
