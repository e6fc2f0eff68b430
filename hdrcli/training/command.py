"""`hdrcli train`: from folders of images to a weights file, by the recipe of one network."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from hdrcli import plugins, weights
from hdrcli.errors import UsageError, choices_hint
from hdrcli.inference import choose_device
from hdrcli.inputs import Inputs
from hdrcli.training.loop import Report, train_network
from hdrcli.training.recipe import Recipe


def recipe(model: str) -> Recipe:
    """The recipe of a network. Raises UsageError for a model that cannot be trained."""
    known = plugins.names("training/recipes")
    if model not in known:
        raise UsageError(f'There is no recipe to train "{model}".', choices_hint(model, known))
    return plugins.load("training/recipes", model).RECIPE


def train(
    model: str,
    data: list[Path],
    *,
    validation: list[Path],
    run: Path,
    steps: int | None = None,
    batch: int | None = None,
    rate: float | None = None,
    seed: int | None = None,
    device: str = "auto",
    threads: int | None = None,
    start: str | None = None,
    report: Callable[[Report], None] = lambda report: None,
) -> Path:
    """Train `model` on the images in the folders `data`, judge it on those in `validation`; returns the weights file.

    `run` is the folder of the run: image packs, checkpoint, weights. A run that was broken off goes on from its
    checkpoint. `steps`, `batch`, `rate` and `seed` default to the recipe's; `start` is a weights file or tag to begin
    from in place of random weights, whose sizes the network then has. Raises UsageError, ReadError and HdrcliError.
    """
    chosen = recipe(model)
    if not validation:
        raise UsageError("There are no held-out images to judge by.", "Pass --validation DIR, of other places.")
    given: dict[str, Any] = {"steps": steps, "batch": batch, "rate": rate, "seed": seed}
    begun = weights.load(model, plugins.load("networks", model).NETWORK, start) if start else None
    if begun:
        given["build"] = begun.settings
    settings = replace(chosen.settings, **{name: value for name, value in given.items() if value is not None})
    if threads:
        torch.set_num_threads(threads)
    where = choose_device(device)
    Inputs([] if start is None else [Path(start)]).refuse(run / f"{model}.safetensors", "Pass another --run folder.")
    scenes, held_out = _packed(chosen, run, data, validation, where)
    state = begun.module.state_dict() if begun else None
    trained = train_network(chosen, scenes, held_out, settings, run, report, device=where, start=state)
    file = run / f"{model}.safetensors"
    note = {"training": str(asdict(settings)), "start": begun.sha256 if begun else "random"}
    weights.save(trained, file, model, settings.build, note)
    return file


def _packed(
    chosen: Recipe, run: Path, data: list[Path], validation: list[Path], device: torch.device
) -> Iterator[Sequence[Any]]:
    """The scenes to train on and those to judge by, from the run's packs, which are made where they are missing."""
    run.mkdir(parents=True, exist_ok=True)
    for name, folders in (("training", data), ("validation", validation)):
        file = run / f"{name}.safetensors"
        if not file.exists():
            chosen.make_pack(folders, file)
        yield chosen.load_pack(file, device)
