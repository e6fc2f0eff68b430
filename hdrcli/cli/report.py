"""What `fuse` says: notes as brackets are done, the table of all of them, the failures last; or one JSON object."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.text import Text

from hdrcli.cli import console

if TYPE_CHECKING:
    from hdrcli.inspection import InspectedBracket
    from hdrcli.pipeline import BracketResult, FuseReport

STYLES = {"done": "green", "planned": "cyan", "skipped": "yellow", "failed": "red"}


def notes(result: BracketResult) -> None:
    """What was chosen for a bracket, and why, on stderr."""
    if result.status != "failed":
        for note in result.notes:
            console.say(f"{result.name}: {note}")


def table(report: FuseReport, to: Console) -> None:
    """A row for each bracket, on the console `to`; nothing when all failed, for their errors say it."""
    if len(report.failed) == len(report.brackets):
        return
    scaled = len(report.brackets) > 1 and any(result.scale_stops is not None for result in report.brackets)
    scale = ("Scale",) * scaled  # of one bracket it says nothing
    rows = console.table("Bracket", "Frames", "Stops", *scale, "Model", "Status", "Outputs", right=("Frames", "Scale"))
    for result in report.brackets:
        rows.add_row(
            console.plain(result.name),
            str(len(result.inputs)),
            stops_range(result.stops),
            *(_signed(result.scale_stops),) * scaled,
            result.model,
            Text(result.status, STYLES[result.status]),
            outputs(result.outputs) if result.status != "failed" else "",
        )
    console.print_table(rows, to)


def _signed(stops: float | None) -> str:
    return "-" if stops is None else f"{round(stops, 2) + 0.0:+.2f}"


def _failures(report: FuseReport, *, quiet: bool, debug: bool) -> None:
    """The count, the notes of the run and the errors, on stderr: errors last, but first in a run that failed whole."""
    failed = report.failed
    if quiet:
        _errors(report.brackets, debug)
    elif len(failed) == len(report.brackets):
        _errors(report.brackets, debug)
        _run_notes(report)
    else:
        _run_notes(report)
        counts = Counter(result.status for result in report.brackets)
        if len(report.brackets) > 1:
            console.say(", ".join(f"{count} {status}" for status, count in counts.items()) + ".")
        _errors(report.brackets, debug)


def conclude(report: FuseReport, *, show: Callable[[], None] | None, json: bool, quiet: bool, debug: bool) -> None:
    """The end of a run: its JSON, or the table that `show` prints, then the failures. Raises typer.Exit for any."""
    if json:
        console.print_json(as_json(report))
    elif show is not None:
        show()
    _failures(report, quiet=quiet, debug=debug)
    if report.failed:
        raise typer.Exit(1)


def broken_off(results: Sequence[BracketResult], begun: int, count: int, *, overwrite: bool, debug: bool) -> None:
    """What became of a run that ends before its time, and how to go on: `begun` of `count` brackets were in work."""
    counts = Counter(result.status for result in results)
    counts += Counter({"broken off": begun, "not begun": count - len(results) - begun})
    if counts:
        console.say(", ".join(f"{number} {status}" for status, number in counts.items()) + ".")
    _errors(results, debug)
    if len(results) < count:
        instead = " instead of --overwrite" if overwrite else ""
        console.say(f"To go on, pass --skip-existing{instead} to the same command.")


def _errors(results: Sequence[BracketResult], debug: bool) -> None:
    for result in results:
        if result.error is not None:
            console.say_error(result.error, debug=debug, about=about(result, results))


def about(bracket: BracketResult | InspectedBracket, brackets: Sequence[object]) -> str:
    """The name to put before a bracket's error: none for the only one, nor where the error tells by itself."""
    message = bracket.error.message if bracket.error else ""
    told = any(str(path) in message for path in (*bracket.inputs, *bracket.outputs))
    return "" if len(brackets) == 1 or told else bracket.name


def _run_notes(report: FuseReport) -> None:
    for note in report.notes:
        console.say(f"Note: {note}")


def as_json(report: FuseReport) -> dict[str, Any]:
    """The report as scripts get it; paths as they were given."""
    return {
        "brackets": [
            {
                "name": result.name,
                "inputs": [str(path) for path in result.inputs],
                "stops": rounded(result.stops),
                "scale_stops": None if result.scale_stops is None else round(result.scale_stops, 4) + 0.0,
                "model": result.model,
                "outputs": [str(path) for path in result.outputs],
                "status": result.status,
                "error": result.error.message if result.error else None,
                "left_out": [str(path) for path in result.left_out],
                "notes": list(result.notes),
            }
            for result in report.brackets
        ],
        "left": [str(path) for path in report.left],
        "notes": list(report.notes),
    }


def rounded(stops: Sequence[float] | None) -> list[float] | None:
    """Stops without the last digits of their logarithm, and without -0."""
    return None if stops is None else [round(stop, 4) + 0.0 for stop in stops]


def stops_range(stops: Sequence[float] | None) -> str:
    """The range of stops in words, or a dash where they are unknown."""
    return "-" if not stops else f"{min(stops) + 0.0:+.1f} to {max(stops) + 0.0:+.1f}"


def outputs(paths: Sequence[Path]) -> str:
    """The paths of one bracket's outputs: the first, and the suffixes of the others."""
    first, *others = paths
    stem = min((path.stem for path in paths), key=len)
    return console.plain(" ".join([str(first), *(path.name.removeprefix(stem) for path in others)]))
