"""hdrcli as it is measured: brackets fused in a process of their own, with the time that each stage takes."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from hdrcli import plugins

Mark = tuple[float, str, float]
"""Seconds by a clock, the stage that a bracket is in by then, and the share of it that is done."""

NETWORK, AFTER = "network", "merging"


def fuse(brackets: list[str], model: str, output: str, **options: Any) -> list[dict[str, float]]:
    """Fuse `brackets` (folders) with `options` of `hdrcli.fuse`; the seconds of each one's stages.

    Raises HdrcliError for the first that fails.
    """
    import hdrcli

    marks: dict[str, list[Mark]] = {}

    def progress(name: str, stage: str, share: float) -> None:
        marks.setdefault(name, []).append((time.perf_counter(), stage, share))

    report = hdrcli.fuse(brackets, model=model, output=output, overwrite=True, progress=progress, **options)
    for one in report.failed:
        if one.error is not None:
            raise one.error
    is_network = model in plugins.names("networks")
    return [stages(found, is_network=is_network) for found in marks.values()]


def stages(marks: Sequence[Mark], *, is_network: bool) -> dict[str, float]:
    """Seconds in each stage of one bracket, in order, from the marks of its progress.

    Of a network, "fusing" is told apart: up to its last tile is the "network", from there on its result is "merging"
    with what classical fusers make where nothing moved.
    """
    found: dict[str, float] = {}
    last = max((at for at, (_, stage, _) in enumerate(marks) if stage == "fusing"), default=-1)
    for at, ((began, stage, _), (ended, _, _)) in enumerate(pairwise(marks)):
        name = stage
        if is_network and stage == "fusing":
            name = AFTER if at == last else NETWORK
        found[name] = found.get(name, 0.0) + ended - began
    return found


def with_rest(found: Mapping[str, float], wall: float) -> dict[str, float]:
    """The stages of a process that fused one bracket, and what it took beside: start, imports, weights, end."""
    return {"starting": wall - sum(found.values()), **found}


def outputs_size(folder: Path) -> int:
    """Bytes of the results in a folder."""
    return sum(file.stat().st_size for file in folder.iterdir() if file.suffix != ".json")
