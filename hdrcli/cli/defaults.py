"""Defaults of options from configuration files: the user's, under the current folder's, under what is typed.

A table is named after a command, and its keys are the command's options: `[fuse]`, `tone-map = "drago"`. Switches that
nothing on the command line can undo (`--overwrite`, `--json`) are no defaults. A folder may come from anyone, so its
file cannot do what would harm: write outside the folder, read weights files, hand the work to another program, or start
more threads than processors.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from hdrcli.cli.configuration import NAME, content, files, is_there, user_file
from hdrcli.errors import UsageError, choices_hint
from hdrcli.settings import LOCAL

FOLLOWS = {"inspect": "fuse"}
"""Commands that tell what another would do, and so go by its table."""

OF_A_BRACKET = ("times", "stops")
"""Options that fit one bracket; a sidecar beside its frames says the same."""

THREADS = ("jobs", "threads")


@dataclass(frozen=True)
class Default:
    """The value that a file gives to an option: as it is written there, and as it would be typed."""

    file: Path
    key: str
    written: Any
    typed: Any

    def __str__(self) -> str:
        return f"{self.key} = {_toml(self.written)}"


@dataclass(frozen=True)
class _Table:
    """A command's table in one file, with the command's options by key; `is_own` where the user wrote it himself."""

    file: Path
    is_own: bool
    command: str
    options: Mapping[str, Any]
    context: Any


def defaults(context: Any) -> dict[str, Default]:
    """The defaults of a command's options by the names of its parameters.

    Raises UsageError for a file that cannot be read or meant; all of it is checked, whichever the command.
    """
    commands = getattr(context.find_root().command, "commands", {})
    options = {name: _options(command) for name, command in commands.items() if name not in FOLLOWS}
    name = FOLLOWS.get(context.info_name, context.info_name)
    if commands.get(context.info_name) is not context.command or not options.get(name):
        return {}
    wanted = {option.name for option in commands[context.info_name].params}
    found: dict[str, Default] = {}
    for file, is_own in files():
        for command, table in _tables(file, options):
            checked = _checked(_Table(file, is_own, command, options[command], context), table)
            found |= {key: one for key, one in checked.items() if command == name and key in wanted}
    return found


def _options(command: Any) -> dict[str, Any]:
    """The options of a command by key, also those no file may set; none where it may set none."""
    options = [option for option in command.params if option.param_type_name == "option"]
    return {max(one.opts, key=len).lstrip("-"): one for one in options} if any(map(_is_settable, options)) else {}


def _is_settable(option: Any) -> bool:
    """Whether the command line can undo it: a value or `--metadata/--no-metadata`, not `--overwrite`."""
    return not option.is_flag or bool(option.secondary_opts)


def _tables(file: Path, options: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, table in content(file).items():
        if not isinstance(table, dict):
            raise UsageError(f'{file}: "{name}" stands under no command.', "Write [fuse] on a line above it.")
        if name in FOLLOWS:
            raise UsageError(f"{file}: [{name}] has no defaults of its own.", f"Write them under [{FOLLOWS[name]}].")
        if not options.get(name):
            raise UsageError(
                f"{file}: there is no [{name}].", choices_hint(name, [one for one in options if options[one]])
            )
        yield name, table


def _checked(table: _Table, written: Mapping[str, Any]) -> dict[str, Default]:
    found = {}
    for key, value in written.items():
        if key not in table.options:
            known = [name for name, one in table.options.items() if _is_settable(one) and name not in OF_A_BRACKET]
            raise UsageError(f'{table.file}: [{table.command}] has no "{key}".', choices_hint(key, known))
        option = table.options[key]
        if not _is_settable(option):
            raise UsageError(f"{table.file}: {key} cannot be a default.", f"Type --{key} where it is meant.")
        if key in OF_A_BRACKET:
            raise UsageError(
                f"{table.file}: {key} cannot be a default, for they fit one bracket.",
                f"Type --{key}, or put an exposure.txt or times.txt beside the frames.",
            )
        default = Default(table.file, key, value, _typed(table, key, value))
        if not table.is_own:
            _refuse_harm(default, option)
        found[option.name] = default
    return found


def _typed(table: _Table, key: str, value: Any) -> Any:
    """The value as it would be typed. Raises UsageError, with what to write, for one that the option cannot take."""
    option = table.options[key]
    metavar = option.metavar or "true"
    if option.is_flag and isinstance(value, bool):
        return value
    is_text = option.is_flag or _takes_text(option, table.context)
    parts = value if isinstance(value, list) and (option.multiple or "," in metavar) else [value]
    has_nul = any(isinstance(one, str) and "\0" in one for one in parts)  # no path or name can
    kinds = str if option.multiple else (str, int, float) if is_text else (int, float)
    try:
        if not (option.is_flag or has_nul) and all(
            isinstance(one, kinds) and not isinstance(one, bool) for one in parts
        ):
            texts = [str(Path(one).expanduser()) if one and "DIR" in metavar else str(one) for one in parts]
            typed = texts if option.multiple else ",".join(texts)
            option.process_value(table.context, typed)
            return typed
    except (typer.BadParameter, RuntimeError, TypeError):  # RuntimeError: ~nobody has no home; TypeError: DIR = 3
        pass
    example = f'"{metavar}"' if is_text and not option.is_flag else metavar
    raise UsageError(f"{table.file}: {key} cannot be {_toml(value)}.", f"Write {key} = {example}. {option.help}")


def _takes_text(option: Any, context: Any) -> bool:
    one = option.process_value(context, ["1"] if option.multiple else "1")
    return not isinstance(one, (int, float))


def _toml(value: Any) -> str:
    """A value as one may write it; a table, which may be of any depth, in a word."""
    if isinstance(value, list) and not any(isinstance(one, (list, dict)) for one in value):
        return f"[{', '.join(map(_toml, value))}]"
    return "a table" if isinstance(value, (list, dict)) else json.dumps(value, ensure_ascii=False, default=str)


def _refuse_harm(default: Default, option: Any) -> None:
    """Raises UsageError for what the file of a stranger's folder could harm by."""
    kinds = (option.metavar or "").split("|")
    texts = default.typed if isinstance(default.typed, list) else [str(default.typed)]
    processors = os.cpu_count() or 1
    here = os.path.realpath(".")
    if "DIR" in kinds and not all(Path(os.path.realpath(one)).is_relative_to(here) for one in texts):
        reason = "leads out of the folder"
    elif "FILE" in kinds and not all(re.fullmatch(r"[\w-]+", one) and not Path(one).is_file() for one in texts):
        reason = "names a file"
    elif default.key == "cluster" and default.typed != LOCAL:
        reason = "leads to another program"
    elif default.key in THREADS and int(default.typed) > processors:
        reason = f"is more than the {processors} processors here"
    else:
        return
    raise UsageError(
        f"{default.file}: {default} {reason}, which a folder's file may not.",
        f"Type --{default.key}, or write it in {user_file() or 'your own file'}.",
    )


