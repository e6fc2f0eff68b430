"""The option of the commands that can show what they did on a page, and what it does."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hdrcli.cli import console, typed_paths
from hdrcli.errors import UsageError

if TYPE_CHECKING:
    from hdrcli.page import EvaluatedPage, FusedPage

Report = Annotated[
    str | None,
    typer.Option(
        "--report",
        metavar="FILE",
        rich_help_panel="Files to look at",
        help="Write a page to look at: frames, results and masks in one HTML file that opens offline.",
    ),
]


def fused(path: str | None, *, overwrite: bool, dry_run: bool) -> FusedPage | None:
    """The page of a run of `fuse`, if one is wanted. Raises UsageError, WriteError for one that cannot be written."""
    if (path := typed_paths.word("--report", path)) is None:
        return None
    if dry_run:
        raise UsageError("--dry-run writes nothing, and --report wants a page.", "Leave one of them out.")
    from hdrcli.page import FusedPage  # only now: it loads numpy and the templates

    return FusedPage(Path(path), overwrite=overwrite)


def refuse_inputs(inputs: Iterable[Path], **files: str | None) -> None:
    """Raise WriteError for a file to write, by the name of its option, that is one of the inputs."""
    from hdrcli.inputs import Inputs

    given = Inputs(inputs)
    for option, file in files.items():
        if file is not None:
            given.refuse(Path(file), f"Pass another name to --{option}.")


def evaluated(path: str | None, what: str, *, overwrite: bool) -> EvaluatedPage | None:
    """The page of a run of `eval` on `what`, if one is wanted. Raises as `fused`."""
    if (path := typed_paths.word("--report", path)) is None:
        return None
    from hdrcli.page import EvaluatedPage

    return EvaluatedPage(Path(path), title=Path(what).name or what, overwrite=overwrite)


def write(page: FusedPage | EvaluatedPage | None, done: Any, *, quiet: bool) -> None:
    """Write the page of a run, and say where it is, or why it is not. Raises WriteError."""
    if page is None:
        return
    written = page.write(done)
    if not quiet:
        console.say(f"Page: {page.path}" if written else "No page was written: there is nothing new to show.")


def each(*told: Callable[..., None] | None) -> Callable[..., None]:
    """A callback that calls all of those there are."""

    def call(*arguments: Any) -> None:
        for one in told:
            if one is not None:
                one(*arguments)

    return call
