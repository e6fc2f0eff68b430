"""From a fused image to its files: tone mapping, header words, writers."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import hdrcli
from hdrcli import exposure, plugins, tone_mapping, transfer
from hdrcli.contracts import OutputInfo
from hdrcli.image import DisplayImage, FrameHeader, RadianceMap
from hdrcli.manifest import Making, Manifest
from hdrcli.plan import Plan
from hdrcli.reading import ReadBracket
from hdrcli.settings import FuseSettings

log = logging.getLogger("hdrcli")


def write_results(
    image: RadianceMap | DisplayImage,
    read: ReadBracket,
    plan: Plan,
    settings: FuseSettings,
    attributes: Mapping[str, str | float],
    making: Making,
    manifest: Manifest,
) -> None:
    """Tone-map and write all formats of a bracket but those that are kept, together or not at all."""
    header = read.headers[read.bracket.reference]
    scene_referred = isinstance(image, RadianceMap)
    if read.bracket.relative_exposures:
        stops = exposure.stops(read.bracket.relative_exposures, read.bracket.reference)
        attributes = {**attributes, "stops": ", ".join(f"{stop:+.2f}" for stop in stops)}
    times = settings.times and sorted(settings.times)
    info = replace(
        shot_info(header),
        attributes={"model": plan.model, "software": f"hdrcli {hdrcli.__version__}", **attributes},
        scene_referred=scene_referred,
        exposure_times=tuple(times or (one.exposure_time for one in read.headers if one.exposure_time)),
        xmp=header.xmp,
        sources=tuple(one.path.name for one in read.headers),
    )
    made = encoded(image, info, plan, settings)
    weights = attributes.get("weightsSha256")
    manifest.write(replace(making, model=plan.model, weights=str(weights) if weights else None), made)


def shot_info(header: FrameHeader) -> OutputInfo:
    """What a result says of the shot, which is that of one frame."""
    return OutputInfo(
        exif=header.exif,
        f_number=header.f_number,
        iso=header.iso,
        taken=header.taken.strftime("%Y:%m:%d %H:%M:%S") if header.taken else None,
        exposure_time=header.exposure_time,
    )


def encoded(
    image: RadianceMap | DisplayImage, info: OutputInfo, plan: Plan, settings: FuseSettings
) -> dict[Path, bytes]:
    """Tone-map, and encode all outputs of a plan but those that are kept. Raises WriteError."""
    words = {"toneMapping": settings.tone_map} if isinstance(image, RadianceMap) else {}
    if asked := str(settings.adjustments):
        words["adjustments"] = asked
    if settings.adjustments.strength and isinstance(image, DisplayImage):
        log.warning("%s is a finished picture: --strength does nothing to it.", plan.name)
    info = replace(info, attributes={**info.attributes, **words}, quality=settings.quality)
    # what was computed in full precision is kept in it, where the format can (EXR, JPEG XL)
    depth = settings.bit_depth or (32 if info.attributes.get("precision") == "float32" else None)

    @cache
    def pixels(takes: str) -> Any:
        if takes == "both":
            return pixels("display"), pixels("linear")
        return _pixels_for(takes, image, plan, settings)

    made: dict[Path, bytes] = {}
    for name, output in zip(settings.formats, plan.outputs, strict=True):
        if output in plan.kept:
            continue
        writer = plugins.load("writers", name).WRITER
        made[output] = writer.encode(pixels(writer.takes), info, writer.depth(depth))
    return made


def _pixels_for(takes: str, image: RadianceMap | DisplayImage, plan: Plan, settings: FuseSettings) -> np.ndarray:
    """Linear light or a display picture of the fused image, whichever the writer takes.

    The picture is adjusted; linear light is what was fused.
    """
    if isinstance(image, RadianceMap):
        if takes == "linear":
            return image.pixels
        return tone_mapping.tone_map(image, settings.tone_map, settings.adjustments, plan.statistics).pixels
    if takes == "linear":
        return transfer.srgb_to_linear(image.pixels)
    return tone_mapping.adjusted(image, settings.adjustments).pixels
