"""`hdrcli train`: from folders of images to a weights file, by the recipe of one network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from types import ModuleType

import torch

from hdrcli import plugins, weights
from hdrcli.errors import UsageError, choices_hint
from hdrcli.inference import choose_device
from hdrcli.training.loop import Report, train_network
from hdrcli.training.pack import load_pack, make_pack


def recipe(model: str) -> ModuleType:
    """The recipe of a network. Raises UsageError for a model that cannot be trained."""
    known = plugins.names("training/recipes")
    if model not in known:
        raise UsageError(f'There is no recipe to train "{model}".', choices_hint(model, known))
    return plugins.load("training/recipes", model)


def train(
    model: str,
    data: list[Path],
    *,
    validation: list[Path],
    run: Path,
    steps: int | None = None,
    batch: int | None = None,
    seed: int | None = None,
    device: str = "auto",
    threads: int | None = None,
    report: Callable[[Report], None] = lambda report: None,
) -> Path:
    """Train `model` on the images in the folders `data`, judge it on those in `validation`; returns the weights file.

    `run` is the folder of the run: image packs, checkpoint, weights. A run that was broken off goes on from its
    checkpoint. `steps`, `batch` and `seed` default to the recipe's. Raises UsageError, ReadError and HdrcliError.
    """
    chosen = recipe(model)
    if not validation:
        raise UsageError(
            "There are no held-out images to judge by.", "Pass --validation DIR, of other places than DATA."
        )
    given = {name: value for name, value in (("steps", steps), ("batch", batch), ("seed", seed)) if value is not None}
    settings = replace(chosen.SETTINGS, **given)
    if threads:
        torch.set_num_threads(threads)
    where = choose_device(device)
    run.mkdir(parents=True, exist_ok=True)
    packs = {run / "training.safetensors": data, run / "validation.safetensors": validation}
    for file, folders in packs.items():
        if not file.exists():
            make_pack(folders, file)
    images, held_out = (load_pack(file, where) for file in packs)
    trained = train_network(chosen.BUILD, images, held_out, settings, run, report)
    file = run / f"{model}.safetensors"
    weights.save(trained, file, model, settings.build, {"training": str(asdict(settings))})
    return file
