from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hdrcli import readers
from hdrcli.errors import ReadError
from tests.readers.samples import encoded, ramp


@pytest.mark.parametrize(("form", "suffix"), [("WEBP", "webp"), ("BMP", "bmp")])
def test_lossless_pixels(form: str, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(encoded(ramp(), form, **({"lossless": True} if form == "WEBP" else {})))
    exposure = readers.read(path)
    np.testing.assert_array_equal(exposure.pixels, ramp() / np.float32(255))
    assert (exposure.bits, exposure.encoding) == (8, "srgb")


def test_alpha_is_dropped(tmp_path: Path) -> None:
    rgba = np.dstack([ramp(), np.full((37, 53), 9, np.uint8)])
    (tmp_path / "a.webp").write_bytes(encoded(rgba, "WEBP", lossless=True, exact=True))
    np.testing.assert_array_equal(readers.read(tmp_path / "a.webp").pixels, ramp() / np.float32(255))


def test_a_webp_named_bmp(tmp_path: Path) -> None:
    (tmp_path / "a.bmp").write_bytes(encoded(ramp(), "WEBP"))
    with pytest.raises(ReadError, match=r"is not a BMP file \(it looks like WebP\)"):
        readers.read(tmp_path / "a.bmp")
