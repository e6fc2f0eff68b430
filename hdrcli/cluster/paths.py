"""Paths as workers in other folders need them, and back to what was typed in all that comes from there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from hdrcli.errors import HdrcliError
from hdrcli.outcomes import Carried
from hdrcli.plan import Plan


def sent(plan: Plan) -> Plan:
    """The plan with absolute paths. Raises ReadError where a frame is gone of a shoot that hangs on all."""
    if plan.shoot is not None:
        plan.shoot.digest  # noqa: B018 (it is all of the shoot that is sent)
    frames = tuple(replace(frame, path=frame.path.absolute()) for frame in plan.frames)
    return replace(
        plan,
        frames=frames,
        files=_absolute(plan.files),
        outputs=_absolute(plan.outputs),
        kept=_absolute(plan.kept),
        seen=None,  # a worker that was thought dead may have written the same before
    )


def _absolute(paths: Iterable[Path]) -> tuple[Path, ...]:
    return tuple(path.absolute() for path in paths)


def as_given(done: Carried, plan: Plan) -> Carried:
    """What was carried out of a plan, with the paths of the plan."""
    given = {path.absolute(): path for path in plan.files}
    notes = tuple(_text_as_given(note, plan) for note in done.plan.notes)
    return replace(
        done,
        plan=replace(plan, model=done.plan.model, notes=notes),
        left_out=tuple(given.get(path, path) for path in done.left_out),
    )


def error_as_given(error: HdrcliError, plan: Plan) -> HdrcliError:
    """The error of a bracket, naming its files as they were typed."""
    error.message, error.hint = _text_as_given(error.message, plan), _text_as_given(error.hint, plan)
    return error


def _text_as_given(text: str, plan: Plan) -> str:
    for path in sorted((*plan.files, *plan.outputs), key=lambda path: -len(str(path))):
        text = text.replace(str(path.absolute()), str(path))
    return text
