"""Two JPEGs in one file, the second a gain map, told of in all three ways that readers look for.

By a segment of ISO 21496-1, by XMP with a directory of items (Android, Ultra HDR Image Format 1.1; Adobe, Gain Map 1.0)
and by the index of the Multi-Picture Format (CIPA DC-007).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from xml.sax.saxutils import quoteattr

from hdrcli.tiff_directory import LONG, UNDEFINED, Entry, directory_bytes
from hdrcli.writers._gain_map import VERSION, GainMap

_log = logging.getLogger(__name__)

_APP1, _APP2 = 0xE1, 0xE2
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_LONGEST_PACKET = 65535 - 2 - len(_XMP)
"""A segment counts its own two bytes of length (XMP Specification, Part 3, 1.1.3)."""

_ISO = b"urn:iso:std:iso:ts:21496:-1\0"
_MPF = b"MPF\0"
_MP_HEADER = b"MM\0*\0\0\0\x08"
_PRIMARY_IMAGE = 0x030000
"""The type "Baseline MP Primary Image" (CIPA DC-007, 5.2.3.3.1)."""

_NAMESPACES = {
    "Container": "http://ns.google.com/photos/1.0/container/",
    "Item": "http://ns.google.com/photos/1.0/container/item/",
    "hdrgm": "http://ns.adobe.com/hdr-gain-map/1.0/",
    "dc": "http://purl.org/dc/elements/1.1/",
}
_END_OF_RDF = b"</rdf:RDF>"


def joined(base: bytes, codes: bytes, gains: GainMap) -> bytes:
    """One file of the JPEG `base` and the JPEG `codes` of its gain map, both as an encoder made them.

    An XMP packet that `base` has is kept, with what tells of the gain map added; one with no room for that in its
    segment is left out with a warning in the log.
    """
    properties = {f"hdrgm:{name}": said for name, said in gains.properties().items()}
    # libultrahdr forgets properties whose description holds elements too, and all but the last description's
    xmp = _XMP + _packet(_description({}, _scale(gains)) + _description(properties))
    second = _with_segments(codes, _segment(_APP1, xmp) + _segment(_APP2, _ISO + gains.binary()))
    base, packet = _without_xmp(base)
    directory = _description({"hdrgm:Version": "1.0"}, _items(len(second)))
    together = packet.replace(_END_OF_RDF, directory + _END_OF_RDF) if packet else _packet(directory)
    if len(together) > _LONGEST_PACKET:
        _log.warning("The XMP packet is too long for an Ultra HDR JPEG (%d bytes) and is left out.", len(together))
        together = _packet(directory)
    segments = _segment(_APP1, _XMP + together) + _segment(_APP2, _ISO + VERSION)
    first = _indexed(_with_segments(base, segments), len(second))
    return first + second


def _indexed(first: bytes, second_size: int) -> bytes:
    """The first JPEG with the index of both; offsets count from the index's own header."""
    index_at = _after_application_segments(first)
    before = index_at + 4 + len(_MPF)
    size = len(first) + len(_index(0, 0, 0))
    return first[:index_at] + _index(size, second_size, size - before) + first[index_at:]


def _index(first_size: int, second_size: int, second_at: int) -> bytes:
    """The segment of the Multi-Picture Format for two images (CIPA DC-007, 5.2)."""
    images = ((_PRIMARY_IMAGE, first_size, 0, 0), (0, second_size, second_at, 0))
    entries = b"".join(number.to_bytes(4, "big") for image in images for number in image)
    directory = {
        0xB000: Entry(UNDEFINED, 4, b"0100"),
        0xB001: Entry.integer(len(images), LONG, ">"),
        0xB002: Entry(UNDEFINED, len(entries), entries),
    }
    return _segment(_APP2, _MPF + _MP_HEADER + directory_bytes(directory, len(_MP_HEADER), ">"))


def _items(second_size: int) -> str:
    """The directory of items: the picture, and the gain map of `second_size` bytes behind it."""
    items = ('Item:Semantic="Primary"', f'Item:Semantic="GainMap" Item:Length="{second_size}"')
    rows = (f'<rdf:li rdf:parseType="Resource"><Container:Item {i} Item:Mime="image/jpeg"/></rdf:li>' for i in items)
    return f"<Container:Directory><rdf:Seq>{''.join(rows)}</rdf:Seq></Container:Directory>"


def _scale(gains: GainMap) -> str:
    """How the HDR rendition comes from hdrcli's linear result, for people and programs that need the latter."""
    said = f"HDR rendition = linear result x {gains.scale:.6g}"
    return f'<dc:description><rdf:Alt><rdf:li xml:lang="x-default">{said}</rdf:li></rdf:Alt></dc:description>'


def _description(properties: dict[str, str], content: str = "") -> bytes:
    said = " ".join(f"{name}={quoteattr(value)}" for name, value in properties.items())
    used = (f'xmlns:{name}="{uri}" ' for name, uri in _NAMESPACES.items() if f"{name}:" in said + content)
    return f'<rdf:Description rdf:about="" {"".join(used)}{said}>{content}</rdf:Description>'.encode()


def _packet(description: bytes) -> bytes:
    return (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        + description
        + _END_OF_RDF
        + b"</x:xmpmeta>"
    )


def _without_xmp(file: bytes) -> tuple[bytes, bytes]:
    """The JPEG without its XMP segment, and the packet that was in it, empty where there was none."""
    for start, end in _application_segments(file):
        if file[start + 4 : end].startswith(_XMP):
            return file[:start] + file[end:], file[start + 4 + len(_XMP) : end]
    return file, b""


def _with_segments(file: bytes, segments: bytes) -> bytes:
    at = _after_application_segments(file)
    return file[:at] + segments + file[at:]


def _after_application_segments(file: bytes) -> int:
    return max((end for _, end in _application_segments(file)), default=2)


def _application_segments(file: bytes) -> Iterator[tuple[int, int]]:
    """(start, end) of the APPn segments that a JPEG begins with (ITU-T T.81, B.1.1.4 and B.2.4.6)."""
    at = 2
    while 0xE0 <= file[at + 1] <= 0xEF:
        end = at + 2 + int.from_bytes(file[at + 2 : at + 4], "big")
        yield at, end
        at = end


def _segment(marker: int, content: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(content) + 2).to_bytes(2, "big") + content
