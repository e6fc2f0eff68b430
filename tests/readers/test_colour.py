from __future__ import annotations

import logging
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from PIL import ImageCms

from hdrcli import readers
from tests.readers.samples import encoded, exif, jpeg, ramp

ADOBE_TO_SRGB = np.array([[1.39836, -0.39836, 0], [0, 1, 0], [0, -0.04293, 1.04293]])
"""Linear light; from the two sets of primaries (both D65)."""

ADOBE = imagecodecs.cms_profile(
    "rgb", primaries=[0.64, 0.33, 0.21, 0.71, 0.15, 0.06], whitepoint=[0.3127, 0.3290], gamma=563 / 256
)


def srgb_of_adobe(stored: np.ndarray) -> np.ndarray:
    linear = np.clip(stored ** (563 / 256) @ ADOBE_TO_SRGB.T, 0, 1)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def test_adobe_rgb_profile_is_converted(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(encoded(ramp(), "PNG", icc_profile=ADOBE))
    np.testing.assert_allclose(readers.read(path).pixels, srgb_of_adobe(ramp() / 255), atol=0.004)


def test_sixteen_bits_stay_sixteen_bits(tmp_path: Path) -> None:
    import tifffile

    stored = ramp(levels=65536)
    tifffile.imwrite(tmp_path / "a.tif", stored, photometric="rgb", iccprofile=ADOBE)
    exposure = readers.read(tmp_path / "a.tif")
    assert exposure.bits == 16
    np.testing.assert_allclose(exposure.pixels, srgb_of_adobe(stored / 65535), atol=5e-4)


@pytest.mark.parametrize("more", [{0xA001: 2}, {0xA001: 65535, 0xA005: {1: "R03"}}])
def test_adobe_rgb_by_exif_alone(more: dict[int, object], tmp_path: Path) -> None:
    exposure = readers.read(jpeg(tmp_path / "a.jpg", exif=exif(more=more)))
    assert np.abs(exposure.pixels - srgb_of_adobe(ramp() / 255)).mean() < 0.01
    assert np.abs(exposure.pixels - ramp() / 255).mean() > 0.02


def test_srgb_profiles_leave_the_bits_alone(tmp_path: Path) -> None:
    profiles = [ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(), imagecodecs.cms_profile("srgb")]
    for profile in profiles:
        path = tmp_path / "a.png"
        path.write_bytes(encoded(ramp(), "PNG", icc_profile=profile))
        np.testing.assert_array_equal(readers.read(path).pixels, ramp().astype(np.float32) / np.float32(255))


@pytest.mark.parametrize("profile", [b"not a profile", ADOBE[:200], ADOBE[:300] + bytes(300)])
def test_a_broken_profile_is_a_warning(profile: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = jpeg(tmp_path / "a.jpg", icc_profile=profile)
    with caplog.at_level(logging.WARNING, "hdrcli"):
        exposure = readers.read(path)
    assert np.abs(exposure.pixels - ramp() / 255).max() < 0.05
    assert [str(path) in message for message in caplog.messages] == [True]


def test_grey_profile(tmp_path: Path) -> None:
    grey = np.tile(np.arange(256, dtype=np.uint8), (4, 1))
    path = tmp_path / "a.png"
    path.write_bytes(encoded(grey, "PNG", icc_profile=imagecodecs.cms_profile("gray", gamma=1.8)))
    pixels = readers.read(path).pixels
    linear = (grey / 255) ** 1.8
    expected = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    for channel in range(3):
        np.testing.assert_allclose(pixels[:, 8:, channel], expected[:, 8:], atol=0.006)


def test_grey_profile_on_colour_is_ignored(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(encoded(ramp(), "PNG", icc_profile=imagecodecs.cms_profile("gray", gamma=1.8)))
    np.testing.assert_array_equal(readers.read(path).pixels, ramp().astype(np.float32) / np.float32(255))
    assert "not for its pixels" in caplog.text
