"""`hdrcli eval`: results against ground truth, or models on a data set."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from hdrcli import sandbox
from hdrcli.cli import console, eval_options, options, page_options, pixels_option, progress, typed_paths
from hdrcli.errors import UsageError

if TYPE_CHECKING:
    from hdrcli.evaluation.judging import Draw


def evaluate(
    prediction: eval_options.Prediction = None,
    truth: eval_options.Truth = None,
    metrics: eval_options.Metrics = None,
    white: eval_options.White = None,
    gain: eval_options.Gain = "none",
    bracket: eval_options.Frames = None,
    protocol: eval_options.Protocol = None,
    peak_luminance: eval_options.PeakLuminance = 1000.0,
    pixels_per_degree: eval_options.PixelsPerDegree = 30.0,
    display: eval_options.Display = None,
    list_: eval_options.List = False,
    model: eval_options.Models = None,
    layout: eval_options.Layout = "auto",
    align: options.Align = "auto",
    static_merge: options.StaticMerge = "auto",
    output: options.Output = "evaluated",
    overwrite: options.Overwrite = False,
    device: options.Device = "auto",
    precision: options.Precision = "auto",
    tile: options.Tile = "auto",
    jobs: options.Jobs = 1,
    maps: eval_options.Maps = None,
    csv: eval_options.Csv = None,
    page: page_options.Report = None,
    max_pixels: pixels_option.MaxPixels = "2G",
    json: options.Json = False,
    quiet: options.Quiet = False,
    no_config: options.NoConfig = False,
    debug: options.Debug = False,
) -> None:
    """Measure results against ground truth, or models on a data set."""
    from hdrcli.cli import scoreboard  # only now: it loads numpy and the like

    if list_:
        scoreboard.show_metrics(json=json)
        return
    if prediction is None:
        raise UsageError("hdrcli eval is missing its PREDICTION.", "Type hdrcli eval RESULT TRUTH, or --help.")
    chosen: dict[str, Any] = {
        "metrics": eval_options.parse_names(metrics),
        "white": eval_options.parse_white(white),
        "gain": gain,
        "bracket": bracket,
        "protocol": protocol,
        "layout": layout,
        "models": eval_options.parse_names(model),
        "output": typed_paths.folder("--output", output),
        "max_pixels": max_pixels,
    }
    if model is not None:
        from hdrcli import settings

        chosen |= {"align": align, "static_merge": static_merge, "overwrite": overwrite, "device": device}
        chosen |= {"precision": precision, "tile": settings.parse_tile(tile), "jobs": jobs}
    sandbox.prepare("hdrcli.readers.exr", "OpenEXR")
    from hdrcli import evaluation
    from hdrcli.comparison import Viewing

    chosen["viewing"] = Viewing(peak_luminance, pixels_per_degree, display)
    inputs = [Path(one) for one in (prediction, truth, bracket) if one is not None]
    page_options.refuse_inputs(inputs, csv=csv, report=page)
    scoreboard.check_csv(typed_paths.word("--csv", csv), overwrite=overwrite)
    shown = page_options.evaluated(page, prediction, overwrite=overwrite)
    draws: list[Draw] = [shown] if shown is not None else []
    if maps is not None:
        from hdrcli.evaluation.maps import Maps

        draws.append(Maps(typed_paths.folder("--maps", maps), inputs))
    if draws:
        chosen["draw"] = page_options.each(*draws)
    if shown is not None:
        chosen["on_pairs"] = shown.expect
    with progress.Bars(off=quiet) as bars:
        done = evaluation.evaluate(prediction, truth, progress=bars.stage, **chosen)
    if csv is not None:
        scoreboard.write_csv(Path(csv), done)
    page_options.write(shown, done, quiet=quiet)
    scoreboard.show(done, json=json, quiet=quiet)
    for score in done.failed:
        if score.error is not None:
            about = f"{score.name} {score.model}" if score.model else score.name
            console.say_error(score.error, debug=debug, about=about if len(done.scores) > 1 else "")
    if done.failed:
        raise typer.Exit(1)
