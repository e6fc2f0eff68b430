"""The record of a weights file: what it is, what it was made of and how it scored. One JSON file beside each.

`weights/<network>_<tag>.json`; adding weights is adding two files. `weights/README.md` is made from the records.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from hdrcli import typed
from hdrcli.errors import WeightsError

PACKAGE = Path(__file__).parent
DEFAULT_TAG = "cc"


@dataclass(frozen=True)
class Training:
    """How weights came to be: the exact command, the seed, the steps, the hours on which device, and the recipe."""

    command: str
    seed: int
    steps: int
    hours: float
    device: str
    recipe: str


@dataclass(frozen=True)
class ScoreTable:
    """Held-out scores beside those of others on the same images; each row is a name and a figure for each column."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class Weights:
    """A weights file for a network: which file, its digest, what it may be used for, and the evidence.

    `settings` are the arguments of the network's `build`; `architecture` says what they are beside the published ones;
    `data` are the image sets with their licences; `scores` the few held-out figures that tables show, by name; `limits`
    what it is not good at.
    """

    network: str
    tag: str
    sha256: str
    licence: str
    architecture: str
    trained_on: str
    data: tuple[str, ...] = ()
    training: tuple[Training, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    scores: Mapping[str, float] = field(default_factory=dict)
    tables: tuple[ScoreTable, ...] = ()
    limits: tuple[str, ...] = ()

    @property
    def file(self) -> Path:
        """The weights themselves."""
        return folder() / f"{self.network}_{self.tag}.safetensors"


def folder() -> Path:
    """Where the shipped weights lie: inside an installed package, or beside it in a clone or an editable install."""
    installed = PACKAGE / "_weights"
    return installed if installed.is_dir() else PACKAGE.parent / "weights"


def records(network: str) -> dict[str, Weights]:
    """The weights of a network by tag, the default first. Raises WeightsError for a record that cannot be read."""
    found = [read(file) for file in sorted(folder().glob(f"{network}_*.json"))]
    return {one.tag: one for one in sorted(found, key=lambda one: (one.tag != DEFAULT_TAG, one.tag))}


def read(file: Path) -> Weights:
    """One record. Raises WeightsError for a file that is none."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        content["training"] = tuple(Training(**one) for one in content.get("training", ()))
        content["tables"] = tuple(
            ScoreTable(one["title"], tuple(one["columns"]), tuple(map(tuple, one["rows"])))
            for one in content.get("tables", ())
        )
        unknown = set(content) - {one.name for one in fields(Weights)}
        if unknown:
            raise KeyError(f"unknown entry {unknown.pop()}")
        found = Weights(**{**content, **{name: tuple(content.get(name, ())) for name in ("data", "limits")}})
        for one in (found, *found.training, *found.tables):
            typed.check(one)
        return found
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise WeightsError(f"{file} is not a record of weights: {error}.", "Install hdrcli again.") from error
