"""Options and arguments of `train` and `weights` that `fuse` does not have, declared once."""

from __future__ import annotations

from typing import Annotated

import typer

from hdrcli.cli import completion
from hdrcli.plugins import names

NetworkName = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        show_default=False,
        autocompletion=completion.one_of(*names("networks")),
        help=f"{', '.join(names('networks'))}.",
    ),
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
    str | None,
    typer.Option(
        metavar="FILE|TAG",
        show_default="random weights",
        autocompletion=completion.tags,
        help="Weights to begin from.",
    ),
]
Threads = Annotated[int | None, typer.Option(metavar="N", min=1, show_default="PyTorch's", help="CPU threads.")]
