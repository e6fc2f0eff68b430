"""Files that hold awkward text wherever they may hold any: Exif, XMP, PNG, TIFF, EXR, sidecars, weights, TOML."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
from PIL import Image
from safetensors.numpy import save

from hdrcli import exif
from hdrcli.tiff_directory import ASCII, LONG, SHORT, UNDEFINED, Entry
from tests import scenes
from tests.campaigns import awkward
from tests.campaigns.commands import Outcome

TIMES = (1 / 400, 1 / 50, 1 / 6)

TEXTS: dict[str, bytes] = awkward.NAMES | {
    "zero bytes": b"one\0two\0",
    "slashes": b"../../../../etc/passwd",
    "megabyte": b"Long " * 200_000,
    "megabyte of colours": b"\x1b[31mLong" * 100_000,
    "megabyte without blanks": b"=" * 1_000_000,
    "link of a terminal": b"\x1b]8;;http://x.org/\x1b\\click\x1b]8;;\x1b\\",
    "ground of a terminal": b"\x1b[41mred",
    "clipboard of a terminal": b"\x1b]52;c;cm0gLXJmIC8=\x07",
    "question to a terminal": b"\x1b[c\x1b[6n\x1bP$q q\x1b\\\x05",
    "markup that is closed": b"[red]x[/red] [link=file:///etc/passwd]y[/link] [/]",
    "carriage return": b"Error: none\rdone",
    "page": b"</script></title></textarea><script>alert(1)</script><img src=x onerror=alert(1)>",
    "link to a script": b"javascript:alert(1)",
    "XML with entities": b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>',
    "no character of Unicode": b"\xf4\x90\x80\x80\xef\xbf\xbe\xef\xbf\xbf",
    "isolates and marks": "\u2066a\u2069\u200e\u061c\u202ab".encode(),
    "nothing but blanks": b" \t\n ",
    "nothing": b"",
}
"""By what is awkward: names that files may have, and what no name can hold."""

_TEXT_TAGS = (0x010D, 0x010E, 0x010F, 0x0110, 0x0131, 0x0132, 0x013B, 0x013C, 0x8298)
_EXIF_TEXT_TAGS = (0x9003, 0x9004, 0x9010, 0x9290, 0x9291, 0xA004, 0xA420, 0xA430, 0xA431, 0xA433, 0xA434, 0xA435)
_GPS_TEXT_TAGS = (0x01, 0x03, 0x1D, 0x12)


def block(text: bytes, number: int, longest: int = 1 << 30) -> bytes:
    """An Exif block with the text in all tags that may hold any; the exposure is sound, and so is one time."""
    words = text[:longest] + b"\0"
    entry = Entry(ASCII, len(words), words)
    taken = f"2024:05:01 12:00:{number:02}"
    shot = exif.exposure_tags("<", TIMES[number], 8.0, 100, taken)
    marks = {
        0x9286: Entry(UNDEFINED, 8 + len(words), b"ASCII\0\0\0" + words),
        0x927C: Entry(UNDEFINED, len(words), words),
    }
    nested = {
        exif.EXIF_IFD: dict.fromkeys(_EXIF_TEXT_TAGS, entry) | marks | shot,
        exif.GPS_IFD: dict.fromkeys(_GPS_TEXT_TAGS, entry),
    }
    wide = words[:100_000].decode("utf-8", "replace").encode("utf-16-le")
    windows = {tag: Entry(1, len(wide), wide) for tag in range(0x9C9B, 0x9CA0)}
    return exif.Exif("<", dict.fromkeys(_TEXT_TAGS, entry) | windows, nested).to_bytes()


def packet(text: bytes, longest: int = 1 << 30) -> bytes:
    """An XMP packet with the text in all properties that outputs keep: escaped as it must be, and not at all."""
    words = text[:longest].decode("utf-8", "replace")
    allowed = "".join(c for c in words if c in "\t\n\r" or " " <= c not in "\ufffe\uffff")
    safe = allowed.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    lists = "".join(
        f"<{name}><rdf:{kind}><rdf:li xml:lang='x-default'>{safe}</rdf:li></rdf:{kind}></{name}>"
        for name, kind in (("dc:title", "Alt"), ("dc:description", "Alt"), ("dc:creator", "Seq"), ("dc:subject", "Bag"))
    )
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"'
        f' xmp:Rating="{safe}" xmp:Label="{safe}">{lists}</rdf:Description></rdf:RDF></x:xmpmeta>'
    ).encode()


def _pixels(number: int) -> np.ndarray:
    return scenes.photograph(scenes.radiance(32, 48, stops=6), 100 * TIMES[number])


def jpeg(text: bytes, number: int) -> bytes:
    """With Exif, XMP and a comment, which hold 64 KB."""
    stream = BytesIO()
    options: dict[str, Any] = {
        "exif": b"Exif\0\0" + block(text, number, 1000),
        "xmp": packet(text, 5000),
        "comment": text[:5000],
    }
    Image.fromarray(_pixels(number)).save(stream, "JPEG", quality=95, subsampling=0, **options)
    return stream.getvalue()


def png(text: bytes, number: int) -> bytes:
    """With Exif, XMP, texts of all three kinds, and a profile of that name."""
    stream = BytesIO()
    Image.fromarray(_pixels(number)).save(stream, "PNG")
    head, rest = stream.getvalue()[:33], stream.getvalue()[33:]
    chunks = (
        _chunk(b"eXIf", block(text, number)),
        _chunk(b"tEXt", text[:79] + b"\0" + text),
        _chunk(b"zTXt", b"Comment\0\0" + zlib.compress(text)),
        _chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + packet(text)),
        _chunk(b"iTXt", b"Title\0\0\0" + text[:50] + b"\0" + text + b"\0" + text),
        _chunk(b"tIME", text[:7]),
    )
    return head + b"".join(chunks) + rest


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def tiff(text: bytes, number: int) -> bytes:
    """With the tags of Exif among its own, XMP, and an IPTC and a Photoshop block that are none."""
    pixels = _pixels(number)
    height, width = pixels.shape[:2]
    data = pixels.tobytes()
    whole = exif.of_shot(BytesIO(block(text, number)))
    for tag, value in {256: width, 257: height, 259: 1, 262: 2, 273: 8, 277: 3, 278: height, 279: len(data)}.items():
        whole.first[tag] = Entry.integer(value, LONG if tag in (273, 279) else SHORT, "<")
    whole.first[258] = Entry(SHORT, 3, struct.pack("<HHH", 8, 8, 8))
    words = text + b"\0"
    for tag in (0x010D, 0x0131, 0x83BB, 0x8649):
        whole.first[tag] = Entry(ASCII if tag < 0x8000 else UNDEFINED, len(words), words)
    whole.first[700] = Entry(1, len(packet(text)), packet(text))
    at = 8 + len(data) + len(data) % 2
    return b"II*\0" + struct.pack("<I", at) + data.ljust(at - 8, b"\0") + whole.directories(at)


def exr(text: bytes, folder: Path, *, channels: bool = False) -> Path:
    """An EXR of linear light with the text in its attributes, hdrcli's own among them, or in names of `channels`."""
    words = text.decode("utf-8", "replace").replace("\0", "")
    light = {"RGB": np.full((32, 48, 3), 0.2, np.float32)}
    if channels:
        light = {words[:200] or "A": light["RGB"][..., 0], "also": light["RGB"][..., 0]}
    known = ("owner", "comments", "capDate", "cameraMake", "software", "type.x", words[:200].strip() or "a")
    ours = ("model", "weights", "referred", "sources", "whiteExposure", "scaleStops", "toneMapping")
    ours += ("exposureTimes", "stops", "adjustments", "a b")
    header = dict.fromkeys((*known, *(f"hdrcli:{one}" for one in ours)), words)
    fixed = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    path = folder / f"texts-{channels:d}.exr"
    try:
        OpenEXR.File(fixed | header, light).write(str(path))
    except (RuntimeError, ValueError, TypeError):  # names that the library takes for something else
        OpenEXR.File(fixed | {f"hdrcli:{one}": words for one in ours}, light).write(str(path))
    return path


