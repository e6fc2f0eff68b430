"""The alignment step of `fuse`: frames brought onto the reference frame, enough of them left, cut to what all show."""

from __future__ import annotations

from hdrcli import plugins
from hdrcli.cropping import common_rectangle, cropped
from hdrcli.errors import ReadError
from hdrcli.image import Bracket
from hdrcli.plan import least_frames
from hdrcli.settings import FuseSettings


def align(bracket: Bracket, model: str, settings: FuseSettings) -> tuple[Bracket, tuple[int, ...]]:
    """The frames that could be aligned, aligned as `settings.align` says, and their indices in `bracket`.

    A warning names those left out. Raises ReadError when fewer are left than `model` takes, or than two when `auto` may
    still take another.
    """
    if settings.align == "off":
        return bracket, tuple(range(len(bracket.exposures)))
    bracket = plugins.load("alignment", settings.align).ALIGNER.align(bracket)
    keep = tuple(i for i, one in enumerate(bracket.exposures) if one.valid is None or one.valid.any())
    if len(keep) == len(bracket.exposures):
        return bracket, keep
    least = 2 if settings.model == "auto" else least_frames(model)
    if len(keep) < least:
        lost = [one.name for i, one in enumerate(bracket.exposures) if i not in keep]
        raise ReadError(
            f"{bracket.name}: {', '.join(lost)} could not be aligned, and {model} takes at least {least} frames.",
            "Check that all frames show one scene; --align off takes them as they are.",
        )
    return bracket.select(keep), keep


def crop(bracket: Bracket, settings: FuseSettings, notes: list[str]) -> tuple[Bracket, dict[str, str]]:
    """An aligned bracket cut as `settings.crop` says, and what the header says of it: width x height + left + top.

    Nothing is cut for "fill", which gives what some frames do not cover from those that do, and where no frame was
    warped. Raises HdrcliError when the frames have nothing in common.
    """
    if settings.crop == "fill":
        return bracket, {}
    rectangle = common_rectangle(bracket)
    if (rectangle.width, rectangle.height) == bracket.exposures[0].size:
        return bracket, {}
    notes.append(f"cropped to {rectangle}, which all frames show")
    return cropped(bracket, rectangle), {"crop": str(rectangle)}
