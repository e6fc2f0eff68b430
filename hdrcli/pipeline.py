"""fuse(): files in, fused pictures out. The whole data flow is `_fuse_bracket`; everything before it is planning.

files -> readers -> Bracket -> alignment -> network or classical fuser -> static merge -> tone mapping -> writers
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from hdrcli import (
    admission,
    aligning,
    batch,
    cluster,
    composite,
    disk,
    exposure,
    footprint,
    interrupts,
    limits,
    motion,
    outputs,
    overlapping,
    response,
    reuse,
    scale,
    shoot,
    unheeded,
)
from hdrcli.batch import Progress, Stage
from hdrcli.cluster import Crew
from hdrcli.contracts import Fuser, Network
from hdrcli.grouping import Grouping
from hdrcli.image import Bracket, DisplayImage, RadianceMap
from hdrcli.manifest import Manifest
from hdrcli.outcomes import BracketResult, Carried, FuseReport, Work
from hdrcli.plan import FOR_MOTION, Plan, Plans, make_plans, model_record, settled
from hdrcli.reading import linear, read_bracket
from hdrcli.results import Show, write_results
from hdrcli.settings import FuseSettings

EXTREMES = 2
"""A network of so many frames takes the darkest and the brightest."""

log = logging.getLogger("hdrcli")


@limits.heeding
def fuse(
    inputs: str | Path | Iterable[str | Path] | Grouping,
    *,
    progress: Progress = lambda name, stage, share: None,
    on_plans: Callable[[int], None] = lambda count: None,
    on_measuring: Callable[[int, int], None] = lambda done, count: None,
    on_result: Callable[[BracketResult], None] = lambda result: None,
    on_fused: Show = None,
    typed: Collection[str] | None = None,
    **options: Any,
) -> FuseReport:
    """Fuse the brackets in `inputs` (folders or files, or brackets that are found) and write the results.

    `options` are the fields of `FuseSettings` (model="dfgnet", output=Path("fused"), …). `on_plans` is told the number
    of brackets, `on_measuring`, of a shoot on one scale, how many of how many have been looked at, `on_result` what
    became of each, in the order they are done; `on_fused` is handed the pixels of each once its files are written.
    `max_pixels` (or "2G") is the most that a frame may have. `typed` are the names of the options that were asked for
    (by default those not at theirs): notes say which had no effect. A bracket that fails is reported, with its error,
    and the others go on. Raises UsageError for options that cannot be meant.
    """
    settings, typed = unheeded.chosen(FuseSettings(**options), typed)
    response.parse(settings.response)
    if on_fused is not None:
        cluster.check_pixels_stay(settings)
    if not settings.dry_run:
        disk.tidy(settings.output)
    manifest = Manifest(settings.output)
    plans = _plans(inputs, settings, manifest)
    on_plans(len(plans.brackets))
    with _crew(plans, settings, manifest) as crew:
        plans = shoot.measured(plans, settings, on_measuring)
        work = partial(_with_room, manifest=manifest, on_fused=on_fused)
        results = _carried_out(plans, settings, manifest, progress, on_result, work, crew)
    cases = _cases(plans.brackets, results)
    return FuseReport(tuple(results), plans.left, (*plans.notes, *unheeded.notes(settings, typed, cases)))


def _carried_out(
    plans: Plans,
    settings: FuseSettings,
    manifest: Manifest,
    progress: Progress,
    on_result: Callable[[BracketResult], None],
    work: Work,
    crew: Crew | None,
) -> list[BracketResult]:
    """The results of all plans, in their order. The work is done here, or by the crew."""

    def one(plan: Plan, progress: Progress, work: Work = work) -> BracketResult:
        try:
            result = run(plan, settings, progress, work)
            on_result(result)
        finally:
            interrupts.release()
        return result

    try:
        if crew is not None:
            return crew.run(one, plans.brackets, progress, partial(_fuse_bracket, on_fused=None))
        with overlapping.workers(plans.brackets, settings) as count:
            return batch.run(one, plans.brackets, count, progress)
    finally:
        if not settings.dry_run:
            manifest.merge()


@contextmanager
def _crew(plans: Plans, settings: FuseSettings, manifest: Manifest) -> Iterator[Crew | None]:
    """Who does the work, None for this process. Raises now, before a frame is read, for what would fail for all."""
    if settings.cluster is not None and not settings.dry_run:
        with cluster.joined(plans.brackets, settings, manifest) as crew:
            yield crew
        return
    if not settings.dry_run:
        unheeded.check_models(plans.brackets, settings)
    yield None


def _plans(inputs: str | Path | Iterable[str | Path] | Grouping, settings: FuseSettings, manifest: Manifest) -> Plans:
    """What is to be done, settled without decoding a pixel. What --skip-existing keeps hangs on the shoot's scale."""
    given: list[Path] = []
    if not isinstance(inputs, Grouping):
        inputs = given = batch.given(inputs, "fuse", "Name a folder of frames, or the frames of one bracket.")
    plans = scale.on_one_scale(make_plans(inputs, settings), settings)
    return outputs.with_all_outputs(shoot.found(plans, settings, manifest), settings, manifest, given)


def _cases(plans: Sequence[Plan], results: Sequence[BracketResult]) -> list[unheeded.Case]:
    """What options met with in brackets that are done, or would be."""
    pairs = zip(plans, results, strict=True)
    return [unheeded.Case.of(plan, made.model) for plan, made in pairs if made.status in ("planned", "done")]