def radiance(text: bytes, folder: Path) -> Path:
    """A Radiance file with the text in the lines of its head."""
    line = text.replace(b"\n", b" ")
    heads = b"".join(
        name + b"=" + line + b"\n" for name in (b"SOFTWARE", b"HDRCLI_REFERRED", b"CAPDATE", b"VIEW", b"#")
    )
    path = folder / "texts.hdr"
    path.write_bytes(b"#?RADIANCE\n" + heads + b"FORMAT=32-bit_rle_rgbe\n\n-Y 8 +X 8\n" + b"\x80\x80\x80\x80" * 64)
    return path


def weights(text: bytes, folder: Path) -> tuple[Path, ...]:
    """Weights files with the text in their heads: as another network, as settings, as names of tensors."""
    words = text.decode("utf-8", "replace")
    some = {"a.weight": np.zeros(3, np.float16)}
    made = []
    for number, (tensors, head) in enumerate(
        (
            (some, {"network": words, "settings": "{}", "source": words}),
            (some, {"network": "lightfuse", "settings": json.dumps({words: 1e9})}),
            (some, {"network": "lightfuse", "settings": json.dumps({words: words})}),
            (some, {"network": "lightfuse", "settings": words}),
            ({words or "a": some["a.weight"]}, {"network": "lightfuse"}),
        )
    ):
        path = folder / f"texts{number}.safetensors"
        path.write_bytes(save(tensors, {"hdrcli": json.dumps(head)}))
        made.append(path)
    (folder / "texts.safetensors").write_bytes(struct.pack("<Q", len(text)) + text)
    return (*made, folder / "texts.safetensors")


