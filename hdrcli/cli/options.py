"""The options and arguments of `fuse` and of all commands, declared once, and what turns its text into a value."""

from __future__ import annotations

from typing import Annotated

import typer

from hdrcli.cli import completion
from hdrcli.development import DEMOSAICS
from hdrcli.errors import UsageError
from hdrcli.plugins import names
from hdrcli.settings import BIT_DEPTHS, CROPS, PRECISIONS, PRIORS, SCALES, STATIC_MERGES, models

_EXPOSURE = "Exposure"
_OUTPUT = "Output"
_RUNNING = "Running"
_TALKING = "Talking"

Inputs = Annotated[
    list[str],
    typer.Argument(
        metavar="INPUT",
        show_default=False,
        help="A bracket's folder, a folder of such folders, a whole shoot, or the files of one bracket.",
    ),
]
Model = Annotated[
    str,
    typer.Option(
        "-m",
        "--model",
        metavar="NAME",
        autocompletion=completion.one_of("auto", *models()),
        help=f"{', '.join(models())}, or auto: picks by the bracket.",
    ),
]

Times = Annotated[
    str | None,
    typer.Option(metavar="S,S,…", rich_help_panel=_EXPOSURE, help="Seconds in file order, as 1/60,1/15,0.25."),
]
Stops = Annotated[
    str | None,
    typer.Option(metavar="N,N,…", rich_help_panel=_EXPOSURE, help="Stops in file order, as -2,0,2."),
]
Reference = Annotated[
    str,
    typer.Option(
        metavar="auto|N",
        autocompletion=completion.one_of("auto"),
        rich_help_panel=_EXPOSURE,
        help="The frame to align to, from 1 in file order; auto: least clipped.",
    ),
]
Response = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        rich_help_panel=_EXPOSURE,
        autocompletion=completion.one_of("auto", "srgb", "gamma:2.2", "linear", "estimate"),
        help="How frames become linear: auto, srgb, gamma:2.2, linear or estimate.",
    ),
]

Demosaic = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        autocompletion=completion.one_of(*DEMOSAICS),
        rich_help_panel=_EXPOSURE,
        help=f"RAW colours: {', '.join(DEMOSAICS)}.",
    ),
]
Scale = Annotated[
    str,
    typer.Option(
        metavar="|".join(SCALES),
        autocompletion=completion.one_of(*SCALES),
        rich_help_panel=_EXPOSURE,
        help="Scale and brightness of each bracket by itself, or one for all brackets (panoramas, series).",
    ),
]

Gap = Annotated[
    float | None,
    typer.Option(
        metavar="SECONDS",
        rich_help_panel=_EXPOSURE,
        show_default="5",
        help="Between two brackets of a shoot, from the end of one exposure to the start of the next.",
    ),
]
Size = Annotated[
    int | None,
    typer.Option(metavar="N", rich_help_panel=_EXPOSURE, show_default=False, help="Frames of each bracket of a shoot."),
]

Align = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        autocompletion=completion.one_of(*names("alignment"), "off"),
        help=f"{', '.join(names('alignment'))} or off.",
    ),
]
Crop = Annotated[
    str,
    typer.Option(
        metavar="|".join(CROPS),
        autocompletion=completion.one_of(*CROPS),
        help="Keep the frame's size, or only what all aligned frames show.",
    ),
]
Prior = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        autocompletion=completion.one_of(*PRIORS),
        help="mertens or none, for networks that take a prior picture.",
    ),
]
StaticMerge = Annotated[
    str,
    typer.Option(
        metavar="|".join(STATIC_MERGES),
        autocompletion=completion.one_of(*STATIC_MERGES),
        help="Merge all frames where nothing moved, instead of the network's result.",
    ),
]
Weights = Annotated[
    str | None,
    typer.Option(
        metavar="TAG|FILE",
        autocompletion=completion.tags,
        help="Other weights of the network; `hdrcli weights list` shows them.",
    ),
]

LinearFiles = Annotated[
    list[str],
    typer.Argument(metavar="FILE", show_default=False, help="EXR or Radiance (.hdr) files, or folders of them."),
]
Output = Annotated[
    str,
    typer.Option("-o", "--output", metavar="DIR", rich_help_panel=_OUTPUT, help="Where results go; made if missing."),
]
Formats = Annotated[
    str,
    typer.Option(
        "--format",
        metavar="A,B",
        rich_help_panel=_OUTPUT,
        autocompletion=completion.some_of(names("writers")),
        help=f"One or more of {', '.join(names('writers'))}.",
    ),
]
BitDepth = Annotated[
    int | None,
    typer.Option(
        metavar="|".join(BIT_DEPTHS),
        autocompletion=completion.one_of(*BIT_DEPTHS),
        rich_help_panel=_OUTPUT,
        show_default=False,
        help="Bits a channel: 8, 16 PNG, TIFF; 16, 32 EXR, JXL; 10, 12 AVIF.",
    ),
]
Quality = Annotated[
    int, typer.Option(metavar="N", rich_help_panel=_OUTPUT, help="Of lossy formats, 1 to 100 (JXL: 100 is lossless).")
]
Overwrite = Annotated[bool, typer.Option("--overwrite", rich_help_panel=_OUTPUT, help="Replace results that exist.")]
SkipExisting = Annotated[
    bool, typer.Option("--skip-existing", rich_help_panel=_OUTPUT, help="Pass over brackets whose results exist.")
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", rich_help_panel=_OUTPUT, help="Show what would be fused; write nothing.")
]

Device = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        rich_help_panel=_RUNNING,
        autocompletion=completion.one_of("auto", "cpu", "cuda", "mps"),
        help="auto, cpu, cuda, cuda:N or mps; brackets may be shared among several GPUs: cuda:0,cuda:1.",
    ),
]
Precision = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        rich_help_panel=_RUNNING,
        autocompletion=completion.one_of(*PRECISIONS),
        help="auto, fp32, bf16 or fp16.",
    ),
]
Tile = Annotated[
    str,
    typer.Option(
        metavar="auto|N|off",
        rich_help_panel=_RUNNING,
        autocompletion=completion.one_of("auto", "off"),
        help="Side of a network's tiles in pixels.",
    ),
]
Jobs = Annotated[int, typer.Option(metavar="N", rich_help_panel=_RUNNING, help="Brackets at once, on each device.")]

Json = Annotated[bool, typer.Option("--json", rich_help_panel=_TALKING, help="Print one JSON object on stdout.")]
Quiet = Annotated[
    bool, typer.Option("-q", "--quiet", rich_help_panel=_TALKING, help="Say nothing but warnings and errors.")
]
NoConfig = Annotated[
    bool, typer.Option("--no-config", rich_help_panel=_TALKING, help="Read no defaults from hdrcli.toml files.")
]
Debug = Annotated[bool, typer.Option("--debug", rich_help_panel=_TALKING, help="Show tracebacks and all warnings.")]
Long = Annotated[
    bool, typer.Option("--long", rich_help_panel=_TALKING, help="Say also what each is and where it comes from.")
]


def parse_reference(text: str) -> int | None:
    """The number of a frame, None for "auto". Raises UsageError for anything else."""
    if text == "auto":
        return None
    if not text.isdecimal():
        raise UsageError(f'--reference "{text}" is not a frame.', "Pass auto, or a number from 1 in file order.")
    return int(text)


def parse_formats(text: str) -> tuple[str, ...]:
    """Names of formats, each once, from "png,exr"; jpeg and tif are known as jpg and tiff."""
    from hdrcli.writers import format_name

    return tuple(dict.fromkeys(format_name(part.strip()) for part in text.split(",") if part.strip()))
