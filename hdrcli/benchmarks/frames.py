"""The brackets that are measured: made for it, or one's own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hdrcli.benchmarks import processes
from hdrcli.errors import UsageError

ASPECT = 1.5
STOPS = {3: (-2, 0, 2), 5: (-4, -2, 0, 2, 4), 9: (-4, -3, -2, -1, 0, 1, 2, 3, 4)}


@dataclass(frozen=True)
class Frames:
    """A bracket's folder and its frames: darkest first, exposure times in seconds, of one size in pixels."""

    folder: Path
    files: tuple[str, ...]
    times: tuple[float, ...]
    width: int
    height: int

    @property
    def megapixels(self) -> float:
        """Of each frame."""
        return self.width * self.height / 1e6


def size(megapixels: float) -> tuple[int, int]:
    """Width and height, 3:2, of about so many million pixels; multiples of 16, as cameras have, but for tiny ones."""
    step = 16 if megapixels > 0.05 else 2
    height = max(step, round(math.sqrt(megapixels * 1e6 / ASPECT) / step) * step)
    return max(step, round(height * ASPECT / step) * step), height


def made(folder: Path, width: int, height: int, stops: Sequence[float] = STOPS[3]) -> Frames:
    """A bracket that is drawn, in a process of its own; one that lies there already is kept."""
    given: dict[str, Any] = {"width": width, "height": height, "stops": list(stops)}
    told, _ = processes.call("scene:write", "the drawing of frames", folder=folder, **given)
    return _frames(folder, told)


def own(folder: Path) -> Frames:
    """One's own bracket. Raises UsageError for a folder that is none, HdrcliError for one that cannot be read."""
    if not folder.is_dir():
        raise UsageError(f"--frames {folder} is no folder.", "Pass the folder of one bracket.")
    told, _ = processes.call("frames:read", str(folder), folder=folder)
    return _frames(folder, told)


def read(folder: Path) -> dict[str, Any]:
    """What `Frames` holds of a folder with one bracket. Raises HdrcliError for another one."""
    from hdrcli.inspection import inspect

    brackets = inspect([folder]).brackets
    if len(brackets) != 1:
        raise UsageError(f"--frames {folder} holds {len(brackets)} brackets.", "Pass the folder of one bracket.")
    (bracket,) = brackets
    if bracket.error is not None:
        raise bracket.error
    ordered = sorted(bracket.frames, key=lambda frame: frame.stops or 0.0)
    first = ordered[0].header
    times = [2.0 ** (frame.stops or 0.0) for frame in ordered]  # OpenCV's are of any one unit
    files = [str(frame.header.path) for frame in ordered]
    return {"files": files, "times": times, "width": first.width, "height": first.height}


def _frames(folder: Path, told: dict[str, Any]) -> Frames:
    return Frames(folder, tuple(told["files"]), tuple(told["times"]), told["width"], told["height"])
