"""The networks, classical fusers and weights there are, as tables and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console

from hdrcli import plugins
from hdrcli.cli import console
from hdrcli.contracts import Fuser, Network
from hdrcli.image import RadianceMap
from hdrcli.records import DEFAULT_TAG, Weights, records
from hdrcli.weights import count_parameters


@dataclass(frozen=True)
class ListedModel:
    """A model as the tables show it; `frames` is what it takes at least, or exactly for a network."""

    name: str
    record: Network | Fuser

    @property
    def is_network(self) -> bool:
        return isinstance(self.record, Network)

    @property
    def frames(self) -> int:
        return self.record.frames if isinstance(self.record, Network) else self.record.min_frames

    @property
    def output(self) -> str:
        return "scene-referred" if self.record.makes is RadianceMap else "display-referred"

    @property
    def weights(self) -> dict[str, Weights]:
        return records(self.name) if self.is_network else {}

    def parameters(self, row: Weights | None = None) -> int | None:
        """The number of a network's parameters, as these weights (if None, its default ones) have them."""
        if not isinstance(self.record, Network):
            return None
        row = row or self.weights.get(DEFAULT_TAG)
        return count_parameters(self.record, row.settings if row else {})


def all_models() -> Iterator[ListedModel]:
    """Networks, then classical fusers."""
    for name in plugins.names("networks"):
        yield ListedModel(name, plugins.load("networks", name).NETWORK)
    for name in plugins.names("classical"):
        yield ListedModel(name, plugins.load("classical", name).FUSER)


def show_models(out: Console) -> None:
    """A table of all models."""
    rows = console.table("Model", "Frames", "Output", "Needs times", "Parameters", right=("Parameters",))
    for model in all_models():
        count = model.parameters()
        rows.add_row(
            model.name,
            str(model.frames) if model.is_network else f"{model.frames} or more",
            model.output,
            "yes" if model.record.needs_times else "no",
            "-" if count is None else f"{count:,}",
        )
    out.print(rows)


def show_sources(out: Console) -> None:
    """What each model is and where it comes from."""
    for model in all_models():
        out.print(f"{model.name}: {model.record.summary}\n  {model.record.source}", soft_wrap=True)


def show_weights(out: Console) -> None:
    """A table of all weights files."""
    rows = console.table("Weights", "Licence", "SHA-256", "Trained on", "Scores, held out")
    for model in all_models():
        for tag, row in model.weights.items():
            scores = "\n".join(f"{name} {score:.2f}" for name, score in row.scores.items())
            rows.add_row(_label(model, tag), row.licence, row.sha256[:12], row.trained_on, scores)
    out.print(rows if rows.row_count else "There are no weights yet.")


def _label(model: ListedModel, tag: str) -> str:
    return f"{model.name} {tag}" + (" (default)" if tag == DEFAULT_TAG else "")


def weights_json(model: ListedModel, tag: str) -> dict[str, Any]:
    """A weights file as scripts get it."""
    row = model.weights[tag]
    return {
        "model": model.name,
        "tag": tag,
        "file": row.file.name,
        "sha256": row.sha256,
        "licence": row.licence,
        "architecture": row.architecture,
        "trained_on": row.trained_on,
        "training": [asdict(one) for one in row.training],
        "scores": dict(row.scores),
    }


def model_json(model: ListedModel) -> dict[str, Any]:
    """A model as scripts get it."""
    return {
        "name": model.name,
        "kind": "network" if model.is_network else "classical",
        "frames": model.frames,
        "output": model.output,
        "needs_times": model.record.needs_times,
        "parameters": model.parameters(),
        "summary": model.record.summary,
        "source": model.record.source,
        "weights": [weights_json(model, tag) for tag in model.weights],
    }
