"""Whole processes against one another: frames on the disk to a result on the disk, ours and the peers' in turn."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hdrcli.benchmarks import ours, processes
from hdrcli.benchmarks.frames import Frames
from hdrcli.benchmarks.peers import Peer
from hdrcli.benchmarks.processes import Usage
from hdrcli.benchmarks.turns import in_turn, ratio, spread
from hdrcli.errors import HdrcliError

OURS = "hdrcli"
EQUAL = "hdrcli --align off"
"""Peers align nothing: it is this that they are held against."""


@dataclass(frozen=True)
class Run:
    """One process: what it took, bytes of its result, seconds of its stages where it is ours."""

    used: Usage
    output: int
    stages: Mapping[str, float] | None = None


@dataclass(frozen=True)
class Telling:
    """Where a run of `bench` tells what is being measured, and what failed."""

    say: Callable[[str], None]
    fail: Callable[[HdrcliError], None]


def contests(
    frames: Frames, model: str, peers: Sequence[Peer], repeats: int, device: str, telling: Telling
) -> list[dict[str, Any]]:
    """A row for each program that fuses `frames` as `model` does, for PNG and for what peers write beside."""
    own = [peer for peer in peers if peer.model == model]
    rows = []
    for format_ in dict.fromkeys(["png", *(peer.format for peer in own)]):
        against = [peer for peer in own if peer.format == format_]
        found = _found(frames, model, format_, against, repeats, device, telling)
        about = {"megapixels": frames.megapixels, "frames": len(frames.files), "model": model, "format": format_}
        rows += [{**about, "program": name, **row} for name, row in summed(found).items()]
    return rows


def _found(
    frames: Frames, model: str, format_: str, peers: Sequence[Peer], repeats: int, device: str, telling: Telling
) -> dict[str, list[Run]]:
    with tempfile.TemporaryDirectory(prefix="hdrcli-bench-") as folder:
        target = Path(folder) / f"result.{format_}"

        def our(align: str) -> Run:
            return fused([frames.folder], model, device, formats=[format_], align=align)

        def their(peer: Peer) -> Run:
            target.unlink(missing_ok=True)
            return Run(peer.run(frames, target), target.stat().st_size)

        ways: dict[str, Callable[[], Run]] = {OURS: lambda: our("auto")}
        if peers:
            ways[EQUAL] = lambda: our("off")
        ways |= {peer.name: lambda peer=peer: their(peer) for peer in peers}  # type: ignore[misc]
        what = f"{frames.megapixels:.3g} MP, {len(frames.files)} frames, {model}, {format_}"
        return in_turn(
            ways,
            repeats,
            lambda name, error: telling.fail(HdrcliError(f"{what}: {error.message}", error.hint)),
            lambda name, number: telling.say(f"{what}: {name}, {number} of {repeats}"),
        )


def fused(brackets: Sequence[Path], model: str, device: str, **options: Any) -> Run:
    """Our process over some brackets; the stages are those of the only one. Raises HdrcliError."""
    with tempfile.TemporaryDirectory(prefix="hdrcli-bench-") as output:
        given = {"brackets": [str(one) for one in brackets], "model": model, "device": device, "output": output}
        told, used = processes.call("ours:fuse", f"hdrcli fuse -m {model}", **given, **options)
        stages = ours.with_rest(told[0], used.wall) if len(told) == 1 else None
        return Run(used, ours.outputs_size(Path(output)), stages)


def summed(found: Mapping[str, Sequence[Run]]) -> dict[str, dict[str, Any]]:
    """Figures of all rounds by program; `ratio`, `cpu_ratio` are our times over a peer's, for equal work."""
    rows = {name: _row(runs) for name, runs in found.items()}
    for name, row in rows.items():
        if EQUAL in rows and not name.startswith(OURS):
            row["ratio"] = ratio(*([run.used.wall for run in found[one]] for one in (EQUAL, name)))
            row["cpu_ratio"] = ratio(*([run.used.cpu for run in found[one]] for one in (EQUAL, name)))
    return rows


def _row(runs: Sequence[Run]) -> dict[str, Any]:
    row: dict[str, Any] = {
        "wall": spread([run.used.wall for run in runs]),
        "cpu": spread([run.used.cpu for run in runs]),
        "memory": spread([run.used.memory for run in runs]),
        "output_bytes": runs[-1].output,
    }
    stages = [run.stages for run in runs if run.stages]
    if stages:
        names = dict.fromkeys(name for one in stages for name in one)
        row["stages"] = {name: spread([one.get(name, 0.0) for one in stages]) for name in names}
    return row
