"""The brackets of a run one after the other, or several at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from hdrcli import memory
from hdrcli.errors import HdrcliError, UsageError
from hdrcli.plan import Plan

Progress = Callable[[str, str, float], None]
"""Told the bracket's name, the stage it is in and the share of the bracket that is done."""

Stage = Callable[[str, float], None]
"""The same of one bracket."""

DONE = "done"
"""The stage of a bracket whose outputs are written."""

Result = TypeVar("Result")


def given(inputs: str | Path | Iterable[str | Path], deed: str, hint: str) -> list[Path]:
    """`inputs` as paths. Raises UsageError, with the `hint`, where there are none for the `deed`."""
    paths = [Path(inputs)] if isinstance(inputs, (str, Path)) else [Path(path) for path in inputs]
    if not paths:
        raise UsageError(f"There is nothing to {deed}.", hint)
    return paths


def run(one: Callable[[Plan, Progress], Result], plans: Sequence[Plan], jobs: int, progress: Progress) -> list[Result]:
    """`one` for each plan, `jobs` of them at once; results are in the order of `plans`.

    Those that need no work come first, so that what is left to do is known from the beginning.
    """
    order = sorted(range(len(plans)), key=lambda place: not plans[place].is_settled)
    ordered = [plans[place] for place in order]
    if jobs == 1 or len(plans) < 2:
        made = [one(plan, progress) for plan in ordered]
    else:
        made = _at_once(one, ordered, jobs, progress)
    results = dict(zip(order, made, strict=True))
    return [results[place] for place in range(len(plans))]


def _at_once(
    one: Callable[[Plan, Progress], Result], plans: Sequence[Plan], jobs: int, progress: Progress
) -> list[Result]:
    """Ctrl-C ends the brackets in work at their next stage; one that is being written is written whole."""
    stopped = threading.Event()

    def watched(name: str, stage: str, share: float) -> None:
        if stopped.is_set() and stage != DONE:
            raise KeyboardInterrupt  # no signal reaches a worker
        progress(name, stage, share)

    with ThreadPoolExecutor(jobs) as pool:
        try:
            return list(pool.map(lambda plan: one(plan, watched), plans))
        except BaseException:
            stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def told(error: Exception, plan: Plan) -> HdrcliError:
    """An error of a bracket in words."""
    return in_words(error, plan.name, "Close other programs, or pass a smaller --tile or --jobs 1.")


def in_words(error: Exception, name: str, cure: str) -> HdrcliError:
    """An error of what is called `name`; the `cure` is for one that says that memory has run out."""
    if isinstance(error, HdrcliError):
        return error
    if memory.is_exhausted(error):
        short = HdrcliError(f"{name} needs more memory than there is.", cure)
        short.__cause__ = error
        return short
    bug = HdrcliError(
        f"{name}: {type(error).__name__}: {error} (this is a bug in hdrcli).",
        "Please report it with what the same command prints with --debug, and what hdrcli doctor --json does.",
    )
    bug.__cause__ = error
    return bug
