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
    maps: Sequence[Plan], sample: Callable[[Plan, int], np.ndarray], jobs: int, on_measuring: Measuring
) -> tuple[dict[str, np.ndarray], dict[str, HdrcliError]]:
    """`sample(plan, count)` of each of the plans, by name, and errors of those of which it cannot be had.

    It is some pixels (h, w, 3) of the plan's map, which is one of `count`.
    """
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
    return samples, errors


def agreeing(
    plans: Sequence[Plan], samples: dict[str, np.ndarray], errors: dict[str, HdrcliError], settings: FuseSettings
) -> list[Plan]:
    """The plans with the statistics of all `samples`, which are on one scale, and their errors."""
    statistics = None
    if samples:
        ordered = [samples[name] for name in sorted(samples)]  # whichever was read first
        statistics = tone_mapping.measure(ordered, settings.tone_map, settings.adjustments)
    return [replace(plan, statistics=statistics, error=plan.error or errors.get(plan.name)) for plan in plans]