def lines(found: Mapping[str, Default], context: Any) -> list[str]:
    """What to tell people: which files took effect with what, and which lie where none is read."""
    by_file: dict[Path, list[str]] = {}
    for default in _in_effect(found, context):
        by_file.setdefault(default.file, []).append(str(default))
    told = [f"Defaults from {file}: {', '.join(values)}" for file, values in by_file.items()]
    for text in context.params.get("inputs") or ():
        file = Path(text) / NAME
        if text and is_there(file) and os.path.realpath(text) != os.path.realpath("."):
            told.append(f"Note: {file} is not read: defaults come from the current folder and {user_file()}.")
    return told


def blamed(error: UsageError, found: Mapping[str, Default], context: Any) -> UsageError:
    """The error; where it is about a value from a file, as the file's."""
    for default in _in_effect(found, context):
        key, value = re.escape(default.key), re.escape(f'"{default.typed}"')
        if re.search(rf"--{key}(?![\w-])", error.message):
            return UsageError(f"{default.file}: {error.message.replace(f'--{default.key}', default.key)}", error.hint)
        if error.message.startswith("--"):  # it is about another option
            continue
        if re.search(value, error.message) or re.search(rf"\b{key}\b", f"{error.message} {error.hint}"):
            return UsageError(f"{default.file}: {default}: {error.message}", error.hint)
    return error


def typed(context: Any) -> frozenset[str]:
    """The names of the parameters that stand on the command line."""
    return frozenset(name for name in context.params if context.get_parameter_source(name).name == "COMMANDLINE")


def _in_effect(found: Mapping[str, Default], context: Any) -> list[Default]:
    """Those that nothing on the command line went over."""
    return [one for name, one in found.items() if context.get_parameter_source(name).name == "DEFAULT_MAP"]