def run(plan: Plan, settings: FuseSettings, progress: Progress, work: Work) -> BracketResult:
    """Do the work of a plan, unless there is none to do; whatever goes wrong is the result's `error`."""
    result = BracketResult(plan.name, plan.files, plan.stops, plan.model, plan.outputs, "planned", notes=plan.notes)
    result = replace(result, scale_stops=scale.planned_stops(plan))
    if plan.error:
        return replace(result, status="failed", error=plan.error)
    if plan.skip:
        return replace(result, status="skipped")
    if settings.dry_run:
        return result
    try:
        with interrupts.heeded():
            done = work(plan, settings, lambda stage, share: progress(plan.name, stage, share))
    except Exception as error:  # noqa: BLE001 (a bug that one bracket lays bare must not cost the others)
        return replace(result, status="failed", error=batch.told(error, plan))
    return replace(
        result,
        status="done",
        model=done.plan.model,
        notes=done.plan.notes,
        stops=done.stops,
        scale_stops=done.scale_stops,
        left_out=done.left_out,
    )


def _with_room(plan: Plan, settings: FuseSettings, progress: Stage, manifest: Manifest, on_fused: Show) -> Carried:
    """One bracket, begun when there is memory for it."""
    alive = partial(progress, "waiting for memory", 0.0)
    with admission.admitted(plan.name, footprint.of(plan, settings, shown=on_fused is not None), alive) as waited:
        if waited:
            plan = replace(plan, notes=(*plan.notes, "waited until there was memory for it beside the others"))
        return _fuse_bracket(plan, settings, progress, manifest, on_fused)


def _fuse_bracket(plan: Plan, settings: FuseSettings, progress: Stage, manifest: Manifest, on_fused: Show) -> Carried:
    """One bracket, from files to files."""
    progress("reading", 0.0)
    making = reuse.making(plan, settings, manifest)
    read = read_bracket(plan, settings)
    notes, stops = list(read.notes), read.stops if len(read.order) == len(plan.frames) else plan.stops
    progress("aligning", 0.06)
    read = read.aligned(*aligning.align(read.bracket, plan.model, settings))
    frames, cut = aligning.crop(read.bracket, settings, notes)
    bracket, decoded = linear(frames, plan, settings, read.measured)
    notes.extend(decoded)
    read = read.with_exposures_of(bracket)
    stops = read.stops if len(read.order) == len(plan.frames) else stops
    if settings.model == "auto" and bracket.relative_exposures:
        progress("looking for motion", 0.1)
        plan = settled(plan, bracket)
    progress("fusing", 0.12)
    image, attributes = _fuse_pixels(bracket, plan, settings, notes, progress)
    if on_fused is None:  # nobody looks at the frames any more
        read, bracket = read.without_pixels(), bracket.without_pixels()
        frames = bracket
    progress("writing", 0.94)
    image, scaled = scale.applied(image, plan, bracket, settings)
    made = write_results(image, read, plan, settings, {**attributes, **cut, **scaled}, making, manifest)
    if on_fused is not None:
        on_fused(replace(made, frames=frames, bracket=bracket))
    progress(batch.DONE, 1.0)
    left_out = tuple(frame.path for place, frame in enumerate(plan.frames) if place not in read.order)
    return Carried(replace(plan, notes=(*plan.notes, *notes)), stops, scale.stops(plan, bracket), left_out)


def _fuse_pixels(
    bracket: Bracket, plan: Plan, settings: FuseSettings, notes: list[str], progress: Stage
) -> tuple[RadianceMap | DisplayImage, dict[str, str]]:
    """The fused image and what the header shall say of how it was made."""
    record = model_record(plan.model)
    if record.makes is DisplayImage and (moved := motion.find(bracket)).share > motion.LITTLE:
        instead = f"-m {FOR_MOTION}" if bracket.relative_exposures else f"-m {FOR_MOTION} with --times or --stops"
        log.warning("%s: %s, which %s shows twice; %s has no ghosts.", plan.name, moved, plan.model, instead)
    if isinstance(record, Fuser):
        return record.fuse(bracket), {}
    if record.makes is DisplayImage or settings.static_merge == "off":
        return _fuse_by_network(record, bracket, plan, settings, notes, progress)
    moved = motion.find(bracket)
    if not moved:
        notes.append(f"nothing moved between the frames: the result is their merge, without {plan.model}")
        return composite.merged(bracket), {"staticMerge": "auto"}
    image, attributes = _fuse_by_network(record, bracket, plan, settings, notes, progress)
    if isinstance(image, RadianceMap):
        image = composite.with_network(image, bracket, moved)
    return image, {**attributes, "staticMerge": "auto"}


def _fuse_by_network(
    network: Network, bracket: Bracket, plan: Plan, settings: FuseSettings, notes: list[str], progress: Stage
) -> tuple[RadianceMap | DisplayImage, dict[str, str]]:
    from hdrcli import inference

    chosen = bracket
    if len(bracket.exposures) > network.frames == EXTREMES:
        chosen = bracket.extremes()
    elif len(bracket.exposures) != network.frames and bracket.relative_exposures:
        chosen = bracket.select(exposure.choose_frames(bracket.relative_exposures, bracket.reference, network.frames))
    if chosen is not bracket:
        notes.append(f"{plan.model} saw {', '.join(one.name for one in chosen.exposures)}")
    made = inference.run(plan.model, chosen, settings, lambda share: progress("fusing", 0.12 + 0.82 * share))
    return made.image, made.attributes
