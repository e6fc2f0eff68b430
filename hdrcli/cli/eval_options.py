"""The options of `eval` that no other command has."""

from __future__ import annotations

from typing import Annotated

import typer

from hdrcli.cli import completion
from hdrcli.errors import UsageError
from hdrcli.plugins import names
from hdrcli.protocols import PROTOCOLS
from hdrcli.settings import GAINS, models

_MEASURING = "Measuring"
_DATA_SET = "Data set"
_PAGES = "Files to look at"

Prediction = Annotated[
    str | None,
    typer.Argument(metavar="PREDICTION", show_default=False, help="A result or a folder of results; or a data set."),
]
Truth = Annotated[
    str | None,
    typer.Argument(metavar="TRUTH", show_default=False, help="Its ground truth, or a folder matched by stem."),
]
Models = Annotated[
    str | None,
    typer.Option(
        "-m",
        "--model",
        metavar="A,B",
        autocompletion=completion.some_of(models()),
        rich_help_panel=_DATA_SET,
        help="Fuse and measure the data set PREDICTION by each of these.",
    ),
]
Layout = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        autocompletion=completion.one_of("auto", *names("datasets")),
        rich_help_panel=_DATA_SET,
        help=f"How the data set lies in folders: auto, {', '.join(names('datasets'))}.",
    ),
]
Protocol = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        autocompletion=completion.one_of(*PROTOCOLS),
        rich_help_panel=_MEASURING,
        help="Prepare as a paper did: dfgnet (1440x960, 8 bits), lightfuse (2736x1824, truth stretched).",
    ),
]
Metrics = Annotated[
    str | None,
    typer.Option(
        metavar="A,B",
        autocompletion=completion.some_of(names("metrics")),
        rich_help_panel=_MEASURING,
        show_default="the usual ones that the files allow",
        help=f"{', '.join(names('metrics'))}; --list tells of each.",
    ),
]
White = Annotated[
    str | None,
    typer.Option(
        metavar="V|auto",
        autocompletion=completion.one_of("auto"),
        rich_help_panel=_MEASURING,
        help="Divide both linear images by V, or by the truth's maximum.",
    ),
]
Gain = Annotated[
    str,
    typer.Option(
        metavar="|".join(GAINS),
        autocompletion=completion.one_of(*GAINS),
        rich_help_panel=_MEASURING,
        help="Scale the prediction to the truth by one least-squares factor first.",
    ),
]
Frames = Annotated[
    str | None,
    typer.Option(
        "--bracket",
        metavar="DIR",
        rich_help_panel=_MEASURING,
        help="The frames that PREDICTION was fused from, or a folder of such folders: for mef_ssim.",
    ),
]
PeakLuminance = Annotated[
    float,
    typer.Option(metavar="CD/M2", rich_help_panel=_MEASURING, help="Luminance of linear 1.0: pu21, hdrvdp2, cvvdp."),
]
PixelsPerDegree = Annotated[
    float, typer.Option(metavar="N", rich_help_panel=_MEASURING, help="Of visual angle: hdrvdp2.")
]
Display = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        autocompletion=completion.one_of("standard_hdr_linear", "standard_fhd", "standard_4k"),
        rich_help_panel=_MEASURING,
        help="A display model of cvvdp.",
    ),
]
List = Annotated[bool, typer.Option("--list", rich_help_panel=_MEASURING, help="Show the metrics and which they are.")]
Maps = Annotated[
    str | None,
    typer.Option(
        "--maps", metavar="DIR", rich_help_panel=_PAGES, help="Draw each metric's error, and the worst part of it."
    ),
]
Csv = Annotated[
    str | None, typer.Option("--csv", metavar="FILE", rich_help_panel=_PAGES, help="Write a row for each prediction.")
]


def parse_white(text: str | None) -> float | str | None:
    """The white of --white. Raises UsageError for what is neither a number nor auto."""
    if text is None or text == "auto":
        return text
    try:
        return float(text)
    except ValueError:
        raise UsageError(f'--white "{text}" is no level of white.', "Pass a number above 0, or auto.") from None


def parse_names(text: str | None) -> tuple[str, ...] | None:
    """Names from "a,b", each once."""
    if text is None:
        return None
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
