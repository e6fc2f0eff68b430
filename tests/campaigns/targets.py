"""Our own parsers, each as a function of bytes: what a hostile file can bring before them, and what must hold then.

A target raises nothing but for what is wrong: errors that users are to see are let pass by its `allowed`.
"""

from __future__ import annotations

import io
import json
import os
import struct
from collections.abc import Callable, Iterable
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import typer

from hdrcli import exif, keras_files, records, response, sandbox, sidecars, xmp
from hdrcli.cli import app, cards, defaults
from hdrcli.errors import ExposureError, ReadError, UsageError, WeightsError, WriteError
from hdrcli.manifest import NAME, Manifest
from hdrcli.plan import Plan, make_plans
from hdrcli.readers import _embedded, _exif, _maker_note, _noise, _sensor, jpeg, png, radiance_hdr
from hdrcli.reuse import Reuse
from hdrcli.sandbox import allowance
from hdrcli.settings import FuseSettings, parse_seconds, parse_stops
from tests.campaigns.mutations import repair_checksums
from tests.campaigns.seeds import XMP, seeds


@dataclass(frozen=True)
class Target:
    """`run` takes the bytes and a folder of its own; `start` are sound inputs to begin with."""

    run: Callable[[bytes, Path], object]
    allowed: tuple[type[Exception], ...]
    start: Callable[[], Iterable[bytes]]


def _seeds(*names: str) -> Callable[[], Iterable[bytes]]:
    return lambda: [make(1.0) for name, (_, make) in seeds().items() if name.startswith(names)]


def _sidecar(data: bytes, folder: Path) -> None:
    files = [folder / f"{name}.jpg" for name in "abc"]
    file = folder / sorted(sidecars._FORMS)[data[0] % 4 if data else 0]
    file.write_bytes(data[1:])
    try:
        found = sidecars.read_sidecar(folder, files, lambda _: file)
    finally:
        file.unlink()
    assert found
    assert len(found.relative_exposures) == len(files)
    assert all(1e-20 < one < 1e20 for one in found.relative_exposures)


def _sidecars() -> list[bytes]:
    texts = ("0-2\n0\n2\n", "1a.jpg 60 # x\nb.jpg 1/30\nc.jpg 4\n", "2# file time\na.jpg 1\nB.JPG 2\nc.jpg 3")
    return [text.encode() for text in (*texts, "31/60, 1/15\n0.25", "3﻿1e-3,2,4")]


ODD = (
    None,
    True,
    0,
    -1,
    1 << 70,
    10**400,
    1e308,
    float("nan"),
    float("inf"),
    "",
    "\0",
    "\ud800",
    "/dev/zero",
    [],
    [[]],
    {},
    {"": 0},
)
"""Values where others are due."""


