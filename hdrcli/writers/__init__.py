"""Pixels to files: one plugin a format. (The way of files onto the disk is `hdrcli.disk`.)

A plugin's file name is the format's name and, with a dot, how its files' suffix begins (mostly all of it).
"""

from __future__ import annotations

from pathlib import Path

from hdrcli import plugins

_ALIASES = {"jpeg": "jpg", "tif": "tiff"}


def format_name(text: str) -> str:
    """The name of the format a user calls `text`: "JPEG", "jpeg" and "jpg" are "jpg". An unknown name is kept."""
    name = text.lower().removeprefix(".")
    return _ALIASES.get(name, name)


def is_picture(output: Path) -> bool:
    """Whether an output is of a format that holds a display picture, whatever else it holds."""
    all_writers = (plugins.load("writers", name).WRITER for name in plugins.names("writers"))
    return any(writer.takes != "linear" and output.name.endswith(writer.suffix) for writer in all_writers)
