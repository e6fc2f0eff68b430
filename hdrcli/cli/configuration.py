"""`hdrcli.toml`: where it is looked for, the current folder's and the user's own, and what is in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import typer

from hdrcli.errors import UsageError

NAME = "hdrcli.toml"
LARGEST = 8_192
"""Bytes: no configuration is longer, and tomllib takes quadratic time for some texts."""


def user_file() -> Path | None:
    """Where the user's own file would be, by the conventions of the system; None for a user without a home."""
    folder = Path(typer.get_app_dir("hdrcli"))
    if not folder.is_absolute():  # the XDG Base Directory Specification: an empty or relative XDG_CONFIG_HOME is none
        with suppress(RuntimeError):
            folder = Path.home() / ".config" / "hdrcli"
    return folder / NAME if folder.is_absolute() else None


def files() -> Iterator[tuple[Path, bool]]:
    """The files there are, and whether each is the user's own: that first, for the folder's goes on top of it."""
    own, here = user_file(), Path(NAME)
    has_own = own is not None and is_there(own)
    if own is not None and has_own:
        yield own, True
    if is_there(here) and not (own is not None and has_own and os.path.realpath(own) == os.path.realpath(here)):
        yield here, False


def is_there(file: Path) -> bool:
    """Whether there is anything of this name; a folder that may not be looked into holds nothing."""
    try:
        return file.exists() or file.is_symlink()
    except OSError:
        return False


def content(file: Path) -> dict[str, Any]:
    """The tables of a file. Raises UsageError for one that is no file, cannot be read, is too long, or is not TOML."""
    import tomllib

    see = 'Write lines such as model = "dfgnet" under [fuse], or pass --no-config.'
    try:
        return tomllib.loads(_bytes(file).decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise UsageError(
            f"{file} is not TOML: no UTF-8 (at line {line}).", "Save it as UTF-8, or pass --no-config."
        ) from error
    except RecursionError as error:
        raise UsageError(f"{file} is not TOML that can be meant: it is nested too deep.", see) from error
    except ValueError as error:
        raise UsageError(f"{file} is not TOML: {str(error).rstrip('.')}.", see) from error


def _bytes(file: Path) -> bytes:
    try:
        if not file.is_file():  # a pipe would be waited for
            raise UsageError(f"{file} is no file.", "Move it away, or pass --no-config.")
        with file.open("rb") as opened:
            data = opened.read(LARGEST + 1)
    except OSError as error:
        raise UsageError(
            f"{file} cannot be read: {error.strerror or error}.", "Check its permissions, or pass --no-config."
        ) from error
    if len(data) > LARGEST:
        raise UsageError(f"{file} is longer than {LARGEST} bytes.", "Leave the defaults in it, or pass --no-config.")
    return data
