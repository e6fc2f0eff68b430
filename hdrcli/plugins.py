"""The plugins of a stage folder: every file that does not start with an underscore is one, and its name is the name."""

from __future__ import annotations

from functools import cache
from importlib import import_module, resources
from types import ModuleType

from hdrcli.errors import UsageError, choices_hint


def names(folder: str) -> list[str]:
    """Names of the plugins in `hdrcli/<folder>`, sorted, without importing any of them."""
    return list(_names(folder))


@cache  # each bracket of a batch asks again
def _names(folder: str) -> tuple[str, ...]:
    files = resources.files("hdrcli").joinpath(folder).iterdir()
    return tuple(sorted(f.name[:-3] for f in files if f.name.endswith(".py") and not f.name.startswith("_")))


def load(folder: str, name: str) -> ModuleType:
    """Import the plugin `name` of `hdrcli/<folder>`.

    Raises UsageError, with the names there are, when there is no such plugin.
    """
    known = names(folder)
    if name not in known:
        kind = folder.replace("_", " ").rstrip("s")
        raise UsageError(f'There is no {kind} "{name}".', choices_hint(name, known))
    return import_module(f"hdrcli.{folder.replace('/', '.')}.{name}")
