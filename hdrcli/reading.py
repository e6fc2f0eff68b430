"""From a plan's files to a bracket in memory: darkest first, of one size, with its reference frame chosen."""

from __future__ import annotations

from dataclasses import dataclass

from hdrcli import exposure, readers
from hdrcli.errors import ReadError
from hdrcli.image import Bracket, FrameHeader
from hdrcli.plan import Plan
from hdrcli.settings import FuseSettings


@dataclass(frozen=True, eq=False)
class ReadBracket:
    """A bracket with the headers of its frames in the same order (darkest first), and what was chosen, in words."""

    bracket: Bracket
    headers: tuple[FrameHeader, ...]
    notes: tuple[str, ...]


def read_bracket(plan: Plan, settings: FuseSettings) -> ReadBracket:
    """Read the frames of a plan, darkest first, and choose the reference frame.

    Raises ReadError for a frame that is not whole or of another size than the first.
    """
    order = sorted(range(len(plan.frames)), key=lambda i: plan.relative_exposures[i] if plan.relative_exposures else i)
    balance_from = plan.frames[order[len(order) // 2]].path
    exposures = [readers.read(plan.frames[i].path, balance_from) for i in order]
    for one in exposures[1:]:
        if one.size != exposures[0].size:
            raise ReadError(
                f"{exposures[0].name} is {exposures[0].size[0]}x{exposures[0].size[1]} but "
                f"{one.name} is {one.size[0]}x{one.size[1]}.",
                "The frames of a bracket must have one size: remove the one that does not belong.",
            )
    relative = None
    if plan.relative_exposures:
        relative = tuple(plan.relative_exposures[i] for i in order)
    else:
        by_light = sorted(range(len(order)), key=lambda k: exposure.mean_light(exposures[k]))
        order, exposures = [order[k] for k in by_light], [exposures[k] for k in by_light]
    if settings.reference is not None:
        reference, why = order.index(settings.reference - 1), "as asked"
    else:
        clipped = [exposure.clipped_share(one) for one in exposures]
        reference = exposure.choose_reference(clipped, relative)
        why = f"{100 * clipped[reference]:.1f} % clipped, the least around the middle"
    source = f"exposures from {plan.exposure_source}" if relative else "exposures unknown: ordered by brightness"
    notes = (f"reference frame {exposures[reference].name}: {why}", source)
    bracket = Bracket(plan.name, tuple(exposures), reference, relative)
    return ReadBracket(bracket, tuple(plan.frames[i] for i in order), notes)


def usable_frames(bracket: Bracket) -> Bracket:
    """The bracket without the frames that alignment gave up on."""
    keep = tuple(i for i, one in enumerate(bracket.exposures) if one.valid is None or one.valid.any())
    return bracket if len(keep) == len(bracket.exposures) else bracket.select(keep)
