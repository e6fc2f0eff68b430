"""The ICC profile of sRGB, to be embedded in display pictures."""

from __future__ import annotations

from functools import cache

_DATE = slice(24, 36)
"""Where an ICC header holds its creation date (ICC.1:2022, table 17)."""


@cache
def srgb_profile() -> bytes:
    """The sRGB profile of Little CMS, with a fixed date so that the same picture makes the same bytes on every day."""
    from PIL import ImageCms

    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[_DATE] = b"".join(number.to_bytes(2, "big") for number in (2000, 1, 1, 0, 0, 0))
    return bytes(profile)
