"""`hdrcli train`: from folders of images to a weights file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from hdrcli.cli import console, options, training_options, typed_paths

if TYPE_CHECKING:
    from hdrcli.training.loop import Report


def train(
    model: training_options.NetworkName,
    data: training_options.TrainingData,
    validation: training_options.Validation = None,
    run: training_options.RunFolder = None,
    steps: training_options.Steps = None,
    batch: training_options.Batch = None,
    seed: training_options.Seed = None,
    device: options.Device = "auto",
    threads: training_options.Threads = None,
    rate: training_options.Rate = None,
    start: training_options.Start = None,
    no_config: options.NoConfig = False,
    debug: options.Debug = False,
) -> None:
    """Train a network on images; print the path of its weights file."""
    # OpenMP's waiting threads would spin and starve every other process; it reads this when torch loads it.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    os.environ.setdefault("GOMP_SPINCOUNT", "0")
    from hdrcli.training import command

    file = command.train(
        model,
        typed_paths.paths("DATA", data),
        validation=typed_paths.paths("--validation", validation or []),
        run=Path("runs") / model if run is None else typed_paths.folder("--run", run),
        steps=steps,
        batch=batch,
        seed=seed,
        device=device,
        threads=threads,
        rate=rate,
        start=start,
        report=_say,
    )
    typer.echo(file)


def _say(report: Report) -> None:
    scores = ", ".join(f"{name} {value:.3f}" for name, value in report.scores.items())
    console.say(f"step {report.step}  loss {report.loss:.4f}  held out: {scores}")
