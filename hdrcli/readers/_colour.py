"""Colours as tagged (ICC profile, Adobe RGB by Exif) to BT.709 primaries, by Little CMS."""

from __future__ import annotations

import logging
from functools import lru_cache
from pathlib import Path

import numpy as np

_log = logging.getLogger("hdrcli")

BT709 = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
D65 = (0.3127, 0.3290)
_SPACES = {b"RGB ": ("rgb", 3), b"GRAY": ("gray", 1), b"CMYK": ("cmyk", 4)}


@lru_cache(maxsize=1)
def adobe_rgb() -> bytes:
    """A profile of Adobe RGB (1998): its primaries, D65, gamma 563/256 (Adobe RGB (1998) Color Image Encoding, 4.3)."""
    return profile((0.64, 0.33, 0.21, 0.71, 0.15, 0.06), (0.3127, 0.3290), 563 / 256)


def profile(primaries: tuple[float, ...], white: tuple[float, ...], gamma: float) -> bytes:
    """An RGB profile of the xy of red, green, blue and white, with a power-law curve."""
    import imagecodecs

    return imagecodecs.cms_profile("rgb", primaries=list(primaries), whitepoint=list(white), gamma=gamma)


def to_bt709(stored: np.ndarray, icc: bytes | None, path: Path) -> np.ndarray:
    """(H, W, 3) of BT.709 primaries, of (H, W, 1|3|4) grey, RGB or CMYK values as stored.

    uint8 and uint16 are full-range and come out sRGB-encoded, as one or the other; float32 comes out linear (and
    unbounded). Untagged
    values and those of an sRGB profile (linear BT.709 for float32) keep their bits. A profile that is broken, or of
    other channels than the pixels, is a warning and counts as none.
    """
    usable = icc is not None and (stored.shape[2] == 4 or not is_srgb(icc, stored.dtype.kind == "f"))
    if usable and icc is not None:
        converted = _transformed(stored, icc, path)
        if converted is not None:
            return converted
    if stored.shape[2] == 4:
        stored = _plain_cmyk(stored)
    return stored if stored.shape[2] == 3 else np.repeat(stored, 3, axis=2)


def is_srgb(icc: bytes, linear: bool = False) -> bool:
    """Whether a profile moves no colour by more than one 8-bit level from sRGB (or linear BT.709)."""
    space, channels = _SPACES.get(icc[16:20], ("", 0))
    if channels not in (1, 3):
        return False
    levels = np.linspace(0, 65535, 9).astype(np.uint16)
    axes = np.meshgrid(*[levels] * channels, indexing="ij")
    grid = np.ascontiguousarray(np.stack(axes, -1).reshape(1, -1, channels))
    try:
        moved = _transform(grid.squeeze(2) if channels == 1 else grid, icc, space, linear)
    except (RuntimeError, ValueError, TypeError):
        return False
    return bool(np.abs(moved * (1.0 if moved.dtype == np.uint16 else 65535.0) - grid).max() <= 257)


def _transformed(stored: np.ndarray, icc: bytes, path: Path) -> np.ndarray | None:
    space, channels = _SPACES.get(icc[16:20], ("", 0))
    if channels != stored.shape[2]:
        _log.warning("%s has a colour profile that is not for its pixels; it is ignored.", path)
        return None
    try:
        pixels = stored[:, :, 0] if channels == 1 else stored
        return _transform(np.ascontiguousarray(pixels), icc, space, stored.dtype.kind == "f")
    except (RuntimeError, ValueError, TypeError) as error:
        _log.warning("%s has a broken colour profile; it is ignored (%s).", path, error)
        return None


def _transform(pixels: np.ndarray, icc: bytes, space: str, linear: bool) -> np.ndarray:
    import imagecodecs

    flags: int = imagecodecs.CMS.FLAGS.BLACKPOINTCOMPENSATION
    if pixels.dtype == np.uint16:
        # Little CMS would look 16-bit colours up in a coarse table, some of them 8 % wrong.
        flags |= imagecodecs.CMS.FLAGS.NOOPTIMIZE
    converted: np.ndarray = imagecodecs.cms_transform(
        pixels,
        icc,
        profile(BT709, D65, 1.0) if linear else imagecodecs.cms_profile("srgb"),
        colorspace=space,
        outcolorspace="rgb",
        outdtype="float32" if pixels.dtype.kind == "f" else "uint16",
        intent=imagecodecs.CMS.INTENT.RELATIVE_COLORIMETRIC,
        flags=flags,
    )
    return converted


def _plain_cmyk(stored: np.ndarray) -> np.ndarray:
    """RGB of CMYK ink (255 = full) without a profile: (1 - C)(1 - K) and so on."""
    full = np.iinfo(stored.dtype).max
    light = full - stored.astype(np.uint32)
    return ((light[:, :, :3] * light[:, :, 3:] + full // 2) // full).astype(stored.dtype)
