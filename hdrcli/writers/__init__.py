"""Pixels to files: one plugin a format, and the way onto the disk they share.

A plugin's file name is the format's name and, with a dot, how its files' suffix begins (mostly all of it).
"""

from __future__ import annotations

from hdrcli.writers._atomic import abandoned, append, check_writable, existing, own_name, remove_stale, write_all

__all__ = ["abandoned", "append", "check_writable", "existing", "format_name", "own_name", "remove_stale", "write_all"]

_ALIASES = {"jpeg": "jpg", "tif": "tiff"}


def format_name(text: str) -> str:
    """The name of the format a user calls `text`: "JPEG", "jpeg" and "jpg" are "jpg". An unknown name is kept."""
    name = text.lower().removeprefix(".")
    return _ALIASES.get(name, name)
