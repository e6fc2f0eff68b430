"""The option of `fuse` that hands its brackets to other processes and computers."""

from __future__ import annotations

from typing import Annotated

import typer

from hdrcli.cli import completion
from hdrcli.settings import LOCAL

Cluster = Annotated[
    str | None,
    typer.Option(
        metavar=f"{LOCAL}|tcp://HOST:PORT",
        autocompletion=completion.one_of(LOCAL),
        rich_help_panel="Running",
        show_default=False,
        help=f"Fuse on the workers of a dask scheduler; {LOCAL}: by --jobs processes of this computer.",
    ),
]
