"""tonemap(): linear files in, pictures out, without fusing again."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

import hdrcli
from hdrcli import (
    admission,
    batch,
    disk,
    footprint,
    limits,
    memory,
    pipeline,
    readers,
    scale,
    tone_mapping,
    transfer,
    unheeded,
)
from hdrcli.adjustments import Adjustments
from hdrcli.batch import Progress
from hdrcli.contracts import OutputInfo
from hdrcli.errors import ExposureError, HdrcliError, ReadError, UsageError, excerpt
from hdrcli.grouping import with_unique_names
from hdrcli.image import REFERRED, DisplayImage, FrameHeader, RadianceMap
from hdrcli.inputs import Inputs
from hdrcli.outputs import apart, with_outputs
from hdrcli.pipeline import BracketResult, Carried, FuseReport
from hdrcli.plan import Plan, check_formats, outputs_of
from hdrcli.results import encoded, seen, shot_info
from hdrcli.settings import FuseSettings
from hdrcli.together import Measuring, agreeing, sampled

_OF_THE_PICTURE = {"toneMapping", "adjustments"}


@limits.heeding
def tonemap(
    inputs: str | Path | Iterable[str | Path],
    *,
    tone_map: str = "natural",
    adjustments: Adjustments | None = None,
    together: bool = False,
    output: str | Path = "fused",
    formats: tuple[str, ...] = ("png",),
    bit_depth: int | None = None,
    quality: int = 95,
    overwrite: bool = False,
    skip_existing: bool = False,
    progress: Progress = lambda name, stage, share: None,
    on_plans: Callable[[int], None] = lambda count: None,
    on_measuring: Measuring = lambda done, count: None,
    on_result: Callable[[BracketResult], None] = lambda result: None,
    typed: Collection[str] | None = None,
) -> FuseReport:
    """Make pictures of linear files (EXR, Radiance), or of all those in folders, and write them to `output`.

    Options, callbacks and `typed` are those of `fuse`, a file counting as a bracket; `together` shows equal light of
    all alike. A file that fails is reported, and the others go on. Raises UsageError for options that cannot be meant.
    """
    settings = FuseSettings(
        tone_map=tone_map,
        adjustments=adjustments or Adjustments(),
        output=Path(output),
        formats=formats,
        bit_depth=bit_depth,
        quality=quality,
        overwrite=overwrite,
        skip_existing=skip_existing,
    )
    settings, typed = unheeded.chosen(settings, typed)
    disk.tidy(settings.output)
    plans = _all_plans(inputs, settings)
    on_plans(len(plans))
    plans = _together(plans, settings, on_measuring) if together else plans
    results = list(_rendered(plans, settings, progress, on_result))
    return FuseReport(tuple(results), (), unheeded.notes(settings, typed, _cases(plans, results)))


def _rendered(
    plans: Iterable[Plan], settings: FuseSettings, progress: Progress, on_result: Callable[[BracketResult], None]
) -> Iterator[BracketResult]:
    for plan in plans:
        result = pipeline.run(plan, settings, progress, _with_room)
        on_result(result)
        yield result


def _cases(plans: Sequence[Plan], results: Sequence[BracketResult]) -> list[unheeded.Case]:
    """What options met with in files that are done."""
    done = [plan for plan, result in zip(plans, results, strict=True) if result.status == "done"]
    return [unheeded.Case(plan.model, plan.frames, _holds(plan.frames[0])) for plan in done]


def _all_plans(inputs: str | Path | Iterable[str | Path], settings: FuseSettings) -> list[Plan]:
    """The plans of all files; one that is given twice counts once."""
    paths = batch.given(inputs, "tone-map", "Name EXR or Radiance (.hdr) files, or folders of them.")
    found = {os.path.realpath(plan.files[0]): plan for path in paths for plan in _plans(path, settings)}
    files = Inputs(plan.files[0] for plan in found.values())
    plans = apart(with_unique_names(found.values(), _clash))
    return [with_outputs(plan, settings, files.refuse) for plan in plans]


def _plans(path: Path, settings: FuseSettings) -> Iterator[Plan]:
    """The plan of a file, or those of a folder's linear files."""
    if not path.is_dir():
        yield _plan(path, settings)
        return
    try:
        files = sorted(file for file in path.iterdir() if readers.holds_scene(file) and not file.name.startswith("."))
        problem = ReadError(f"{path} holds no linear files.", "Name a folder with EXR or Radiance (.hdr) files.")
    except OSError as error:
        files, problem = [], ReadError(f"{path} cannot be read: {error.strerror or error}.", "Check its permissions.")
    for file in files:
        yield _plan(file, settings)
    if not files:
        yield Plan(path.name, (), "-", (), error=problem, files=(path,))


def _plan(file: Path, settings: FuseSettings) -> Plan:
    plan = Plan(file.stem, (), "-", outputs_of(file.stem, settings), files=(file,))
    try:
        header = readers.read_header(file)
        if not readers.holds_scene(file):
            raise ReadError(f"{file} is no linear file.", "Name EXR or Radiance (.hdr) files; fuse takes brackets.")
        if header.is_display_referred:
            check_formats(settings, f"{file} does not hold")
        made_by = excerpt(header.attributes.get("hdrcli:model", "-"))
        return replace(plan, frames=(header,), model=made_by)
    except HdrcliError as error:
        return replace(plan, error=error)


