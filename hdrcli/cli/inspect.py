"""`hdrcli inspect`: the frames of each bracket, and what `fuse` would make of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer
from rich.table import Table

from hdrcli import sandbox, settings
from hdrcli.cli import console, options, pixels_option, progress, report, typed_paths

if TYPE_CHECKING:
    from hdrcli.inspection import InspectedBracket, InspectedFrame, Inspection


def inspect(
    inputs: options.Inputs,
    model: options.Model = "auto",
    output: options.Output = "fused",
    formats: options.Formats = "png,exr",
    times: options.Times = None,
    stops: options.Stops = None,
    reference: options.Reference = "auto",
    gap: options.Gap = None,
    size: options.Size = None,
    max_pixels: pixels_option.MaxPixels = "2G",
    json: options.Json = False,
    no_config: options.NoConfig = False,
    debug: options.Debug = False,
) -> None:
    """Show frames, exposures, clipping and what moved, and what `fuse` would do."""
    given = typed_paths.paths("INPUT", inputs)
    chosen: dict[str, Any] = {
        "model": model,
        "output": typed_paths.folder("--output", output),
        "formats": options.parse_formats(formats),
        "times": None if times is None else settings.parse_seconds(times),
        "stops": None if stops is None else settings.parse_stops(stops),
        "reference": options.parse_reference(reference),
        "gap": gap,
        "size": size,
        "max_pixels": max_pixels,
    }
    sandbox.prepare("hdrcli.readers.jpeg", "simplejpeg")
    from hdrcli import inspection

    with progress.Bars() as bars:
        found = inspection.inspect(
            given, progress=lambda name, number, count: bars.stage("inspecting", name, (number - 1) / count), **chosen
        )
    if json:
        console.print_json(as_json(found))
    else:
        _show(found)
    for bracket in found.failed:
        if bracket.error:
            console.say_error(bracket.error, debug=debug, about=report.about(bracket, found.brackets))
    if found.failed:
        raise typer.Exit(1)


def _show(found: Inspection) -> None:
    out = console.product()
    for bracket in found.brackets:
        if bracket.frames:
            console.say(f"{bracket.name}: {_count(bracket)}{_source(bracket)}", style="bold", console=out)
            console.print_table(_table(bracket), out)
            for line in _verdict(bracket):
                console.say(f"  {line}", console=out)
            out.print()
    for note in found.notes:
        console.say(f"Note: {note}", console=out)


def _count(bracket: InspectedBracket) -> str:
    return f"{len(bracket.frames)} frame{'s' * (len(bracket.frames) != 1)}"


def _source(bracket: InspectedBracket) -> str:
    if not bracket.exposure_source:
        return ""
    if all(frame.stops is None for frame in bracket.frames):
        return ", exposures unknown: ordered by brightness"
    return f", exposures from {bracket.exposure_source}"


def _verdict(bracket: InspectedBracket) -> list[str]:
    """What `fuse` would do, in lines."""
    if bracket.error:
        return ["fuse would fail: the reason is below"]
    lines = [note for note in bracket.notes if not note.startswith("exposures ")]
    lines += [f"ends here because {bracket.ends}"] if bracket.ends else []
    exists = ", which exists" if bracket.existing else ""
    return [*lines, f"fuse would write {report.outputs(bracket.outputs)} with {bracket.model}{exists}"]


def _table(bracket: InspectedBracket) -> Table:
    numbers = ("Time", "f/", "ISO", "Stops", "White", "Black")
    rows = console.table("", "Frame", "Size", *numbers, "Kind", right=numbers)
    for frame in bracket.frames:
        header = frame.header
        rows.add_row(
            "*" if header.path == bracket.reference else "",
            console.plain(header.path.name),
            f"{header.width}x{header.height}",
            seconds(header.exposure_time),
            _number(header.f_number, "g"),
            _number(header.iso, "g"),
            _number(frame.stops, "+.2f"),
            _percent(frame.saturated),
            _percent(frame.black),
            kind(frame),
        )
    return rows


def seconds(time: float | None) -> str:
    """An exposure time as photographers write it: 1/60, 0.5, 30."""
    if time is None:
        return "-"
    return f"1/{1 / time:.0f}" if 0 < time < 0.3 else f"{time:.3g}"


def kind(frame: InspectedFrame) -> str:
    """The precision of a frame: RAW, 8 bit, 16 bit or float."""
    if frame.header.is_raw:
        return "RAW"
    return {None: "-", 32: "float"}.get(frame.bits, f"{frame.bits} bit")


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value + 0.0, form)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"


def as_json(found: Inspection) -> dict[str, Any]:
    """The inspection as scripts get it; paths as they were given, shares from 0 to 1."""
    return {
        "brackets": [_bracket_json(bracket) for bracket in found.brackets],
        "left": [str(path) for path in found.left],
        "notes": list(found.notes),
    }


def _bracket_json(bracket: InspectedBracket) -> dict[str, Any]:
    return {
        "name": bracket.name,
        "frames": [_frame_json(frame) for frame in bracket.frames],
        "exposure_source": bracket.exposure_source,
        "reference": str(bracket.reference) if bracket.reference else None,
        "model": bracket.model,
        "moved": None if bracket.moved is None else round(bracket.moved, 4),
        "outputs": [str(path) for path in bracket.outputs],
        "existing": [str(path) for path in bracket.existing],
        "ends": bracket.ends,
        "notes": list(bracket.notes),
        "error": bracket.error.message if bracket.error else None,
    }


def _frame_json(frame: InspectedFrame) -> dict[str, Any]:
    header = frame.header
    return {
        "file": str(header.path),
        "width": header.width,
        "height": header.height,
        "exposure_time": header.exposure_time,
        "f_number": header.f_number,
        "iso": header.iso,
        "stops": None if frame.stops is None else round(frame.stops, 4) + 0.0,
        "saturated": frame.saturated,
        "black": frame.black,
        "kind": kind(frame),
    }
