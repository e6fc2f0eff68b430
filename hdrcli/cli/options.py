"""Every option and argument of the command line, declared once, and what turns its text into a value."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hdrcli.errors import UsageError
from hdrcli.plugins import names
from hdrcli.settings import models

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
    str, typer.Option("-m", "--model", metavar="NAME", help=f"{', '.join(models())}, or auto: picks by the bracket.")
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
        rich_help_panel=_EXPOSURE,
        help="The frame to align to, from 1 in file order; auto: least clipped.",
    ),
]
Response = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        rich_help_panel=_EXPOSURE,
        help="How frames become linear: srgb, gamma:2.2, linear or estimate.",
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

Align = Annotated[str, typer.Option(metavar="NAME", help=f"auto, {', '.join(names('alignment'))} or off.")]
Prior = Annotated[
    str | None, typer.Option(metavar="NAME", help="mertens or none, for networks that take a prior picture.")
]
ToneMap = Annotated[
    str, typer.Option(metavar="NAME", help=f"From radiance to picture: {', '.join(names('tone_mapping'))}.")
]
StaticMerge = Annotated[
    str, typer.Option(metavar="auto|off", help="Merge all frames where nothing moved, instead of the network's result.")
]
Weights = Annotated[
    str | None, typer.Option(metavar="TAG|FILE", help="Other weights of the network; `hdrcli weights list` shows them.")
]

Output = Annotated[
    str,
    typer.Option("-o", "--output", metavar="DIR", rich_help_panel=_OUTPUT, help="Where results go; made if missing."),
]
Formats = Annotated[
    str,
    typer.Option(
        "--format", metavar="A,B", rich_help_panel=_OUTPUT, help=f"One or more of {', '.join(names('writers'))}."
    ),
]
BitDepth = Annotated[
    int | None,
    typer.Option(
        metavar="8|10|12|16|32",
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

Device = Annotated[str, typer.Option(metavar="NAME", rich_help_panel=_RUNNING, help="auto, cpu, cuda, cuda:N or mps.")]
Precision = Annotated[str, typer.Option(metavar="NAME", rich_help_panel=_RUNNING, help="auto, fp32, bf16 or fp16.")]
Tile = Annotated[
    str, typer.Option(metavar="auto|N|off", rich_help_panel=_RUNNING, help="Side of a network's tiles in pixels.")
]
Jobs = Annotated[int, typer.Option(metavar="N", rich_help_panel=_RUNNING, help="Brackets at once.")]

Json = Annotated[bool, typer.Option("--json", rich_help_panel=_TALKING, help="Print one JSON object on stdout.")]
Quiet = Annotated[
    bool, typer.Option("-q", "--quiet", rich_help_panel=_TALKING, help="Say nothing but warnings and errors.")
]
Debug = Annotated[bool, typer.Option("--debug", rich_help_panel=_TALKING, help="Show tracebacks and all warnings.")]
Long = Annotated[
    bool, typer.Option("--long", rich_help_panel=_TALKING, help="Say also what each is and where it comes from.")
]

NetworkName = Annotated[
    str, typer.Argument(metavar="MODEL", show_default=False, help=f"{', '.join(names('networks'))}.")
]
Checkpoints = Annotated[
    list[str],
    typer.Argument(metavar="CHECKPOINT", show_default=False, help="The authors' PyTorch or Keras files, all of them."),
]
WeightsFile = Annotated[
    str | None,
    typer.Option("-o", "--output", metavar="FILE", show_default="MODEL_authors.safetensors", help="The file to write."),
]
TrainingData = Annotated[
    list[str],
    typer.Argument(metavar="DATA", show_default=False, help="Folders of linear images (EXR, HDR) and photographs."),
]
Validation = Annotated[
    list[str] | None,
    typer.Option(metavar="DIR", show_default=False, help="Folder of held-out images; may be given again."),
]
RunFolder = Annotated[
    str | None,
    typer.Option("--run", metavar="DIR", show_default="runs/MODEL", help="Checkpoint and result; a run goes on there."),
]
Steps = Annotated[
    int | None, typer.Option(metavar="N", min=1, show_default="the recipe's", help="Steps of the optimiser.")
]
Batch = Annotated[int | None, typer.Option(metavar="N", min=1, show_default="the recipe's", help="Brackets a step.")]
Seed = Annotated[int | None, typer.Option(metavar="N", show_default="the recipe's", help="Seed of all that is random.")]
Rate = Annotated[
    float | None, typer.Option(metavar="RATE", min=0, show_default="the recipe's", help="Highest rate of learning.")
]
Start = Annotated[
    str | None, typer.Option(metavar="FILE|TAG", show_default="random weights", help="Weights to begin from.")
]
Threads = Annotated[int | None, typer.Option(metavar="N", min=1, show_default="PyTorch's", help="CPU threads.")]


def folder(option: str, text: str) -> Path:
    """The folder of an option. Raises UsageError for no text, which would mean the current folder."""
    if not text:
        raise UsageError(f"{option} is empty.", f"Type {option} DIR; in a script, check the variable.")
    return Path(text)


def paths(argument: str, texts: list[str]) -> list[Path]:
    """The paths of an argument. Raises UsageError for one without text, which would mean the current folder."""
    if not all(texts):
        raise UsageError(f"One {argument} is empty.", "Name files or folders; in a script, check the variable.")
    return [Path(text) for text in texts]


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
