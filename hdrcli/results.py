"""From a fused image to its files: tone mapping, header words, writers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

import hdrcli
from hdrcli import exposure, middle_tones, plugins, tone_mapping, transfer
from hdrcli.contracts import OutputInfo
from hdrcli.disk import Stamp
from hdrcli.image import Bracket, DisplayImage, FrameHeader, RadianceMap
from hdrcli.manifest import Making, Manifest
from hdrcli.parallel import each
from hdrcli.plan import Plan
from hdrcli.reading import ReadBracket
from hdrcli.sampling import sample
from hdrcli.settings import FuseSettings
from hdrcli.strips import strips


@dataclass(frozen=True, eq=False)
class Fused:
    """A bracket whose results are written, in pixels: for those who show it.

    `frames` are the aligned frames as their files hold them, `bracket` the same as they were fused: linear for a model
    that makes a radiance map. `headers` are theirs, darkest first, and `attributes` what the result's header says.
    `picture()` is the result as a display picture, (H, W, 3) float32, sRGB-encoded; `making` has all digests.
    """

    plan: Plan
    settings: FuseSettings
    headers: tuple[FrameHeader, ...]
    frames: Bracket
    bracket: Bracket
    image: RadianceMap | DisplayImage
    picture: Callable[[], np.ndarray]
    attributes: Mapping[str, str | float]
    making: Making


Show = Callable[[Fused], None] | None
"""What is handed a bracket whose results are written, if anything is: its frames are kept for it until then."""


def write_results(
    image: RadianceMap | DisplayImage,
    read: ReadBracket,
    plan: Plan,
    settings: FuseSettings,
    attributes: Mapping[str, str | float],
    making: Making,
    manifest: Manifest,
) -> Fused:
    """Tone-map and write all formats of a bracket but those that are kept, together or not at all.

    `read` holds the frames that the image was made of: not those that could not be aligned.
    """
    header = read.headers[read.bracket.reference]
    scene_referred = isinstance(image, RadianceMap)
    if read.bracket.relative_exposures:
        stops = exposure.stops(read.bracket.relative_exposures, read.bracket.reference)
        attributes = {**attributes, "stops": ", ".join(f"{stop:+.4f}" for stop in stops)}
    times = settings.times and [settings.times[place] for place in read.order]
    info = replace(
        shot_info(header),
        attributes={"model": plan.model, "software": f"hdrcli {hdrcli.__version__}", **attributes},
        scene_referred=scene_referred,
        white_luminance=image.white_luminance if isinstance(image, RadianceMap) else None,
        exposure_times=tuple(times or (one.exposure_time for one in read.headers if one.exposure_time)),
        xmp=header.xmp,
        sources=tuple(_in_text(one.path.name) for one in read.headers),
    )
    pixels = renditions(image, plan, settings)
    made = encoded(image, info, plan, settings, pixels)
    weights = attributes.get("weightsSha256")
    making = replace(making, model=plan.model, weights=str(weights) if weights else None)
    making = manifest.write(making, made, seen(plan))
    show = partial(pixels, "display")
    return Fused(plan, settings, read.headers, read.bracket, read.bracket, image, show, info.attributes, making)


def seen(plan: Plan) -> dict[Path, Stamp | None] | None:
    """What was under the names of a plan's outputs when it was made, if nothing else may be replaced."""
    return None if plan.seen is None else dict(zip(plan.outputs, plan.seen, strict=True))


def _in_text(name: str) -> str:
    """A file's name without what no header holds: control characters, and bytes that are no text."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name)


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
    image: RadianceMap | DisplayImage,
    info: OutputInfo,
    plan: Plan,
    settings: FuseSettings,
    pixels: Callable[[str], Any] | None = None,
) -> dict[Path, bytes]:
    """Tone-map, and encode all outputs of a plan but those that are kept; `pixels` are its `renditions`.

    Raises WriteError.
    """
    pixels = pixels or renditions(image, plan, settings)
    words = {"toneMapping": settings.tone_map} if isinstance(image, RadianceMap) else {}
    if asked := str(settings.adjustments):
        words["adjustments"] = asked
    info = replace(info, attributes={**info.attributes, **words}, quality=settings.quality)
    # what was computed in full precision is kept in it, where the format can (EXR, JPEG XL)
    depth = settings.bit_depth or (32 if info.attributes.get("precision") == "float32" else None)
    wanted = [pair for pair in zip(settings.formats, plan.outputs, strict=True) if pair[1] not in plan.kept]
    writers = [plugins.load("writers", name).WRITER for name, _ in wanted]
    shown = [pixels(writer.takes) for writer in writers]
    made = each(lambda pair: pair[0].encode(pair[1], info, pair[0].depth(depth)), zip(writers, shown, strict=True))
    return dict(zip([output for _, output in wanted], made, strict=True))


def renditions(image: RadianceMap | DisplayImage, plan: Plan, settings: FuseSettings) -> Callable[[str], Any]:
    """The pixels of a result by what a writer `takes`, each made once."""

    @cache
    def pixels(takes: str) -> Any:
        if takes == "linear":
            return image.pixels if isinstance(image, RadianceMap) else _decoded(image.pixels)
        if takes == "display":
            return _picture(image, plan, settings)
        light = _light_beside(image, pixels("display"), settings)
        return (pixels("display"), light) if takes == "both" else _shown(light, pixels("display"))

    return pixels


def _picture(image: RadianceMap | DisplayImage, plan: Plan, settings: FuseSettings) -> np.ndarray:
    """The display picture of the fused image, adjusted."""
    if isinstance(image, RadianceMap):
        return tone_mapping.tone_map(image, settings.tone_map, settings.adjustments, plan.statistics).pixels
    return tone_mapping.adjusted(image, settings.adjustments).pixels


def _light_beside(image: RadianceMap | DisplayImage, picture: np.ndarray, settings: FuseSettings) -> np.ndarray:
    """The light that HDR displays show of the fused image, of the picture's colours, on the scale of the image."""
    if isinstance(image, RadianceMap):
        return tone_mapping.coloured(image, settings.adjustments)
    return _decoded(picture)


def _decoded(picture: np.ndarray) -> np.ndarray:
    """The linear light of a display picture."""
    light = np.empty_like(picture)
    for rows in strips(*picture.shape[:2]):
        light[rows] = transfer.srgb_to_linear(picture[rows])
    return light


def _shown(light: np.ndarray, picture: np.ndarray) -> np.ndarray:
    """`light` on the scale of the picture's middle tones."""
    shown = transfer.srgb_to_linear(sample(picture))
    return light * np.float32(middle_tones.common_scale(shown, sample(light)))