def sidecars(text: bytes) -> dict[str, tuple[bytes, ...]]:
    """Contents of the files beside frames or results, by name, with the text where each holds any."""
    words = json.dumps(text.decode("utf-8", "replace"))
    made = '{"format": "hdrcli-fused", "version": 1, "made": [%s]}'
    toml = "[fuse]\n{} = {}\n"
    return {
        "list.txt": (b"1.jpg 1 " + text + b"\n", b"1.jpg " + text + b"\n2.jpg 3\n3.jpg 4\n", text, text + b" 1\n" * 2),
        "exposure.txt": (b"1\n" + text + b"\n2\n", text.replace(b"\n", b" ") + b"\n2\n3\n"),
        "times.txt": (b"1," + text + b",2\n", b"# " + text + b"\n1/400\n1/50\n1/6\n"),
        "1.jpg.xmp": (packet(text), text, b"<x>" + text + b"</x>"),
        "1.xmp": (packet(text).replace(b"dc:title", text[:20]),),
        "fused.json": tuple(
            one.encode()
            for one in (
                words,
                f"{{{words}: {words}}}",
                f'{{"format": {words}, "version": {words}}}',
                f'{{"format": "hdrcli-fused", "version": {words}, "made": []}}',
                made % f"{{{words}: 3}}",
                made % json.dumps(_making(text, "in.png", text)),
                made % json.dumps(_making(text, text, "5")),
                made % json.dumps({**_making(text, "in.png", "5"), "stops": [text.decode("utf-8", "replace")]}),
            )
        ),
        "hdrcli.toml": (
            toml.format("model", words).encode(),
            toml.format(words, '"x"').encode(),
            toml.format("quality", words).encode(),
            toml.format("output", words).encode(),
            toml.format("format", f"[{words}, {words}]").encode(),
            toml.format("weights", words).encode(),
            toml.format("cluster", words).encode(),
            f"[{words}]\nmodel = 3\n".encode(),
            f"{words} = {words}\n".encode(),
            text,
        ),
    }


def _making(text: bytes, output: bytes | str, modified: bytes | str) -> dict[str, Any]:
    """An entry of fused.json that makes every word of it the text."""
    words, name, when = (
        one.decode("utf-8", "replace") if isinstance(one, bytes) else one for one in (text, output, modified)
    )
    state = {"sha256": words, "size": 3, "modified": int(when) if when.isdecimal() else when}
    told = {"bracket": words, "hdrcli": words, "model": words, "weights": words, "stops": None}
    files = {"inputs": {words or "a": state}, "outputs": {name or "a": state}}
    return told | files | {"settings": {words: words, "model": words, "tone_map": words}, "shoot": {words: words}}


