"""Pixels to small encoded pictures of at most so many bytes."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np

from hdrcli.page.contents import Picture

LONGEST, THUMBNAIL, MASK = 1600, 320, 900
"""Longest sides of pictures, thumbnails and masks in pixels."""

PAGE_BYTES, SCENE_BYTES = 100_000_000, 4_000_000
"""What all pictures of a page, and those of one bracket, may take before they are written as base64 (4/3 of it)."""

_QUALITIES = (88, 78, 66, 54)
_LEAST = 64
"""Side of a picture, in pixels, below which it is written whatever it takes."""

_HOPELESS = 2.5
"""Times the bytes allowed that the last of the qualities cannot save."""

_SCALES = (1.0, 0.7, 0.5, 0.35, 0.25)

CLIPPED, DARK, MOVED = (255, 75, 43), (47, 140, 255), (255, 47, 214)
"""The colours of masks; page.css has the same. They differ for the colour-blind in lightness, and are named."""

_OPACITY = 190


@dataclass(frozen=True)
class Allowance:
    """The most bytes that parts of a scene may take: all pictures together, all light, all masks, all 100 % parts."""

    pictures: int
    light: int
    masks: int
    parts: int

    @classmethod
    def of(cls, scenes: int) -> Allowance:
        """That of one scene on a page of so many."""
        whole = min(SCENE_BYTES, PAGE_BYTES // max(scenes, 1))
        return cls(*(int(whole * share) for share in (0.36, 0.48, 0.05, 0.11)))


def shrunk(pixels: np.ndarray, longest: int) -> np.ndarray:
    """An image (H, W[, C]) whose longest side is at most `longest`: each pixel the mean of what it covers."""
    import cv2

    height, width = pixels.shape[:2]
    scale = longest / max(height, width)
    if scale >= 1:
        return pixels
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)


def levels(pixels: np.ndarray) -> np.ndarray:
    """Encoded values in [0, 1] as 8-bit levels."""
    return np.rint(np.clip(pixels, 0, 1) * 255).astype(np.uint8)


def picture(pixels: np.ndarray, limit: int, longest: int = LONGEST) -> Picture:
    """A display picture (H, W, 3), float in [0, 1] or uint8, as WebP: as large and as good as `limit` bytes allow."""
    small = shrunk(pixels, longest)
    small = small if small.dtype == np.uint8 else levels(small)
    side = max(small.shape[:2])
    while True:
        tried = shrunk(small, side)
        for quality in _QUALITIES:
            data = _webp(tried, quality)
            if len(data) <= limit or side <= _LEAST:
                return Picture(data, "webp", tried.shape[1], tried.shape[0])
            if len(data) > _HOPELESS * limit:
                break
        side = max(_LEAST, int(side * max(0.5, min(0.8, (limit / len(data)) ** 0.5))))


def thumbnail(pixels: np.ndarray) -> Picture:
    """A small picture for a button."""
    return picture(pixels, 16_000, THUMBNAIL)


def _webp(pixels: np.ndarray, quality: int) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, "WEBP", quality=quality, method=4)
    return file.getvalue()


def mask(where: np.ndarray, colour: tuple[int, int, int], limit: int) -> Picture | None:
    """An (H, W) bool mask as a PNG that is `colour` where it is true and lets the picture through elsewhere.

    A pixel of the smaller mask is true if a tenth of what it covers is. None for a mask that is true nowhere.
    """
    if not where.any():
        return None
    share = where.astype(np.float32)
    for scale in _SCALES:
        small = shrunk(share, round(MASK * scale)) >= 0.1
        data = _png(small, colour)
        if len(data) <= limit:
            break
    return Picture(data, "png", small.shape[1], small.shape[0])


def _png(where: np.ndarray, colour: tuple[int, int, int]) -> bytes:
    from PIL import Image

    image = Image.fromarray(where.astype(np.uint8), "P")
    image.putpalette([0, 0, 0, *colour])
    file = io.BytesIO()
    image.save(file, "PNG", bits=1, transparency=bytes([0, _OPACITY]), optimize=True)
    return file.getvalue()
