"""Frames as views: the same beside what was fused of them and beside a truth."""

from __future__ import annotations

from hdrcli import exposure
from hdrcli.image import Exposure, FrameHeader
from hdrcli.page import charts, pictures, words
from hdrcli.page.contents import View
from hdrcli.page.pictures import Allowance


def frame(one: Exposure, header: FrameHeader, stop: float | None, is_reference: bool, limits: Allowance) -> View:
    """A frame with its masks; `stop` is the exposure over that of a result's 1.0, None where that is not known."""
    shown = exposure.encoded_pixels(one)
    clipped, dark = exposure.lost(one)
    told = f"{words.percent(clipped.mean())} clipped, {words.percent(dark.mean())} black"
    known = "" if stop is None else f"{words.stops(stop)} stops, "
    return View(
        header.path.name,
        "frame",
        words.shot(header),
        f"Frame {header.path.name}: {known}{told}",
        pictures.picture(shown, limits.pictures),
        pictures.thumbnail(shown),
        stops=stop,
        clipped=pictures.mask(clipped, pictures.CLIPPED, limits.masks),
        dark=pictures.mask(dark, pictures.DARK, limits.masks),
        lost=told,
        histogram=charts.levels(shown),
        is_reference=is_reference,
    )