FRAMES: dict[str, Callable[[bytes, int], bytes]] = {"jpg": jpeg, "png": png, "tif": tiff}
"""Frames by suffix, which have times."""


def bracket(folder: Path, text: bytes, suffix: str) -> Path:
    """A folder with three frames that hold the text."""
    folder.mkdir(parents=True)
    for number in range(3):
        (folder / f"{number + 1}.{suffix}").write_bytes(FRAMES[suffix](text, number))
    return folder


def without_times(folder: Path) -> Path:
    """A folder with three plain frames."""
    folder.mkdir(parents=True)
    for number in range(3):
        Image.fromarray(_pixels(number)).save(folder / f"{number + 1}.jpg", quality=95)
    return folder


def of_a_text(text: bytes, folder: Path, call: Callable[..., Outcome]) -> Iterator[Outcome]:
    """All commands on files that hold the text; `call` runs one."""
    yield from _frames(text, folder, call)
    yield from _linear(text, folder, call)
    yield from _beside(text, folder, call)
    files = weights(text, folder)
    for file in files:
        yield call("fuse", "-m", "lightfuse", "--no-config", "--overwrite", "--weights", file, folder / "in" / "jpg")
    yield call("weights", "import", "lightfuse", "--overwrite", *files[::2])


def _frames(text: bytes, folder: Path, call: Callable[..., Outcome]) -> Iterator[Outcome]:
    """From the metadata of frames to those of all formats, and from these on."""
    shoot, out, page = folder / "in", folder / "out", folder / "page.html"
    for suffix in FRAMES:
        bracket(shoot / suffix, text, suffix)
    fuse = ("fuse", "--no-config", "--overwrite", "-m", "debevec", "-o", out)
    yield call("inspect", "--no-config", shoot)
    yield call(*fuse, "--format", "png,exr,hdr,tiff,jpg,uhdr,avif,jxl", "--report", page, shoot)
    yield call(*fuse, "--json", "--dry-run", "--scale", "shoot", shoot)
    yield call("tonemap", "--no-config", "-o", folder / "shown", out)
    score = ("eval", "--no-config", "--csv", folder / "t.csv", "--overwrite", "--metrics", "psnr", out, out)
    yield call(*score)
    yield call(*score, "--json")


def _linear(text: bytes, folder: Path, call: Callable[..., Outcome]) -> Iterator[Outcome]:
    """From the headers of linear files to those of all formats."""
    odd = folder / "linear"
    odd.mkdir()
    files = (exr(text, odd), exr(text, odd, channels=True), radiance(text, odd))
    shown = ("tonemap", "--no-config", "--overwrite", "-o", folder / "shown", "--format", "png,exr,hdr,jpg,tiff,jxl")
    yield call(*shown, odd)
    yield call(*shown, "--json", "--together", odd)
    for file in files:
        yield call("eval", "--no-config", file, files[0])
    yield call("inspect", "--no-config", "--json", *files)


def _beside(text: bytes, folder: Path, call: Callable[..., Outcome]) -> Iterator[Outcome]:
    """What lies beside frames and results; frames without times of their own go by that."""
    frames, out = folder / "plain" / "in", folder / "beside"
    fuse = ("fuse", "-m", "debevec", "-o", out, "--no-config")
    without_times(frames)
    out.mkdir()
    (out / "in.png").write_bytes(b"3")
    for name, contents in sidecars(text).items():
        here = {"fused.json": out, "hdrcli.toml": folder}.get(name, frames)
        for number, content in enumerate(contents):
            (here / name).write_bytes(content)
            plain = ("--json",) * (number % 2)
            if name == "fused.json":
                yield call(*fuse, "--skip-existing", "--stops=-3,0,3", *plain, frames)
            elif name == "hdrcli.toml":
                yield call("fuse", "--overwrite", "--dry-run", *plain, frames)
            else:
                yield call("inspect", "--no-config", *plain, frames)
        (here / name).unlink()
