"""What a frame's Exif says of the exposure, and a clean Exif block of it to carry to outputs."""

from __future__ import annotations

import logging
import math
import struct
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from hdrcli import exif as shot
from hdrcli.image import ExposureMode
from hdrcli.readers import _maker_note, _tags
from hdrcli.readers._tags import Tags
from hdrcli.tiff_directory import first_directory

_log = logging.getLogger("hdrcli")

# What exifread raises on hostile blocks, by trial; it has no error class of its own for them.
_BROKEN = (ArithmeticError, AttributeError, EOFError, LookupError, MemoryError, OSError, RuntimeError, struct.error)
BROKEN_EXIF = (*_BROKEN, TypeError, ValueError)

_XMP = 700
"""The tag of an XMP packet in a TIFF or a RAW file (XMP Specification, Part 3, 3.3)."""

_MODES: dict[float | None, ExposureMode] = {0: "auto", 1: "manual", 2: "bracket"}
"""ExposureMode (Exif 2.32, 4.6.5)."""


@dataclass(frozen=True)
class Photo:
    """The photographic tags: seconds, f-number, ISO, millimetres; None for what is missing or cannot be.

    `exposure_mode`, `exposure_bias` and `bracket_number` are as in FrameHeader, from Exif and the maker note.
    `orientation` is 1-8; `adobe_rgb` is true when the camera says so (DCF option file) without a profile.
    `block` is a clean Exif block of what tells of the shot; `xmp` the XMP packet as the file has it.
    """

    exposure_time: float | None = None
    f_number: float | None = None
    iso: float | None = None
    taken: datetime | None = None
    camera: str | None = None
    lens: str | None = None
    focal_length: float | None = None
    exposure_mode: ExposureMode | None = None
    exposure_bias: float | None = None
    bracket_number: int | None = None
    orientation: int = 1
    adobe_rgb: bool = False
    block: bytes | None = None
    xmp: bytes | None = None


def photo(path: Path, exif: bytes | BinaryIO | None, xmp: bytes | None = None) -> Photo:
    """Read an Exif block (TIFF structure, with or without the "Exif\\0\\0" prefix) or a TIFF-like file.

    `xmp` is the packet that the file keeps elsewhere than in its first directory. A broken block is a warning, not an
    error: the picture may be whole.
    """
    if exif is None:
        return Photo(xmp=xmp)
    stream = BytesIO(exif.removeprefix(b"Exif\0\0")) if isinstance(exif, bytes) else exif
    try:
        tags = _tags.read(stream)
        found = from_tags(tags or {})
    except BROKEN_EXIF as error:
        _log.warning("%s has a broken Exif block, which is ignored (%s).", path, error or type(error).__name__)
        return Photo(xmp=xmp)
    if tags is None:
        return replace(found, xmp=xmp)
    found = _with_marks(found, stream, _text(tags, "Make"))
    block, packet = _carried(path, stream)
    return replace(found, block=block, xmp=xmp or packet)


def _with_marks(found: Photo, stream: BinaryIO, make: str | None) -> Photo:
    """The same with the place in a bracket that the maker note gives. A broken note says nothing: it is no standard."""
    try:
        marks = _maker_note.read(stream, make)
    except BROKEN_EXIF as error:
        _log.debug("A maker note could not be read: %s", error)
        return found
    if not marks.is_bracketed and found.exposure_mode != "bracket":
        return found
    bias = found.exposure_bias if marks.bias is None else marks.bias
    return replace(found, exposure_mode="bracket", exposure_bias=bias, bracket_number=marks.number)


def from_tags(tags: Tags) -> Photo:
    """The photographic tags; their names begin with "EXIF" or (DNG, CR3) "Image"."""
    time = positive(_number(tags, "ExposureTime"), 86400.0)
    shutter = _number(tags, "ShutterSpeedValue")
    if time is None and shutter is not None and abs(shutter) < 17:
        time = 2.0**-shutter
    f_number = positive(_number(tags, "FNumber"), 1000.0)
    aperture = _number(tags, "ApertureValue")
    if f_number is None and aperture is not None and 0 < aperture < 20:
        f_number = 2.0 ** (aperture / 2)
    bias = _number(tags, "ExposureBiasValue")
    orientation = _number(tags, "Orientation") or 1
    interoperability = tags.get("Interoperability InteroperabilityIndex")
    return Photo(
        exposure_time=time,
        f_number=f_number,
        iso=_iso(tags),
        taken=_taken(tags),
        camera=_camera(_text(tags, "Make"), _text(tags, "Model")),
        lens=_text(tags, "LensModel"),
        focal_length=positive(_number(tags, "FocalLength"), 1e5),
        exposure_mode=_MODES.get(_number(tags, "ExposureMode")),
        exposure_bias=bias if bias is not None and abs(bias) <= 16 else None,
        orientation=int(orientation) if 1 <= orientation <= 8 else 1,
        adobe_rgb=_number(tags, "ColorSpace") == 2 or str(interoperability).strip() == "R03",
    )


def _find(tags: Tags, name: str) -> Any:
    return tags.get(f"EXIF {name}", tags.get(f"Image {name}"))


def _number(tags: Tags, name: str) -> float | None:
    try:
        first = _find(tags, name)[0]
        number = float(first[0] if isinstance(first, tuple) else first)  # floats, which some programs write, are tuples
    except (ArithmeticError, LookupError, TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def positive(number: float | None, largest: float) -> float | None:
    """The number if it is above 0, finite and no larger than any camera writes."""
    return number if number is not None and 0 < number <= largest else None


def _iso(tags: Tags) -> float | None:
    # 65535 says that the 16-bit field is too short and the value is in one of the others (Exif 2.3, 4.6.5).
    for name in ("ISOSpeedRatings", "PhotographicSensitivity", "RecommendedExposureIndex", "ISOSpeed"):
        iso = positive(_number(tags, name), 1e8)
        if iso is not None and iso != 65535:
            return iso
    return positive(_number(tags, "StandardOutputSensitivity"), 1e8)


def _text(tags: Tags, name: str) -> str | None:
    values = _find(tags, name)
    text = values.split("\0")[0].strip() if isinstance(values, str) else ""
    return text or None


def _camera(make: str | None, model: str | None) -> str | None:
    if make and model and not model.lower().startswith(make.split()[0].lower()):
        return f"{make} {model}"
    return model or make


def _taken(tags: Tags) -> datetime | None:
    for kind in ("Original", "Digitized", ""):  # the last is when the file was changed, which may be all there is
        text = _text(tags, f"DateTime{kind}") or ""
        try:
            taken = datetime.strptime(text[:19], "%Y:%m:%d %H:%M:%S")
        except ValueError:
            continue
        fraction = _text(tags, f"SubSecTime{kind}") or ""
        return taken + timedelta(seconds=float(f"0.{fraction}")) if fraction.isascii() and fraction.isdigit() else taken
    return None


def _carried(path: Path, stream: BinaryIO) -> tuple[bytes | None, bytes | None]:
    """The clean Exif block and the XMP packet of a TIFF structure."""
    try:
        exif = shot.of_shot(stream)
        packet = first_directory(stream, exif.order, {_XMP}).get(_XMP)
    except ValueError as error:
        _log.warning("%s has a damaged Exif block, which outputs will not carry (%s).", path, error)
        return None, None
    return exif.to_bytes() if exif else None, packet.values if packet else None
