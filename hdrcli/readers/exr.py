"""OpenEXR: linear light, half or float. (The library writes complaints of its own to stderr.)"""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from hdrcli import memory
from hdrcli.contracts import Reader
from hdrcli.development import Development
from hdrcli.errors import ReadError, excerpt
from hdrcli.image import Exposure, FrameHeader
from hdrcli.readers import _colour, _exr_bounds, _frame
from hdrcli.readers._exif import Photo
from hdrcli.readers._file import check_channels, check_size, damaged, decoding, opened
from hdrcli.readers._stdout import heard

_BROKEN = (RuntimeError, ValueError, TypeError, LookupError, OverflowError)

_MOST_BLACK = 1000
"""How many times larger than its data a picture may be. One that is larger takes gigabytes to hold nothing."""


def read_header(path: Path) -> FrameHeader:
    """The header of an EXR; its picture is the display window. Raises ReadError."""
    header = _file(path, header_only=True).parts[0].header
    width, height = _window(path, header, "displayWindow")[2:]
    said = {
        name: value
        for name, value in header.items()
        if (name == "software" or name.startswith("hdrcli:")) and (isinstance(value, str) or _is_finite(value))
    }
    return replace(_frame.header(path, width, height, _photo(header)), attributes=said)


def read(path: Path, development: Development | None = None) -> Exposure:
    """An EXR as a linear exposure: R, G, B or a lone Y of the first part; what is not in the data window is black.

    `chromaticities` other than BT.709 are converted. Raises ReadError.
    """
    pixels, header = _light(path)
    return _frame.linear_exposure(path, pixels, _photo(header))


def read_light(path: Path) -> np.ndarray:
    """All that an EXR's R, G and B store, (H, W, 3) float32 in BT.709 primaries. Raises ReadError."""
    return _light(path)[0]


def _light(path: Path) -> tuple[np.ndarray, dict[str, Any]]:
    """Pixels of the display window in BT.709 primaries, and the header."""
    parts = _file(path, header_only=True).parts
    header = parts[0].header
    _check_parts(path, parts)
    display, data = _window(path, header, "displayWindow"), _window(path, header, "dataWindow")
    if math.prod(display[2:]) > _MOST_BLACK * math.prod(data[2:]):
        size, part = (f"{window[2]}x{window[3]}" for window in (display, data))
        raise damaged(path, f"its header says {size} pixels, of which it has {part}")
    image = _file(path, header_only=False)
    with decoding(path, *_BROKEN):
        channels = image.parts[0].channels
        stored = {name: channel.pixels for name, channel in channels.items()}
    pixels = _placed(_rgb(path, stored, data), data, display)
    return _to_bt709(path, header, pixels), header


def _file(path: Path, header_only: bool) -> Any:
    import OpenEXR

    with opened(path, "OpenEXR") as stream, decoding(path, *_BROKEN):
        _exr_bounds.check(path, stream)
        stream.seek(0)
        # What cannot be decoded is dropped from the parts, with a message on standard output.
        with heard() as said:
            image = OpenEXR.File(stream, separate_channels=True, header_only=header_only)
        if memory.is_exhausted(ValueError(said.getvalue())):
            raise MemoryError
        if said.getvalue() or not image.parts:
            raise ValueError("its pixels cannot be decoded")
        if image.parts[0].type() not in (OpenEXR.scanlineimage, OpenEXR.tiledimage):
            raise ReadError(f"{path} is a deep EXR, not a picture.", "Flatten it first.")
        return image


def _check_parts(path: Path, parts: list[Any]) -> None:
    """Raise ReadError for more than can be decoded: the library decodes all channels of all parts."""
    pixels = 0
    for part in parts:
        with decoding(path, *_BROKEN):
            check_channels(path, len(part.header["channels"]))
        _, _, width, height = _window(path, part.header, "dataWindow")
        pixels += width * height
    check_size(path, pixels, 1)


def _window(path: Path, header: dict[str, Any], name: str) -> tuple[int, int, int, int]:
    """(left, top, width, height) of the data or display window."""
    with decoding(path, *_BROKEN):
        (left, top), (right, bottom) = ([int(value) for value in corner] for corner in header[name])
    return left, top, *check_size(path, right - left + 1, bottom - top + 1)


def _rgb(path: Path, stored: dict[str, np.ndarray], data: tuple[int, int, int, int]) -> np.ndarray:
    names = ("R", "G", "B") if {"R", "G", "B"} <= stored.keys() else ("Y", "Y", "Y")
    if names[0] not in stored or "RY" in stored:
        found = excerpt(", ".join(map(excerpt, sorted(stored))), 400)
        raise ReadError(f"{path} has no channels R, G, B and no lone Y (it has {found}).", "Save its picture as RGB.")
    planes = [stored[name] for name in names]
    if any(plane.dtype.kind != "f" or plane.shape != (data[3], data[2]) for plane in planes):
        raise ReadError(f"{path} stores its channels as integers or subsampled.", "Save its picture as half or float.")
    return np.stack(planes, axis=2).astype(np.float32)


def _placed(pixels: np.ndarray, data: tuple[int, int, int, int], display: tuple[int, int, int, int]) -> np.ndarray:
    """The data window's pixels cut and padded to the display window."""
    if data == display:
        return pixels
    width, height = display[2:]
    picture = np.zeros((height, width, 3), np.float32)
    left, top = data[0] - display[0], data[1] - display[1]
    inside = pixels[max(0, -top) : max(0, height - top), max(0, -left) : max(0, width - left)]
    y, x = max(0, top), max(0, left)
    picture[y : y + inside.shape[0], x : x + inside.shape[1]] = inside
    return picture


def _to_bt709(path: Path, header: dict[str, Any], pixels: np.ndarray) -> np.ndarray:
    chromaticities = np.ravel(header.get("chromaticities", ()))
    if chromaticities.size != 8 or np.allclose(chromaticities, (*_colour.BT709, *_colour.D65), atol=0.001):
        return pixels
    profile = _colour.profile(tuple(chromaticities[:6].tolist()), tuple(chromaticities[6:].tolist()), 1.0)
    return _colour.to_bt709(pixels, profile, path)


def _is_finite(value: Any) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)


def _photo(header: dict[str, Any]) -> Photo:
    """OpenEXR's standard attributes for the exposure."""

    def positive(name: str) -> float | None:
        value = header.get(name)
        return float(value) if isinstance(value, (int, float)) and 0 < value < 1e8 else None

    try:
        taken = datetime.strptime(str(header.get("capDate")), "%Y:%m:%d %H:%M:%S")
    except ValueError:
        taken = None
    return Photo(positive("expTime"), positive("aperture"), positive("isoSpeed"), taken)


READER = Reader((".exr",), read_header, read, read_light, native=True, modules=("OpenEXR",))
