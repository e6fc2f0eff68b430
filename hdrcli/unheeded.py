"""What was asked for a run and nothing in it heeds: refused where it contradicts the rest, else said in a note.

That goes for what was typed for the run. Defaults, of hdrcli.toml or our own, stand for many runs and may idle.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from hdrcli import plugins, readers
from hdrcli.adjustments import Adjustments
from hdrcli.contracts import Network, Writer
from hdrcli.errors import UsageError
from hdrcli.image import DisplayImage, FrameHeader, RadianceMap
from hdrcli.plan import FOR_MOTION, Plan, model_record
from hdrcli.settings import LOCAL, FuseSettings

CONTROLS = tuple(one.name for one in fields(Adjustments))


@dataclass(frozen=True)
class Case:
    """What an option met with: a bracket's frames and the model that fused it, or a linear file and who made it."""

    model: str
    frames: tuple[FrameHeader, ...]
    makes: type[RadianceMap] | type[DisplayImage]
    is_network: bool = False

    @classmethod
    def of(cls, plan: Plan, model: str) -> Case:
        """That of a plan, fused by `model`."""
        record = model_record(model)
        return cls(model, plan.frames, record.makes, isinstance(record, Network))


@dataclass(frozen=True)
class _Rule:
    """Options by their parameters' names, what heeds them, and why others do not: {models}, {formats}."""

    options: tuple[str, ...]
    heeds: Callable[[Case, FuseSettings], bool]
    why: str


def _is_network(case: Case, _: FuseSettings) -> bool:
    return case.is_network


def _makes_light(case: Case, _: FuseSettings) -> bool:
    return case.makes is RadianceMap


def _is_display_encoded(case: Case, _: FuseSettings) -> bool:
    return not all(frame.is_raw or readers.holds_scene(frame.path) for frame in case.frames)


def _is_raw(case: Case, _: FuseSettings) -> bool:
    return any(frame.is_raw for frame in case.frames)


_RULES = (
    _Rule(("device", "precision", "tile", "prior", "weights"), _is_network, "it is for networks, not for {models}"),
    _Rule(
        ("static_merge",),
        lambda case, _: case.is_network and case.makes is RadianceMap,
        "it is for networks that make linear light, not for {models}",
    ),
    _Rule(("tone_map", "strength", "response"), _makes_light, "it is for linear light, not for pictures by {models}"),
    _Rule(("response",), _is_display_encoded, "it is for display-encoded frames, and all are linear"),
    _Rule(("demosaic",), _is_raw, "it is for RAW frames, and there are none"),
    _Rule(
        ("tone_map", *CONTROLS),
        lambda _, settings: any(writer.takes != "linear" for writer in _writers(settings)),
        "it is for pictures, not for the linear light of {formats}",
    ),
    _Rule(
        ("contrast",),
        lambda case, settings: (
            case.makes is DisplayImage or any(writer.takes in ("display", "both") for writer in _writers(settings))
        ),
        "it is for pictures, not for the light of {formats}",
    ),
    _Rule(
        ("quality",),
        lambda _, settings: any(writer.lossy for writer in _writers(settings)),
        "it is for lossy formats, not for {formats}",
    ),
    _Rule(("crop",), lambda _, settings: settings.align != "off", "it is for aligned frames, and --align is off"),
    _Rule(
        ("jobs",),
        lambda _, settings: settings.cluster in (None, LOCAL) or settings.scale == "shoot",
        "the workers of --cluster have as many brackets at once as they have threads",
    ),
    _Rule(("gap",), lambda _, settings: settings.size is None, "--size says where brackets end"),
)


def _writers(settings: FuseSettings) -> list[Writer]:
    return [plugins.load("writers", name).WRITER for name in settings.formats]


def chosen(settings: FuseSettings, typed: Collection[str] | None) -> tuple[FuseSettings, Collection[str]]:
    """The settings of a run without defaults that would be refused, had they been typed, and what was typed.

    `typed` is None from Python, where that is what is not at its default. Raises UsageError where `strength` was typed
    for an operator that does not heed it.
    """
    typed = _asked(settings) if typed is None else typed
    return _fitting(settings, typed), typed


