"""What a photographer writes about a picture: rating, label, captions, authors, rights, keywords (XMP, ISO 16684-1).

Only these properties are read and written. How a developer program made its picture, and what XMP repeats of Exif and
of the file's structure, is true of that file alone.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from typing import NoReturn
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

LONGEST = 4 << 20
"""Bytes; the longest packets in use hold the brush strokes of a developer program."""

_DEEPEST = 64
"""Elements within one another; XMP in use has a dozen."""

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_LANG = "http://www.w3.org/XML/1998/namespace}lang"
_NAMESPACES = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "lr": "http://ns.adobe.com/lightroom/1.0/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "xmpRights": "http://ns.adobe.com/xap/1.0/rights/",
}

_CARRIED = {
    "dc:creator": "Seq",
    "dc:description": "Alt",
    "dc:rights": "Alt",
    "dc:subject": "Bag",
    "dc:title": "Alt",
    "lr:hierarchicalSubject": "Bag",
    "photoshop:City": "",
    "photoshop:Country": "",
    "photoshop:Credit": "",
    "photoshop:Headline": "",
    "photoshop:State": "",
    "xmp:Label": "",
    "xmp:Rating": "",
    "xmpRights:Marked": "",
    "xmpRights:UsageTerms": "Alt",
    "xmpRights:WebStatement": "",
}
"""The properties that outputs keep, and the kind of array that each is ("": one text)."""

_FORMS = _CARRIED | {"dc:source": "", "xmp:CreatorTool": ""}

Properties = Mapping[str, tuple[tuple[str, str], ...]]
"""(language, text) of each value of a property ("dc:title"); the language is "" but for alternatives (Alt)."""


def read(packet: bytes) -> dict[str, tuple[tuple[str, str], ...]]:
    """The properties of a packet that outputs keep.

    Raises ValueError for what is no XMP, is longer than `LONGEST`, or declares a document type: XMP has none, and its
    entities can swell a small packet to gigabytes.
    """
    if len(packet) > LONGEST:
        raise ValueError(f"it is longer than {LONGEST >> 20} MB")
    found: dict[str, tuple[tuple[str, str], ...]] = {}
    for name, values in _properties(_tree(packet)):
        if values:
            found.setdefault(name, values if _CARRIED[name] else values[:1])
    return found


def packet(properties: Properties, descriptions: str = "") -> bytes:
    """A whole packet, UTF-8. `descriptions` are further rdf:Description elements, which declare their namespaces."""
    prefixes = sorted({name.partition(":")[0] for name in properties})
    declared = "".join(f' xmlns:{prefix}="{_NAMESPACES[prefix]}"' for prefix in prefixes)
    elements = "\n".join(_element(name, values) for name, values in sorted(properties.items()))
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/">\n<rdf:RDF xmlns:rdf="{_RDF}">\n'
        f'<rdf:Description rdf:about=""{declared}>\n{elements}\n</rdf:Description>\n{descriptions}'
        '</rdf:RDF>\n</x:xmpmeta>\n<?xpacket end="r"?>'
    ).encode()


class _Builder(TreeBuilder):
    """The tree of a packet; ValueError when it is nested beyond sense."""

    depth = 0

    def start(self, tag: str, attributes: dict[str, str]) -> Element:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise ValueError(f"it is nested more than {_DEEPEST} deep")
        return super().start(tag, attributes)

    def end(self, tag: str) -> Element:
        self.depth -= 1
        return super().end(tag)


def _tree(packet: bytes) -> Element:
    builder = _Builder()
    parser = expat.ParserCreate(namespace_separator="}")
    parser.StartDoctypeDeclHandler = _refuse
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    try:
        # Some programs end a packet with zeros; those of UTF-16 are letters.
        parser.Parse(packet if packet[:2] in (b"\xff\xfe", b"\xfe\xff") else packet.rstrip(b"\0"), True)
    except (expat.ExpatError, LookupError) as error:  # LookupError: an encoding that is none
        raise ValueError(f"it is not whole XML ({error})") from error
    return builder.close()


def _refuse(*declaration: object) -> NoReturn:
    raise ValueError("it declares a document type, which XMP has not")


def _properties(root: Element) -> Iterator[tuple[str, tuple[tuple[str, str], ...]]]:
    """Name and values of the kept properties of the picture itself, not of those nested in other properties."""
    names = {f"{_NAMESPACES[name.split(':')[0]]}}}{name.split(':')[1]}": name for name in _CARRIED}
    graphs = [root, *root] if root.tag != f"{_RDF}}}RDF" else [root]
    for description in (one for graph in graphs if graph.tag == f"{_RDF}}}RDF" for one in graph):
        for tag, text in description.attrib.items():
            if tag in names:
                yield names[tag], _values(_CARRIED[names[tag]], [("", text)])
        for child in description:
            if child.tag in names:
                items = [item for array in child for item in array if item.tag == f"{_RDF}}}li"] or [child]
                yield names[child.tag], _values(_CARRIED[names[child.tag]], [(i.get(_LANG, ""), i.text) for i in items])


def _values(form: str, texts: list[tuple[str, str | None]]) -> tuple[tuple[str, str], ...]:
    kept = ((language, (text or "").strip()) for language, text in texts)
    return tuple((language or "x-default" if form == "Alt" else "", text) for language, text in kept if text)


def _element(name: str, values: tuple[tuple[str, str], ...]) -> str:
    form = _FORMS[name]
    if not form:
        return f"<{name}>{html.escape(values[0][1], quote=False)}</{name}>"
    items = "".join(
        f"<rdf:li{_language(language)}>{html.escape(text, quote=False)}</rdf:li>" for language, text in values
    )
    return f"<{name}><rdf:{form}>{items}</rdf:{form}></{name}>"


def _language(tag: str) -> str:
    return f' xml:lang="{html.escape(tag)}"' if tag else ""
