"""The reference of all commands, as Markdown, from their declarations: a part of README.md, between two markers.

`python -m hdrcli.cli.reference README.md` writes it there; without a file it is printed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from hdrcli.cli.app import NAME, app

BEGIN, END = "<!-- reference: begin -->", "<!-- reference: end -->"
OF_TYPER = {
    "install_completion": "Let Tab complete in the shell you are in, from the next one you open.",
    "show_completion": "Print what that would install.",
}
"""Options whose words are typer's and may change with its version."""


def reference() -> str:
    """All commands in the order of `hdrcli --help`, each with its arguments and options in the order of its own."""
    return "\n".join(_command(typer.main.get_command(app), NAME))


def in_text(text: str) -> str:
    """`text` with the reference of now between the markers. Raises ValueError where they are not in it, in order."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{BEGIN} and {END} are not both in the text")
    return f"{before}{BEGIN}\n\n{reference()}\n{END}{after}"


def _command(command: Any, path: str) -> Iterator[str]:
    commands = getattr(command, "commands", {})
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    options = [one for one in command.params if one.param_type_name == "option" and not one.hidden]
    usage = [path, *map(_argument, arguments), *["[OPTIONS]"] * bool(options), *["COMMAND"] * bool(commands)]
    yield f"### `{' '.join(usage)}`\n"
    yield " ".join(command.help.replace("<", r"\<").split()) + "\n"
    if arguments or options:
        yield "| | default | |"
        yield "|---|---|---|"
        yield from (_row(_argument(one), _default(one), one.help) for one in arguments)
        yield from (_row(_option(one), _default(one), OF_TYPER.get(one.name, one.help)) for one in options)
        yield ""
    for name, below in commands.items():
        yield from _command(below, f"{path} {name}")


def _argument(argument: Any) -> str:
    return f"{argument.metavar}{'' if argument.nargs == 1 else '...'}"


def _option(option: Any) -> str:
    names = ", ".join([*option.opts, *option.secondary_opts])
    return names if option.is_flag else f"{names} {option.metavar}"


def _default(parameter: Any) -> str:
    """The default as `--help` shows it: a value, or words where there are some; nothing for a switch that is off."""
    if isinstance(parameter.show_default, str):
        return parameter.show_default
    if parameter.required or parameter.default is None or parameter.default is False:
        return ""
    if parameter.default is True:
        return str(parameter.opts[0])
    return f"`{parameter.default}`"


def _row(name: str, default: str, text: str) -> str:
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in (f"`{name}`", default, text)) + " |"


if __name__ == "__main__":
    if len(sys.argv) > 1:
        file = Path(sys.argv[1])
        file.write_text(in_text(file.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        typer.echo(reference())