def with_odd(tree: Any, data: bytes) -> Any:
    """A JSON value with a node in it replaced by an odd value for each two bytes, which choose both."""
    for place, value in zip(data[::2], data[1::2], strict=False):
        holders = [one for one in _nodes(tree) if one and isinstance(one, (list, dict))]
        if holders:
            holder = holders[place % len(holders)]
            keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
            holder[keys[value // len(ODD) % len(keys)]] = deepcopy(ODD[value % len(ODD)])
    return tree


def _nodes(tree: Any) -> list[Any]:
    children = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    return [tree, *(node for child in children for node in _nodes(child))]


def _manifest(data: bytes, folder: Path) -> None:
    """A fused.json, or a journal of a dead process, of an output that is there: what --skip-existing makes of it."""
    plan, settings = _plan(folder)
    kind, text = data[:1], data[1:]
    if kind in b"MJ" and kind:  # a sound one with odd values
        made = json.loads(_manifests()[kind == b"J"][1:].splitlines()[0])
        text = json.dumps(with_odd(made, text[:6])).encode()
    journal = folder / "out" / ".hdrcli-nowhere-1-0-0-a.jsonl"
    (journal if kind in b"jJ" else folder / "out" / NAME).write_bytes(text)
    try:
        reuse = Reuse(settings, Manifest(folder / "out"))
        plan = reuse.settle(plan, plan.outputs)
        " ".join((*reuse.notes([plan]), *plan.notes))
        Manifest(folder / "out").merge()
    finally:
        for file in (folder / "out").iterdir():
            if file not in plan.outputs:
                file.unlink()


_plans: dict[Path, tuple[Plan, FuseSettings]] = {}


def _plan(folder: Path) -> tuple[Plan, FuseSettings]:
    if folder not in _plans:
        settings = FuseSettings(output=folder / "out", model="mertens", formats=("png",), skip_existing=True)
        suffix, make = seeds()["jpeg-baseline"]
        files = [folder / f"{name}{suffix}" for name in "abc"]
        for file, exposure in zip(files, (0.25, 1, 4), strict=True):
            file.write_bytes(make(exposure))
        (folder / "out").mkdir()
        (folder / "out" / "a-c.png").write_bytes(b"picture")
        plan = make_plans(files, replace(settings, dry_run=True)).brackets[0]
        _plans[folder] = replace(plan, outputs=(folder / "out" / "a-c.png",)), settings
    return _plans[folder]


def _manifests() -> list[bytes]:
    state = {"sha256": "ab" * 32, "size": 7, "modified": 1}
    making = {
        **{"bracket": "a-c", "hdrcli": "0.1.0", "model": "mertens", "weights": None, "stops": [-2.0, 0.0, 2.0]},
        **{"settings": {"model": "mertens", "adjustments": "exposure +1"}, "shoot": {"exposure": 1.0, "frames": "x"}},
        **{"inputs": {f"../{name}.jpg": state for name in "abc"}, "outputs": {"a-c.png": state}},
    }
    line = json.dumps({**making, "replaces": {"a-c.png": ["cd" * 32]}})
    whole = json.dumps({"format": "hdrcli-fused", "version": 1, "made": [making]})
    return [b"m" + whole.encode(), b"j" + line.encode() + b"\n" + line.encode(), b"M" + bytes(6), b"J" + bytes(6)]


def _configuration(data: bytes, folder: Path) -> None:
    """hdrcli.toml of a stranger's folder."""
    os.environ["XDG_CONFIG_HOME"] = str(folder / "none")
    (folder / "hdrcli.toml").write_bytes(data)
    os.chdir(folder)
    for default in defaults.defaults(_context()).values():
        str(default)


@cache
def _context() -> Any:
    root = typer.main.get_command(app.app)
    command = root.commands["fuse"]  # type: ignore[attr-defined]
    return command.make_context("fuse", ["x"], parent=root.make_context("hdrcli", ["fuse", "x"]))


def _configurations() -> list[bytes]:
    return [
        b'[fuse]\nmodel = "dfgnet"\nformat = ["png", "exr"]\nexposure = 0.5\nmetadata = false\njobs = 1\n',
        b'[fuse]\noutput = "results"\ntile = 512\nweights = "cc"\n[tonemap]\ntone-map = "drago"\n[eval]\n',
        b'[fuse]\nresponse = "gamma:2.2"\nstops = "1,2"\n[inspect]\n[train]\n',
    ]


def _exif_block(data: bytes, folder: Path) -> None:
    found = _exif.photo(Path("a.jpg"), data)
    if found.block:
        exif.of_shot(io.BytesIO(found.block))
    assert found.exposure_time is None or 0 < found.exposure_time <= 86400


def _exif_blocks() -> list[bytes]:
    start = [make(1.0) for name, (_, make) in seeds().items() if name in ("jpeg-metadata", "jpeg-canon", "jpeg-nikon")]
    return [data[data.index(b"Exif\0\0") : data.index(b"Exif\0\0") + 600] for data in start]


def _directory(data: bytes, folder: Path) -> None:
    block = exif.of_shot(io.BytesIO(data)).to_bytes()
    assert exif.of_shot(io.BytesIO(block)).to_bytes() == block


def _note(data: bytes, folder: Path) -> None:
    makes = ("Canon", "FUJIFILM", "NIKON CORPORATION", "Panasonic", "SONY")
    _maker_note.read(io.BytesIO(data[1:]), makes[data[0] % len(makes)] if data else None)


def _notes() -> list[bytes]:
    return [bytes([place]) + block.removeprefix(b"Exif\0\0") for place in range(5) for block in _exif_blocks()]


def _xmp(data: bytes, folder: Path) -> None:
    found = xmp.read(data)
    if found:
        assert xmp.read(xmp.packet(found)) == found


def _xmps() -> list[bytes]:
    head = b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    bomb = b'<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;">]>' + XMP.replace(b">A<", b">&c;<")
    return [XMP, bomb, head + b"<rdf:Description/>" * 3 + b"</rdf:RDF>", XMP.decode().encode("utf-16")]


def _jpeg(data: bytes, folder: Path) -> None:
    found = jpeg._segments(Path("a.jpg"), io.BytesIO(data))
    assert found.width * found.height > 0
    jpeg._without_padding(data, "3 extraneous bytes before marker 0xd9", found.scan)


def _png(data: bytes, folder: Path) -> None:
    whole = bytearray(data)
    repair_checksums(whole)
    path = Path("a.png")
    chunks = png._chunks(path, io.BytesIO(whole), check=len(data) % 2 == 0)
    png._profile(path, chunks, png._photo(path, chunks))


def _radiance(data: bytes, folder: Path) -> None:
    file = folder / "a.hdr"
    file.write_bytes(data)
    header = radiance_hdr.read_header(file)
    if header.width * header.height < 1 << 20:
        assert radiance_hdr.read(file).size == (header.width, header.height)


def _radiances() -> list[bytes]:
    return [
        *_seeds("hdr")(),
        b"#?RGBE\nEXPOSURE=1\r\n\r\n-Y 2 +X 9\n" + bytes([2, 2, 0, 9, 137, 1, 137, 2, 137, 3, 137]),
    ]


def _carried(data: bytes, folder: Path) -> None:
    """A frame's Exif and XMP into outputs of all kinds."""
    from hdrcli.contracts import OutputInfo
    from hdrcli.writers import exr, jpg, png, tiff, uhdr

    size = int.from_bytes(data[:2], "big")
    block, packet = data[2 : 2 + size], data[2 + size :]
    info = OutputInfo(exif=block or None, xmp=packet or None, exposure_time=0.01, sources=("a",))
    pixels = np.full((8, 8, 3), 0.5, np.float32)
    for writer, suffix, bits in ((jpg, ".jpg", 8), (png, ".png", 8), (tiff, ".tif", 8), (exr, ".exr", 16)):
        file = folder / f"a{suffix}"
        file.write_bytes(writer.encode(pixels, info, bits))
        assert _size_of(file) == (8, 8)
    (folder / "a.jpg").write_bytes(uhdr.encode((pixels, pixels), info, 8))
    assert _size_of(folder / "a.jpg") == (8, 8)


def _size_of(file: Path) -> tuple[int, int]:
    from hdrcli import readers

    return readers.read(file).size


def _blocks_to_carry() -> list[bytes]:
    blocks = [block.removeprefix(b"Exif\0\0") for block in _exif_blocks()]
    return [len(block).to_bytes(2, "big") + block + XMP for block in blocks]


def _dng(data: bytes, folder: Path) -> None:
    planes = _noise.profile(data)
    _noise.of_white(planes, [2.0, 1.0, 1.5], np.eye(3))
    _sensor._dng_is_whole(data)
    block = _embedded.exif_block(Path("a.raf"), data)
    assert block is None or block[:2] in (b"II", b"MM")
    _embedded.xmp_packet(data)


def _dngs() -> list[bytes]:
    from tests.readers.samples import exif as block

    tags = block().tobytes().removeprefix(b"Exif\0\0")
    boxes = b"".join((len(tags) + 8).to_bytes(4, "big") + name + tags for name in (b"CMT1", b"CMT2", b"CMT4"))
    return [*_seeds("raw")(), b"ftypcrx " + boxes, b"\0MRM\0TTW\0\0\0\0" + tags, b"Exif\0\0" + tags + XMP]


def _weights(data: bytes, folder: Path) -> None:
    from hdrcli import weights
    from hdrcli.networks.lightfuse import NETWORK

    file = folder / "a.safetensors"
    file.write_bytes(data)
    module = weights.load("lightfuse", NETWORK, str(file)).module
    assert all(bool(np.isfinite(value.numpy()).all()) for value in module.state_dict().values())


def _weights_files() -> list[bytes]:
    own = (records.folder() / "lightfuse_cc.safetensors").read_bytes()
    header = b'{"a":{"dtype":"F16","shape":[2,2],"data_offsets":[0,8]}}'
    return [own, struct.pack("<Q", len(header)) + header + bytes(8)]


def _record(data: bytes, folder: Path) -> None:
    file = folder / "a.json"
    if data[:1] == b"O":  # a sound one with odd values
        data = json.dumps(with_odd(json.loads(_record_files()[0]), data[1:7])).encode()
    file.write_bytes(data)
    cards.card(records.read(file), 1)


def _record_files() -> list[bytes]:
    return [*(file.read_bytes() for file in sorted(records.folder().glob("*.json"))[:3]), b"O" + bytes(6)]


def _keras(data: bytes, folder: Path) -> None:
    """As `hdrcli weights import` does it: on some files HDF5 loops for ever."""
    file = folder / "a.h5"
    file.write_bytes(data)
    with patch.object(allowance, "on_the_clock", lambda path: 1.0):
        sandbox.call(keras_files.read, file, modules=("h5py",))


def _keras_files() -> list[bytes]:
    import h5py

    stream = io.BytesIO()
    with h5py.File(stream, "w") as opened:
        opened.attrs["layer_names"] = ["one"]
        opened.create_group("one").attrs["weight_names"] = [b"one/kernel:0"]
        opened["one/one/kernel:0"] = np.ones((2, 3), np.float32)
    return [stream.getvalue()]


def _typed(data: bytes, folder: Path) -> None:
    """What is typed as --response, --times and --stops."""
    text = data.decode("utf-8", "replace")
    for parse in (response.parse, parse_seconds, parse_stops):
        with suppress(UsageError):
            parse(text)


TARGETS = {
    "sidecars": Target(_sidecar, (ExposureError,), _sidecars),
    "manifest": Target(_manifest, (WriteError,), _manifests),
    "configuration": Target(_configuration, (UsageError,), _configurations),
    "exif": Target(_exif_block, (), _exif_blocks),
    "directory": Target(_directory, (ValueError,), lambda: [one[6:] for one in _exif_blocks()]),
    "note": Target(_note, (struct.error, OSError, ValueError, OverflowError), _notes),
    "xmp": Target(_xmp, (ValueError,), _xmps),
    "jpeg": Target(_jpeg, (ReadError,), _seeds("jpeg")),
    "png": Target(_png, (ReadError,), _seeds("png")),
    "radiance": Target(_radiance, (ReadError,), _radiances),
    "carried": Target(_carried, (WriteError,), _blocks_to_carry),
    "dng": Target(_dng, (), _dngs),
    "weights": Target(_weights, (WeightsError,), _weights_files),
    "record": Target(_record, (WeightsError,), _record_files),
    "keras": Target(_keras, (ReadError, WeightsError), _keras_files),
    "typed": Target(_typed, (), lambda: [b"gamma:2.2", b"srgb", b"1/60,1/15,0.25", b"-2,0,2"]),
}
