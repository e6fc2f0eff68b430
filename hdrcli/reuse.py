"""What --skip-existing does about outputs that exist: kept, made again or refused, by what fused.json says of them.

* Made of the same frames by the same settings and weights: kept. If its content is another's since, it is kept too, and
  that is said: who retouches a picture wants to keep it.
* Made of these frames when they or the settings were others, and untouched since: made again, and the reason is said.
* The same, but its content has been changed by someone else; or made of other frames altogether: an error.
* Not known (of an older hdrcli, of another program): kept, and that is said.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import MISSING, Field, fields, replace
from pathlib import Path
from typing import Any, Literal

import hdrcli
from hdrcli import plugins, records, writers
from hdrcli.errors import HdrcliError, ReadError, WriteError
from hdrcli.file_state import FileState
from hdrcli.manifest import NAME, Making, Manifest
from hdrcli.plan import Plan
from hdrcli.settings import FuseSettings

_NO_PIXELS = {
    "output",
    "formats",
    "device",
    "tile",
    "jobs",
    "max_pixels",
    "cluster",
    "overwrite",
    "skip_existing",
    "dry_run",
    "gap",
    "size",
}
"""Settings that the pixels of a bracket do not depend on: where, how fast, which brackets."""

_ELSEWHERE = {"model", "weights", "times", "stops"}
"""Settings that are compared by what they amount to: model and weights used, stops of the frames."""

_OF_NETWORKS = {"prior", "precision", "static_merge"}

_UNTYPED = {"reference": "auto"}
"""What to type for settings that are None by default."""

_SAME_STOP = 1e-4


def making(plan: Plan, settings: FuseSettings, manifest: Manifest) -> Making:
    """How the outputs of a plan are going to be made, but for the weights: the frames are read for it.

    Raises ReadError for a frame that is gone.
    """
    asked = {one.name: _plain(getattr(settings, one.name)) for one in fields(settings) if one.name not in _NO_PIXELS}
    inputs = {}
    for frame in plan.frames:
        try:
            inputs[manifest.name(frame.path)] = FileState.of(frame.path)
        except OSError as error:
            raise ReadError(f"{frame.path} cannot be read: {error.strerror or error}.", "Check the file.") from error
    stops = None if plan.stops is None else tuple(round(stop, 6) + 0.0 for stop in plan.stops)
    shoot = {"exposure": plan.shoot_exposure, "frames": plan.shoot.digest} if plan.shoot else {}
    return Making(plan.name, hdrcli.__version__, plan.model, None, stops, asked, inputs, shoot=shoot)


def _plain(value: Any) -> Any:
    """A setting as JSON gives it back."""
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


class Reuse:
    """The outputs of a run that exist, by the manifest of their folder."""

    def __init__(self, settings: FuseSettings, manifest: Manifest) -> None:
        self._settings = settings
        self._manifest = manifest
        self._weights: dict[str, str | None] = {}

    def settle(self, plan: Plan, existing: Sequence[Path]) -> Plan:
        """The plan with the outputs to keep, and `skip` where that is all of them. Raises WriteError, see above."""
        kept, notes, reasons = [], [], []
        for output in existing:
            made = self._manifest.making(output)
            if made is None:
                kept.append(output)
                continue
            why, standing = self._changes(output, made, plan), self._standing(output, made)
            if standing == "older":
                why = why or "the run that was making it was broken off"
            if why and standing == "changed":
                raise WriteError(
                    f"{output} is not as hdrcli wrote it, and would be another now: {why}.",
                    "Move it away to keep it, or pass --overwrite.",
                )
            if why:
                reasons.append(why)
                continue
            kept.append(output)
            if standing == "changed":
                notes.append(f"{output} is not as hdrcli wrote it, and is kept")
        if len(kept) == len(plan.outputs):
            by = {made.model for output in kept if (made := self._manifest.making(output))}
            model = by.pop() if len(by) == 1 else plan.model  # what `auto` took then
            return replace(plan, skip=True, kept=tuple(kept), notes=tuple(notes), model=model)
        notes += [f"fused again: {why}" for why in dict.fromkeys(reasons)]
        missing = [output.name for output in plan.outputs if output not in existing]
        if missing and existing:
            notes.append(f"{' and '.join(missing)} was missing")
        return replace(plan, kept=tuple(kept), notes=(*plan.notes, *notes))

    def _standing(self, output: Path, made: Making) -> Literal["whole", "older", "changed"]:
        """Whether an output is as it was made, an older one that was about to be replaced, or changed since."""
        name = self._manifest.name(output)
        if made.outputs[name].now(output):
            return "whole"
        older = made.replaces.get(name, ())
        try:
            return "older" if older and FileState.of(output).sha256 in older else "changed"
        except OSError:
            return "changed"

    def _changes(self, output: Path, made: Making, plan: Plan) -> str:
        """What is otherwise than when the output was made, in words; empty for nothing."""
        changed = self._frames_changed(output, made, plan) or self._settings_changed(made, plan)
        return changed or _shoot_changed(output, made, plan)

    def _frames_changed(self, output: Path, made: Making, plan: Plan) -> str:
        now = {self._manifest.name(frame.path): frame.path for frame in plan.frames}
        if len(now) == len(made.inputs):
            pairs = zip(made.inputs.items(), now.items(), strict=True)
            if all(_same(old, had, new, path) for (old, had), (new, path) in pairs):
                return ""
        common = [name for name in now if name in made.inputs]
        if not common:
            raise WriteError(
                f"{output} was made of other frames, such as {next(iter(made.inputs), 'none')}.",
                "Pass another --output, or --overwrite.",
            )
        for words, names in (
            ("is new", [name for name in now if name not in made.inputs]),
            ("is gone", [name for name in made.inputs if name not in now]),
            ("has changed", [name for name in common if made.inputs[name].now(now[name]) is None]),
        ):
            if names:
                return f"{Path(names[0]).name} {words}"
        return "the order of the frames has changed"

    def _settings_changed(self, made: Making, plan: Plan) -> str:
        asked, by_network = self._settings.model, made.model in plugins.names("networks")
        sure = asked != "auto" or plan.model not in plugins.names("networks")  # else it depends on motion
        if asked != made.settings.get("model") and not (sure and plan.model == made.model):
            return f"--model was {made.settings.get('model')}, is {asked}"
        if by_network and made.weights != self._weights_of(made.model):
            return f"the weights of {made.model} are others"
        if not _close(made.stops, plan.stops):
            return "the exposures are others"
        for one in fields(self._settings):
            if one.name in _NO_PIXELS | _ELSEWHERE or (one.name in _OF_NETWORKS and not by_network):
                continue
            had, now = made.settings.get(one.name, _default(one)), _plain(getattr(self._settings, one.name))
            if had != now:
                return _change(one.name, had, now)
        return ""

    def _weights_of(self, model: str) -> str | None:
        """The SHA-256 of the weights that the run would use; None where they cannot be had, which is told later."""
        if model not in self._weights:
            self._weights[model] = weights_digest(model, self._settings.weights)
        return self._weights[model]

    def notes(self, plans: Sequence[Plan]) -> tuple[str, ...]:
        """What is to be said once for all brackets about the outputs that are kept."""
        kept = {output: self._manifest.making(output) for plan in plans for output in plan.kept}
        unknown = [output for output, made in kept.items() if made is None]
        others = sorted({made.hdrcli for made in kept.values() if made} - {hdrcli.__version__})
        notes = []
        if unknown:
            more = f" and {len(unknown) - 3} more" if len(unknown) > 3 else ""
            some = ", ".join(str(output) for output in unknown[:3]) + more
            notes.append(f"Outputs that {NAME} tells nothing of are kept as they are: {some}.")
        if others:
            notes.append(f"Some outputs that are kept were made by hdrcli {', '.join(others)}.")
        return tuple(notes)


def weights_digest(model: str, choice: str | None) -> str | None:
    """The SHA-256 of the weights of a network by --weights; None where they cannot be had, which is told later."""
    try:
        if choice is not None and (choice.endswith(".safetensors") or Path(choice).is_file()):
            return FileState.of(Path(choice)).sha256
        return records.records(model)[choice or records.DEFAULT_TAG].sha256
    except (OSError, KeyError, HdrcliError):
        return None


def _default(setting: Field[Any]) -> Any:
    """What a setting is where a manifest of before it was there says nothing."""
    return _plain(setting.default if setting.default_factory is MISSING else setting.default_factory())


def _change(setting: str, had: Any, now: Any) -> str:
    """What has changed, by the options that were typed and their values."""
    if setting == "adjustments":
        before, after = (_controls(str(one)) for one in (had, now))
        values = {name: (before.get(name, 0), after.get(name, 0)) for name in {**before, **after}}
        changed = [f"--{name} was {old:g}, is {new:g}" for name, (old, new) in values.items() if old != new]
        return "; ".join(changed) or "the controls of the picture are others"
    words = [_UNTYPED.get(setting, "not given") if value is None else value for value in (had, now)]
    return f"--{setting.replace('_', '-')} was {words[0]}, is {words[1]}"


def _controls(adjustments: str) -> dict[str, float]:
    """The controls of a picture by name, from the words of `Adjustments`."""
    return {name: float(value) for name, value in re.findall(r"(\w+) ([+-]\d+(?:\.\d+)?(?:e[+-]\d+)?)", adjustments)}


def _same(old: str, had: FileState, new: str, path: Path) -> bool:
    """Whether a frame is the one that was used: a frame of another name must be read to know."""
    return (had if old == new else replace(had, modified=None)).now(path) is not None


def _shoot_changed(output: Path, made: Making, plan: Plan) -> str:
    """Linear light hangs on the scale of the shoot alone, pictures on the light of all its brackets."""
    if plan.shoot is None:
        return ""
    if not math.isclose(made.shoot.get("exposure") or 0, plan.shoot_exposure or 0, rel_tol=1e-6):
        return "the scale of the shoot is another, which its first bracket sets"
    if writers.is_picture(output) and made.shoot.get("frames") != plan.shoot.digest:
        return "other brackets of the shoot are new, gone or changed"
    return ""


def _close(had: Sequence[float] | None, now: Sequence[float] | None) -> bool:
    if had is None or now is None:
        return had is now
    return len(had) == len(now) and all(abs(a - b) < _SAME_STOP for a, b in zip(had, now, strict=True))
