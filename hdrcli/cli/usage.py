"""What the parser of the command line finds wrong, in our words: an Error and a Hint with what to type."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from hdrcli.errors import HdrcliError, UsageError

# Typer brings its own copy of click or uses an installed one, by version; either way this is click's UsageError.
ParserError: type[Exception] = typer.BadParameter.__mro__[1]


class Command(TyperCommand):
    """A command that takes `-model` for a typing error, not for `-m odel`."""

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        """Parse as typer does. Raises UsageError for a long option with one dash."""
        known = [name for option in self.params for name in option.opts if name.startswith("--")]
        for argument in args[: args.index("--")] if "--" in args else args:
            name = f"-{argument.partition('=')[0]}"
            if name in known and not argument.startswith("--"):
                raise UsageError(f"There is no option {name[1:]}.", f"Did you mean {name}?")
        return super().parse_args(ctx, args)


class Commands(TyperGroup):
    """A group of commands that knows what a mistyped one was to be."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that `args` begin with. Raises UsageError when there is none."""
        name = args[0]
        if self.get_command(ctx, name) is not None:
            return super().resolve_command(ctx, args)
        known = self.list_commands(ctx)
        close = get_close_matches(name, known, n=1)
        if close:
            hint = f"Did you mean {ctx.command_path} {close[0]}?"
        elif Path(name).exists() and "fuse" in known:
            hint = f"Did you mean {ctx.command_path} fuse {name}?"
        else:
            hint = f"Type {ctx.command_path} --help; the commands are: {', '.join(known)}."
        raise UsageError(f'There is no command "{name}".', hint)


def explain(error: Any, arguments: Sequence[str]) -> HdrcliError:
    """The parser's error as ours; `arguments` are the whole command line."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context else f"hdrcli {arguments[0]}"  # some errors come without context
    see = f"Type {command} --help to see how it is used."
    if hasattr(error, "possibilities"):
        return _unknown_option(error, command, arguments)
    if type(error).__name__ == "MissingParameter":
        wanted = error.param.metavar or error.param.name
        return UsageError(
            f"{command} is missing its {wanted.strip('.')}.", see.replace("--help", f"{wanted}, or --help")
        )
    message = " ".join(error.format_message().split()).rstrip(".")
    return UsageError(f"{message}.", see)


def _unknown_option(error: Any, command: str, arguments: Sequence[str]) -> HdrcliError:
    message = f"There is no option {error.option_name}."
    dashed = [name for name in arguments if name.startswith("-") and Path(name).exists()]
    if dashed:
        return UsageError(message, f"If {dashed[0]} is a file, type ./{dashed[0]} for it.")
    if error.possibilities:
        return UsageError(message, f"Did you mean {error.possibilities[0]}?")
    return UsageError(message, f"Type {command} --help to see the options.")
