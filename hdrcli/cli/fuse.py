"""`hdrcli fuse`: brackets in, fused pictures out."""

from __future__ import annotations

from functools import partial
from typing import Any

import typer

from hdrcli import sandbox, settings
from hdrcli.adjustments import Adjustments
from hdrcli.cli import (
    cluster_option,
    console,
    defaults,
    options,
    page_options,
    picture_options,
    pixels_option,
    progress,
    report,
    typed_paths,
)
from hdrcli.development import DEMOSAICS


def fuse(
    context: typer.Context,
    inputs: options.Inputs,
    model: options.Model = "auto",
    align: options.Align = "auto",
    crop: options.Crop = "fill",
    static_merge: options.StaticMerge = "auto",
    prior: options.Prior = None,
    weights: options.Weights = None,
    tone_map: picture_options.ToneMap = "natural",
    exposure: picture_options.PictureExposure = 0.0,
    contrast: picture_options.Contrast = 0.0,
    saturation: picture_options.Saturation = 0.0,
    warmth: picture_options.Warmth = 0.0,
    tint: picture_options.Tint = 0.0,
    strength: picture_options.Strength = 0.0,
    output: options.Output = "fused",
    formats: options.Formats = "png,exr",
    bit_depth: options.BitDepth = None,
    quality: options.Quality = 95,
    page: page_options.Report = None,
    overwrite: options.Overwrite = False,
    skip_existing: options.SkipExisting = False,
    dry_run: options.DryRun = False,
    times: options.Times = None,
    stops: options.Stops = None,
    reference: options.Reference = "auto",
    response: options.Response = "auto",
    demosaic: options.Demosaic = DEMOSAICS[0],
    scale: options.Scale = "bracket",
    gap: options.Gap = None,
    size: options.Size = None,
    device: options.Device = "auto",
    precision: options.Precision = "auto",
    tile: options.Tile = "auto",
    jobs: options.Jobs = 1,
    cluster: cluster_option.Cluster = None,
    max_pixels: pixels_option.MaxPixels = "2G",
    json: options.Json = False,
    quiet: options.Quiet = False,
    no_config: options.NoConfig = False,
    debug: options.Debug = False,
) -> None:
    """Fuse brackets to DIR/<bracket>.png and DIR/<bracket>.exr."""
    given = typed_paths.paths("INPUT", inputs)
    chosen: dict[str, Any] = {
        "model": model,
        "align": align,
        "crop": crop,
        "tone_map": tone_map,
        "adjustments": Adjustments(exposure, contrast, saturation, warmth, tint, strength),
        "static_merge": static_merge,
        "prior": prior,
        "weights": typed_paths.word("--weights", weights),
        "output": typed_paths.folder("--output", output),
        "formats": options.parse_formats(formats),
        "bit_depth": bit_depth,
        "quality": quality,
        "overwrite": overwrite,
        "skip_existing": skip_existing,
        "dry_run": dry_run,
        "times": None if times is None else settings.parse_seconds(times),
        "stops": None if stops is None else settings.parse_stops(stops),
        "reference": options.parse_reference(reference),
        "response": response,
        "demosaic": demosaic,
        "scale": scale,
        "gap": gap,
        "size": size,
        "device": device,
        "precision": precision,
        "tile": settings.parse_tile(tile),
        "jobs": jobs,
        "max_pixels": max_pixels,
        "cluster": cluster,
        "typed": defaults.typed(context),
    }
    page_options.refuse_inputs(given, report=page)
    shown = page_options.fused(page, overwrite=overwrite, dry_run=dry_run)
    if not dry_run:
        sandbox.prepare("hdrcli.readers.jpeg", "simplejpeg")  # comes up while the rest is imported
    from hdrcli import pipeline  # only now: it loads numpy, OpenCV and the like

    results: list[pipeline.BracketResult] = []
    with progress.Bars(off=quiet) as bars:

        def on_result(result: pipeline.BracketResult) -> None:
            results.append(result)
            bars.finished(result.name, worked=result.status == "done")
            if not quiet:
                report.notes(result)

        try:
            told: dict[str, Any] = {"on_plans": bars.expect, "on_measuring": bars.measuring, "progress": bars.stage}
            if shown is not None:
                told |= {"on_plans": page_options.each(bars.expect, shown.expect), "on_fused": shown.add}
            done = pipeline.fuse(given, **told, on_result=on_result, **chosen)
        except KeyboardInterrupt:
            if not quiet:
                begun, count = bars.estimate.begun, bars.estimate.count
                report.broken_off(results, begun, count, overwrite=overwrite, debug=debug)
            raise
    page_options.write(shown, done, quiet=quiet)
    to = console.product() if dry_run else console.people()
    show = partial(report.table, done, to) if dry_run or not quiet else None
    report.conclude(done, show=show, json=json, quiet=quiet, debug=debug)
