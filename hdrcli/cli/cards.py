"""The cards of all weights, as Markdown, from their records."""

from __future__ import annotations

from collections.abc import Iterator

from hdrcli.cli import catalogue
from hdrcli.records import DEFAULT_TAG, ScoreTable, Training, Weights

HEAD = """# Weights

Made from the records `*.json` beside the files by `hdrcli weights cards`. `hdrcli weights verify` checks the files.
Weights tagged `cc` were trained on CC0 and openly licensed images alone, from random numbers: use them for anything.
They are the default. Weights tagged `sice` (`--weights sice`) also saw images whose licence is not stated, and are for
research.
"""


def all_cards() -> str:
    """`weights/README.md`."""
    cards = [
        card(row, model.parameters(row) or 0) for model in catalogue.all_models() for row in model.weights.values()
    ]
    return "\n".join([HEAD, *cards])


def card(row: Weights, parameters: int) -> str:
    """One weights file's section."""
    return "\n".join(_lines(row, parameters)) + "\n"


def _lines(row: Weights, parameters: int) -> Iterator[str]:
    yield f"## {row.network} `{row.tag}`" + (" (default)" if row.tag == DEFAULT_TAG else "")
    yield ""
    yield "| | |"
    yield "|---|---|"
    yield f"| File | `{row.file.name}`, half precision, {parameters:,} parameters |"
    yield f"| SHA-256 | `{row.sha256}` |"
    yield f"| Architecture | {row.architecture} |"
    yield f"| Licence | {row.licence} |"
    yield ""
    yield "Data:"
    yield from (f"* {line}" for line in row.data)
    for one in row.training:
        yield from _training(one)
    for table in row.tables:
        yield from _table(table)
    if row.limits:
        yield "\nWhat it is not good at:"
        yield from (f"* {line}" for line in row.limits)


def _training(one: Training) -> Iterator[str]:
    yield ""
    yield "```"
    yield one.command
    yield "```"
    yield ""
    yield f"{one.steps:,} steps, seed {one.seed}, {one.hours:g} hours on {one.device}. {one.recipe}"


def _table(table: ScoreTable) -> Iterator[str]:
    yield ""
    yield f"{table.title}"
    yield ""
    yield f"| | {' | '.join(table.columns)} |"
    yield "|---" * (len(table.columns) + 1) + "|"
    for row in table.rows:
        yield f"| {' | '.join(map(str, row))} |"
