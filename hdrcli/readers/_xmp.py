"""The XMP of a frame: what its file holds, and what a program has written into a sidecar beside it."""

from __future__ import annotations

import logging
from pathlib import Path

from hdrcli import xmp

_log = logging.getLogger("hdrcli")


def packet(path: Path, embedded: bytes | None, is_raw: bool) -> bytes | None:
    """A clean packet of what the file and its sidecar say of the picture; the sidecar is the later word.

    XMP that is damaged or hostile is a warning that names its file, and counts as none.
    """
    properties: dict[str, tuple[tuple[str, str], ...]] = {}
    sidecar = _sidecar(path, is_raw)
    try:
        properties |= _read(path, embedded) if embedded else {}
        properties |= _read(sidecar, _content(sidecar)) if sidecar else {}
    except OSError as error:
        _log.warning("%s cannot be read, and is ignored: %s.", sidecar, error.strerror or error)
    return xmp.packet(properties) if properties else None


def _sidecar(path: Path, is_raw: bool) -> Path | None:
    """IMG_1.CR2.xmp (darktable, digiKam) or, of RAW files, IMG_1.xmp (Lightroom, Bridge)."""
    names = [path.with_name(f"{path.name}.xmp"), path.with_name(f"{path.name}.XMP")]
    if is_raw:
        names += [path.with_suffix(".xmp"), path.with_suffix(".XMP")]
    return next((name for name in names if name.is_file()), None)


def _content(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(xmp.LONGEST + 1)


def _read(path: Path, content: bytes) -> dict[str, tuple[tuple[str, str], ...]]:
    try:
        return xmp.read(content)
    except ValueError as error:
        _log.warning("%s has XMP that is damaged, and is ignored: %s.", path, error)
        return {}
