"""inspect(): what the frames of each bracket are, and what `fuse` would make of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hdrcli import aligning, exposure, limits, motion
from hdrcli.errors import HdrcliError, UsageError
from hdrcli.image import Exposure, FrameHeader
from hdrcli.inputs import Inputs
from hdrcli.outputs import apart, with_outputs
from hdrcli.plan import Plan, make_plans, settled
from hdrcli.reading import ReadBracket, linear, read_bracket
from hdrcli.settings import FuseSettings


@dataclass(frozen=True)
class InspectedFrame:
    """A frame: its header, and what is known when its pixels could be read.

    `stops` are relative to the reference frame; `saturated` and `black` are shares of the pixels; `bits` is the
    precision of the file's values (32 for floating point).
    """

    header: FrameHeader
    stops: float | None = None
    saturated: float | None = None
    black: float | None = None
    bits: int | None = None


@dataclass(frozen=True)
class InspectedBracket:
    """A bracket: its frames in file order, and what `fuse` would do, or the error it would end with.

    `reference` is the path of the frame that would be chosen; `existing` are outputs that are there already; `ends`
    says why a bracket of a shoot ends where it does; `moved` is the share of the picture that moved between frames,
    None where frames could not be read.
    """

    name: str
    inputs: tuple[Path, ...]
    frames: tuple[InspectedFrame, ...]
    exposure_source: str
    reference: Path | None
    model: str
    outputs: tuple[Path, ...]
    existing: tuple[Path, ...]
    notes: tuple[str, ...]
    error: HdrcliError | None = None
    ends: str = ""
    moved: float | None = None


@dataclass(frozen=True)
class Inspection:
    """All brackets of some inputs, the files that are in none of them, and what is to be said about them."""

    brackets: tuple[InspectedBracket, ...]
    left: tuple[Path, ...]
    notes: tuple[str, ...]

    @property
    def failed(self) -> tuple[InspectedBracket, ...]:
        return tuple(bracket for bracket in self.brackets if bracket.error)


@limits.heeding
def inspect(
    inputs: Iterable[str | Path],
    *,
    progress: Callable[[str, int, int], None] = lambda name, number, count: None,
    **options: Any,
) -> Inspection:
    """Read the frames of the brackets in `inputs` and tell what `fuse` would do with the same `options`.

    `progress` is told a bracket's name and number before it is read, and their count. A bracket that cannot be fused
    carries its error. Raises UsageError for options that cannot be meant.
    """
    paths = [Path(path) for path in inputs]
    if not paths:
        raise UsageError("There is nothing to inspect.", "Name a folder of frames, or the frames of one bracket.")
    # Existing outputs are told, but do not keep a bracket from being looked at.
    settings = FuseSettings(**options, dry_run=True, overwrite=True)
    plans = make_plans(paths, settings)
    given, brackets = Inputs(path for plan in plans.brackets for path in plan.files), []
    for number, plan in enumerate(apart(plans.brackets), 1):
        progress(plan.name, number, len(plans.brackets))
        brackets.append(_inspect(with_outputs(plan, settings, given.refuse), settings))
    return Inspection(tuple(brackets), plans.left, plans.notes)


def _inspect(plan: Plan, settings: FuseSettings) -> InspectedBracket:
    stops = plan.stops or (None,) * len(plan.frames)
    known = InspectedBracket(
        name=plan.name,
        inputs=plan.files,
        frames=tuple(InspectedFrame(header, stop) for header, stop in zip(plan.frames, stops, strict=True)),
        exposure_source=plan.exposure_source,
        reference=None,
        model=plan.model,
        outputs=plan.outputs,
        existing=tuple(path for path in plan.outputs if path.exists()),
        notes=plan.notes,
        error=plan.error,
        ends=plan.ends,
    )
    if plan.error:
        return known
    try:
        read = read_bracket(plan, settings)
    except HdrcliError as error:
        return replace(known, error=error)
    reference, notes = read.headers[read.bracket.reference].path, (*plan.notes, *read.notes)
    known = replace(known, frames=_frames(plan, read), reference=reference, notes=notes)
    try:
        aligned = read.aligned(*aligning.align(read.bracket, plan.model, settings))
    except HdrcliError as error:
        return replace(known, error=error)
    bracket, decoded = linear(aligned.bracket, plan, settings, read.measured)
    if len(aligned.order) == len(read.order):
        read = read.with_exposures_of(bracket)
    moved = motion.find(bracket)
    plan = settled(replace(plan, notes=notes), bracket) if settings.model == "auto" else replace(plan, notes=notes)
    notes = (*plan.notes, *decoded)
    if not any(str(moved) in note for note in notes):
        notes = (*notes, str(moved))
    return replace(known, frames=_frames(plan, read), model=plan.model, notes=notes, moved=moved.share)


def _frames(plan: Plan, read: ReadBracket) -> tuple[InspectedFrame, ...]:
    """The frames in file order, from a bracket that is darkest first; of those left out, the headers alone."""
    bracket = read.bracket
    stops: tuple[float | None, ...] = (None,) * len(read.headers)
    if bracket.relative_exposures:
        stops = exposure.stops(bracket.relative_exposures, bracket.reference)
    seen = {
        header.path: _frame(header, stop, one)
        for header, stop, one in zip(read.headers, stops, bracket.exposures, strict=True)
    }
    return tuple(seen.get(header.path, InspectedFrame(header)) for header in plan.frames)


def _frame(header: FrameHeader, stop: float | None, one: Exposure) -> InspectedFrame:
    saturated, black = exposure.lost_shares(one)
    return InspectedFrame(header, stop, saturated, black, one.bits)
