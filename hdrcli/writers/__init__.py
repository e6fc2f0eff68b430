"""Pixels to files: one plugin a format, and the way onto the disk they share.

A plugin's file name is the format's name and, with a dot, how its files' suffix begins (mostly all of it).
"""

from __future__ import annotations

from pathlib import Path

from hdrcli import plugins
from hdrcli.writers._atomic import tidy, write_all
from hdrcli.writers._claims import abandoned, claim, is_at, own_name, put, run_name
from hdrcli.writers._folder import check_writable, existing, flush, held, made, naming
from hdrcli.writers._moves import Stamp, stamp

__all__ = [
    "Stamp",
    "abandoned",
    "check_writable",
    "claim",
    "existing",
    "flush",
    "format_name",
    "held",
    "is_at",
    "is_picture",
    "made",
    "naming",
    "own_name",
    "put",
    "run_name",
    "stamp",
    "tidy",
    "write_all",
]

_ALIASES = {"jpeg": "jpg", "tif": "tiff"}


def format_name(text: str) -> str:
    """The name of the format a user calls `text`: "JPEG", "jpeg" and "jpg" are "jpg". An unknown name is kept."""
    name = text.lower().removeprefix(".")
    return _ALIASES.get(name, name)


def is_picture(output: Path) -> bool:
    """Whether an output is of a format that holds a display picture, whatever else it holds."""
    all_writers = (plugins.load("writers", name).WRITER for name in plugins.names("writers"))
    return any(writer.takes != "linear" and output.name.endswith(writer.suffix) for writer in all_writers)
