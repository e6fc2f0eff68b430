"""tonemap(): linear files in, pictures out, without fusing again."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import hdrcli
from hdrcli import pipeline, readers, tone_mapping, transfer, writers
from hdrcli.adjustments import Adjustments
from hdrcli.batch import Progress
from hdrcli.contracts import OutputInfo
from hdrcli.errors import HdrcliError, ReadError, UsageError
from hdrcli.grouping import with_unique_names
from hdrcli.image import DisplayImage, FrameHeader, RadianceMap
from hdrcli.pipeline import BracketResult, Carried, FuseReport
from hdrcli.plan import Plan, outputs_of, with_outputs
from hdrcli.results import encoded, shot_info
from hdrcli.settings import FuseSettings

_REFERRED = "hdrcli:referred"
_OF_THE_PICTURE = {"toneMapping", "adjustments"}


def tonemap(
    inputs: str | Path | Iterable[str | Path],
    *,
    tone_map: str = "natural",
    adjustments: Adjustments | None = None,
    output: str | Path = "fused",
    formats: tuple[str, ...] = ("png",),
    bit_depth: int | None = None,
    quality: int = 95,
    overwrite: bool = False,
    skip_existing: bool = False,
    progress: Progress = lambda name, stage, share: None,
    on_plans: Callable[[int], None] = lambda count: None,
    on_result: Callable[[BracketResult], None] = lambda result: None,
) -> FuseReport:
    """Make pictures of linear files (EXR, Radiance), or of all those in folders, and write them to `output`.

    Options and callbacks are those of `fuse`; each file counts as one bracket. A file that fails is reported, with its
    error, and the others go on. Raises UsageError for options that cannot be meant.
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
    paths = [Path(inputs)] if isinstance(inputs, (str, Path)) else [Path(path) for path in inputs]
    if not paths:
        raise UsageError("There is nothing to tone-map.", "Name EXR or Radiance (.hdr) files, or folders of them.")
    plans = _all_plans(paths, settings)
    on_plans(len(plans))
    results = []
    for plan in plans:
        results.append(pipeline.run(plan, settings, progress, _render))
        on_result(results[-1])
    return FuseReport(tuple(results), ())


def _all_plans(paths: Sequence[Path], settings: FuseSettings) -> list[Plan]:
    """The plans of all files; one that is given twice counts once."""
    found = {os.path.realpath(plan.files[0]): plan for path in paths for plan in _plans(path, settings)}
    return list(with_unique_names(found.values(), _clash))


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
        made_by = str(header.attributes.get("hdrcli:model", "-"))
        return with_outputs(replace(plan, frames=(header,), model=made_by), settings, None)
    except HdrcliError as error:
        return replace(plan, error=error)


def _clash(earlier: Plan, plan: Plan) -> ReadError:
    both = f"{earlier.files[0]} and {plan.files[0]}"
    return ReadError(f"Two files are named {plan.name}: {both}.", "Tone-map one by itself, with another -o.")


def _render(plan: Plan, settings: FuseSettings, progress: Callable[[str, float], None]) -> Carried:
    """One file, from linear light to the formats asked for."""
    (header,) = plan.frames
    progress("reading", 0.0)
    image, note = _image(header)
    progress("tone mapping", 0.3)
    writers.write_all(encoded(image, _info(header, isinstance(image, RadianceMap)), plan, settings))
    progress("done", 1.0)
    return Carried(replace(plan, notes=(*plan.notes, *([note] if note else []))))


def _image(header: FrameHeader) -> tuple[RadianceMap | DisplayImage, str]:
    """What the file holds, and what is to be said of it: only those of `fuse` tell what their 1.0 is."""
    light = readers.read_scene(header.path)
    referred = header.attributes.get(_REFERRED)
    if referred == "display":
        picture = transfer.linear_to_srgb(light.clip(0, 1, out=light))
        return DisplayImage(picture), "a finished picture (display-referred): encoded as it is, without tone mapping"
    if referred == "scene":
        return RadianceMap(light), ""
    gain = tone_mapping.gain_to_middle_grey(light)
    light *= gain
    return RadianceMap(light), f"its white is unknown: log-average luminance taken for middle grey (times {gain:.3g})"


def _info(header: FrameHeader, scene_referred: bool) -> OutputInfo:
    """What the linear file says of the shot and of how it was fused, for the picture to say too."""
    said = {name.removeprefix("hdrcli:"): value for name, value in header.attributes.items() if name != _REFERRED}
    times = str(said.pop("exposureTimes", ""))
    kept = {name: value for name, value in said.items() if name not in _OF_THE_PICTURE}
    return replace(
        shot_info(header),
        attributes={**kept, "software": f"hdrcli {hdrcli.__version__}"},
        scene_referred=scene_referred,
        exposure_times=tuple(float(time) for time in times.split(", ") if time),
    )
