"""Programs that do what classical fusers of ours do, and how each is asked for equal work: JPEG files in, one file out.

Each program encodes its output as it does by itself. What is not installed is left out, and said.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hdrcli.benchmarks import processes
from hdrcli.benchmarks.frames import Frames
from hdrcli.benchmarks.processes import Usage


@dataclass(frozen=True)
class Peer:
    """A program, the model and the format in which it does the same, and the run from frames to the file."""

    name: str
    model: str
    format: str
    run: Callable[[Frames, Path], Usage]


def _enfuse(frames: Frames, target: Path) -> Usage:
    return processes.run(["enfuse", "-o", str(target), *frames.files], "enfuse")[1]


def _opencv(function: str) -> Callable[[Frames, Path], Usage]:
    def run(frames: Frames, target: Path) -> Usage:
        given = {"files": list(frames.files), "times": list(frames.times), "target": target}
        return processes.call(f"opencv:{function}", "OpenCV", **given)[1]

    return run


def peers() -> tuple[list[Peer], list[str]]:
    """All peers that are here, and what is to be said of those that are not."""
    known = [
        Peer("OpenCV createMergeMertens", "mertens", "png", _opencv("mertens")),
        Peer("OpenCV createMergeDebevec", "debevec", "png", _opencv("debevec")),
        Peer("OpenCV createMergeDebevec", "debevec", "hdr", _opencv("debevec")),
    ]
    if shutil.which("enfuse") is None:
        return known, ["enfuse is not installed and left out."]
    return [Peer("enfuse", "mertens", "png", _enfuse), *known], []
