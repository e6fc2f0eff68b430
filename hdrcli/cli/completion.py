"""What a shell may complete the values of options with."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import typer

from hdrcli import plugins
from hdrcli.records import folder


def one_of(*known: str) -> Callable[[str], list[str]]:
    """Those of `known` that begin as typed."""

    def complete(incomplete: str) -> list[str]:
        return [name for name in known if name.startswith(incomplete)]

    return complete


def some_of(known: Iterable[str]) -> Callable[[str], list[str]]:
    """The same for the last name of a list such as png,exr; none twice."""
    names = tuple(known)

    def complete(incomplete: str) -> list[str]:
        before, comma, last = incomplete.rpartition(",")
        rest = [name for name in names if name not in before.split(",")]
        return [f"{before}{comma}{name}" for name in one_of(*rest)(last)]

    return complete


def tags(context: typer.Context, incomplete: str) -> list[str]:
    """Tags of the weights that come with the model on the line, of all networks where it is none."""
    networks = plugins.names("networks")
    model = context.params.get("model")
    chosen = [model] if model in networks else networks
    known = {file.stem.removeprefix(f"{name}_") for name in chosen for file in folder().glob(f"{name}_*.json")}
    return one_of(*sorted(known))(incomplete)
