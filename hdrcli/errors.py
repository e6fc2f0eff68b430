"""What can go wrong in a way the user can act on: one sentence that says what is wrong, one that says what to do."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

LONGEST = 10_000
"""Characters of a message; what is longer is no sentence, but what a file holds in place of one."""


class HdrcliError(Exception):
    """An error a user can cause and cure.

    `message` is one sentence that names the file (or option) and what is wrong with it; `hint` is one sentence that
    says what to type or check. The command line prints them as `Error:` and `Hint:`. Two paths have room in each.
    """

    exit_status = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = excerpt(message, LONGEST)
        self.hint = excerpt(hint, LONGEST)


class UsageError(HdrcliError):
    """An option or argument that cannot be meant: exit status 2."""

    exit_status = 2


class ReadError(HdrcliError):
    """A frame that cannot be read whole and right."""


class WriteError(HdrcliError):
    """An output that cannot be written."""


class ExposureError(HdrcliError):
    """A bracket whose exposures are missing or cannot be used."""


class MetricError(HdrcliError):
    """A picture that a metric cannot judge."""


class WeightsError(HdrcliError):
    """A weights file that is missing, damaged or of another network."""


class ClusterError(HdrcliError):
    """A cluster that cannot be reached, or whose workers cannot do the work."""


def excerpt(text: object, longest: int = 80) -> str:
    """`text` for a message, cut to `longest` characters: what a file says of itself may be a megabyte long."""
    whole = str(text)
    return whole if len(whole) <= longest else f"{whole[: longest - 1]}…"


def choices_hint(value: str, known: Iterable[str]) -> str:
    """A hint that names the values there are, the one that was probably meant first."""
    names = list(known)
    close = get_close_matches(value.lower(), names, n=1)
    return (f"Did you mean {close[0]}? " if close else "") + f"Choose one of: {', '.join(names)}."
