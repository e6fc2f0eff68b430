"""What became of the brackets of a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hdrcli.batch import Stage
from hdrcli.errors import HdrcliError
from hdrcli.plan import Plan
from hdrcli.settings import FuseSettings


@dataclass(frozen=True)
class Carried:
    """A plan as it was carried out; `stops`, `scale_stops` and `left_out` are as in BracketResult."""

    plan: Plan
    stops: tuple[float, ...] | None = None
    scale_stops: float | None = None
    left_out: tuple[Path, ...] = ()


Work = Callable[[Plan, FuseSettings, Stage], Carried]
"""From a plan to its files."""


@dataclass(frozen=True)
class BracketResult:
    """What became of one bracket: `status` is "planned", "done", "skipped" or "failed"; `stops` are in file order.

    `scale_stops` is the exposure of its reference frame over that of the shoot's 1.0 (`hdrcli.scale`); `left_out` are
    those of the inputs that show nothing or could not be aligned, and have no part in the outputs.
    """

    name: str
    inputs: tuple[Path, ...]
    stops: tuple[float, ...] | None
    model: str
    outputs: tuple[Path, ...]
    status: str
    error: HdrcliError | None = None
    notes: tuple[str, ...] = ()
    scale_stops: float | None = None
    left_out: tuple[Path, ...] = ()


@dataclass(frozen=True)
class FuseReport:
    """What became of all brackets, and the files that were in none."""

    brackets: tuple[BracketResult, ...]
    left: tuple[Path, ...]
    notes: tuple[str, ...] = ()

    @property
    def failed(self) -> tuple[BracketResult, ...]:
        return tuple(bracket for bracket in self.brackets if bracket.status == "failed")
