"""A frame's header and pixels put together from what its reader found."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hdrcli.errors import ReadError
from hdrcli.image import Encoding, Exposure, FrameHeader
from hdrcli.readers import _xmp
from hdrcli.readers._exif import Photo
from hdrcli.readers._file import CURE, check_size
from hdrcli.readers._orientation import oriented, oriented_size

BRIGHTEST = 2.0**40
"""No light is brighter: the sun has 2e9 cd/m². Of what some renderers write, formulas would overflow."""


def header(path: Path, width: int, height: int, photo: Photo | None = None, is_raw: bool = False) -> FrameHeader:
    """The header of a frame stored with `width` x `height` pixels, before Orientation."""
    check_size(path, width, height)
    photo = photo or Photo()
    width, height = oriented_size(width, height, photo.orientation)
    return FrameHeader(
        path,
        width,
        height,
        exposure_time=photo.exposure_time,
        f_number=photo.f_number,
        iso=photo.iso,
        taken=photo.taken,
        camera=photo.camera,
        lens=photo.lens,
        focal_length=photo.focal_length,
        exposure_mode=photo.exposure_mode,
        exposure_bias=photo.exposure_bias,
        bracket_number=photo.bracket_number,
        exif=photo.block,
        is_raw=is_raw,
        xmp=_xmp.packet(path, photo.xmp, is_raw),
    )


def exposure(path: Path, pixels: np.ndarray, encoding: Encoding, bits: int, photo: Photo | None = None) -> Exposure:
    """The exposure of (H, W, 3) codes, or float32 values, as stored, before Orientation."""
    photo = photo or Photo()
    upright = np.require(oriented(pixels, photo.orientation), requirements=["C", "W"])
    return Exposure(upright, encoding, path.name, photo.exposure_time, photo.f_number, photo.iso, bits)


def linear_exposure(path: Path, pixels: np.ndarray, photo: Photo | None = None) -> Exposure:
    """The exposure of (H, W, 3) float linear pixels of any range: below 0 is 0, above 1 is saturated.

    Raises ReadError when a value is not finite.
    """
    return exposure(path, np.minimum(scene_light(path, pixels), 1), "linear", 32, photo)


def scene_light(path: Path, pixels: np.ndarray) -> np.ndarray:
    """Linear (H, W, 3) pixels of any range as light, float32 from 0 to BRIGHTEST.

    Raises ReadError for what is not finite.
    """
    lost = int(np.count_nonzero(~np.isfinite(pixels).all(axis=2)))
    if lost:
        raise ReadError(f"{path} has {lost} pixels that are NaN or infinite.", CURE)
    return np.clip(pixels, 0, np.float32(BRIGHTEST), dtype=np.float32)
