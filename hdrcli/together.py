"""Pictures that agree: made by the statistics of all their maps, as if these were one.

Statistics need but some pixels of each map, all on one radiance scale. They are of all maps, whichever pictures are
still to be made, so that a run that is broken off and gone on with ends with the same pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from hdrcli import batch, tone_mapping
from hdrcli.errors import HdrcliError
from hdrcli.plan import Plan
from hdrcli.settings import FuseSettings

Measuring = Callable[[int, int], None]
"""Told how many maps have been looked at, and of how many."""


def sampled(
    plans: Sequence[Plan], sample: Callable[[Plan, int], np.ndarray], jobs: int, on_measuring: Measuring
) -> tuple[list[Plan], dict[str, np.ndarray]]:
    """`sample(plan, maps)` of each plan without an error, by name; plans of which it cannot be had carry an error.

    It is some pixels (h, w, 3) of the plan's map, which is one of so many `maps`.
    """
    maps = [plan for plan in plans if plan.error is None]
    samples: dict[str, np.ndarray] = {}
    errors: dict[str, HdrcliError] = {}

    def one(plan: Plan, progress: batch.Progress) -> None:
        progress(plan.name, "measuring", 0.0)
        try:
            samples[plan.name] = sample(plan, len(maps))
        except Exception as error:  # noqa: BLE001 (a bug that one map lays bare must not cost the others)
            errors[plan.name] = batch.told(error, plan)
        on_measuring(len(samples) + len(errors), len(maps))

    on_measuring(0, len(maps))
    batch.run(one, maps, jobs, lambda name, stage, share: None)
    return [replace(plan, error=plan.error or errors.get(plan.name)) for plan in plans], samples


def agreeing(plans: Sequence[Plan], samples: dict[str, np.ndarray], settings: FuseSettings) -> list[Plan]:
    """The plans with the statistics of all `samples`, which are on one scale."""
    if not samples:
        return list(plans)
    ordered = [samples[plan.name] for plan in plans if plan.name in samples]
    statistics = tone_mapping.measure(ordered, settings.tone_map, settings.adjustments)
    return [replace(plan, statistics=statistics) for plan in plans]
