"""The options that say how a picture is made of linear light: those of `fuse` and of `tonemap`."""

from __future__ import annotations

from typing import Annotated

import typer

from hdrcli.cli import completion
from hdrcli.plugins import names

_PICTURE = "Picture"

ToneMap = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        autocompletion=completion.one_of(*names("tone_mapping")),
        rich_help_panel=_PICTURE,
        help=f"From linear light to the picture: {', '.join(names('tone_mapping'))}.",
    ),
]
PictureExposure = Annotated[
    float, typer.Option("--exposure", metavar="STOPS", rich_help_panel=_PICTURE, help="Brighter (+) or darker (-).")
]
Contrast = Annotated[
    float, typer.Option(metavar="-100…100", rich_help_panel=_PICTURE, help="About middle grey, which stays.")
]
Saturation = Annotated[
    float, typer.Option(metavar="-100…100", rich_help_panel=_PICTURE, help="Of colours; -100 is black and white.")
]
Warmth = Annotated[
    float,
    typer.Option(
        metavar="-100…100", rich_help_panel=_PICTURE, help="White balance: warmer (+) or cooler (-), in mireds."
    ),
]
Tint = Annotated[
    float,
    typer.Option(metavar="-100…100", rich_help_panel=_PICTURE, help="White balance: towards magenta (+) or green (-)."),
]
Strength = Annotated[
    float,
    typer.Option(
        metavar="-100…100",
        rich_help_panel=_PICTURE,
        help="How far highlights and shadows are brought back; -100: not at all.",
    ),
]
Together = Annotated[
    bool,
    typer.Option(
        "--together",
        rich_help_panel=_PICTURE,
        help="Set the brightness of all pictures as one, so that they agree: panoramas, time lapses, series.",
    ),
]
