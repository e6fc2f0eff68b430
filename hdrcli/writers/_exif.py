"""The Exif of an output: what the reference frame's tells of the shot, and the output's own of its file (Exif 2.32)."""

from __future__ import annotations

import logging
from io import BytesIO

from hdrcli.contracts import OutputInfo
from hdrcli.exif import EXIF_IFD, Exif, exposure_tags, of_shot
from hdrcli.tiff_directory import LONG, SHORT, UNDEFINED, Entry

_log = logging.getLogger(__name__)

_ORIENTATION, _SOFTWARE = 0x0112, 0x0131
_EXIF_VERSION, _FLASHPIX_VERSION = 0x9000, 0xA000
_COLOR_SPACE, _PIXEL_X, _PIXEL_Y = 0xA001, 0xA002, 0xA003
_COMPOSITE_IMAGE, _GENERAL_COMPOSITE = 0xA460, 2


def shot_exif(info: OutputInfo) -> Exif:
    """What is known of the shot: the reference frame's Exif, and its exposure where that does not say it.

    A block that cannot be read is left out with a warning in the log.
    """
    exif = Exif()
    if info.exif:
        try:
            exif = of_shot(BytesIO(info.exif.removeprefix(b"Exif\0\0")))
        except ValueError as error:
            _log.warning("The Exif block of the reference frame is damaged and is left out: %s.", error)
    known = exposure_tags(exif.order, info.exposure_time, info.f_number, info.iso, info.taken)
    exif.nested[EXIF_IFD] = known | exif.nested[EXIF_IFD]
    return exif


def output_exif(info: OutputInfo, width: int, height: int) -> Exif:
    """The Exif of an output of `width` x `height` pixels.

    Orientation is 1, for the pixels are upright; size, colour space and software are the output's own, as is that it
    is a composite of other pictures.
    """
    exif = shot_exif(info)
    order, tags = exif.order, exif.nested[EXIF_IFD]
    exif.first[_ORIENTATION] = Entry.integer(1, SHORT, order)
    exif.first[_SOFTWARE] = Entry.text(str(info.attributes.get("software", "hdrcli")))
    version = max(b"0232", tags[_EXIF_VERSION].values if _EXIF_VERSION in tags else b"")
    tags[_EXIF_VERSION] = Entry(UNDEFINED, 4, version[:4])
    tags.setdefault(_FLASHPIX_VERSION, Entry(UNDEFINED, 4, b"0100"))
    tags[_COLOR_SPACE] = Entry.integer(1, SHORT, order)
    tags[_PIXEL_X] = Entry.integer(width, LONG, order)
    tags[_PIXEL_Y] = Entry.integer(height, LONG, order)
    if info.sources:
        tags[_COMPOSITE_IMAGE] = Entry.integer(_GENERAL_COMPOSITE, SHORT, order)
    return exif
