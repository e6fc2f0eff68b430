"""Camera RAW by LibRaw: linear light at the sensor's own scale, so that the frames of a bracket keep their ratios."""

from __future__ import annotations

import logging
import mmap
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from hdrcli import exif
from hdrcli.contracts import Reader
from hdrcli.development import Development
from hdrcli.image import Exposure, FrameHeader
from hdrcli.readers import _camera_matrix, _embedded, _exif, _frame, _noise, _sensor, _sensor_light
from hdrcli.readers._exif import Photo
from hdrcli.readers._file import check_size, damaged, decoding, opened
from hdrcli.readers._orientation import oriented
from hdrcli.tiff_directory import Entry

_SUFFIXES = (
    ".dng .cr2 .cr3 .crw .nef .nrw .arw .srf .sr2 .raf .rw2 .rwl .orf .ori .pef .ptx .srw .3fr .fff .iiq .mrw "
    ".mdc .kdc .dcr .dcs .dc2 .k25 .mos .mef .erf .x3f .gpr"
)

_ORIENTATION = {3: 3, 5: 8, 6: 6}
"""Exif Orientation of LibRaw's `flip`: half a turn, 90 degrees anticlockwise, 90 degrees clockwise."""


_LARGEST = (1 << 31) - 1
"""Bytes; LibRaw opens no larger file."""


@contextmanager
def _opened(path: Path, *, whole: bool = True) -> Iterator[tuple[Any, Any]]:
    """LibRaw's view of a RAW file, and the file; it stays on the disk unless the `whole` of it is going to be read."""
    import rawpy

    broken = (rawpy.LibRawError, AttributeError, RuntimeError, TypeError, ValueError)
    with (
        opened(path, "RAW") as stream,
        decoding(path, *broken),
        nullcontext(_whole(path, stream)) if whole else mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data,
        rawpy.imread(BytesIO(data) if whole else str(path)) as raw,
    ):
        check_size(path, raw.sizes.raw_width, raw.sizes.raw_height)
        yield raw, data


def _whole(path: Path, stream: BinaryIO) -> bytes:
    if stream.seek(0, 2) > _LARGEST:
        raise damaged(path, f"it has more than the {(_LARGEST + 1) >> 30} GB that LibRaw takes")
    stream.seek(0)
    return stream.read()


def read_header(path: Path) -> FrameHeader:
    """The header of a RAW file: its Exif, or where there is none what LibRaw knows. Raises ReadError."""
    with _opened(path, whole=False) as (raw, data):
        sizes, aspect = raw.sizes, raw.sizes.pixel_aspect
        # LibRaw stretches pixels that are not square, the shorter way round.
        width = sizes.width if aspect < 1.005 else round(sizes.width * aspect)
        height = sizes.height if aspect > 0.995 else round(sizes.height / aspect)
        return _frame.header(path, width, height, _photo(path, raw, data), is_raw=True)


def read(path: Path, development: Development | None = None) -> Exposure:
    """A RAW file as a linear exposure of 16 bits, with its saturated pixels, and its noise where the file tells it.

    1 is the level where the first channel saturates, the same for all frames of a camera. Raises ReadError.
    """
    chosen = development or Development()
    balance_from = None if chosen.white_balance_from == path else chosen.white_balance_from
    white_balance = _white_balance_of(balance_from)
    with _opened(path) as (raw, data):
        _sensor.check(path, raw, data)
        found = _photo(path, raw, data)  # before developing, which resets the flip
        gains = white_balance or _white_balance(path, raw)
        matrix = _matrix(path, raw, found.camera)
        noise = _noise.of_white(_noise.profile(data), gains, matrix)
        light = _sensor_light.developed(raw, gains, matrix, chosen.demosaic)
    codes, table = _in_codes(light.pixels)
    exposure = _frame.exposure(path, codes, "linear", 16, found)
    upright = np.ascontiguousarray(oriented(light.clipped, found.orientation))
    return replace(exposure, table=table, clipped=upright, sensor=light.sensor, noise=noise)


