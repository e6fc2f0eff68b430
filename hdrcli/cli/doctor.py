"""`hdrcli doctor`: whether all that hdrcli promises works on this computer, in one screen or as JSON."""

from __future__ import annotations

import sys
from itertools import groupby
from typing import TYPE_CHECKING, Any

import typer
from rich.text import Text

from hdrcli.cli import configuration, console, defaults, options
from hdrcli.errors import HdrcliError

if TYPE_CHECKING:
    from hdrcli.checkup.outcome import Outcome

WIDTH = 80
"""Columns: what is pasted into a report stays legible."""

_MARKS = {"ok": ("✓", "green"), "note": ("–", "yellow"), "failed": ("✗", "red")}


def doctor(context: typer.Context, json: options.Json = False, debug: options.Debug = False) -> None:
    """Try what works here: packages, formats, devices, networks, folders. For bug reports: --json."""
    from hdrcli import checkup  # only now: it loads all there is
    from hdrcli.checkup._private import SAYS

    found = [*checkup.check_all(), _configuration(context)]
    failed = [one for one in found if one.state == "failed"]
    if json:
        console.print_json({"ok": not failed, "outcomes": [_as_json(one) for one in found], "left_out": SAYS})
    else:
        _show(found)
    for one in failed:
        console.say_error(HdrcliError(f"{one.area}, {one.name}: {one.words}", one.hint), debug=debug)
    if not json:
        console.say("All works." if not failed else f"{len(failed)} of {len(found)} checks failed.")
    if failed:
        raise typer.Exit(1)


def _as_json(one: Outcome) -> dict[str, str | None]:
    return {"area": one.area, "name": one.name, "state": one.state, "words": one.words, "hint": one.hint or None}


def _configuration(context: typer.Context) -> Outcome:
    """The defaults of hdrcli.toml files that are in force; failed where a file cannot be meant."""
    from hdrcli.checkup.outcome import outcome

    return outcome("variables", configuration.NAME, lambda: _in_force(context))


def _in_force(context: typer.Context) -> str:
    """Each file with its tables and what stands in them. Raises UsageError, as all commands do, for a wrong one."""
    group: Any = context.find_root().command
    below = typer.Context(group.commands["fuse"], info_name="fuse", parent=context.find_root())
    defaults.defaults(below)
    told = [f"{file}: {_tables(configuration.content(file))}" for file, _ in configuration.files()]
    return "; ".join(told) or "none"


def _tables(content: dict[str, Any]) -> str:
    return " ".join(f"[{name}] {', '.join(table)}" for name, table in content.items())


def _show(found: list[Outcome]) -> None:
    """A table: what works in an area is one row, all else a row each."""
    out = console.product()
    rows = console.table("Area", "State", "What")
    for (area, state), group in groupby(sorted(found, key=_order(found)), lambda one: (one.area, one.state)):
        told = [_words(one) for one in group]
        for words in [", ".join(told)] if state == "ok" else told:
            rows.add_row(area, _mark(state), console.plain(words))
    out.print(rows, width=min(WIDTH, out.width))


def _order(found: list[Outcome]) -> Any:
    areas = list(dict.fromkeys(one.area for one in found))
    return lambda one: (areas.index(one.area), list(_MARKS).index(one.state))


def _words(one: Outcome) -> str:
    """What an outcome says beside others of its area."""
    return f"{one.name} {one.words}".strip()


def _mark(state: str) -> Text:
    """A state as a sign and a word; the word alone where the stream has no such sign."""
    sign, style = _MARKS[state]
    try:
        sign.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return Text(state, style)
    return Text(f"{sign} {state}", style)
