"""Names of brackets, which become names of files: two that some file system takes for one are never both used."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any, TypeVar

from hdrcli.errors import HdrcliError

Named = TypeVar("Named", bound=Any)
"""A dataclass with a `name` and an `error`."""


def one_file_name(name: str) -> str:
    """What all names have in common that a file system may take for one.

    Some do not tell capitals, or a letter with dots from a letter and dots; Windows ignores dots and blanks at the end.
    """
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())
    return folded.rstrip(". ")


def with_unique_names(found: Iterable[Named], clash: Callable[[Named, Named], HdrcliError]) -> Iterator[Named]:
    """The same brackets or plans, with the error `clash` for one whose outputs would overwrite an earlier one's."""
    first: dict[str, Named] = {}
    for one in found:
        earlier = first.setdefault(one_file_name(one.name), one)
        yield one if earlier is one or one.error else replace(one, error=clash(earlier, one))
