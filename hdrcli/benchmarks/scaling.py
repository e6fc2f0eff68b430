"""How time and memory grow: with the frames of a bracket, and with the brackets of a run."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hdrcli.benchmarks import frames, processes, whole
from hdrcli.benchmarks.turns import in_turn, spread
from hdrcli.benchmarks.whole import Run, Telling
from hdrcli.errors import HdrcliError

BRACKETS = (1, 2, 4)


def by_frames(
    model: str, size: tuple[int, int], folder: Path, repeats: int, device: str, telling: Telling
) -> list[dict[str, Any]]:
    """A row for each number of frames."""
    made = {count: frames.made(folder / f"{count} frames", *size, stops) for count, stops in frames.STOPS.items()}
    ways: dict[str, Callable[[], Run]] = {
        str(count): lambda one=one: whole.fused([one.folder], model, device, formats=["png"])  # type: ignore[misc]
        for count, one in made.items()
    }
    return _rows(model, "frames", ways, repeats, size, telling)


def by_brackets(
    model: str, size: tuple[int, int], folder: Path, repeats: int, device: str, telling: Telling
) -> list[dict[str, Any]]:
    """A row for each number of brackets of three frames, fused by one process."""
    first = frames.made(folder / "bracket 1", *size).folder
    copies = [first, *(folder / f"bracket {number}" for number in range(2, max(BRACKETS) + 1))]
    for copy in copies[1:]:
        shutil.copytree(first, copy, dirs_exist_ok=True)
    ways: dict[str, Callable[[], Run]] = {
        str(n): lambda n=n: whole.fused(copies[:n], model, device, formats=["png"])  # type: ignore[misc]
        for n in BRACKETS
    }
    return _rows(model, "brackets", ways, repeats, size, telling)


def _rows(
    model: str,
    what: str,
    ways: dict[str, Callable[[], Run]],
    repeats: int,
    size: tuple[int, int],
    telling: Telling,
) -> list[dict[str, Any]]:
    found = in_turn(
        ways,
        repeats,
        lambda name, error: telling.fail(HdrcliError(f"{name} {what}: {error.message}", error.hint)),
        lambda name, number: telling.say(f"{model}: {name} {what}, {number} of {repeats}"),
    )
    about = {"model": model, "what": what, "megapixels": size[0] * size[1] / 1e6}
    return [
        {
            **about,
            "count": int(name),
            "wall": spread([run.used.wall for run in runs]),
            "cpu": spread([run.used.cpu for run in runs]),
            "memory": spread([run.used.memory for run in runs]),
        }
        for name, runs in found.items()
    ]


def warm(model: str, one: frames.Frames, folder: Path, repeats: int, device: str) -> dict[str, Any]:
    """Stages of a bracket in a process that has fused one before: no start, weights loaded, kernels chosen.

    Raises HdrcliError where it fails.
    """
    copies = [folder / f"round {number}" for number in range(repeats + 1)]
    for copy in copies:
        shutil.copytree(one.folder, copy, dirs_exist_ok=True)
    given = {"brackets": [str(copy) for copy in copies], "model": model, "device": device}
    output = str(folder / "results")
    told, used = processes.call("ours:fuse", f"hdrcli fuse -m {model}", output=output, formats=["png"], **given)
    for copy in copies:
        shutil.rmtree(copy)
    names = dict.fromkeys(name for stages in told[1:] for name in stages)
    return {
        "model": model,
        "megapixels": one.megapixels,
        "frames": len(one.files),
        "stages": {name: spread([stages.get(name, 0.0) for stages in told[1:]]) for name in names},
        "memory": used.memory,
    }
