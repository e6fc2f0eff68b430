"""From a plan's files to a bracket in memory: darkest first, of one size, its reference frame chosen; and decoded."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from hdrcli import exposure, measured_stops, radiometric_matching, readers, response
from hdrcli.development import Development
from hdrcli.errors import ExposureError, ReadError
from hdrcli.image import Bracket, Exposure, FrameHeader, RadianceMap
from hdrcli.parallel import each
from hdrcli.plan import Plan, least_frames, model_record
from hdrcli.settings import FuseSettings

TYPED = ("--times", "--stops")
"""Sources of exposures that are never doubted."""

log = logging.getLogger("hdrcli")


@dataclass(frozen=True, eq=False)
class ReadBracket:
    """A bracket with the headers of its frames in the same order (darkest first), and what was chosen, in words.

    That of the reference frame has its `exif` and `xmp`, which outputs carry; plans of thousands of frames have none.
    `order` are the frames' places in file order; those left out, which show nothing, have none. `measured` are the
    names of frames whose stops from the one before are not those of their files, which the pixels contradict.
    """

    bracket: Bracket
    headers: tuple[FrameHeader, ...]
    notes: tuple[str, ...]
    order: tuple[int, ...]
    measured: tuple[str, ...] = ()

    @property
    def stops(self) -> tuple[float, ...] | None:
        """Stops relative to the reference frame, in file order; None where only the order is known."""
        relative = self.bracket.relative_exposures
        if relative is None:
            return None
        found = exposure.stops(relative, self.bracket.reference)
        return tuple(found[self.order.index(place)] for place in sorted(self.order))

    def with_exposures_of(self, decoded: Bracket) -> ReadBracket:
        """The same with the relative exposures that decoding has settled, as long as these keep the frames' order."""
        names = [one.name for one in self.bracket.exposures]
        if names != [one.name for one in decoded.exposures]:
            return self
        return replace(self, bracket=replace(self.bracket, relative_exposures=decoded.relative_exposures))

    def aligned(self, bracket: Bracket, kept: tuple[int, ...]) -> ReadBracket:
        """The same with the frames that alignment kept, by their indices, and with `bracket`, which holds those."""
        headers = tuple(self.headers[index] for index in kept)
        return replace(self, bracket=bracket, headers=headers, order=tuple(self.order[index] for index in kept))

    def without_pixels(self) -> ReadBracket:
        """The same without what the frames show."""
        return replace(self, bracket=self.bracket.without_pixels())


