"""Scores and what they sum up to: the rows that `evaluate` returns, for tables, JSON, CSV and pages alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hdrcli.errors import HdrcliError


@dataclass(frozen=True)
class Score:
    """The figures of one prediction; or the `error` that left it without.

    `name` is the scene's, or the stem of the files; `model` what made the prediction, None for files that were given.
    `values` are by figure; one that could not be had is missing, and `notes` say why.
    """

    name: str
    prediction: Path
    truth: Path | None
    values: Mapping[str, float] = field(default_factory=dict)
    model: str | None = None
    notes: tuple[str, ...] = ()
    error: HdrcliError | None = None


@dataclass(frozen=True)
class Summary:
    """One figure of one model over the scenes: `low` to `high` is where the mean lies with 95 % confidence."""

    figure: str
    model: str | None
    count: int
    mean: float
    median: float
    worst: float
    worst_scene: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Contest:
    """One figure of two models on the same scenes: the mean of `model` less `other`, and how likely chance is."""

    figure: str
    model: str
    other: str
    count: int
    difference: float
    p_value: float | None


@dataclass(frozen=True)
class Evaluation:
    """What `evaluate` found: a row for each prediction, sums over them, and the settings that decide the figures."""

    scores: tuple[Score, ...]
    summaries: tuple[Summary, ...] = ()
    contests: tuple[Contest, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def failed(self) -> tuple[Score, ...]:
        return tuple(score for score in self.scores if score.error)


def shown(value: float | None) -> str:
    """A figure with as many digits as tell anything: dB to hundredths, indices to four places; "-" for none."""
    if value is None:
        return "-"
    return f"{value:.2f}" if abs(value) >= 2 else f"{value:.4f}"
