"""The XMP of a frame: what its file holds, and what a program has written into a sidecar beside it."""

from __future__ import annotations

import logging
import os
from functools import lru_cache
from pathlib import Path

from hdrcli import xmp

_log = logging.getLogger("hdrcli")


def packet(path: Path, embedded: bytes | None, is_raw: bool) -> bytes | None:
    """A clean packet of what the file and its sidecar say of the picture; the sidecar is the later word.

    XMP that is damaged or hostile is a warning that names its file, and counts as none.
    """
    properties: xmp.Properties = {}
    sidecar = _sidecar(path, is_raw)
    try:
        properties = _read(path, embedded) if embedded else {}
        properties = {**properties, **_read(sidecar, _content(sidecar))} if sidecar else properties
    except OSError as error:
        _log.warning("%s cannot be read, and is ignored: %s.", sidecar, error.strerror or error)
    return _packet(tuple(properties.items())) if properties else None


def _sidecar(path: Path, is_raw: bool) -> Path | None:
    """IMG_1.CR2.xmp (darktable, digiKam) or, of RAW files, IMG_1.xmp (Lightroom, Bridge)."""
    names = [f"{path}.xmp", f"{path}.XMP"]
    if is_raw:
        names += [str(path.with_suffix(".xmp")), str(path.with_suffix(".XMP"))]
    return next((Path(name) for name in names if os.path.isfile(name)), None)  # noqa: PTH113 (of thousands of frames)


def _content(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(xmp.LONGEST + 1)


def _read(path: Path, content: bytes) -> xmp.Properties:
    try:
        return _properties(content)
    except ValueError as error:
        _log.warning("%s has XMP that is damaged, and is ignored: %s.", path, error)
        return {}


@lru_cache(maxsize=2)  # most cameras write the same into all frames
def _properties(content: bytes) -> xmp.Properties:
    return xmp.read(content)


@lru_cache(maxsize=2)
def _packet(properties: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]) -> bytes:
    return xmp.packet(dict(properties))
