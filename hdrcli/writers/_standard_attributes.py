"""The shot in OpenEXR's standard attributes ("Standard Attributes" of its documentation), of Exif and XMP."""

from __future__ import annotations

import math
import re

from hdrcli import exif, xmp
from hdrcli.contracts import OutputInfo
from hdrcli.exif import EXIF_IFD, GPS_IFD
from hdrcli.tiff_directory import Directory
from hdrcli.writers._exif import shot_exif

_OFFSET_TIME_ORIGINAL, _SUBJECT_DISTANCE, _BODY_NUMBER, _LENS_NUMBER = 0x9011, 0x9206, 0xA431, 0xA435
_LATITUDE_REF, _LATITUDE, _LONGITUDE_REF, _LONGITUDE, _ALTITUDE_REF, _ALTITUDE = range(1, 7)
_INFINITY = 2.0**32 - 1
"""A subject distance of FFFFFFFF/1 (Exif 2.32, tag 9206)."""

_WRITTEN_FIRST = {"owner": "dc:rights", "comments": "dc:description"}
"""What a person wrote stands before what the camera did."""


def standard_attributes(info: OutputInfo, packet: bytes) -> dict[str, str | float]:
    """Attributes by name, of the Exif of `info` and of the output's XMP `packet`; what is not known is left out.

    Texts, and floats: seconds, f-number, ISO, mm, metres, degrees. UTC is local time + utcOffset.
    """
    shot = shot_exif(info)
    first, exposure, gps = shot.first, shot.nested[EXIF_IFD], shot.nested.get(GPS_IFD, {})
    order = shot.order
    written = xmp.read(packet)
    texts = {
        "owner": _text(first, exif.COPYRIGHT) or _text(first, exif.ARTIST),
        "comments": _text(first, exif.IMAGE_DESCRIPTION),
        "capDate": _text(exposure, exif.DATE_TIME_ORIGINAL),
        "cameraMake": _text(first, exif.MAKE),
        "cameraModel": _text(first, exif.MODEL),
        "cameraSerialNumber": _text(exposure, _BODY_NUMBER),
        "lensMake": _text(exposure, exif.LENS_MAKE),
        "lensModel": _text(exposure, exif.LENS_MODEL),
        "lensSerialNumber": _text(exposure, _LENS_NUMBER),
    }
    texts |= {name: written[key][0][1] for name, key in _WRITTEN_FIRST.items() if key in written}
    distance = _number(exposure, _SUBJECT_DISTANCE, order)
    numbers = {
        "expTime": info.exposure_time or _number(exposure, exif.EXPOSURE_TIME, order),
        "aperture": info.f_number or _number(exposure, exif.F_NUMBER, order),
        "isoSpeed": info.iso,
        "nominalFocalLength": _number(exposure, exif.FOCAL_LENGTH, order),
        "focus": math.inf if distance == _INFINITY else distance,
        "utcOffset": _utc_offset(_text(exposure, _OFFSET_TIME_ORIGINAL)),
        "latitude": _degrees(gps, _LATITUDE, _LATITUDE_REF, "S", order),
        "longitude": _degrees(gps, _LONGITUDE, _LONGITUDE_REF, "W", order),
        "altitude": _altitude(gps, order),
    }
    known: dict[str, str | float] = {name: text for name, text in texts.items() if text}
    return known | {name: float(number) for name, number in numbers.items() if number is not None}


def _text(directory: Directory, tag: int) -> str:
    return directory[tag].words() if tag in directory else ""


def _number(directory: Directory, tag: int, order: str) -> float | None:
    """The first value of a tag; 0, as which cameras write what they do not know, is none."""
    values = directory[tag].numbers(order) if tag in directory else []
    return values[0] if values and values[0] > 0 else None


def _utc_offset(zone: str) -> float | None:
    """Seconds from local time to UTC, of Exif's "+02:00", which is the way back."""
    found = re.fullmatch(r"([+-])(\d\d):(\d\d)", zone)
    if not found:
        return None
    seconds = 3600 * int(found[2]) + 60 * int(found[3])
    return float(-seconds if found[1] == "+" else seconds)


def _degrees(gps: Directory, tag: int, reference: int, negative: str, order: str) -> float | None:
    """Degrees of degrees, minutes and seconds, of which the later may be missing; `negative` is S or W."""
    values = gps[tag].numbers(order) if tag in gps else []
    if not values or not math.isfinite(values[0]):
        return None
    degrees = sum(value / 60**place for place, value in enumerate(values[:3]) if math.isfinite(value))
    if not 0 <= degrees <= 180:
        return None
    return -degrees if _text(gps, reference).upper() == negative else degrees


def _altitude(gps: Directory, order: str) -> float | None:
    """Metres above sea level; the reference 1 says below."""
    values = gps[_ALTITUDE].numbers(order) if _ALTITUDE in gps else []
    if not values or not math.isfinite(values[0]):
        return None
    is_below = _ALTITUDE_REF in gps and gps[_ALTITUDE_REF].values[:1] == b"\1"
    return -values[0] if is_below else values[0]
