"""`hdrcli bench`: how fast this machine fuses, beside other programs and beside what it could do."""

from __future__ import annotations

import json as encoder
from pathlib import Path
from typing import Any

import typer

from hdrcli.benchmarks.settings import DEFAULT_MODELS, DEFAULT_SIZES, BenchSettings, parse_sizes
from hdrcli.cli import bench_options, console, eval_options, options, typed_paths
from hdrcli.errors import HdrcliError, UsageError


def bench(
    sizes: bench_options.Sizes = None,
    models: bench_options.Models = DEFAULT_MODELS,
    repeats: bench_options.Repeats = 3,
    network_size: bench_options.NetworkSize = 0.26,
    scaling: bench_options.Scaling = False,
    frames: bench_options.Frames = None,
    scenes: bench_options.Scenes = None,
    device: bench_options.Device = "cpu",
    output: bench_options.Output = None,
    overwrite: options.Overwrite = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    no_config: options.NoConfig = False,
    debug: options.Debug = False,
) -> None:
    """Measure this machine: time and memory of fusing, beside enfuse, OpenCV and plain PyTorch."""
    if frames is not None and sizes is not None:
        raise UsageError("--frames and --sizes contradict each other.", "Pass one of them.")
    settings = BenchSettings(
        sizes=DEFAULT_SIZES if sizes is None else parse_sizes(sizes),
        models=eval_options.parse_names(models) or (),
        repeats=repeats,
        network_size=network_size,
        frames=None if frames is None else typed_paths.folder("--frames", frames),
        scenes=None if scenes is None else typed_paths.folder("--scenes", scenes),
        scaling=scaling,
        device=device,
    )
    target = None if output is None else typed_paths.folder("--output", output)
    if target is not None:
        _check(target, overwrite, inputs=[] if settings.frames is None else [settings.frames])
    from hdrcli.benchmarks.command import bench as measure
    from hdrcli.benchmarks.tables import tables

    done = measure(settings, say=(lambda text: None) if quiet else console.say)
    if json:
        console.print_json(done)
    else:
        for table in tables(done):
            _show(table)
    if target is not None:
        _write(target, done)
    if not quiet:
        for note in done["notes"]:
            console.say(f"Note: {note}")
    for message, hint in done["failures"]:
        console.say_error(HdrcliError(message, hint), debug=debug)
    if done["failures"]:
        raise typer.Exit(1)


_FILES = ("tables.md", "bench.json", "scaling.png")


def _check(folder: Path, overwrite: bool, inputs: list[Path]) -> None:
    """Raise now what would fail after all was measured: UsageError, WriteError."""
    from hdrcli import disk
    from hdrcli.benchmarks import plot
    from hdrcli.inputs import Inputs

    plot.check()
    disk.check_writable(folder)
    there = disk.existing([folder / name for name in _FILES], holding=False)
    if there and not overwrite:
        raise UsageError(f"{there[0]} exists.", "Pass --overwrite, or another --output.")
    for file in there:
        Inputs(inputs).refuse(file)


def _write(folder: Path, done: dict[str, Any]) -> None:
    """Write all files, or none. Raises WriteError."""
    from hdrcli import disk
    from hdrcli.benchmarks import plot
    from hdrcli.benchmarks.tables import markdown, tables

    texts = ("\n".join(map(markdown, tables(done))), encoder.dumps(done, indent=2) + "\n")
    made = [*(text.encode() for text in texts), plot.png(done)]
    disk.write_all({folder / name: content for name, content in zip(_FILES, made, strict=True)})


def _show(table: Any) -> None:
    """A table on stdout, with its title and what it explains."""
    out = console.product()
    console.say(table.title, style="bold", console=out)
    if table.note:
        console.say(table.note, style="dim", console=out)
    rows = console.table(*table.columns, right=table.columns[table.texts :])
    for row in table.rows:
        rows.add_row(*map(console.plain, row))
    out.print(rows)
    out.print()
