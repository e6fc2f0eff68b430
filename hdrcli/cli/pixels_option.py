"""The option of all commands that read pictures: how large a file may claim to be."""

from __future__ import annotations

from typing import Annotated

import typer

MaxPixels = Annotated[
    str,
    typer.Option(
        metavar="N",
        rich_help_panel="Running",
        help="Refuse files that claim more pixels, before they are decoded; 500M and 2G are known.",
    ),
]
