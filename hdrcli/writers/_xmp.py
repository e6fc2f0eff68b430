"""The XMP packet of an output: what was written about the reference frame, and what the output was made of."""

from __future__ import annotations

import logging

from hdrcli import xmp
from hdrcli.contracts import OutputInfo

_log = logging.getLogger(__name__)


def output_xmp(info: OutputInfo, descriptions: str = "") -> bytes:
    """The packet, UTF-8, without the header by which a format names it.

    `descriptions` are further rdf:Description elements, with their namespaces, for what a format must say in XMP. A
    packet of the frame that cannot be read is left out with a warning in the log.
    """
    properties: dict[str, tuple[tuple[str, str], ...]] = {}
    if info.xmp:
        try:
            properties = xmp.read(info.xmp)
        except ValueError as error:
            _log.warning("The XMP of the reference frame is left out: %s.", error)
    properties["xmp:CreatorTool"] = (("", str(info.attributes.get("software", "hdrcli"))),)
    if info.sources:
        properties["dc:source"] = (("", ", ".join(info.sources)),)
    return xmp.packet(properties, descriptions)
