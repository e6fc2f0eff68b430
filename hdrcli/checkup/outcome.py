"""What became of a check: a name, a state and words. A check that fails, in whatever way, is an outcome too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from hdrcli.checkup._private import without_names
from hdrcli.errors import HdrcliError

State = Literal["ok", "note", "failed"]
Check = Callable[[], str]
"""Returns what was found, in words."""


class Note(Exception):  # noqa: N818 (no error)
    """Something that is not here, and need not be."""


@dataclass(frozen=True)
class Outcome:
    """What a check of an area found; `hint` says what to type where it failed. Names of people are left out."""

    area: str
    name: str
    state: State
    words: str
    hint: str = ""


def tried(area: str, cure: str, checks: Callable[[], Iterator[tuple[str, Check]]]) -> Iterator[Outcome]:
    """The outcomes of the checks of an area, also where these cannot even be listed."""
    try:
        for name, check in checks():
            yield outcome(area, name, check, cure)
    except Exception as error:  # noqa: BLE001 (what is broken here is what is asked for)
        yield Outcome(area, "all", "failed", _said(error), cure)


def outcome(area: str, name: str, check: Check, cure: str = "") -> Outcome:
    """What came of one check; `cure` is the hint for an error that has none."""
    try:
        return Outcome(area, name, "ok", without_names(check()))
    except Note as note:
        return Outcome(area, name, "note", without_names(str(note)))
    except HdrcliError as error:
        return Outcome(area, name, "failed", without_names(error.message), without_names(error.hint or cure))
    except Exception as error:  # noqa: BLE001 (what is broken here is what is asked for)
        return Outcome(area, name, "failed", _said(error), cure)


def _said(error: Exception) -> str:
    """An error of a library in one line."""
    lines = str(error).strip().splitlines()
    return without_names(f"{type(error).__name__}: {lines[0] if lines else 'no words'}")
