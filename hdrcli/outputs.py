"""The outputs of a plan: which are to be written, which are there, and whether they may be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from hdrcli import disk
from hdrcli.errors import HdrcliError, WriteError
from hdrcli.grouping import one_file_name
from hdrcli.inputs import Inputs
from hdrcli.manifest import Manifest
from hdrcli.plan import Plan, Plans
from hdrcli.reuse import Reuse
from hdrcli.settings import FuseSettings


def with_all_outputs(plans: Plans, settings: FuseSettings, manifest: Manifest, given: Iterable[Path] = ()) -> Plans:
    """The plans with what is to be written; --skip-existing goes by `manifest`, that of the output folder.

    What lies in the folders `given` and is no result that the manifest knows is none to be replaced, even where the
    output folder is one of them, whose files are nobody's frames in this run.
    """
    reuse = Reuse(settings, manifest) if settings.skip_existing else None
    inputs = Inputs([*plans.left, *(path for plan in plans.brackets for path in plan.files)])
    around = Inputs(given)

    def refuse(output: Path) -> None:
        inputs.refuse(output)
        if manifest.making(output) is None:
            around.refuse(output)

    brackets = tuple(with_outputs(plan, settings, refuse, reuse) for plan in apart(plans.brackets))
    return replace(plans, brackets=brackets, notes=(*plans.notes, *(reuse.notes(brackets) if reuse else ())))


def with_outputs(
    plan: Plan, settings: FuseSettings, refuse: Callable[[Path], None], reuse: Reuse | None = None
) -> Plan:
    """Find out now which outputs are to be written, and whether they can be, before any work: else `error` says so.

    `refuse` raises WriteError for a file that is none to be replaced: a frame, of another bracket, too.
    """
    if plan.error:
        return plan
    try:
        seen = {output: _seen(output) for output in plan.outputs}
        taken = [output for output, one in seen.items() if one is not None]  # mostly none
        for output in taken:
            refuse(output)
        existing = disk.existing(taken, holding=settings.skip_existing)
        if existing and reuse:
            plan = reuse.settle(plan, existing)
        elif existing and settings.skip_existing:
            plan = replace(plan, kept=tuple(existing), skip=len(existing) == len(plan.outputs))
        elif existing and not settings.overwrite:
            raise WriteError(f"{existing[0]} exists.", "Pass --overwrite or --skip-existing, or another --output.")
        if not settings.dry_run and not plan.skip:
            disk.check_writable(settings.output)
        if not settings.overwrite:
            plan = replace(plan, seen=tuple(seen.values()))
    except HdrcliError as error:
        return replace(plan, error=error)
    return plan


def _seen(output: Path) -> disk.Stamp | None:
    with disk.naming(output):
        return disk.stamp(output)


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