def _in_codes(light: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Light (H, W, 3), used up, as 16-bit codes in equal steps from its least to its greatest value, and their table.

    LibRaw's own result has such steps, too: this adds no more noise than they did, and takes half the memory.
    """
    low, high = float(light.min()), float(light.max())
    step = (high - low) / 65535 or 1.0
    light -= np.float32(low)
    light /= np.float32(step)
    table = (low + step * np.arange(1 << 16)).astype(np.float32)
    return np.rint(light, out=light).astype(np.uint16), table


def _white_balance_of(path: Path | None) -> list[float] | None:
    """The multipliers of another frame; None when that frame is no RAW file."""
    if path is None or path.suffix.lower() not in READER.suffixes:
        return None
    with _opened(path, whole=False) as (raw, _):
        return _white_balance(path, raw)


def _white_balance(path: Path, raw: Any) -> list[float]:
    """Multipliers of red, green, blue and the second green, as the camera chose them or for daylight."""
    for red, green, blue, green2 in (raw.camera_whitebalance, raw.daylight_whitebalance):
        if min(red, green, blue) > 0:
            return [red, green, blue, green2 or green]
    if raw.num_colors > 1:
        logging.getLogger("hdrcli").warning("%s names no white balance; its colours are the sensor's own.", path)
    return [1.0, 1.0, 1.0, 1.0]


def _matrix(path: Path, raw: Any, camera: str | None) -> np.ndarray:
    """The matrix from the camera's channels to BT.709; without one, the identity and a warning."""
    matrix = _camera_matrix.to_bt709(raw)
    if matrix is not None:
        return matrix
    if raw.num_colors > 1:
        logging.getLogger("hdrcli").warning(
            "%s: LibRaw has no colour matrix for %s; its colours stay the sensor's own.", path, camera or "its camera"
        )
    return np.eye(3, raw.num_colors)


def _photo(path: Path, raw: Any, data: bytes) -> Photo:
    found = _exif.photo(path, data)
    if found.block is None:
        head = data[: 1 << 18]
        found = _exif.photo(path, _embedded.exif_block(path, head), _embedded.xmp_packet(head))
    if not (found.block and found.exposure_time and found.iso and found.taken):
        found = _completed(found, raw)  # which decodes the sensor's values, and takes a hundred times as long
    return replace(found, orientation=_ORIENTATION.get(raw.sizes.flip, 1))


def _completed(found: Photo, raw: Any) -> Photo:
    """What the Exif does not say, as LibRaw reads it from the makers' own tags; it gives 0 and "" for unknown."""
    other, lens = raw.other, getattr(raw, "lens", None)  # which older versions of rawpy do not give
    taken = other.timestamp if isinstance(other.timestamp, datetime) and other.timestamp.year > 1990 else None
    found = replace(
        found,
        exposure_time=found.exposure_time or _exif.positive(other.shutter_speed, 86400),
        f_number=found.f_number or _exif.positive(other.aperture, 1000),
        iso=found.iso or _exif.positive(other.iso_speed, 1e8),
        focal_length=found.focal_length or _exif.positive(other.focal_length, 1e5),
        taken=found.taken or taken,
        lens=found.lens or _word(lens and lens.model),
    )
    return replace(found, block=_block(found, _word(lens and lens.make)))


def _block(found: Photo, lens_make: str | None) -> bytes | None:
    """The Exif block of the file, with what else is known of the shot."""
    block = exif.of_shot(BytesIO(found.block)) if found.block else exif.Exif()
    taken = found.taken.strftime("%Y:%m:%d %H:%M:%S") if found.taken else None
    exposure = (found.exposure_time, found.f_number, found.iso, taken, found.focal_length)
    known = exif.exposure_tags(block.order, *exposure)
    lens = {exif.LENS_MODEL: found.lens, exif.LENS_MAKE: lens_make}
    known |= {tag: Entry.text(word) for tag, word in lens.items() if word}
    block.nested[exif.EXIF_IFD] = known | block.nested[exif.EXIF_IFD]
    return block.to_bytes() if block else None


def _word(text: str | None) -> str | None:
    return (text or "").strip() or None


READER = Reader(tuple(_SUFFIXES.split()), read_header, read, native=True, modules=("rawpy", "cv2", "tifffile"))
