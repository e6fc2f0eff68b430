"""The outputs of a plan: which are to be written, which are there, and whether they may be."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from hdrcli import writers
from hdrcli.errors import HdrcliError, WriteError
from hdrcli.grouping import one_file_name
from hdrcli.manifest import Manifest
from hdrcli.plan import Plan, Plans
from hdrcli.reuse import Reuse
from hdrcli.settings import FuseSettings


def with_all_outputs(plans: Plans, settings: FuseSettings, manifest: Manifest) -> Plans:
    """The plans with what is to be written; --skip-existing goes by `manifest`, that of the output folder."""
    reuse = Reuse(settings, manifest) if settings.skip_existing else None
    brackets = tuple(with_outputs(plan, settings, reuse) for plan in apart(plans.brackets))
    return replace(plans, brackets=brackets, notes=(*plans.notes, *(reuse.notes(brackets) if reuse else ())))


def with_outputs(plan: Plan, settings: FuseSettings, reuse: Reuse | None = None) -> Plan:
    """Find out now which outputs are to be written, and whether they can be, before any work: else `error` says so."""
    if plan.error:
        return plan
    there = [output for output in plan.outputs if os.path.lexists(output)]
    inputs = {frame.path.resolve() for frame in plan.frames} if there else set()
    try:
        for output in there:
            if output.resolve() in inputs:
                raise WriteError(f"{output} is one of the inputs.", "Pass another --output folder.")
        existing = writers.existing(plan.outputs, holding=settings.skip_existing)
        if existing and reuse:
            plan = reuse.settle(plan, existing)
        elif existing and settings.skip_existing:
            plan = replace(plan, kept=tuple(existing), skip=len(existing) == len(plan.outputs))
        elif existing and not settings.overwrite:
            raise WriteError(f"{existing[0]} exists.", "Pass --overwrite or --skip-existing, or another --output.")
        if not settings.dry_run and not plan.skip:
            writers.check_writable(settings.output)
    except HdrcliError as error:
        return replace(plan, error=error)
    return plan


def apart(plans: Iterable[Plan]) -> Iterator[Plan]:
    """The same plans, with an error for one that has an output of an earlier one: x as uhdr and x.uhdr as jpg."""
    first: dict[str, Plan] = {}
    for plan in plans:
        taken = {one_file_name(output.name): output for output in plan.outputs if not plan.error}
        both = next((name for name in taken if name in first), None)
        first |= dict.fromkeys(taken, plan) if both is None else {}
        yield plan if both is None else replace(plan, error=_clash(first[both], plan, taken[both]))


def _clash(earlier: Plan, plan: Plan, output: Path) -> WriteError:
    who = f"{earlier.name} and {plan.name} would both be written to {output}"
    return WriteError(f"{who}.", "Fuse them by themselves, with another -o, or pass one --format.")
