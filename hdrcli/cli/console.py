"""Two streams: words for people on stderr, what was asked for (tables, JSON) on stdout. Names hold no markup."""

from __future__ import annotations

import json
import logging
import re
import sys
import traceback
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import typer
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from hdrcli.errors import LONGEST, HdrcliError, excerpt

_HALVES = re.compile("[\ud800-\udfff]")

_UNFOLDED = 10_000
"""Columns where there is no terminal: nothing is folded or cut that another program may read."""


def people() -> Console:
    """The console on stderr."""
    return _console(True, sys.stderr.isatty())


def product() -> Console:
    """The console on stdout."""
    return _console(False, sys.stdout.isatty())


@lru_cache(maxsize=4)
def _console(stderr: bool, terminal: bool) -> Console:
    width = None if terminal else _UNFOLDED
    return Console(stderr=stderr, width=width, markup=False, emoji=False, highlight=False)


def plain(text: object) -> str:
    """`text` in one line of printable characters, without control characters or any that turn the writing's direction.

    These are escaped, and so are the bytes of a name that are no text: as a shell takes them in $'...'.
    """
    return "".join(c if c.isprintable() else _escaped(c) for c in str(text))


def _escaped(character: str) -> str:
    """A stray byte, which stands in a name as half of a character (PEP 383), or another character, as `\\x1b`."""
    code = ord(character)
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else character.encode("unicode_escape").decode()


_held: list[str] = []


def hold(lines: Iterable[str]) -> None:
    """Lines for stderr that wait for the next one: where something goes wrong at once, its error comes first."""
    _held[:] = lines


def release() -> None:
    """Say what was held."""
    held, _held[:] = _held[:], []
    for line in held:
        say(line)


def say(text: str, *, style: str = "", console: Console | None = None) -> None:
    """One line, never folded, on stderr or `console`."""
    if console is None:
        release()
    (console or people()).print(Text(plain(text), style), soft_wrap=True)


def say_error(error: HdrcliError, *, debug: bool = False, about: str = "") -> None:
    """The `Error:` and `Hint:` lines of an error, after its traceback with `debug`; `about` is the bracket it hit."""
    if debug:
        lines = "".join(traceback.format_exception(error)).splitlines()
        sys.stderr.writelines(f"{plain(line)}\n" for line in lines)
    message = error.message if about in error.message else f"{about}: {error.message}"
    _labelled("Error:", "bold red", message)
    if error.hint:
        _labelled("Hint:", "bold", error.hint)
    release()


def _labelled(label: str, style: str, text: str) -> None:
    people().print(Text.assemble((label, style), " ", plain(text)), soft_wrap=True)


def table(*columns: str, right: Iterable[str] = ()) -> Table:
    """An empty table; long cells are folded, never cut. The columns in `right` hold numbers."""
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns:
        is_number = column in right
        made.add_column(column, justify="right" if is_number else "left", overflow="fold", no_wrap=is_number)
    return made


def print_table(rows: Table, to: Console) -> None:
    """The table on `to`: by rich on a terminal; elsewhere nothing is folded or styled, and thousands of rows are quick.

    Each column is as wide as its widest cell, and two columns of blanks follow it.
    """
    if to.is_terminal:
        to.print(rows)
        return
    padded = []
    for column in rows.columns:
        texts = [str(text) for text in (column.header, *column.cells)]
        widths = list(map(cell_len, texts))
        widest = max(widths)
        blanks = [" " * (widest - width) for width in widths]
        is_right = column.justify == "right"
        padded.append([blank + text if is_right else text + blank for blank, text in zip(blanks, texts, strict=True)])
    lines = ["  ".join(line) for line in zip(*padded, strict=True)]
    to.out("\n".join(lines), highlight=False)


def print_json(value: Any) -> None:
    """One JSON object on stdout: ASCII, so that any name survives any terminal; never NaN, which is not JSON.

    Bytes of names that are no text are escaped as `plain` does, for many programs refuse halves of characters.
    """
    typer.echo(json.dumps(_whole(value), indent=2, allow_nan=False))


def _whole(value: Any) -> Any:
    """The same without halves of characters."""
    if isinstance(value, str):
        return _HALVES.sub(lambda found: _escaped(found[0]), value)
    if isinstance(value, dict):
        return {_whole(name): _whole(one) for name, one in value.items()}
    return [_whole(one) for one in value] if isinstance(value, (list, tuple)) else value


class WarningLines(logging.Handler):
    """Log records as `Warning: …` lines on stderr, above any progress bars."""

    def emit(self, record: logging.LogRecord) -> None:
        _labelled("Warning:", "yellow", excerpt(record.getMessage(), LONGEST))


class PlainLines(logging.Formatter):
    """Log records of libraries, which name files as they are, in printable lines."""

    def format(self, record: logging.LogRecord) -> str:
        return "\n".join(map(plain, super().format(record).splitlines()))
