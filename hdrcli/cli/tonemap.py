"""`hdrcli tonemap`: linear files in, pictures out, without fusing again."""

from __future__ import annotations

from functools import partial
from typing import Any

import typer
from rich.text import Text

from hdrcli import sandbox
from hdrcli.adjustments import Adjustments
from hdrcli.cli import console, defaults, options, picture_options, pixels_option, progress, report, typed_paths


def tonemap(
    context: typer.Context,
    files: options.LinearFiles,
    tone_map: picture_options.ToneMap = "natural",
    exposure: picture_options.PictureExposure = 0.0,
    contrast: picture_options.Contrast = 0.0,
    saturation: picture_options.Saturation = 0.0,
    warmth: picture_options.Warmth = 0.0,
    tint: picture_options.Tint = 0.0,
    strength: picture_options.Strength = 0.0,
    together: picture_options.Together = False,
    output: options.Output = "fused",
    formats: options.Formats = "png",
    bit_depth: options.BitDepth = None,
    quality: options.Quality = 95,
    overwrite: options.Overwrite = False,
    skip_existing: options.SkipExisting = False,
    max_pixels: pixels_option.MaxPixels = "2G",
    json: options.Json = False,
    quiet: options.Quiet = False,
    no_config: options.NoConfig = False,
    debug: options.Debug = False,
) -> None:
    """Make pictures of linear files, such as those of `fuse`, to DIR/<file>.png."""
    given = typed_paths.paths("FILE", files)
    chosen: dict[str, Any] = {
        "tone_map": tone_map,
        "adjustments": Adjustments(exposure, contrast, saturation, warmth, tint, strength),
        "output": typed_paths.folder("--output", output),
        "formats": options.parse_formats(formats),
        "bit_depth": bit_depth,
        "quality": quality,
        "overwrite": overwrite,
        "skip_existing": skip_existing,
        "together": together,
        "max_pixels": max_pixels,
        "typed": defaults.typed(context),
    }
    sandbox.prepare("hdrcli.readers.exr", "OpenEXR")
    from hdrcli import pipeline, rendering  # only now: they load numpy and the like

    with progress.Bars(off=quiet) as bars:

        def on_result(result: pipeline.BracketResult) -> None:
            bars.finished(result.name)
            if not quiet:
                report.notes(result)

        told: dict[str, Any] = {"on_plans": bars.expect, "on_measuring": bars.measuring, "progress": bars.stage}
        done = rendering.tonemap(given, **told, on_result=on_result, **chosen)
    show = None if quiet else partial(_table, done)
    report.conclude(done, show=show, json=json, quiet=quiet, debug=debug)


def _table(done: Any) -> None:
    """A row for each file, on stderr; nothing when all failed, for their errors say it."""
    if len(done.failed) == len(done.brackets):
        return
    rows = console.table("File", "Status", "Outputs")
    for result in done.brackets:
        made = report.outputs(result.outputs) if result.status != "failed" else ""
        rows.add_row(console.plain(result.inputs[0]), Text(result.status, report.STYLES[result.status]), made)
    console.people().print(rows)
