"""One radiance scale over all brackets of a run, so that neighbouring pictures of a panorama fit together.

A radiance map's 1.0 is the white of its bracket's reference frame, which may be exposed otherwise than the next
bracket's. The shoot's scale has 1.0 at the white of the middle exposure of its first bracket: headers alone say which
that is, so it is the same whichever brackets are skipped, fail, or take another frame for their reference.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import mode

import numpy as np

from hdrcli.errors import ExposureError, HdrcliError, UsageError
from hdrcli.exposure import white_luminance
from hdrcli.image import REFERRED, Bracket, DisplayImage, RadianceMap
from hdrcli.plan import Plan, Plans, model_record
from hdrcli.settings import FuseSettings

RELATIVE_SOURCES = ("--stops", "exposure.txt", "brightness")
"""Where exposures come from that are known up to one factor for each bracket."""


def on_one_scale(plans: Plans, settings: FuseSettings) -> Plans:
    """The plans with their `shoot_exposure` where it is known.

    With `settings.scale` "shoot", a bracket of which it is not known carries an ExposureError, and one for a model that
    makes no radiance map a UsageError.
    """
    first = next((plan for plan in plans.brackets if _quantities(plan)), None)
    return replace(plans, brackets=tuple(_scaled(plan, first, settings) for plan in plans.brackets))


def _scaled(plan: Plan, first: Plan | None, settings: FuseSettings) -> Plan:
    if first is not None and _quantities(plan) == _quantities(first):
        plan = replace(plan, shoot_exposure=_middle(first.relative_exposures or ()))
    if settings.scale == "shoot" and not plan.error:
        return replace(plan, error=_hindrance(plan, first))
    return plan


def _hindrance(plan: Plan, first: Plan | None) -> HdrcliError | None:
    """Why a bracket cannot be brought to the shoot's scale."""
    if plan.shoot_exposure is None and (first is None or not _quantities(plan)):
        relative = "none" if plan.relative_exposures is None else f"only relative ones, from {plan.exposure_source}"
        return ExposureError(
            f"{plan.name}: --scale shoot needs absolute exposures, and it has {relative}.",
            "Pass --times 1/60,1/15,1/4 (seconds, in file order), or --scale bracket.",
        )
    if plan.shoot_exposure is None and first is not None:
        return ExposureError(
            f"{plan.name}: --scale shoot cannot compare its exposures ({_quantities(plan)}) with those of "
            f"{first.name} ({_quantities(first)}).",
            "Fuse brackets of one camera at a time, or pass --scale bracket.",
        )
    if model_record(plan.model).makes is not RadianceMap:
        return UsageError(
            f"{plan.name}: --scale shoot is for radiance maps, and {plan.model} makes a picture.",
            "Pass -m dfgnet or -m debevec, or --scale bracket.",
        )
    return None


METERED = "seconds, ISO, f-number"
"""What a light meter goes by, of which the luminance of white is told."""


def _quantities(plan: Plan) -> str:
    """What the exposures of a bracket are made of, in words; nothing where they are relative, or the bracket failed."""
    if plan.error or plan.relative_exposures is None or plan.exposure_source.lower() in RELATIVE_SOURCES:
        return ""
    if plan.exposure_source != "EXIF":
        return "seconds"
    iso = ", ISO" * all(frame.iso for frame in plan.frames)
    return f"seconds{iso}" + ", f-number" * all(frame.f_number for frame in plan.frames)


