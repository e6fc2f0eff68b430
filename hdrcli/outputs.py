"""The outputs of a plan: which are to be written, which are there, and whether they may be."""

from __future__ import annotations

import os
from dataclasses import replace

from hdrcli import writers
from hdrcli.errors import HdrcliError, WriteError
from hdrcli.manifest import Manifest
from hdrcli.plan import Plan, Plans
from hdrcli.reuse import Reuse
from hdrcli.settings import FuseSettings


def with_all_outputs(plans: Plans, settings: FuseSettings, manifest: Manifest) -> Plans:
    """The plans with what is to be written; --skip-existing goes by `manifest`, that of the output folder."""
    reuse = Reuse(settings, manifest) if settings.skip_existing else None
    brackets = tuple(with_outputs(plan, settings, reuse) for plan in plans.brackets)
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
        if not settings.overwrite:
            plan = replace(plan, seen=tuple(map(writers.stamp, plan.outputs)))
    except HdrcliError as error:
        return replace(plan, error=error)
    return plan
