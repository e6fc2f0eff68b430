"""What the parser of the command line finds wrong, in our words: an Error and a Hint with what to type."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Sequence
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from hdrcli.cli import console, defaults
from hdrcli.errors import HdrcliError, UsageError, choices_hint

log = logging.getLogger(__name__)

# Typer brings its own copy of click or uses an installed one, by version; either way this is click's UsageError.
ParserError: type[Exception] = typer.BadParameter.__mro__[1]
_DEFAULTS = "hdrcli.defaults"
SHELLS = ("bash", "zsh", "fish", "powershell")


class Command(TyperCommand):
    """A command with defaults from files, that knows `-model` and an option typed twice for typing errors."""

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        """Parse as typer does. Raises UsageError for typing errors that it lets pass, and for a configuration file."""
        if ctx.resilient_parsing:  # a shell asks what may come next
            return super().parse_args(ctx, args)
        given = args[: args.index("--")] if "--" in args else args
        known = [name for option in self.params for name in option.opts if name.startswith("--")]
        for argument in given:
            name = f"-{argument.partition('=')[0]}"
            if name in known and not argument.startswith("--"):
                raise UsageError(f"There is no option {name[1:]}.", f"Did you mean {name}?")
        ctx.meta[_DEFAULTS] = {} if "--no-config" in given else self._defaults(ctx, given)
        again = list(args)  # parsing empties it
        parsed = super().parse_args(ctx, args)
        self._refuse_twice(self.make_parser(ctx).parse_args(again)[2])
        return parsed

    def _refuse_twice(self, given: Sequence[Any]) -> None:
        """Raises UsageError for an option with a value that is `given` again: the parser would drop the first one."""
        options: list[Any] = list(self.params)
        for option in options:
            has_one_value = option.param_type_name == "option" and not (option.is_flag or option.multiple)
            if has_one_value and given.count(option) > 1:
                name = max(option.opts, key=len)
                raise UsageError(f"{name} is given more than once.", f"Type it once, as {name} {option.metavar}.")

    def _defaults(self, ctx: Any, given: list[str]) -> dict[str, defaults.Default]:
        """Give the options their defaults from files; `--help` shows them, and is shown whatever is in the files."""
        try:
            found = defaults.defaults(ctx)
        except UsageError as error:
            if not set(given) & set(ctx.help_option_names):
                raise
            log.warning(error.message)
            return {}
        if found:
            self.epilog = "Defaults are those of hdrcli.toml files; --no-config --help shows the built-in ones."
        ctx.default_map = {name: default.typed for name, default in found.items()}
        configured: list[Any] = [option for option in self.params if option.name in found]
        for option in configured:
            option.show_default = True  # where the declaration has words of its own for it
        return found

    def invoke(self, ctx: Any) -> Any:
        """Run the command, and tell which files took effect. Raises its errors, a file's as the file's."""
        found = ctx.meta[_DEFAULTS]
        console.hold([] if ctx.params.get("quiet") or ctx.params.get("no_config") else defaults.lines(found, ctx))
        try:
            result = super().invoke(ctx)
        except UsageError as error:
            told = defaults.blamed(error, found, ctx)
            if told is not error:
                console.hold([])  # the error names the file
            raise told from error
        console.release()
        return result


class Commands(TyperGroup):
    """A group of commands that knows what a mistyped one was to be."""

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        """Parse as typer does. Raises UsageError where typer would lower PowerShell's guard against foreign scripts."""
        if os.name == "nt" and "--install-completion" in args[:1]:
            raise UsageError(
                "Windows would have to be told to run scripts of all kinds.",
                f"Type {ctx.command_path} --show-completion >> $PROFILE, where your policy lets a profile run.",
            )
        if args[:1] == ["--show-completion"] and args[1:]:
            self._show_completion(ctx, args[1])
        return super().parse_args(ctx, args)

    def _show_completion(self, ctx: Any, shell: str) -> None:
        """Print the script of a shell by name and exit: typer's option tells that of the shell around, if it can."""
        if shell not in SHELLS:
            raise UsageError(f'There is no completion for "{shell}".', choices_hint(shell, SHELLS))
        variable = f"_{ctx.command_path.upper()}_COMPLETE"
        os.environ[variable] = f"source_{shell}"
        try:
            self.main(args=[], prog_name=ctx.command_path)  # answers, and exits
        finally:
            del os.environ[variable]

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that `args` begin with. Raises UsageError when there is none."""
        name = args[0]
        if ctx.resilient_parsing or self.get_command(ctx, name) is not None:
            return super().resolve_command(ctx, args)
        known = self.list_commands(ctx)
        close = get_close_matches(name.lower(), known, n=1)
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
    typed = _typed(getattr(error, "param", None), arguments)
    if typed is not None:
        return _unfit(error, typed)
    message = " ".join(error.format_message().split()).rstrip(".")
    return UsageError(f"{message}.", see)


def _typed(option: Any, arguments: Sequence[str]) -> str | None:
    """The value that an option was given, the last where it was given more often; None for none."""
    names = [name for name in getattr(option, "opts", ()) if name.startswith("-")]
    values = [value for name, value in pairwise(arguments) if name in names]
    values += [word.partition("=")[2] for word in arguments if word.partition("=")[0] in names and "=" in word]
    return values[-1] if values else None


def _unfit(error: Any, typed: str) -> HdrcliError:
    """A value that an option cannot take; the parser's own words, which differ by version, tell limits alone."""
    option = error.param
    name = max(option.opts, key=len)
    limit = f": {error.message.rstrip('.')}" if re.search("than|range", error.message) else ""
    return UsageError(f'{name} cannot be "{typed}"{limit}.', f"Type {name} {option.metavar}. {option.help}")


def _unknown_option(error: Any, command: str, arguments: Sequence[str]) -> HdrcliError:
    message = f"There is no option {error.option_name}."
    dashed = [name for name in arguments if name.startswith("-") and Path(name).exists()]
    if dashed:
        return UsageError(message, f"If {dashed[0]} is a file, type ./{dashed[0]} for it.")
    if behind := _commands_with(error.option_name, error.ctx):
        return UsageError(message, f"Type it behind one of the commands: {', '.join(behind)}.")
    if error.possibilities:
        return UsageError(message, f"Did you mean {error.possibilities[0]}?")
    return UsageError(message, f"Type {command} --help to see the options.")


def _commands_with(option: str, context: Any) -> list[str]:
    """The commands of a group that have an option; none for a context that is a command's own."""
    commands = getattr(getattr(context, "command", None), "commands", {})
    return [name for name, one in commands.items() if any(option in known.opts for known in one.params)]
