"""XMP packets as programs write them, and as nobody should."""

from __future__ import annotations

import tracemalloc
from xml.etree import ElementTree

import pytest

from hdrcli import xmp

RDF = '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dc="http://purl.org/dc/elements/1.1/" '
RDF += 'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:crs="http://ns.adobe.com/camera-raw-settings/1.0/">'


def graph(body: str, before: str = "") -> bytes:
    return f"{before}<x:xmpmeta xmlns:x='adobe:ns:meta/'>{RDF}{body}</rdf:RDF></x:xmpmeta>".encode()


def description(body: str = "", attributes: str = "") -> bytes:
    return graph(f'<rdf:Description rdf:about="" {attributes}>{body}</rdf:Description>')


TITLE = {"dc:title": (("x-default", "Dawn"), ("de", "Früh"))}


@pytest.mark.parametrize(
    ("packet", "found"),
    [
        (description(attributes='xmp:Rating="-1"'), {"xmp:Rating": (("", "-1"),)}),
        (description("<xmp:Rating> 3 </xmp:Rating>"), {"xmp:Rating": (("", "3"),)}),
        (
            description(
                '<dc:title><rdf:Alt><rdf:li xml:lang="x-default">Dawn</rdf:li>'
                '<rdf:li xml:lang="de">Früh</rdf:li></rdf:Alt></dc:title>'
            ),
            TITLE,
        ),
        (description("<dc:title>Dawn</dc:title>"), {"dc:title": (("x-default", "Dawn"),)}),
        (
            description("<dc:subject><rdf:Bag><rdf:li>a</rdf:li><rdf:li/><rdf:li>b</rdf:li></rdf:Bag></dc:subject>"),
            {"dc:subject": (("", "a"), ("", "b"))},
        ),
        (description("<crs:Exposure2012>1.5</crs:Exposure2012>", 'crs:Version="15"'), {}),
        (
            description(
                "<crs:Look><rdf:Description><xmp:Rating>5</xmp:Rating>"
                "<dc:title>Adobe Color</dc:title></rdf:Description></crs:Look>"
            ),
            {},
        ),
        (
            graph('<rdf:Description xmp:Rating="2"/><rdf:Description xmp:Label="Blue"/>'),
            {"xmp:Rating": (("", "2"),), "xmp:Label": (("", "Blue"),)},
        ),
        (f'{RDF}<rdf:Description xmp:Rating="2"/></rdf:RDF>'.encode(), {"xmp:Rating": (("", "2"),)}),
        (description(attributes='xmp:Rating="2"').decode().encode("utf-16"), {"xmp:Rating": (("", "2"),)}),
        (b"\xef\xbb\xbf" + description(attributes='xmp:Rating="2"') + b"\n\0\0", {"xmp:Rating": (("", "2"),)}),
        (b"<svg/>", {}),
    ],
)
def test_forms_in_use(packet: bytes, found: dict[str, object]) -> None:
    assert xmp.read(packet) == found


def test_what_is_written_is_read() -> None:
    properties = {
        **TITLE,
        "dc:creator": (("", "Zoë & <Söhne>"), ("", '"B"')),
        "xmp:Rating": (("", "5"),),
        "lr:hierarchicalSubject": (("", "Place|Köln"),),
    }
    packet = xmp.packet(properties)
    ElementTree.fromstring(packet)  # noqa: S314 (ours)
    assert packet.startswith(b'<?xpacket begin="\xef\xbb\xbf"')
    assert xmp.read(packet) == properties


def test_further_descriptions_are_in_the_packet() -> None:
    more = '<rdf:Description rdf:about="" xmlns:a="http://a.example/"><a:b>1</a:b></rdf:Description>'
    root = ElementTree.fromstring(xmp.packet({"xmp:Rating": (("", "5"),)}, more))  # noqa: S314 (ours)
    assert [one.text for one in root.iter("{http://a.example/}b")] == ["1"]


ENTITIES = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
LAUGHS = graph(
    "<rdf:Description><dc:title>&e9;</dc:title></rdf:Description>", f'<!DOCTYPE x [<!ENTITY e0 "ha">{ENTITIES}]>'
)
FILE = graph(
    "<rdf:Description><dc:title>&f;</dc:title></rdf:Description>",
    '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>',
)
REMOTE = graph("", '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">')
QUADRATIC = graph("<rdf:Description dc:title='" + "&a;" * 5000 + "'/>", f'<!DOCTYPE x [<!ENTITY a "{"a" * 50000}">]>')


@pytest.mark.parametrize(
    "packet",
    [
        *(b"", b"\0\0", b"Exif", b"<x", description()[:-5], "<dc:title/>".encode("utf-16-le")),
        *(LAUGHS, FILE, REMOTE, QUADRATIC),
        b'<?xml version="1.0" encoding="utf-7"?><x/>',
        b'<?xml version="1.0" encoding="rot13"?><x/>',
        b"<a>" * 400_000,
        b" " * (xmp.LONGEST + 1),
    ],
)
def test_what_is_no_xmp_or_means_harm_is_refused(packet: bytes) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"^it |not supported"):
            xmp.read(packet)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()
