from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from hdrcli import readers
from tests.readers.samples import dng, encoded, exif, jpeg, ramp


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(("form", "suffix"), [("PNG", "png"), ("TIFF", "tif"), ("WEBP", "webp"), ("JPEG", "jpg")])
def test_applied_once_as_pillow_does(form: str, suffix: str, orientation: int, tmp_path: Path) -> None:
    options = {"WEBP": {"lossless": True}, "JPEG": {"quality": 95, "subsampling": 0}}.get(form, {})
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(encoded(ramp(), form, exif=exif(orientation=orientation), **options))
    with Image.open(path) as picture:
        upright = np.asarray(ImageOps.exif_transpose(picture).convert("RGB")) / 255
    exposure, header = readers.read(path), readers.read_header(path)
    assert exposure.size == (header.width, header.height) == (upright.shape[1], upright.shape[0])
    np.testing.assert_allclose(exposure.pixels, upright, atol=1.01 / 255)


@pytest.mark.parametrize("orientation", [0, 9, 300])
def test_values_out_of_range_are_ignored(orientation: int, tmp_path: Path) -> None:
    assert readers.read(jpeg(tmp_path / "a.jpg", exif=exif(orientation=orientation))).size == (53, 37)


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_raw_is_turned_like_the_others(orientation: int, tmp_path: Path) -> None:
    y, x = np.mgrid[:32, :48]
    scene = 0.1 + 0.4 * x / 48 + 0.2 * y / 32
    path = dng(tmp_path / "a.dng", scene, orientation=orientation)
    turns = {1: 0, 3: 2, 6: -1, 8: 1}[orientation]
    expected = np.rot90(scene, turns)
    exposure, header = readers.read(path), readers.read_header(path)
    assert exposure.size == (header.width, header.height) == (expected.shape[1], expected.shape[0])
    inside = exposure.pixels[4:-4, 4:-4, 1] / expected[4:-4, 4:-4]
    assert inside.max() / inside.min() < 1.03
