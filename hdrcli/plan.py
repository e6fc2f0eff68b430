"""From inputs and settings to plans: which brackets there are, with what exposures, by which model, into which files.

Only file headers are read here, so a plan is made at once for thousands of frames and shown by `--dry-run`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hdrcli import exposure, motion, plugins, sidecars
from hdrcli.contracts import Fuser, Network, Writer
from hdrcli.disk import Stamp
from hdrcli.earlier import earlier_results
from hdrcli.errors import ExposureError, HdrcliError, ReadError, UsageError
from hdrcli.grouping import FoundBracket, Grouping, find_brackets, some
from hdrcli.image import Bracket, FrameHeader, RadianceMap
from hdrcli.settings import FuseSettings

if TYPE_CHECKING:
    from hdrcli.shoot import Shoot

FOR_MOTION, FOR_STILL, FOR_LACK_OF_TIMES = "dfgnet", "debevec", "mertens"
"""What `auto` takes: where something moved, where nothing did, and where exposures are unknown."""

FindSidecar = Callable[[Path], Path | None]
"""From a folder to its sidecar."""

MOTION_FRAMES = 3
"""Frames that the network for motion sees."""


@dataclass(frozen=True)
class Plan:
    """One bracket to fuse: its frames in file order, their relative exposures and where they come from.

    `error` is set when it cannot be fused as asked; `kept` are the outputs that exist and shall stay, and `skip` is set
    when that is all of them. `files` are all its files, also those whose header could not be read. `ends` is as in
    FoundBracket. `shoot_exposure`, in the units of `relative_exposures`, is the one whose white is 1.0 on the scale of
    the whole shoot; None where brackets cannot be compared. `shoot` are all brackets that its picture agrees with,
    `statistics` those of the tone mapping operator that it shares with them; None where it has its own. `gain` brings a
    linear file to the scale of others. `seen` are the stamps of the outputs as they were found, if only those may be
    replaced.
    """

    name: str
    frames: tuple[FrameHeader, ...]
    model: str
    outputs: tuple[Path, ...]
    relative_exposures: tuple[float, ...] | None = None
    exposure_source: str = ""
    notes: tuple[str, ...] = ()
    error: HdrcliError | None = None
    skip: bool = False
    files: tuple[Path, ...] = ()
    ends: str = ""
    kept: tuple[Path, ...] = ()
    shoot_exposure: float | None = None
    shoot: Shoot | None = None
    statistics: Any = None
    gain: float | None = None
    seen: tuple[Stamp | None, ...] | None = None

    @property
    def is_settled(self) -> bool:
        """Whether there is nothing to fuse."""
        return self.skip or self.error is not None

    @property
    def stops(self) -> tuple[float, ...] | None:
        """Stops of each frame, in file order, relative to the middle frame of the sorted bracket."""
        if self.relative_exposures is None:
            return None
        middle = sorted(self.relative_exposures)[len(self.relative_exposures) // 2]
        return exposure.stops((*self.relative_exposures, middle), len(self.relative_exposures))[:-1]


@dataclass(frozen=True)
class Plans:
    """All brackets of a run, the files in none of them, and what is to be said about them."""

    brackets: tuple[Plan, ...]
    left: tuple[Path, ...] = ()
    notes: tuple[str, ...] = field(default=())


def make_plans(inputs: Sequence[Path] | Grouping, settings: FuseSettings) -> Plans:
    """Find the brackets in `inputs`, if they are not found yet, and plan each.

    What there is of a plan's outputs is for `hdrcli.outputs` to tell.
    """
    grouping = inputs if isinstance(inputs, Grouping) else _grouped(inputs, settings)
    plans = []
    find = cache(sidecars.find_sidecar)  # a folder may hold thousands of brackets
    for found in grouping.brackets:
        plan = Plan(
            found.name,
            found.headers,
            settings.model,
            outputs_of(found.name, settings),
            error=found.error,
            files=found.files,
            ends=found.ends,
        )
        plans.append(plan if plan.error else _planned(plan, found, settings, find))
    return Plans(tuple(plans), grouping.left, grouping.notes)


def _grouped(inputs: Sequence[Path], settings: FuseSettings) -> Grouping:
    """The brackets in `inputs`; what earlier runs wrote there is none of their frames."""
    earlier = earlier_results(inputs, settings.output)
    found = find_brackets(inputs, gap=settings.gap, size=settings.size, exclude=(settings.output, *earlier))
    notes = (f"Results of earlier runs are no frames and are left: {some(earlier)}.",) if earlier else ()
    return replace(found, notes=(*notes, *found.notes))


def _planned(plan: Plan, found: FoundBracket, settings: FuseSettings, find: FindSidecar) -> Plan:
    try:
        relative, source = _exposures(found, settings, find)
        plan = _with_model(replace(plan, relative_exposures=relative, exposure_source=source))
        if settings.reference is not None and settings.reference > len(plan.frames):
            raise UsageError(
                f"--reference {settings.reference}: {plan.name} has {len(plan.frames)} frames.",
                "Frames count from 1, in file order.",
            )
        if model_record(plan.model).makes is not RadianceMap:
            check_formats(settings, f"{plan.model} does not make")
        return plan
    except HdrcliError as error:
        return replace(plan, error=error)


def _exposures(found: FoundBracket, settings: FuseSettings, find: FindSidecar) -> tuple[tuple[float, ...] | None, str]:
    """Relative exposures in file order, and where they come from: --times or --stops, then EXIF, then a sidecar."""
    names = [frame.path.name for frame in found.headers]
    given = settings.times if settings.times is not None else settings.stops
    option = "--times" if settings.times is not None else "--stops"
    if given is not None:
        if len(given) != len(names):
            exposures = f"{len(given)} exposure{'s' * (len(given) != 1)}"
            raise ExposureError(
                f"{option} gives {exposures} but {found.name} has {len(names)} frames.",
                f"Give one for each frame, in file order: {', '.join(names)}.",
            )
        relative = given if settings.times is not None else tuple(2.0**stop for stop in given)
        exposure.check(relative, names, option)
        return relative, option
    from_exif = exposure.relative_exposures(found.headers)
    if from_exif is not None:
        exposure.check(from_exif, names, "EXIF")
        return from_exif, "EXIF"
    files = [frame.path for frame in found.headers]
    folders = {path.parent for path in files}
    sidecar = sidecars.read_sidecar(folders.pop(), files, find) if len(folders) == 1 else None
    if sidecar is not None:
        exposure.check(sidecar.relative_exposures, names, sidecar.path.name)
        return sidecar.relative_exposures, sidecar.path.name
    return None, "brightness"


def _with_model(plan: Plan) -> Plan:
    """Settle `auto`, and refuse a model that needs more than the bracket has."""
    name, notes = plan.model, plan.notes
    count, has_times = len(plan.frames), plan.relative_exposures is not None
    if name == "auto":
        name, why = _auto(count, has_times)
        notes = (*notes, f"model {name}: {why}")
    record, least = model_record(name), least_frames(name)
    if count < least:
        raise ReadError(
            f"{plan.name} has {count} frame{'s' * (count > 1)} but {name} takes at least {least}.",
            "Add frames of other exposures" + (", or pass -m mertens." if count > 1 else "."),
        )
    if record.needs_times and not has_times:
        missing = next((f.path.name for f in plan.frames if f.exposure_time is None), plan.frames[0].path.name)
        raise ExposureError(
            f"{plan.name}: {missing} has no exposure time in its EXIF, and {name} needs the times.",
            "Pass --times 1/60,1/15,1/4 (seconds, in file order) or --stops, or use -m mertens.",
        )
    return replace(plan, model=name, notes=notes)


def _auto(count: int, has_times: bool) -> tuple[str, str]:
    """The model that the headers alone speak for, and why. Whether anything moves, only pixels tell: see `settled`."""
    if not has_times:
        return FOR_LACK_OF_TIMES, "the frames carry no exposure times, and it needs none"
    if count >= MOTION_FRAMES:
        why = f"exposure times are known and there are three frames or more ({FOR_STILL} if nothing moves)"
        return FOR_MOTION, why
    return FOR_STILL, f"exposure times are known, but there are too few frames for {FOR_MOTION}"


def settled(plan: Plan, bracket: Bracket) -> Plan:
    """The plan of an `auto` bracket with the model that its pixels speak for, and the reason among the notes.

    `bracket` holds the linear exposures that alignment kept. Where nothing moved all models give the same.
    """
    if plan.model != FOR_MOTION:
        return plan
    moved, count = motion.find(bracket), len(bracket.exposures)
    if moved.share <= motion.LITTLE:
        name, why = FOR_STILL, "nothing moved between the frames"
    elif count >= MOTION_FRAMES:
        name, why = FOR_MOTION, f"{moved}; the rest is the merge of all frames"
    else:
        name, why = FOR_STILL, f"{moved}, but only {count} frames could be aligned, too few for {FOR_MOTION}"
    notes = [note for note in plan.notes if not note.startswith(f"model {FOR_MOTION}: ")]
    return replace(plan, model=name, notes=(*notes, f"model {name}: {why}"))


def outputs_of(name: str, settings: FuseSettings) -> tuple[Path, ...]:
    """The files that the results of this name go to, one for each format."""
    return tuple(settings.output / f"{name}{_writer(format_name).suffix}" for format_name in settings.formats)


def _writer(format_name: str) -> Writer:
    return plugins.load("writers", format_name).WRITER


def check_formats(settings: FuseSettings, picture: str) -> None:
    """Refuse formats that hold light above white beside the picture; `picture` is who has or makes a picture alone."""
    for name in settings.formats:
        if _writer(name).takes == "both":
            raise UsageError(
                f"--format {name} needs light above white, which {picture}.",
                "Pass --format jpg; scene-referred models such as debevec make such light.",
            )


def least_frames(name: str) -> int:
    """The fewest frames that a model takes."""
    record = model_record(name)
    return record.frames if isinstance(record, Network) else record.min_frames


def model_record(name: str) -> Network | Fuser:
    """The record of a network or a classical fuser."""
    if name in plugins.names("networks"):
        return plugins.load("networks", name).NETWORK
    return plugins.load("classical", name).FUSER