def _asked(settings: FuseSettings) -> frozenset[str]:
    plain = FuseSettings()
    changed = {one.name for one in fields(settings) if getattr(settings, one.name) != getattr(plain, one.name)}
    return frozenset(changed | {name for name in CONTROLS if getattr(settings.adjustments, name)})


def _fitting(settings: FuseSettings, typed: Collection[str]) -> FuseSettings:
    idle: dict[str, Any] = {}
    if settings.prior is not None or settings.weights is not None:
        model = model_record(FOR_MOTION if settings.model == "auto" else settings.model)
        if not isinstance(model, Network):
            idle |= {"prior": None, "weights": None}
        elif settings.prior not in model.priors:
            idle["prior"] = None
    if settings.adjustments.strength and not _is_local(settings.tone_map):
        if "strength" in typed:
            local = [name for name in plugins.names("tone_mapping") if _is_local(name)]
            raise UsageError(
                f"--strength is for operators that look at a pixel's surroundings; {settings.tone_map} does not.",
                f"Leave --strength out, or pass --tone-map {' or '.join(local)}.",
            )
        idle["adjustments"] = replace(settings.adjustments, strength=0.0)
    if settings.bit_depth is not None and not any(settings.bit_depth in one.bit_depths for one in _writers(settings)):
        if "bit_depth" in typed:
            raise _no_such_depth(settings)
        idle["bit_depth"] = None
    return replace(settings, **{name: value for name, value in idle.items() if name not in typed})


def _no_such_depth(settings: FuseSettings) -> UsageError:
    depths = {name: plugins.load("writers", name).WRITER.bit_depths for name in settings.formats}
    known = "; ".join(f"{name} {', '.join(map(str, sorted(bits)))}" for name, bits in depths.items())
    return UsageError(f"--bit-depth {settings.bit_depth}: no format of --format has it.", f"They have: {known}.")


def _is_local(operator: str) -> bool:
    return bool(plugins.load("tone_mapping", operator).TONE_MAPPER.local)


def check_models(plans: Iterable[Plan], settings: FuseSettings) -> None:
    """Raise now, before a frame is read, for a device or weights that are not there, and what a model cannot heed."""
    for name in sorted({plan.model for plan in plans if not plan.is_settled}):
        check_model(name, settings)


def check_model(name: str, settings: FuseSettings) -> None:
    """The same of one model."""
    if name in plugins.names("networks"):
        from hdrcli import inference

        inference.check(name, settings)
    elif settings.model != "auto":
        for option, value in (("--prior", settings.prior), ("--weights", settings.weights)):
            if value is not None:
                raise UsageError(
                    f"{option} is for networks; {name} is none.", f"Leave {option} out, or pass a network."
                )


def notes(settings: FuseSettings, typed: Collection[str], cases: Sequence[Case]) -> tuple[str, ...]:
    """A note for each option that was typed and that no case heeds; none where there was no case."""
    found = []
    for option in dict.fromkeys(option for rule in _RULES for option in rule.options if option in typed):
        whys = [(_why(option, case, settings), case.model) for case in cases]
        if whys and all(why for why, _ in whys):
            told = []
            for reason in dict.fromkeys(why for why, _ in whys):
                models = sorted({model for why, model in whys if why == reason})
                told.append(reason.format(models=" and ".join(models), formats=" and ".join(settings.formats)))
            found.append(f"--{option.replace('_', '-')} has no effect: {', and '.join(told)}.")
    return tuple(found)


def _why(option: str, case: Case, settings: FuseSettings) -> str:
    """Why a case does not heed an option; nothing where it does."""
    rules = (rule for rule in _RULES if option in rule.options)
    return next((rule.why for rule in rules if not rule.heeds(case, settings)), "")
