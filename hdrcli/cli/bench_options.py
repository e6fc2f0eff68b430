"""Options of `bench` that no other command has, declared once."""

from __future__ import annotations

from typing import Annotated

import typer

from hdrcli.cli import completion
from hdrcli.settings import models

_WHAT = "What is measured"
_FRAMES = "Frames"

Sizes = Annotated[
    str | None,
    typer.Option(metavar="MP,MP,…", show_default="2", rich_help_panel=_FRAMES, help="Megapixels of the drawn frames."),
]
Frames = Annotated[
    str | None,
    typer.Option(metavar="DIR", rich_help_panel=_FRAMES, help="A bracket of your own in place of drawn ones."),
]
Scenes = Annotated[
    str | None,
    typer.Option(metavar="DIR", rich_help_panel=_FRAMES, help="Keep the drawn frames there for the next time."),
]
Models = Annotated[
    str,
    typer.Option(
        "--models",
        metavar="A,B",
        rich_help_panel=_WHAT,
        autocompletion=completion.some_of(models()),
        help=f"Some of {', '.join(models())}.",
    ),
]
Repeats = Annotated[int, typer.Option(metavar="N", rich_help_panel=_WHAT, help="Rounds, in which all take turns.")]
NetworkSize = Annotated[
    float,
    typer.Option(metavar="MP", rich_help_panel=_WHAT, help="Megapixels on which networks are also run whole."),
]
Scaling = Annotated[
    bool,
    typer.Option("--scaling", rich_help_panel=_WHAT, help="Also 3, 5 and 9 frames, and 1, 2 and 4 brackets."),
]
Device = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        rich_help_panel=_WHAT,
        autocompletion=completion.one_of("cpu", "cuda"),
        help="What networks run on: cpu, cuda or cuda:N.",
    ),
]
Output = Annotated[
    str | None,
    typer.Option("-o", "--output", metavar="DIR", help="Write tables as Markdown, all figures as JSON, and a plot."),
]
