"""A bracket's frames in linear light: decoded, and brought together where they contradict each other all the same."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from hdrcli import radiometric_matching, response
from hdrcli.image import Bracket, RadianceMap
from hdrcli.plan import Plan, model_record
from hdrcli.reading import TYPED
from hdrcli.settings import FuseSettings

log = logging.getLogger("hdrcli")


def linear(
    bracket: Bracket, plan: Plan, settings: FuseSettings, doubted: Sequence[str]
) -> tuple[Bracket, tuple[str, ...]]:
    """The aligned bracket in linear light for a model that makes a radiance map, as it is for the others; and notes.

    `doubted` are the names of frames whose exposures pixels contradict. A warning says which frames still do.
    """
    if model_record(plan.model).makes is not RadianceMap:
        return bracket, ()
    believed = plan.exposure_source in TYPED
    decoded = response.decode(bracket, settings.response, believed, doubted)
    made, notes = decoded.bracket, [decoded.note]
    if settings.response == "auto" and not believed and any(one.encoding != "linear" for one in bracket.exposures):
        made, note = radiometric_matching.matched(made)
        notes.append(note)
    if words := response.misfit(made):
        log.warning("%s; try --response estimate, or check the exposures.", words)
    return made, tuple(note for note in notes if note)
