"""What `eval` says: a table of scenes and their sums, one JSON object, or CSV; and the metrics there are."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console

from hdrcli import disk, plugins
from hdrcli.cli import console
from hdrcli.contracts import Metric
from hdrcli.errors import WriteError
from hdrcli.evaluation.summaries import in_words
from hdrcli.scores import Evaluation, Score, Summary, shown

_CALLS_A_FORMULA = re.compile(r"\s*[=+@|%\uff1d\uff0b\uff0d\uff20-]|[\t\r\n]")
"""What a spreadsheet takes a cell for a formula by (OWASP, CSV injection); some see through blanks, or wide forms."""


_WORDS = ("name", "model", "prediction", "truth")
_HEAD = ",".join(f'"{word}"' for word in _WORDS).encode()
"""How a table of ours begins."""


def show(done: Evaluation, *, json: bool, quiet: bool) -> None:
    """The figures on stdout, and what there is to say of them on stderr."""
    if not quiet:
        for note in (*done.notes, *(note for score in done.scores for note in score.notes)):
            console.say(f"Note: {note}")
    if json:
        console.print_json(as_json(done))
    elif any(score.values for score in done.scores):
        _table(done, console.product())


def figures(done: Evaluation) -> list[str]:
    """All figures that were measured, in order."""
    return list(dict.fromkeys(figure for score in done.scores for figure in score.values))


def _table(done: Evaluation, to: Console) -> None:
    columns, models = figures(done), [model for model in _models(done) if model]
    head = ["Scene", *["Model"] * bool(models), *columns]
    rows = console.table(*head, right=columns)
    for score in done.scores:
        model = [score.model or ""] * bool(models)
        rows.add_row(console.plain(score.name), *model, *(shown(score.values.get(figure)) for figure in columns))
    for name in _models(done) if len(done.scores) > 1 else ():
        if sums := [one for one in done.summaries if one.model == name]:
            _add_sums(rows, sums, columns, bool(models), name or "")
    to.print(rows)
    for line in in_words(done.contests):
        console.say(line, console=to)


def _add_sums(rows: Any, sums: Sequence[Summary], columns: list[str], has_models: bool, model: str) -> None:
    by_figure = {one.figure: one for one in sums}
    model_cell = [model] * has_models
    rows.add_section()
    for word in ("mean", "median", "worst"):
        cells = [shown(getattr(by_figure[f], word)) if f in by_figure else "" for f in columns]
        rows.add_row(word, *model_cell, *cells, style="bold" if word == "mean" else "")
    if any(one.low is not None for one in sums):
        ranges = [_range(by_figure[f]) if f in by_figure else "" for f in columns]
        rows.add_row("95 % of means", *model_cell, *ranges)


def _range(one: Summary) -> str:
    return "" if one.low is None or one.high is None else f"{shown(one.low)}…{shown(one.high)}"


def _models(done: Evaluation) -> list[str | None]:
    return list(dict.fromkeys(score.model for score in done.scores))


def as_json(done: Evaluation) -> dict[str, Any]:
    """The evaluation as scripts get it; infinite figures (PSNR of equal images) are the text "inf"."""
    models = [model for model in _models(done) if model]
    sums: Any = [one for one in done.summaries if one.model is None]
    mean = {one.figure: _number(one.mean) for one in sums}
    if models:
        of_models = {model: [one for one in done.summaries if one.model == model] for model in models}
        means = {model: {one.figure: _number(one.mean) for one in own} for model, own in of_models.items()}
        mean = means if len(models) > 1 else means[models[0]]  # type: ignore[assignment]
    return {
        "pairs": [_pair(score) for score in done.scores],
        "mean": mean,
        "summaries": [_plain(asdict(one)) for one in done.summaries],
        "contests": [_plain(asdict(one)) for one in done.contests],
        "settings": _plain(dict(done.settings)),
        "notes": list(done.notes),
    }


def _pair(score: Score) -> dict[str, Any]:
    return {
        "name": score.name,
        "model": score.model,
        "prediction": str(score.prediction),
        "truth": None if score.truth is None else str(score.truth),
        "values": {figure: _number(value) for figure, value in score.values.items()},
        "notes": list(score.notes),
        "error": score.error.message if score.error else None,
    }


def _number(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, float):
        return _number(value)
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)


def check_csv(file: str | None, *, overwrite: bool) -> None:
    """Find out before any work whether a table, if one is wanted, may be written there.

    Raises WriteError for what cannot be written, and, without `overwrite`, for a file that holds no table of ours.
    """
    if file is None:
        return
    path = Path(file)
    disk.check_writable(path.parent)
    if disk.existing([path], holding=True) and not overwrite:
        with disk.naming(path), path.open("rb") as there:
            if there.read(len(_HEAD)) != _HEAD:
                raise WriteError(f"{path} exists and is no table of hdrcli.", "Pass --overwrite, or another --csv.")
    disk.check_replaceable(path)


def write_csv(path: Path, done: Evaluation) -> None:
    """A row for each prediction, whole or not at all. Raises WriteError."""
    text = io.StringIO()
    columns = figures(done)
    rows = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")  # some countries end cells at semicolons
    rows.writerow([*_WORDS, *columns, "error"])
    for score in done.scores:
        words = [score.name, score.model or "", str(score.prediction), str(score.truth or "")]
        error = score.error.message if score.error else ""
        numbers = [score.values.get(figure, "") for figure in columns]
        rows.writerow([*map(_cell, words), *numbers, _cell(error)])
    disk.write_all({path: text.getvalue().encode()})


def _cell(text: str) -> str:
    """Text in one line, which no spreadsheet takes for a formula."""
    safe = f"'{text}" if _CALLS_A_FORMULA.match(text) else text
    return console.plain(safe)


def show_metrics(*, json: bool) -> None:
    """The metrics there are: what they compare, which definition each is, and where it is from."""
    records: dict[str, Metric] = {name: plugins.load("metrics", name).METRIC for name in plugins.names("metrics")}
    if json:
        keys = ("figures", "compares", "unit", "usual", "summary", "variant", "source", "needs")
        told = [{"name": name, **{key: _plain(getattr(one, key)) for key in keys}} for name, one in records.items()]
        console.print_json({"metrics": told})
        return
    out = console.product()
    rows = console.table("Metric", "Compares", "Unit", "Usual", "Which it is", "Source")
    for name, one in records.items():
        words = (name, ", ".join(one.compares), one.unit or "-", "yes" if one.usual and not one.needs else "no")
        rows.add_row(*words, f"{one.summary} {one.variant}", one.source)
    out.print(rows)