def read_bracket(plan: Plan, settings: FuseSettings) -> ReadBracket:
    """Read the frames of a plan, darkest first, and choose the reference frame.

    Raises ReadError for a frame that is not whole or of another size than the first.
    """
    order = sorted(range(len(plan.frames)), key=lambda i: plan.relative_exposures[i] if plan.relative_exposures else i)
    development = Development(plan.frames[order[len(order) // 2]].path, settings.demosaic)
    frames = [plan.frames[i] for i in order]
    most = 1 if any(frame.is_raw for frame in frames) else 4  # demosaicing takes several times what it makes
    exposures = each(lambda frame: readers.read(frame.path, development), frames, most)
    for one in exposures[1:]:
        if one.size != exposures[0].size:
            raise ReadError(
                f"{exposures[0].name} is {exposures[0].size[0]}x{exposures[0].size[1]} but "
                f"{one.name} is {one.size[0]}x{one.size[1]}.",
                "The frames of a bracket must have one size: remove the one that does not belong.",
            )
    kept = _that_show_something(plan, settings, order, exposures)
    order, exposures = [order[k] for k in kept], [exposures[k] for k in kept]
    relative: tuple[float, ...] | None = None
    measured: list[str] = []
    if plan.relative_exposures and not _runs_against_light(plan, exposures):
        believed, measured = _believed(plan, settings, exposures, tuple(plan.relative_exposures[i] for i in order))
        ascending = sorted(range(len(order)), key=believed.__getitem__)
        order, exposures = [order[k] for k in ascending], [exposures[k] for k in ascending]
        relative = tuple(believed[k] for k in ascending)
    else:
        by_light = sorted(range(len(order)), key=lambda k: exposure.mean_light(exposures[k]))
        order, exposures = [order[k] for k in by_light], [exposures[k] for k in by_light]
    if settings.reference is not None:
        reference, why = order.index(settings.reference - 1), "as asked"
    else:
        lost = [exposure.lost_shares(one) for one in exposures]
        reference = exposure.choose_reference([sum(shares) for shares in lost], relative)
        white, black = lost[reference]
        why = f"{100 * white:.1f} % white and {100 * black:.1f} % black, the least around the middle"
    source = f"exposures from {plan.exposure_source}" if relative else "exposures unknown: ordered by brightness"
    if measured:
        source += f", but measured for {', '.join(measured)}, whose pixels contradict them"
    notes = (f"reference frame {exposures[reference].name}: {why}", source)
    bracket = Bracket(plan.name, tuple(exposures), reference, relative)
    headers = [plan.frames[i] for i in order]
    headers[reference] = readers.read_header(headers[reference].path)
    return ReadBracket(bracket, tuple(headers), notes, tuple(order), tuple(measured))


def linear(
    bracket: Bracket, plan: Plan, settings: FuseSettings, doubted: Sequence[str]
) -> tuple[Bracket, tuple[str, ...]]:
    """The aligned bracket in linear light for a model that makes a radiance map, as it is for the others; and notes.

    Frames are decoded, and brought together where they contradict each other all the same.
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


def _that_show_something(
    plan: Plan, settings: FuseSettings, order: Sequence[int], exposures: Sequence[Exposure]
) -> list[int]:
    """Indices of the frames that are not black or white all over; a warning names the others.

    A frame of --reference is kept, and so are all where none shows more. Raises ReadError when fewer are left than the
    model takes.
    """
    asked = None if settings.reference is None else settings.reference - 1
    blank = {k: word for k, one in enumerate(exposures) if order[k] != asked and (word := exposure.blank(one))}
    kept = [k for k in range(len(exposures)) if k not in blank]
    if not kept:
        return list(blank)
    least = 2 if settings.model == "auto" else least_frames(plan.model)
    if blank and len(kept) < least:
        said = ", ".join(f"{exposures[k].name} is {word} all over" for k, word in blank.items())
        raise ReadError(
            f"{plan.name}: {said}, and {plan.model} takes at least {least} frames.",
            "Check the frames; a bracket needs frames that show the scene.",
        )
    for k, word in blank.items():
        log.warning("%s is %s all over; left out", exposures[k].name, word)
    return kept


def _believed(
    plan: Plan, settings: FuseSettings, exposures: list[Exposure], relative: tuple[float, ...]
) -> tuple[tuple[float, ...], list[str]]:
    """The relative exposures, corrected where pixels contradict a file, and the names of the frames that are measured.

    What was typed is believed, and so are times of frames whose response is not the usual one.
    """
    decoded_otherwise = settings.response not in ("auto", "srgb") and any(one.encoding != "linear" for one in exposures)
    if plan.exposure_source in TYPED or decoded_otherwise:
        return relative, []
    return measured_stops.corrected(exposures, relative)


def _runs_against_light(plan: Plan, exposures: list[Exposure]) -> bool:
    """Whether the frame of the least exposure is brighter than that of the most: the exposures are not theirs.

    Raises ExposureError for a model that needs them; the others can do without.
    """
    darkest, brightest = exposures[0], exposures[-1]
    if exposure.mean_light(darkest) <= 1.02 * exposure.mean_light(brightest):
        return False
    if model_record(plan.model).needs_times:
        raise ExposureError(
            f"{darkest.name} has the least exposure by {plan.exposure_source} but is brighter than {brightest.name}.",
            "Check the exposures, or pass --times 1/60,1/15,1/4 (seconds, in file order).",
        )
    return True