def _middle(exposures: Sequence[float]) -> float:
    return sorted(exposures)[len(exposures) // 2]


def planned_stops(plan: Plan) -> float | None:
    """`stops` as far as headers tell: of the bracket's middle exposure, which its reference frame mostly has."""
    if plan.shoot_exposure is None or plan.relative_exposures is None:
        return None
    return math.log2(_middle(plan.relative_exposures) / plan.shoot_exposure)


def stops(plan: Plan, bracket: Bracket) -> float | None:
    """The exposure of a bracket's reference frame in stops over that of the shoot's 1.0; None where it is not known."""
    if plan.shoot_exposure is None or bracket.relative_exposures is None:
        return None
    return math.log2(bracket.relative_exposures[bracket.reference] / plan.shoot_exposure)


def applied(
    image: RadianceMap | DisplayImage, plan: Plan, bracket: Bracket, settings: FuseSettings
) -> tuple[RadianceMap | DisplayImage, dict[str, str | float]]:
    """A result, used up, on the scale asked for, from units of its reference frame's white, and what its header says.

    The header has `stops` whichever scale it is on, and the exposure whose white is 1.0, by which files of several runs
    can be compared.
    """
    known = stops(plan, bracket)
    if known is None or plan.shoot_exposure is None or isinstance(image, DisplayImage):
        return image, {}
    said: dict[str, str | float] = {"scale": settings.scale, "scaleStops": round(known, 4)}
    said |= {"whiteExposure": plan.shoot_exposure * 2**known, "whiteExposureOf": _quantities(plan)}
    if settings.scale == "shoot":
        np.multiply(image.pixels, np.float32(2.0**-known), out=image.pixels)
        said["whiteExposure"] = plan.shoot_exposure
    if said["whiteExposureOf"] == METERED:
        image = replace(image, white_luminance=white_luminance(float(said["whiteExposure"])))
    return image, said


def of_files(plans: Sequence[Plan]) -> list[Plan]:
    """The plans of linear files with the `gain` that brings each to one scale, that of their middle exposure.

    It is None where no header tells an exposure: then all are taken to be on one scale. A file that cannot be compared
    with the others carries an ExposureError.
    """
    whites = {plan.name: _white(plan) for plan in plans if plan.frames and not plan.frames[0].is_display_referred}
    if not whites:
        return list(plans)
    made_of = [of for _, of in whites.values()]
    quantities = mode([of for of in made_of if of not in _UNKNOWN] or made_of)
    one = _middle([exposure for exposure, of in whites.values() if of == quantities])
    return [_brought(plan, whites[plan.name], one, quantities) if plan.name in whites else plan for plan in plans]


def _brought(plan: Plan, white: tuple[float, str], one: float, quantities: str) -> Plan:
    exposure, of = white
    if of == quantities:
        gain = 1.0 if math.isclose(one, exposure, rel_tol=1e-5) else one / exposure
        return plan if of in _UNKNOWN else replace(plan, shoot_exposure=one, gain=gain)
    why = "its exposure is not known" if of in _UNKNOWN else f"its exposure is one of {of}, not of {quantities}"
    error = ExposureError(
        f"{plan.files[0]}: {why}, so that it cannot be brought to the scale of the others.",
        "Leave it out, or fuse all of them anew in one run with --scale shoot.",
    )
    return replace(plan, error=plan.error or error)


_OTHER_PROGRAM, _RELATIVE = "", "relative exposures"
_UNKNOWN = (_OTHER_PROGRAM, _RELATIVE)


def _white(plan: Plan) -> tuple[float, str]:
    """The exposure whose white is 1.0 in a linear file, and what it is made of, or why it is not known."""
    said = plan.frames[0].attributes
    exposure, of = said.get("hdrcli:whiteExposure"), str(said.get("hdrcli:whiteExposureOf", ""))
    if isinstance(exposure, float) and math.isfinite(exposure) and exposure > 0 and of:
        return exposure, of
    return 1.0, _RELATIVE if REFERRED in said else _OTHER_PROGRAM


def rescaled(said: Mapping[str, str | float], plan: Plan) -> dict[str, str | float]:
    """What a linear file's header says of its scale, after its light has been brought to that of others."""
    if plan.gain is None or plan.gain == 1 or plan.shoot_exposure is None:
        return dict(said)
    above = sum(plan.frames[0].numbers("hdrcli:scaleStops")[:1]) if said.get("scale") == "shoot" else 0.0
    exposure = {"whiteExposure": plan.shoot_exposure, "scaleStops": round(above - math.log2(plan.gain), 4)}
    return {**said, **exposure, "scale": "shoot"}