def _together(plans: list[Plan], settings: FuseSettings, on_measuring: Measuring) -> list[Plan]:
    """The plans with the gain that brings each file's light to one scale, and the statistics of all.

    Raises UsageError for `skip_existing`: nothing tells by which other files an existing picture was set.
    """
    if settings.skip_existing:
        raise UsageError(
            "--together and --skip-existing contradict each other: each picture hangs on all files.",
            "Pass --overwrite to make all of them again.",
        )
    plans = scale.of_files(plans)
    compared = [plan for plan in plans if plan.frames and not isinstance(plan.error, ExposureError)]
    scenes = [plan for plan in compared if not plan.frames[0].is_display_referred]
    samples, errors = sampled(scenes, _sample, 1, on_measuring)
    if samples and not any(_referred(plan) for plan in scenes):
        gain = tone_mapping.gain_to_middle_grey(np.concatenate([one.reshape(-1, 1, 3) for one in samples.values()]))
        plans = [replace(plan, gain=gain) for plan in plans]
    gains = {plan.name: np.float32(plan.gain or 1) for plan in plans}
    return agreeing(plans, {name: light * gains[name] for name, light in samples.items()}, errors, settings)


def _sample(plan: Plan, maps: int) -> np.ndarray:
    (file,) = plan.frames
    with admission.admitted(str(file.path), footprint.of_light(file), lambda: None):
        return tone_mapping.sample(readers.read_scene(file.path), maps)


def _referred(plan: Plan) -> str | float | None:
    """Whether a file says that it is "scene"- or "display"-referred: those of `fuse` do."""
    return plan.frames[0].attributes.get(REFERRED) if plan.frames else None


def _holds(header: FrameHeader) -> type[RadianceMap] | type[DisplayImage]:
    return DisplayImage if header.is_display_referred else RadianceMap


def _clash(earlier: Plan, plan: Plan) -> ReadError:
    both = f"{earlier.files[0]} and {plan.files[0]}"
    return ReadError(f"Two files are named {plan.name}: {both}.", "Tone-map one by itself, with another -o.")


def _with_room(plan: Plan, settings: FuseSettings, progress: Callable[[str, float], None]) -> Carried:
    """One file, if there is memory for it."""
    (file,) = plan.frames
    with admission.admitted(str(file.path), footprint.of_picture(file, settings.formats), lambda: None):
        try:
            return _render(plan, settings, progress)
        except Exception as error:
            if memory.is_exhausted(error):
                raise batch.in_words(error, str(file.path), "Close other programs, or give smaller files.") from error
            raise


def _render(plan: Plan, settings: FuseSettings, progress: Callable[[str, float], None]) -> Carried:
    """One file, from linear light to the formats asked for."""
    progress("reading", 0.0)
    image, note = _image(plan)
    progress("tone mapping", 0.3)
    disk.write_all(encoded(image, _info(plan, isinstance(image, RadianceMap)), plan, settings), seen(plan))
    progress("done", 1.0)
    return Carried(replace(plan, notes=(*plan.notes, *([note] if note else []))))


def _image(plan: Plan) -> tuple[RadianceMap | DisplayImage, str]:
    """What the file holds, and what is to be said of it: only those of `fuse` tell what their 1.0 is."""
    light = readers.read_scene(plan.frames[0].path)
    referred, gain = _referred(plan), plan.gain
    if plan.frames[0].is_display_referred:
        picture = transfer.linear_to_srgb(light.clip(0, 1, out=light))
        return DisplayImage(picture), "a finished picture (display-referred): encoded as it is, without tone mapping"
    if referred == "scene" and gain is None:
        unknown = "its exposure is not known: its 1.0 is taken to be that of the other files"
        luminance = plan.frames[0].numbers("whiteLuminance")[:1]
        return RadianceMap(light, *luminance), unknown if plan.statistics is not None else ""
    of = "of all files " if gain is not None else ""
    if gain is None:
        gain = tone_mapping.gain_to_middle_grey(light)
    light *= gain
    if referred is None:
        words = f"its white is unknown: log-average luminance {of}taken for middle grey (times {gain:.3g})"
        return RadianceMap(light), words
    return RadianceMap(light), "" if gain == 1 else f"brought to the scale of the others: {math.log2(gain):+.2f} stops"


def _info(plan: Plan, scene_referred: bool) -> OutputInfo:
    """What the linear file says of the shot and of how it was fused, for the picture to say too."""
    (header,) = plan.frames
    said = {name.removeprefix("hdrcli:"): value for name, value in header.attributes.items() if name != REFERRED}
    said.pop("exposureTimes", None)
    kept = {name: value for name, value in scale.rescaled(said, plan).items() if name not in _OF_THE_PICTURE}
    return replace(
        shot_info(header),
        attributes={**kept, "software": f"hdrcli {hdrcli.__version__}"},
        scene_referred=scene_referred,
        exposure_times=tuple(time for time in header.numbers("hdrcli:exposureTimes") if time > 0),
    )
